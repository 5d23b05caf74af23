"""Which tests of the engine run over both stores. They are written once: what is promised, is of both.

A database takes 3 s more a sandbox, so that `make test` runs one of each kind there (`SAMPLE`); `make test ARGS="tests/engine
--store both"` runs all of `MODULES` but those of `ALONE`, whose subject is one store.
"""

from __future__ import annotations

from typing import Final

import pytest

STORES: Final = ("secrets-manager", "postgres")
MODULES: Final = (
    "test_awaiting", "test_contingency", "test_destroy", "test_drift", "test_drill", "test_freeze", "test_log", "test_refusals",
    "test_rehearsal", "test_report", "test_review", "test_rollback", "test_routine", "test_stays_stopped", "test_status", "test_watch",
    "test_watch_beside", "test_watch_ended",
)  # fmt: skip
SAMPLE: Final = frozenset(
    {
        "test_a_fire_is_put_out_recorded_and_committed_in_a_dirty_tree",
        "test_a_freeze_beside_a_soak_and_what_lifts_it",
        "test_a_passed_drill_lets_the_weeks_first_raise_through",
        "test_live_under_the_stack_is_never_raised_again",
        "test_raise_refusal_freeze_stop_and_a_hand_are_told",
        "test_refused_above_0_and_works_at_0",
    }
)
#: Where the state lies, a region of AWS, what is wrong before any store is asked; by make's stack on a database, which is another
#: one than `local`; and held at a call that AWS alone has (raises against stops over both: test_races).
ALONE: Final = frozenset(
    {
        "test_a_persons_raise_in_flight_of_another_domain_goes_through",
        "test_a_persons_raise_in_flight_of_the_burning_domain_gives_way",
        "test_a_stack_that_isnt_there_is_said_without_a_traceback",
        "test_broken_input_and_a_store_that_cannot_be_read_still_fail",
        "test_make_rollback",
        "test_the_routine_with_state_in_a_database",
        "test_the_routine_with_state_on_s3_and_a_key_of_kms",
        "test_the_wrong_region_is_not_taken_for_a_restarted_simulator",
        "test_which_domain_is_asked",
        "test_wrong_use_is_named_and_nothing_is_written",
        "test_wrong_use_writes_nothing",
    }
)


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
