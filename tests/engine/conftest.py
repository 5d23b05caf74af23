"""Which tests of the engine run over both stores. They are written once: what is promised, is of both.

A database takes 3 s more a sandbox, so that `make test` runs one of each kind there (`SAMPLE`); `make test ARGS="tests/engine
--store both"` runs all of `MODULES` but those of `ALONE`, whose subject is one store.
"""

from __future__ import annotations

from typing import Final

import pytest

STORES: Final = ("secrets-manager", "postgres")
MODULES: Final = (
    "test_awaiting", "test_destroy", "test_drift", "test_refusals", "test_rollback", "test_stays_stopped", "test_status",
)  # fmt: skip
SAMPLE: Final = frozenset(
    {
        "test_a_freeze_beside_a_soak_and_what_lifts_it",
        "test_refused_above_0_and_works_at_0",
        "test_live_under_the_stack_is_never_raised_again",
    }
)
#: By the simulator's own faults, and by make's stack on a database, which is another one than `local`.
ALONE: Final = frozenset({"test_broken_input_and_a_store_that_cannot_be_read_still_fail", "test_make_rollback"})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Over both where that is asked for, or the test is of the sample."""
    name = metafunc.function.__name__
    asked = name in SAMPLE or metafunc.config.getoption("--store") == "both"
    if (
        "flag_store" in metafunc.fixturenames
        and metafunc.module.__name__.rpartition(".")[2] in MODULES
        and asked
        and name not in ALONE
    ):
        metafunc.parametrize("flag_store", STORES, indirect=True, scope="module")
