"""Hours: windows in their zones, soak, and how times are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollout.model.schedule import OnCallHours, soak_ends, somebody_answers
from rollout.model.times import show, show_span


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "now", "answers"),
    [
        ("08:00-18:00 UTC", "2026-12-01T07:59:59", False),
        ("08:00-18:00 UTC", "2026-12-01T08:00", True),
        ("08:00-18:00 UTC", "2026-12-01T17:59:59", True),
        ("08:00-18:00 UTC", "2026-12-01T18:00", False),  # the closing minute is outside
        ("08:00-18:00 Africa/Kigali", "2026-12-01T05:59", False),  # two hours east, all year
        ("08:00-18:00 Africa/Kigali", "2026-12-01T06:00", True),
        ("08:00-18:00 Africa/Kigali", "2026-07-01T06:00", True),
        ("22:00-06:00 UTC", "2026-12-01T21:59", False),
        ("22:00-06:00 UTC", "2026-12-01T22:00", True),
        ("22:00-06:00 UTC", "2026-12-01T00:00", True),
        ("22:00-06:00 UTC", "2026-12-01T05:59", True),
        ("22:00-06:00 UTC", "2026-12-01T06:00", False),
        ("08:00-18:00 Europe/Berlin", "2026-03-28T06:30", False),  # the day before summer time
        ("08:00-18:00 Europe/Berlin", "2026-03-29T06:30", True),  # its first day
        ("08:00-18:00 Europe/Berlin", "2026-10-25T06:30", False),  # the first day without it
        ("08:00-08:00 UTC", "2026-12-01T08:00", False),  # no minute is in it
        ("always", "2026-12-01T03:00", True),
        (" always ", "2026-12-01T03:00", True),
        (None, "2026-12-01T12:00", False),
    ],
)
def test_who_answers(hours: str | None, now: str, answers: bool) -> None:
    assert somebody_answers(hours, at(now)) is answers


@pytest.mark.parametrize(
    "text",
    [
        "", "never", "Always", "08:00-18:00", "8:00-18:00 UTC", "25:00-18:00 UTC", "08:60-18:00 UTC", "08:00-18:00 Mars/Base",
        "08:00-18:00 ../../etc/passwd", "08:00-18:00 Europe", "08:00-18:00 UTC extra", "08:00-18:00 \0", "08:00-18:00 /etc/passwd",
    ],
)  # fmt: skip
def test_what_is_no_window_lets_nobody_answer(text: str) -> None:
    assert OnCallHours.parse(text) is None
    assert not somebody_answers(text, at("2026-12-01T12:00"))


def test_soak_and_words() -> None:
    start = at("2026-12-01T08:00")
    assert soak_ends(start, 48, 2) == start + timedelta(hours=46)
    assert show(start.astimezone()) == "2026-12-01 08:00 UTC"
    assert show_span(timedelta(hours=46, minutes=4, seconds=1)) == "46 h 05 min"
    assert [show_span(timedelta(seconds=seconds)) for seconds in (1, 60, 61, -5)] == [
        "1 min",
        "1 min",
        "2 min",
        "0 min",
    ]
