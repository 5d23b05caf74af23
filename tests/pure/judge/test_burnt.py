"""What burnt stays burnt for the live value, by the mark that a refused raise left; and what ends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollout.model.flag.moves import Live
from rollout.model.flag.tags import Burnt
from rollout.model.judge.latch import still_burnt
from rollout.model.stack_file.forms import Breach, Why

AT = datetime(2026, 12, 9, 2, 14, tzinfo=UTC)
MARK = Burnt("v7", AT, ("errors", "sessions"))
LIVE = Live("25", version="v7", burnt=MARK)


def breach(metric: str = "errors", at: datetime | None = AT, *, cleared: bool = True) -> Breach:
    two = Why("a test's traffic", "Ana, Ben") if cleared else None
    return Breach(1, at, metric, "31 of 1,800", 25, 10, "watch", two)


def test_the_mark_is_read_back_as_it_was_written() -> None:
    assert Burnt.parse(MARK.text()) == MARK
    assert Burnt.parse(Burnt("17654", AT, ("errors",)).text()) == Burnt("17654", AT, ("errors",))


@pytest.mark.parametrize("text", [None, "", "v7", "v7@", "v7@noon:errors", "@2026-12-09T02:14:00Z:errors",
                                  "v7@2026-12-09T02:14:00Z:", "v7@2026-12-09T02:14:00Z", "v7:errors"])  # fmt: skip
def test_what_somebody_typed_there_is_no_mark(text: str | None) -> None:
    assert Burnt.parse(text) is None


def test_it_holds_for_this_value_and_for_no_other() -> None:
    assert still_burnt(LIVE, None) == {"errors", "sessions"}
    assert still_burnt(Live("25", version="v8", burnt=MARK), None) == set()
    assert still_burnt(Live("25", version="v7"), None) == set()


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        (breach(), {"sessions"}),
        (breach("sessions", AT + timedelta(days=1)), {"errors"}),
        (breach("latency"), {"errors", "sessions"}),
        (breach(at=AT - timedelta(seconds=1)), {"errors", "sessions"}),  # cleared before this one burnt
        (breach(at=None), {"errors", "sessions"}),
        (breach(cleared=False), {"errors", "sessions"}),
    ],
)
def test_two_people_clear_that_metric_and_not_another(entry: Breach, left: set[str]) -> None:
    assert still_burnt(LIVE, entry) == left
