"""What the environment may say of a process, and what of it is left out."""

from __future__ import annotations

import pytest

from rollout.provider.postgres import address
from rollout.provider.settings import POSTGRES, Settings

NAME = "ROLLOUT_CALL_TIMEOUT"


@pytest.mark.parametrize(("given", "waits"), [("4", 4.0), ("1", 1.0), ("10", 10.0), ("2.5", 2.5)])
def test_a_call_is_waited_for_so_long_at_most(given: str, waits: float) -> None:
    found = Settings.read({NAME: given})
    assert found.within(10) == waits
    assert found.within(0.5) == 0.5, "it lengthens nothing"
    assert not found.warnings


@pytest.mark.parametrize("given", ["0", "0.5", "11", "-4", "4s", "nan", "1e1", "four", "4,5", "٤"])
def test_what_names_no_such_time_is_left_out_and_refuses_no_rollback(given: str) -> None:
    found = Settings.read({NAME: given})
    assert found.within(10) == 10
    assert f"{NAME} is left out" in found.warnings[0]


def test_a_database_is_waited_for_no_longer_either() -> None:
    url = "postgresql://u:p@db.example/postgres"
    found = Settings.read({NAME: "4", address.URL: url}, store=POSTGRES)
    assert found.database is not None
    assert found.database.within == 4
