"""Hours: windows in their zones, soak, and how times are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollout.model import times
from rollout.model.schedule import OnCallHours, soak_ends, somebody_answers, wrong_hours
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


@pytest.mark.parametrize(
    ("text", "what", "do"),
    [
        ("00:00-00:00 UTC", "opens and closes at 00:00: no minute is inside", "always"),
        ("08:00-08:00 UTC", "opens and closes at 08:00", "always"),
        ("08:00-24:00 UTC", "24:00 is no time of a clock", "00:00 for midnight"),
        ("24:00-08:00 UTC", "24:00 is no time of a clock", "00:00 for midnight"),
        ("25:00-18:00 UTC", "a time that no clock shows", "00 to 23"),
        ("08:00-18:00 Mars/Base", "no zone Mars/Base is known", "Africa/Kigali"),
        (
            "08:00-18:00 localtime",
            "no zone localtime is known",
            "UTC",
        ),  # the machine's own: another one at another's desk
        ("08:00-18:00 posixrules", "no zone posixrules is known", "UTC"),
        ("08:00-18:00 right/UTC", "no zone right/UTC is known", "UTC"),
        ("8-18", "no window", "HH:MM"),
    ],
)
def test_the_fault_of_hours_is_named(text: str, what: str, do: str) -> None:
    wrong = wrong_hours(text)
    assert wrong is not None
    assert what in wrong[0]
    assert do in wrong[1]
    assert not somebody_answers(text, at("2026-12-01T08:00"))


def test_hours_that_can_be_read_have_no_fault() -> None:
    assert [wrong_hours(text) for text in ("always", "22:00-00:00 UTC", "08:00-18:00 Africa/Kigali")] == [None] * 3


def test_the_last_day_of_the_calendar_is_no_crash() -> None:
    last = datetime(9999, 12, 31, 23, tzinfo=UTC)
    assert soak_ends(last, 48, 2) == times.LAST
    assert soak_ends(datetime(1, 1, 1, tzinfo=UTC), 0, 2) == times.FIRST
    assert times.moment("9999-12-31T23:59:59-05:00") is None
    assert times.utc("0001-01-01T00:00:00+05:00") is None


@pytest.mark.parametrize("year", [1, 987, 2026, 9999])
def test_what_iso_writes_moment_reads(year: int) -> None:
    when = datetime(year, 6, 1, 2, 3, 4, tzinfo=UTC)
    assert times.moment(times.iso(when)) == when
    assert times.show(when) == f"{year:04d}-06-01 02:03 UTC"


@pytest.mark.parametrize(("text", "moment", "utc"), [
    ("2026-12-01T04:00:00+02:00", "2026-12-01T02:00", "2026-12-01T02:00"),
    ("2026-12-01T04:00:00", None, "2026-12-01T04:00"),
    ("2026-12-01", None, "2026-12-01T00:00"),
    ("soon", None, None), (None, None, None), (20261201, None, None),
])  # fmt: skip
def test_times_without_an_offset(text: object, moment: str | None, utc: str | None) -> None:
    assert times.moment(text) == (at(moment) if moment else None)
    assert times.utc(text) == (at(utc) if utc else None)


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
