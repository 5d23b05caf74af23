"""Which counters are read, over which time, and what they amount to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollout.model.catalogue.domain import Domain
from rollout.model.gate import window as gate_window
from rollout.model.gate.seen import Counts, Seen
from rollout.model.gate.window import HOUR, MINUTE, Points, Series, Windows
from tests.pure.samples import CATALOGUE

UNIFIED = "wa-webhook-unified"
NOW = datetime(2026, 12, 9, 9, 7, 30, tzinfo=UTC)


def at(hour: int, minute: int = 0, day: int = 9) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=UTC)


@pytest.fixture(scope="module")
def jobs() -> Domain:
    return CATALOGUE.domains["jobs"]


def filled(domain: Domain, over: Windows, values: dict[str, float], legacy: dict[str, float] | None = None) -> Points:
    """The same values in every fine period, and 60 of them in every hour."""
    found: dict[Series, dict[datetime, tuple[float, float]]] = {}
    for service, each in ((UNIFIED, values), (domain.legacy, legacy or {})):
        for counter, value in each.items():
            hours = dict.fromkeys(over.hours.starts(), (60 * value, 60.0))
            fine = dict.fromkeys(over.fine.starts(), (value, 1.0))
            found[service, counter] = hours | fine
    return found


def test_a_young_value_is_counted_by_the_minute_from_two_minutes_after_it_went_live() -> None:
    over = gate_window.windows(at(8, 0) + timedelta(seconds=20), NOW)
    assert over.counted == at(8, 3)
    assert over.proven == at(9, 2)
    assert over.fine.end == at(9, 7)
    assert over.fine.period == MINUTE
    assert len(over.starts()) == 64
    assert over.late() == 5


def test_an_older_value_is_counted_by_the_hour_and_then_by_the_minute() -> None:
    over = gate_window.windows(at(7, 30, day=7), NOW)
    assert over.counted == at(7, 32, day=7), "two minutes after it went live: its first hour is no hour of the clock's"
    assert (over.hours.end, over.fine.start) == (at(5, 32), at(5, 32)), "no period is counted twice, none is left out"
    assert over.starts()[0] == at(7, 32, day=7)
    assert len(over.starts()) == 46 + 215
    assert len(set(over.starts())) == len(over.starts())


@pytest.mark.parametrize(
    ("days", "counted"),
    [(13, at(7, 34)), (15, at(7, 35)), (61, at(7, 35)), (70, at(8, 0))],
)
def test_an_old_value_begins_where_cloudwatch_still_answers(days: int, counted: datetime) -> None:
    """Single minutes are kept for 15 days, five together for 63, hours after that."""
    since = at(7, 31) + timedelta(seconds=1)
    over = gate_window.windows(since, since + timedelta(days=days))
    assert over.counted == counted
    assert over.hours.start == counted
    assert over.hours.end == over.fine.start
    assert timedelta(hours=3) <= over.fine.end - over.fine.start < timedelta(hours=4)


def test_an_hourly_reporters_window_keeps_to_the_clock() -> None:
    over = gate_window.windows(at(7, 30, day=7), at(9, 0), HOUR)
    assert all(start.minute == 0 for start in over.starts())


def test_dispersion_is_measured_on_legacys_hours(jobs: Domain) -> None:
    """Five errors an hour in every fifth hour; without any data it is what is taken for granted."""
    over = gate_window.before(NOW)
    assert (over.end, len(over.starts())) == (at(9), 14 * 24)
    starts = over.starts()
    series: dict[str, dict[datetime, tuple[float, float]]] = {
        "Requests": dict.fromkeys(starts, (800.0, 60.0)),
        "Errors": {start: (5.0 if index % 5 == 0 else 0.0, 60.0) for index, start in enumerate(starts)},
    }
    points = {(jobs.legacy, name): data for name, data in series.items()}
    found = gate_window.dispersions(jobs, points, starts)
    assert found["errors"] == pytest.approx(4.6, abs=0.2), "the variance of the hours is 4 times their mean"
    assert found["sessions"] == found["latency"] == 1.0
    assert gate_window.dispersions(jobs, {}, starts) == {"errors": 5.0, "latency": 1.0, "sessions": 1.0}
    assert {counter for _, counter in gate_window.past(jobs)} == {
        "Errors", "Requests", "SlowRequests", "BrokenSessions", "Sessions",
    }  # fmt: skip


def test_complaints_look_back_a_day_however_young_the_value() -> None:
    over = gate_window.windows(at(9, 0), NOW)
    assert over.counted == at(9, 2)
    assert over.hours.start == at(9, 2, day=8)
    assert over.hours.start < NOW - timedelta(hours=23, minutes=59)
    assert all(start >= at(9, 2) for start in over.starts())


def test_an_hourly_reporter_is_one_question() -> None:
    over = gate_window.windows(at(8, 0, day=7), at(9, 0), HOUR)
    assert [window.period for window in over.each] == [HOUR]
    assert over.starts()[0] == at(9, 0, day=7)
    assert over.proven == at(8, 0)
    assert over.late() == 1


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=1), timedelta(days=2)])
def test_a_value_that_just_went_live_or_a_clock_that_is_behind_has_nothing_to_count(
    jobs: Domain, ahead: timedelta
) -> None:
    over = gate_window.windows(NOW + ahead, NOW)
    assert over.starts() == []
    points = filled(jobs, over, {"Requests": 5, "Errors": 0})
    assert "errors" not in gate_window.seen(jobs, UNIFIED, points, over)


def test_legacy_is_asked_for_its_own_counters_alone(jobs: Domain) -> None:
    wanted = gate_window.wanted(jobs, UNIFIED)
    assert len(set(wanted)) == len(wanted)
    legacy = {counter for service, counter in wanted if service == jobs.legacy}
    assert legacy == {"Requests", "Errors", "SlowRequests", "Sessions", "BrokenSessions"}
    assert {"JobPosts", "FailedJobPosts", "Complaints"} <= {name for service, name in wanted if service == UNIFIED}


def test_sums_end_five_minutes_ago_and_the_series_now(jobs: Domain) -> None:
    over = gate_window.windows(at(7, 30, day=7), NOW)
    points = filled(jobs, over, {"Requests": 10, "Errors": 1}, {"Requests": 90, "Errors": 2})
    errors = gate_window.seen(jobs, UNIFIED, points, over)["errors"]
    minutes = 46 * 60 + 210
    assert (errors.bad, errors.total) == (minutes, 10 * minutes)
    assert errors.legacy == Counts(2 * minutes, 90 * minutes)
    assert (errors.periods, errors.reported, errors.absent) == (minutes, minutes, 0)
    assert (len(errors.series), errors.late) == (46 + 215, 5)
    assert [slot.minutes for slot in errors.series[44:48]] == [60, 60, 1, 1]
    assert errors.series[0].at == at(7, 32, day=7)
    assert sum(slot.total for slot in errors.series) == 10 * (minutes + 5)


def test_an_hour_that_a_reporter_was_silent_in_is_missing(jobs: Domain) -> None:
    over = gate_window.windows(at(7, 30, day=7), NOW)
    points = filled(jobs, over, {"Requests": 10, "Errors": 1})
    gap = over.hours.starts()[-2]
    cut = {series: {start: value for start, value in data.items() if start != gap} for series, data in points.items()}
    errors = gate_window.seen(jobs, UNIFIED, cut, over)["errors"]
    assert errors.reported == (errors.periods or 0) - 60


def test_zeros_not_sent_are_absent_and_no_zeros(jobs: Domain) -> None:
    over = gate_window.windows(at(7, 30, day=7), NOW)
    points = filled(jobs, over, {"Requests": 10})
    points = {**points, (UNIFIED, "Errors"): {over.fine.start: (1.0, 1.0)}}
    errors = gate_window.seen(jobs, UNIFIED, points, over)["errors"]
    assert (errors.bad, errors.total) == (1, 10)
    assert errors.absent == (errors.reported or 0) - 1


def test_a_metric_without_a_series_is_no_data_and_complaints_need_one_datum(jobs: Domain) -> None:
    over = gate_window.windows(at(7, 30, day=7), NOW)
    assert gate_window.seen(jobs, UNIFIED, {}, over) == {}
    legacy_alone = filled(jobs, over, {}, {"Requests": 90, "Errors": 2})
    assert gate_window.seen(jobs, UNIFIED, legacy_alone, over) == {}
    yesterday = {(UNIFIED, "Complaints"): {at(10, day=8): (2.0, 60.0), at(7, day=8): (9.0, 60.0), at(9): (1.0, 1.0)}}
    assert gate_window.seen(jobs, UNIFIED, yesterday, over) == {"complaints": Seen(3)}


def test_the_share_is_of_sessions_and_needs_unifieds_own(jobs: Domain) -> None:
    over = gate_window.windows(at(7, 30, day=7), NOW)
    minutes = 46 * 60 + 210
    points = filled(jobs, over, {"Sessions": 1}, {"Sessions": 9})
    assert gate_window.share(jobs, UNIFIED, points, over) == Counts(minutes, 10 * minutes)
    assert gate_window.share(jobs, UNIFIED, filled(jobs, over, {"Sessions": 1}), over) == Counts(minutes, minutes)
    assert gate_window.share(jobs, UNIFIED, filled(jobs, over, {}, {"Sessions": 9}), over) is None


def test_the_newest_minute_is_where_it_ends(jobs: Domain) -> None:
    over = gate_window.windows(at(7, 30, day=7), NOW)
    points = {(UNIFIED, "Requests"): {at(8, 50): (0.0, 1.0), at(8, 40): (1.0, 1.0)}}
    assert gate_window.newest(points, (UNIFIED, "Requests"), over) == at(8, 51)
    assert gate_window.newest(points, (UNIFIED, "Errors"), over) is None
    assert gate_window.newest({(UNIFIED, "Requests"): {at(1): (0.0, 60.0)}}, (UNIFIED, "Requests"), over) is None


def test_before_the_first_rung_each_silent_counter_is_named(jobs: Domain) -> None:
    over = gate_window.windows(NOW, NOW)
    names = {counter for _, counter in gate_window.wanted(jobs, UNIFIED)}
    points = filled(jobs, over, dict.fromkeys(names, 0), dict.fromkeys(gate_window.LEGACY_COUNTERS, 3))
    assert gate_window.silent(jobs, UNIFIED, points, over, NOW) == []
    typo = {series: data for series, data in points.items() if series != (UNIFIED, "JobPosts")}
    assert gate_window.silent(jobs, UNIFIED, typo, over, NOW) == [(UNIFIED, "JobPosts")]
    old = {**points, (jobs.legacy, "Requests"): {at(8, 50): (3.0, 1.0)}}
    assert gate_window.silent(jobs, UNIFIED, old, over, NOW) == [(jobs.legacy, "Requests")]
    assert (
        gate_window.silent(jobs, UNIFIED, {**points, (jobs.legacy, "Requests"): {at(8, 52): (3.0, 1.0)}}, over, NOW)
        == []
    )
