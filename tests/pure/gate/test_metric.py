"""The rule for one metric: each limit of the contract from both sides, and everything that must be HOLD."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import Metric
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


@pytest.mark.parametrize(("name", "metric"), ROWS, ids=IDS)
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
        assert ask(metric, bad, 100_000).key == "grey"
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
    assert ask(of("search"), 0, 9).needed == 1
    assert ask(of("search"), 0, 10).verdict is Verdict.PASS
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


# --- legacy excuses


@pytest.mark.parametrize(
    ("legacy", "key"),
    [
        (Counts(500, 10_000), "platform"),  # 5 % there, 5 % here
        (Counts(250, 10_000), "platform"),  # exactly half of unified's rate
        (Counts(249, 10_000), "rollback"),  # unified's is over twice legacy's
        (Counts(100, 10_000), "rollback"),  # legacy is at its limit, not over
        (Counts(49, 49), "rollback"),  # too few of legacy's to excuse anybody
        (Counts(50, 50), "platform"),
        (Counts(0, 0), "rollback"),
        (Counts(math.nan, 10_000), "rollback"),  # garbage is no excuse
        (None, "rollback"),
    ],
)  # fmt: skip
def test_legacy_excuses(legacy: Counts | None, key: str) -> None:
    assert ask(of("errors"), 50, 1000, None, legacy).key == key


def test_impossible_counts_of_legacy_hold_a_raise() -> None:
    assert ask(of("errors"), 0, 10_000, 100, Counts(5, 3)).key == "impossible"


def slots(*parts: tuple[int, float, float, float, float]) -> tuple[Slot, ...]:
    """(minutes, bad, total, legacy bad, legacy total) a minute."""
    return tuple(Slot(b, n, Counts(lb, ln)) for minutes, b, n, lb, ln in parts for _ in range(minutes))


def by_series(series: tuple[Slot, ...], **more: int) -> Judged:
    sums = Seen(sum(s.bad for s in series), sum(s.total for s in series), series=series, minutes=more.get("minutes"))
    return judge_metric(of("errors"), sums, percent=50, next_percent=100)


def test_clean_days_do_not_bury_a_late_fault() -> None:
    """5 clean days at 14 a minute, then 5 %: 1 bad of 20."""
    late = slots((5 * 1440, 0, 14, 0, 14), (8, 1, 20, 0, 20))
    judged = by_series(late)
    assert judged.verdict is Verdict.ROLLBACK
    assert "errors 8/160 in 8 minutes" in judged.reason
    assert by_series(late[:-1]).verdict is Verdict.ROLLBACK, "7 of 140 are 3,000,000 to one"
    assert by_series(late[:-2]).verdict is not Verdict.ROLLBACK, "6 of 120 are 360,000 to one"
    assert by_series(late, minutes=3).verdict is not Verdict.ROLLBACK, "CUSUM runs over the whole minutes alone"


def test_six_of_six_in_one_minute_after_a_clean_day() -> None:
    assert by_series(slots((1440, 0, 14, 0, 14), (1, 6, 6, 0, 6))).verdict is Verdict.ROLLBACK
    assert by_series(slots((1440, 0, 14, 0, 14), (1, 5, 5, 0, 5))).verdict is not Verdict.ROLLBACK


def test_once_met_it_stays_met() -> None:
    fault = ((100, 0, 14, 0, 14), (5, 10, 14, 0, 14), (1440, 0, 1000, 0, 1000))
    judged = by_series(slots(*fault))
    assert judged.verdict is Verdict.ROLLBACK
    assert "stays met" in judged.reason
    earlier = judge_metric(of("errors"), Seen(0, 10_000, met_before=True), percent=50, next_percent=100)
    assert earlier.verdict is Verdict.ROLLBACK


def test_an_outage_of_both_is_the_platforms_even_hours_later() -> None:
    """Diluted, legacy's rate goes under 1 % before unified's does: still no rollback; in the end no hold either."""
    outage = ((60, 0, 7, 0, 7), (10, 7, 7, 7, 7))
    assert by_series(slots(*outage)).key == "platform"
    for minutes in (60, 500, 900, 929, 931, 1000, 3000):
        judged = by_series(slots(*outage, (minutes, 0, 7, 0, 7.0 + 1)))
        assert judged.verdict is not Verdict.ROLLBACK, judged.reason
    assert by_series(slots(*outage, (3000, 0, 7, 0, 7))).key == "grey"


def test_a_fault_of_unified_alone_after_an_outage_of_both_is_its_own() -> None:
    story = ((60, 0, 7, 0, 7), (10, 7, 7, 7, 7), (300, 0, 7, 0, 7))
    assert by_series(slots(*story, (2, 7, 7, 0, 7))).verdict is Verdict.ROLLBACK


def test_unified_far_worse_than_a_burning_legacy_comes_down() -> None:
    assert by_series(slots((60, 0, 100, 0, 100), (20, 50, 100, 5, 100))).verdict is Verdict.ROLLBACK


def test_an_outage_shorter_than_legacys_50_events_looks_further_back() -> None:
    assert by_series(slots((600, 0, 14, 0, 7), (1, 14, 14, 7, 7))).key == "platform"


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
    assert per_day_needed(of("posting"), 5, 10, 48) == 100
