"""The rule for one metric: each limit of the contract from both sides, and everything that must be HOLD."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import Metric
from rollout.model.gate import odds
from rollout.model.gate.metric import Judged, Verdict, judge_metric, per_day_needed
from rollout.model.gate.seen import Counts, Datum, Seen, Slot, collect, stale

HOME = Path(__file__).resolve().parents[3]
KNOWN = catalogue.parse((HOME / "domains.yaml").read_bytes(), "domains.yaml")
ROWS = [(domain.name, metric) for domain in KNOWN.domains.values() for metric in domain.metrics if metric.total]
IDS = [f"{name}/{metric.name}" for name, metric in ROWS]


def of(name: str, domain: str = "jobs") -> Metric:
    return next(metric for metric in KNOWN.domains[domain].metrics if metric.name == name)


def ask(metric: Metric, bad: float, total: float, to: int | None = 100, legacy: Counts | None = None) -> Judged:
    return judge_metric(metric, Seen(bad, total, legacy), percent=50 if to else None, next_percent=to)


PROVEN = [row for row in ROWS if row[1].needs == "proof"]
PROVEN_IDS = [f"{name}/{metric.name}" for name, metric in PROVEN]


@pytest.mark.parametrize(("name", "metric"), [row for row in ROWS if row[1].needs == "presence"], ids=str)
def test_presence_gives_way_to_chance_at_every_raise(name: str, metric: Metric) -> None:
    """Over the limit by what chance does once in ten times is within it; by ten standard deviations it isn't."""
    at = metric.good * 100_000
    assert ask(metric, round(at + math.sqrt(at)), 100_000).verdict is Verdict.PASS
    held = ask(metric, round(at + 3 * math.sqrt(at)), 100_000)
    assert (held.verdict, held.key) == (Verdict.HOLD, "grey"), held.reason
    assert ask(metric, held.k or 0, 100_000 + (held.needed or 0)).verdict is Verdict.PASS
    assert ask(metric, held.k or 0, 100_000 + (held.needed or 0) - 1).verdict is Verdict.HOLD


@pytest.mark.parametrize(("name", "metric"), PROVEN, ids=PROVEN_IDS)
def test_just_under_at_and_over_the_good_limit(name: str, metric: Metric) -> None:
    """With 100,000 events there is evidence enough: the rate alone decides, and at the limit is not under it."""
    at = round(metric.good * 100_000)
    under = ask(metric, at - 1, 100_000)
    assert under.verdict is Verdict.PASS, under.reason
    for bad in (at, at + 1):
        held = ask(metric, bad, 100_000)
        assert (held.verdict, held.key) == (Verdict.HOLD, "grey"), held.reason
        assert held.needed
        cleaner = ask(metric, bad, 100_000 + held.needed)
        assert cleaner.verdict is Verdict.PASS, "needed is enough"
        assert ask(metric, bad, 100_000 + held.needed - 1).verdict is Verdict.HOLD, "and no more than enough"


@pytest.mark.parametrize(("name", "metric"), ROWS, ids=IDS)
def test_just_under_at_and_over_the_bad_level(name: str, metric: Metric) -> None:
    at = round(metric.bad_level * 100_000)
    rolls = metric.action.startswith("rollback-")
    for bad in (at - 1, at):
        assert ask(metric, bad, 100_000).key == "grey", ask(metric, bad, 100_000).reason
    over = ask(metric, at + 1, 100_000)
    assert over.verdict is (Verdict.ROLLBACK if rolls else Verdict.HOLD), over.reason
    assert over.key == ("rollback" if rolls else "above-limit")
    expected = {"rollback-previous": "previous", "rollback-zero": "zero"}.get(metric.action)
    assert over.target == expected
    assert over.limit == metric.bad_level


@pytest.mark.parametrize("name", ["errors", "latency", "sessions"])
@pytest.mark.parametrize("to", [10, 25, 50, 100])
def test_proof_begins_where_the_formula_says(name: str, to: int) -> None:
    held = judge_metric(of(name), Seen(0, 0), percent=5, next_percent=to)
    assert (held.key, held.worst) == ("too-little-data", 1.0)
    assert held.needed
    assert ask(of(name), 0, held.needed, to).verdict is Verdict.PASS
    before = ask(of(name), 0, held.needed - 1, to)
    assert (before.verdict, before.needed) == (Verdict.HOLD, 1)


def test_the_issues_line() -> None:
    held = ask(of("errors"), 0, 100, 25)
    assert held.line().startswith("HOLD errors 0/100: about 16 more clean requests")
    assert held.odds == pytest.approx(math.exp(100 * math.log(0.999 / 0.96)))


def test_strict_rules_out_the_bad_level_itself_at_every_rung() -> None:
    loose = judge_metric(of("errors"), Seen(0, 116), percent=10, next_percent=25)
    strict = judge_metric(of("errors"), Seen(0, 116), percent=10, next_percent=25, strict=True)
    assert loose.verdict is Verdict.PASS
    assert (strict.verdict, strict.needed) == (Verdict.HOLD, 509 - 116)


def test_presence_says_what_it_cannot_exclude() -> None:
    judged = ask(of("search"), 0, 23)
    assert judged.line() == "PASS search: presence only: 0 of 23, up to 18 %"
    assert ask(of("search"), 0, 2).needed == 1
    assert ask(of("search"), 0, 3).verdict is Verdict.PASS
    assert ask(of("search"), 1, 3).verdict is Verdict.PASS, "one of three says nothing of 5 %"
    assert ask(of("search"), 2, 3).verdict is Verdict.HOLD
    assert ask(of("transactions", "marketplace"), 1, 30).verdict is Verdict.PASS, "nor one of 30 of 0.1 %"
    assert ask(of("transactions", "marketplace"), 2, 300).key == "grey", "two of 300 do"
    assert ask(of("transactions", "marketplace"), 2, 600).verdict is Verdict.PASS
    assert judge_metric(of("search"), Seen(0, 23), percent=50, next_percent=100, needs="proof").needed == 86 - 23


def test_presence_needs_nine_tenths_of_the_periods() -> None:
    seen = Seen(0, 500, periods=100, reported=90)
    assert judge_metric(of("posting"), seen, percent=5, next_percent=10).verdict is Verdict.PASS
    held = judge_metric(of("posting"), replace(seen, reported=89), percent=5, next_percent=10)
    assert held.key == "absent-zeros"
    assert "JobPosts reported in 89 of 100 minutes" in held.reason


@pytest.mark.parametrize(("percent", "to", "most"), [(5, 10, 0), (10, 25, 3), (25, 50, 3), (50, 100, 3)])
def test_complaints_are_a_count(percent: int, to: int, most: int) -> None:
    metric = of("complaints")
    assert judge_metric(metric, Seen(most), percent=percent, next_percent=to).verdict is Verdict.PASS
    for count in (most + 1, 1000):
        held = judge_metric(metric, Seen(count), percent=percent, next_percent=to)
        assert (held.verdict, held.key) == (Verdict.HOLD, "above-limit"), "never a rollback"
    assert judge_metric(metric, None, percent=percent, next_percent=to).key == "no-data"
    assert judge_metric(metric, Seen(None), percent=percent, next_percent=to).key == "no-data"
    for odd in (math.nan, -1, 0.5, math.inf):
        assert judge_metric(metric, Seen(odd), percent=percent, next_percent=to).key == "impossible"


@pytest.mark.parametrize(
    ("bad", "total"), [(math.nan, 9), (0, math.nan), (-1, 9), (0, -9), (10, 9), (0.5, 9), (1, math.inf)]
)
@pytest.mark.parametrize("to", [100, None])
def test_impossible_counts_are_hold(bad: float, total: float, to: int | None) -> None:
    held = ask(of("errors"), bad, total, to)
    assert (held.verdict, held.key) == (Verdict.HOLD, "impossible")
    assert held.k is None


@pytest.mark.parametrize("seen", [None, Seen(None), Seen(None, 1000), Seen(0, None)])
@pytest.mark.parametrize("to", [100, None])
def test_a_missing_series_is_no_zero(seen: Seen | None, to: int | None) -> None:
    assert judge_metric(of("errors"), seen, percent=50, next_percent=to).key == "no-data"


def test_without_a_next_share_only_rollback_is_judged() -> None:
    assert ask(of("errors"), 0, 10**6, None).key == "no-next"
    assert ask(of("errors"), 31, 1800, None).line().startswith("ROLLBACK errors 31/1,800")


def test_rollback_targets() -> None:
    def target(name: str, percent: int) -> str | None:
        return judge_metric(of(name), Seen(50, 1000), percent=percent, next_percent=None).target

    assert target("errors", 25) == "previous"
    assert target("sessions", 25) == "zero"
    assert target("errors", 100) == "50"
    assert target("sessions", 100) == "zero"
    assert "no control" in judge_metric(of("errors"), Seen(50, 1000), percent=100, next_percent=None).reason


# --- beside legacy


@pytest.mark.parametrize(
    ("legacy", "key"),
    [
        (Counts(500, 10_000), "no-next"),  # 5 % there, 5 % here: the platform's
        (Counts(250, 10_000), "no-next"),  # half of unified's rate isn't shown to be less
        (Counts(100, 10_000), "rollback"),  # five times legacy's rate
        (Counts(0, 49), "no-next"),  # 49 of legacy's can't tell; and they are 5 % of all: no control
        (Counts(0, 500), "rollback"),
        (Counts(5000, 5000), "no-next"),
        (Counts(0, 0), "rollback"),
        (None, "rollback"),
    ],
)  # fmt: skip
def test_worse_than_legacy_or_no_rollback(legacy: Counts | None, key: str) -> None:
    if legacy == Counts(0, 49):
        key = "rollback"
    assert ask(of("errors"), 50, 1000, None, legacy).key == key


def test_impossible_counts_of_legacy_hold_a_raise_and_are_no_control() -> None:
    assert ask(of("errors"), 0, 10_000, 100, Counts(5, 3)).key == "impossible"
    assert ask(of("errors"), 50, 1000, None, Counts(math.nan, 10_000)).key == "rollback"


def slots(*parts: tuple[int, float, float, float, float]) -> tuple[Slot, ...]:
    """(minutes, bad, total, legacy bad, legacy total) a minute."""
    return tuple(Slot(b, n, Counts(lb, ln)) for minutes, b, n, lb, ln in parts for _ in range(minutes))


def by_series(
    series: tuple[Slot, ...], percent: int = 50, dispersion: float = 1.0, metric: Metric | None = None
) -> Judged:
    legacy = [s.legacy for s in series if s.legacy]
    seen = Seen(
        sum(s.bad for s in series), sum(s.total for s in series),
        Counts(sum(c.bad for c in legacy), sum(c.total for c in legacy)) if legacy else None,
        series=series, dispersion=dispersion,
    )  # fmt: skip
    return judge_metric(metric or of("errors"), seen, percent=percent, next_percent=100)


def test_clean_days_do_not_bury_a_late_fault() -> None:
    """5 clean days at 14 a minute, then 5 %: 1 bad of 20, and legacy clean meanwhile."""
    late = slots((5 * 1440, 0, 14, 0, 14), (9, 1, 20, 0, 20))
    judged = by_series(late)
    assert judged.verdict is Verdict.ROLLBACK
    assert "errors 9/180 in 9 minutes" in judged.reason
    assert "legacy 0/180" in judged.reason
    assert by_series(late[:-1]).key == "burst", "8 beside none of legacy's are 81 to one"
    assert by_series(late, percent=100).verdict is Verdict.ROLLBACK
    assert by_series(late[:-2], percent=100).verdict is Verdict.ROLLBACK, "without a control 7 of 140 are enough"
    assert by_series(late[:-3], percent=100).key == "burst", "6 of 120 are 360,000 to one"


def test_nine_of_nine_in_one_minute_after_a_clean_day() -> None:
    """Six are a million to one; nine beside none of legacy's are over 100 to one that unified is worse."""
    assert by_series(slots((1440, 0, 14, 0, 14), (1, 9, 9, 0, 9))).verdict is Verdict.ROLLBACK
    assert by_series(slots((1440, 0, 14, 0, 14), (1, 8, 8, 0, 8))).key == "burst"
    assert by_series(slots((1440, 0, 14, 0, 14), (1, 6, 6, 0, 6)), percent=100).verdict is Verdict.ROLLBACK
    assert by_series(slots((1440, 0, 14, 0, 14), (1, 5, 5, 0, 5)), percent=100).key == "burst"


def test_once_met_it_stays_met() -> None:
    fault = ((100, 0, 14, 0, 14), (5, 10, 14, 0, 14), (1440, 0, 1000, 0, 1000))
    judged = by_series(slots(*fault))
    assert judged.verdict is Verdict.ROLLBACK
    assert "stays met" in judged.reason
    earlier = judge_metric(of("errors"), Seen(0, 10_000, met_before=True), percent=50, next_percent=100)
    assert earlier.verdict is Verdict.ROLLBACK


def test_a_first_hour_that_failed_is_found_again_when_it_is_an_hour_of_the_past() -> None:
    """50 minutes of nothing but failures, then a week of health, by the hour."""
    hours = (Slot(58, 70, Counts(0, 70), minutes=60), *(Slot(0, 70, Counts(0, 70), minutes=60) for _ in range(168)))
    assert by_series(hours).verdict is Verdict.ROLLBACK


def test_an_outage_of_both_is_the_platforms_even_hours_later() -> None:
    outage = ((600, 0, 7, 0, 7), (10, 7, 7, 7, 7))
    burning = by_series(slots(*outage))
    assert burning.key == "platform"
    assert "legacy burns too" in burning.reason
    for minutes in (10, 60, 500, 3000):
        judged = by_series(slots(*outage, (minutes, 0, 7, 0, 7.0 + 1)))
        assert judged.verdict is not Verdict.ROLLBACK, judged.reason
    after = by_series(slots(*outage, (60, 0, 7, 0, 7)))
    assert after.verdict is Verdict.PASS, after.reason
    assert "without 39 min in which legacy burnt, too" in after.reason, (
        "ten minutes, and 200 events of legacy's after it"
    )


def test_more_than_six_hours_of_the_platforms_are_for_people_to_decide() -> None:
    outage = slots((600, 0, 7, 0, 7), (6 * 60, 1, 7, 1, 7), (600, 0, 7, 0, 7))
    judged = by_series(outage)
    assert (judged.verdict, judged.key) == (Verdict.HOLD, "decide"), judged.reason
    assert "6 h" in judged.reason


def test_a_legacy_that_is_always_bad_can_be_left() -> None:
    judged = by_series(slots((3000, 0, 7, 1, 7)))
    assert judged.verdict is Verdict.PASS, judged.reason


def test_a_fault_of_unified_alone_after_an_outage_of_both_is_its_own() -> None:
    story = ((60, 0, 7, 0, 7), (10, 7, 7, 7, 7), (300, 0, 7, 0, 7))
    assert by_series(slots(*story, (2, 7, 7, 0, 7))).verdict is Verdict.ROLLBACK


def test_a_fault_of_unified_inside_an_outage_of_both_is_its_own() -> None:
    """All of unified's fail while 30 % of legacy's do."""
    assert by_series(slots((60, 0, 70, 0, 70), (10, 70, 70, 21, 70))).verdict is Verdict.ROLLBACK


def test_unified_far_worse_than_a_burning_legacy_comes_down() -> None:
    assert by_series(slots((60, 0, 100, 0, 100), (20, 50, 100, 5, 100))).verdict is Verdict.ROLLBACK


def test_minutes_in_which_legacy_has_no_event_are_no_minutes_without_legacy() -> None:
    """At 1,000 a day each, an outage of both falls into minutes that only one of the two has a request in."""
    outage = tuple(Slot(bad, bad, Counts(1 - bad, 1 - bad)) for bad in (1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1, 0, 0, 1, 0))
    judged = by_series((*slots((600, 0, 1, 0, 1)), *outage))
    assert judged.verdict is not Verdict.ROLLBACK, judged.reason


def test_an_outage_of_fewer_than_50_of_legacys_events_is_seen_once_there_are_as_many() -> None:
    outage = ((600, 0, 1, 0, 1), (10, 1, 1, 1, 1))
    judged = by_series(slots(*outage, (300, 0, 1, 0, 1)))
    assert judged.verdict is Verdict.PASS, judged.reason
    assert "3 h 30 min" in judged.reason, "ten events, and 200 after them"


def test_at_100_percent_stragglers_on_legacy_are_no_control() -> None:
    """Ten requests that stayed on legacy can't speak against 7,000 failures."""
    judged = by_series(slots((60, 0, 7, 0, 0.5), (20, 7, 7, 0, 0.5)), percent=100)
    assert judged.verdict is Verdict.ROLLBACK
    assert "no control" in judged.reason


def test_where_bunches_are_known_one_shock_of_ten_minutes_is_no_rollback() -> None:
    start = datetime(2026, 12, 9, 12, tzinfo=UTC)
    quiet, shock = [(0.0, 140.0)] * 144, [(70.0, 140.0)]

    def story(*more: tuple[float, float]) -> Judged:
        blocks = [*quiet, *shock, *more]
        series = tuple(
            Slot(bad, total, Counts(0, total), start + timedelta(minutes=10 * index), 10)
            for index, (bad, total) in enumerate(blocks)
        )
        return by_series(series, dispersion=3)

    assert story().key == "burst"
    assert story((0.0, 140.0)).key == "burst", "and it stays one"
    assert story((20.0, 140.0)).verdict is Verdict.ROLLBACK, "two blocks"
    assert story((0.0, 140.0), (20.0, 140.0)).verdict is Verdict.ROLLBACK, "two blocks of one run"


def test_a_run_also_rules_out_the_middle_of_the_grey_zone() -> None:
    """0.32 % for errors: five of 490 are 10 to 1 against it, fifteen of 1,485 over 1,000 to 1."""
    assert not odds.not_grey(5, 490, 0.001, 0.01)
    assert odds.not_grey(15, 1485, 0.001, 0.01)


def nights(number: int, *, bad: float = 6, legacy: float = 0, percent: int = 100, dispersion: float = 1.2) -> Judged:
    """At 03:00 an hour of 330 requests with `bad` errors in three of its periods; else 137 clean ones a period."""
    start = datetime(2026, 12, 9, 9, tzinfo=UTC)
    series = []
    for index in range(number * 144):
        own, theirs = (bad / 3, legacy / 3) if index % 144 in (108, 110, 112) else (0.0, 0.0)
        total = 55.0 if 108 <= index % 144 < 114 else 137.0
        beside = None if percent == 100 else Counts(theirs, total)
        series.append(Slot(own, total, beside, start + timedelta(minutes=10 * index), 10))
    return by_series(tuple(series), percent=percent, dispersion=dispersion)


def test_a_burst_that_comes_back_night_after_night_is_a_rollback() -> None:
    """Each night by itself is a burst; its odds against the grey zone, over four, are multiplied: 1,000 bring it down."""
    assert [nights(number).key for number in (1, 2)] == ["burst"] * 2
    third = nights(3)
    assert third.verdict is Verdict.ROLLBACK
    assert "errors 18/825 in 3 bursts that came back: 2.18 %" in third.reason
    assert nights(1, percent=50, dispersion=1).key == "burst"
    assert nights(3, percent=50, dispersion=1).key == "burst", (
        "six beside none are 25 to one: not enough to bring it down"
    )


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"bad": 3}, "three of 275 are no burst"),
        ({"legacy": 6, "percent": 50, "dispersion": 1}, "legacy has them too"),
        ({"dispersion": 3}, "where bunches are known it takes more"),
    ],
)
def test_what_comes_back_and_is_no_fault_of_its_own_stays(told: dict[str, Any], why: str) -> None:
    assert nights(8, **told).verdict is not Verdict.ROLLBACK, why


def test_units_that_differ_are_not_compared() -> None:
    unlike = replace(of("errors"), counts="messages")
    calm, fire = Seen(50, 1000, Counts(0, 10_000)), Seen(50, 1000, Counts(500, 10_000))
    assert judge_metric(unlike, calm, percent=50, next_percent=100).verdict is Verdict.ROLLBACK, "legacy is clean"
    assert judge_metric(unlike, fire, percent=50, next_percent=100).verdict is Verdict.HOLD
    held = by_series(slots((1440, 0, 14, 0, 14), (20, 7, 70, 7, 70)), metric=unlike)
    assert (held.verdict, held.key) == (Verdict.HOLD, "platform")
    assert "counts tries, unified messages" in held.reason


# --- what was read


def test_collect_leaves_halves_out_of_both_sums() -> None:
    data = [Datum(1, 10)] * 57 + [Datum(None, 10), Datum(2, None), Datum(None, None)]
    seen = collect(data, [Datum(1, 20)] * 60)
    assert (seen.bad, seen.total, seen.legacy) == (57, 570, Counts(60, 1200))
    assert (seen.reported, seen.absent, seen.unpaired, seen.periods) == (58, 1, 10, 60)


def test_late_minutes_count_for_rollback_alone() -> None:
    seen = collect([Datum(0, 100)] * 60 + [Datum(50, 100)] * 5, late=5)
    assert (seen.bad, seen.total, len(seen.series)) == (0, 6000, 65)
    assert judge_metric(of("errors"), seen, percent=50, next_percent=100).verdict is Verdict.ROLLBACK


def test_zeros_that_are_not_sent() -> None:
    """Errors are reported with errors only: 3 of 60 minutes. Never PASS; and no rollback by the minutes with errors alone."""
    data = [Datum(1 if i < 3 else None, 14) for i in range(60)]
    held = judge_metric(of("errors"), collect(data), percent=50, next_percent=100)
    assert held.key == "absent-zeros"
    assert "Errors reported in 3 of 60 minutes: the reporter must send zeros" in held.reason
    allowed = [Datum(0 if i >= 6 else None, 14) for i in range(60)]
    assert judge_metric(of("errors"), collect(allowed), percent=50, next_percent=100).verdict is Verdict.PASS
    assert (
        judge_metric(of("errors"), collect([Datum(None, 14), *allowed[:-1]]), percent=50, next_percent=100).key
        == "absent-zeros"
    )
    burning = [Datum(10 if i % 2 else None, 14) for i in range(60)]
    assert judge_metric(of("errors"), collect(burning), percent=50, next_percent=100).verdict is Verdict.ROLLBACK


def test_hours_are_counted_by_their_samples() -> None:
    data = [Datum(0, 840, bad_samples=50, total_samples=60)] * 10
    seen = collect(data, expected=600)
    assert (seen.reported, seen.absent, seen.periods) == (600, 100, 600)
    assert judge_metric(of("errors"), seen, percent=50, next_percent=100).key == "absent-zeros"


def test_a_metric_never_reported_is_no_data() -> None:
    for data in ([], [Datum()] * 60, [Datum(None, 14)] * 60, [Datum(0, None)] * 60):
        judged = judge_metric(of("errors"), collect(data), percent=50, next_percent=100)
        assert (judged.verdict, judged.key) == (Verdict.HOLD, "no-data")


def test_an_impossible_minute_holds_the_raise_and_hides_no_fault() -> None:
    data = [Datum(0, 100)] * 60 + [Datum(101, 100)]
    assert judge_metric(of("errors"), collect(data), percent=50, next_percent=100).key == "impossible"
    fault = [*data, *[Datum(50, 100)] * 10]
    assert judge_metric(of("errors"), collect(fault), percent=50, next_percent=100).verdict is Verdict.ROLLBACK


def test_stale_is_older_than_15_minutes() -> None:
    now = datetime(2026, 12, 9, 12, tzinfo=UTC)
    assert not stale(now - timedelta(minutes=15), now)
    assert stale(now - timedelta(minutes=15, seconds=1), now)
    assert stale(None, now)


# --- what a plan can decide


def needed(name: str, soak: dict[int, int]) -> float:
    raises = [(5, 10), (10, 25), (25, 50), (50, 100)]
    return max(per_day_needed(of(name), percent, to, soak[percent]) or 0 for percent, to in raises)


def test_whole_domain_events_a_day_inside_the_seeds_soaks() -> None:
    """docs/rules/gate.md#how-much-traffic-it-takes: sessions about 2,040-2,340, errors about 1,020-1,160: AI agents' soaks, and the others'."""
    agents, others = KNOWN.domains["ai-agents"].soak_hours, KNOWN.domains["jobs"].soak_hours
    assert (round(needed("sessions", agents)), round(needed("sessions", others))) == (2042, 2340)
    assert (round(needed("errors", agents)), round(needed("errors", others))) == (1018, 1160)
    assert per_day_needed(of("complaints"), 5, 10, 48) is None
    assert per_day_needed(of("posting"), 5, 10, 48) == 30
