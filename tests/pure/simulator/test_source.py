"""The traffic source: sampled counts are what they claim to be, a period repeats itself, and each scenario shows."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from rollout.simulator.traffic import scenario, source
from rollout.simulator.traffic.sampling import binomial, poisson
from rollout.simulator.traffic.source import Datum
from tests.pure.samples import CATALOGUE

BEGAN = datetime(2026, 12, 1, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
UNIFIED, LEGACY = CATALOGUE.unified, CATALOGUE.domains["jobs"].legacy
LEGACY_COUNTERS = ["Requests", "Errors", "SlowRequests", "Sessions", "BrokenSessions"]


def period(name: str, percent: int, at: datetime = BEGAN, length: timedelta = HOUR, seed: int = 1) -> list[Datum]:
    """One period's data of all domains, of which jobs alone has traffic on unified."""
    story = scenario.load(name, CATALOGUE, BEGAN)
    return source.data(story, seed, CATALOGUE, {"jobs": percent}, at, at + length)


def days(name: str, percent: int, number: int = 2, skip: int = 0) -> Counter[tuple[str, str]]:
    """(service, counter) -> the sum over so many days of hours, of jobs."""
    total: Counter[tuple[str, str]] = Counter()
    for hour in range(24 * skip, 24 * (skip + number)):
        for datum in period(name, percent, BEGAN + hour * HOUR):
            if datum.domain == "jobs":
                total[datum.service, datum.counter] += datum.value
    return total


def rate(total: Counter[tuple[str, str]], bad: str, of: str, service: str = UNIFIED) -> float:
    return total[service, bad] / total[service, of]


@pytest.mark.parametrize(("n", "p"), [(1, 0.3), (40, 0.5), (900, 0.001), (5_000, 0.4), (10**6, 0.02), (10**9, 1e-8)])
def test_binomial_has_its_mean_and_spread(n: int, p: float) -> None:
    rng = Random(f"{n} {p}")
    drawn = [binomial(rng, n, p) for _ in range(4_000)]
    mean, variance = sum(drawn) / len(drawn), n * p * (1 - p)
    assert abs(mean - n * p) < 4 * math.sqrt(variance / len(drawn))
    spread = sum((value - n * p) ** 2 for value in drawn) / len(drawn)
    assert spread == pytest.approx(variance, rel=0.12)
    assert 0 <= min(drawn) <= max(drawn) <= n


def test_binomial_is_exact_where_it_is_split() -> None:
    """Each value as often as the formula says (chi square with 40 cells; over 90 happens once in 10^5)."""
    rng, n, p, draws = Random(3), 60, 0.4, 20_000
    seen = Counter(binomial(rng, n, p) for _ in range(draws))
    expected = {k: draws * math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)}
    assert sum((seen[k] - e) ** 2 / e for k, e in expected.items() if e > 5) < 90


@pytest.mark.parametrize(
    ("n", "p", "is_"), [(7, 0, 0), (7, 1, 7), (0, 0.5, 0), (7, -1, 0), (7, 1.5, 7), (9**9, 5e-324, 0)]
)
def test_binomial_at_its_ends(n: int, p: float, is_: int) -> None:
    assert binomial(Random(1), n, p) == is_


@pytest.mark.parametrize("mean", [0.02, 3.0, 13.9, 400.0, 20_000.0])
def test_poisson_has_its_mean_and_spread(mean: float) -> None:
    rng = Random(f"{mean}")
    drawn = [poisson(rng, mean) for _ in range(4_000)]
    assert abs(sum(drawn) / len(drawn) - mean) < 4 * math.sqrt(mean / len(drawn))
    assert sum((value - mean) ** 2 for value in drawn) / len(drawn) == pytest.approx(
        mean, rel=0.35 if mean < 1 else 0.12
    )
    assert poisson(rng, 0) == 0


def test_the_same_period_has_the_same_numbers() -> None:
    first = period("healthy", 25, length=MINUTE)
    assert period("healthy", 25, length=MINUTE) == first
    assert period("healthy", 25, length=MINUTE, seed=2) != first
    later = period("healthy", 25, BEGAN + MINUTE, length=MINUTE)
    assert [datum.value for datum in later] != [datum.value for datum in first]
    # and in every process: a number of another one
    assert sum(datum.value for datum in first) == 63


def test_a_raise_moves_events_and_makes_none() -> None:
    for total in ("Requests", "Sessions"):
        wholes = set()
        for percent in (0, 5, 50, 100):
            found = [d.value for d in period("healthy", percent) if d.domain == "jobs" and d.counter == total]
            assert len(found) == 2
            wholes.add(sum(found))
        assert len(wholes) == 1


@pytest.mark.parametrize("percent", [0, 10, 50, 100])
def test_the_share_arrives(percent: int) -> None:
    total = days("healthy", percent)
    whole = total[UNIFIED, "Sessions"] + total[LEGACY, "Sessions"]
    assert whole == pytest.approx(12_000, rel=0.05)
    assert total[UNIFIED, "Sessions"] / whole == pytest.approx(percent / 100, abs=0.02)
    if percent in (0, 100):
        assert total[LEGACY if percent else UNIFIED, "Sessions"] == 0


def test_what_each_service_publishes_zeros_too() -> None:
    found = period("healthy", 0, length=MINUTE)
    for name, domain in CATALOGUE.domains.items():
        legacy = [datum.counter for datum in found if datum.service == domain.legacy]
        unified = [datum for datum in found if datum.domain == name and datum.service == UNIFIED]
        assert sorted(legacy) == sorted(LEGACY_COUNTERS)
        wanted = {counter for metric in domain.metrics for counter in (metric.bad, metric.total) if counter}
        assert sorted(datum.counter for datum in unified) == sorted(wanted)
        assert {datum.value for datum in unified} == {0}
    assert {datum.at for datum in found} == {BEGAN}
    assert len(found) == 72


def test_healthy_is_under_good_on_both_services_and_unified_is_better() -> None:
    total = days("healthy", 50, number=10)
    assert rate(total, "Errors", "Requests") < 0.0001
    assert rate(total, "SlowRequests", "Requests") == pytest.approx(0.02 * 0.05, rel=0.3)
    assert rate(total, "SlowJobSearches", "JobSearches") == pytest.approx(0.02 * 0.05, rel=0.4)
    assert 0.0002 < rate(total, "Errors", "Requests", LEGACY) < 0.0008
    assert rate(total, "SlowRequests", "Requests", LEGACY) == pytest.approx(0.5 * 0.05, rel=0.1)
    assert total[UNIFIED, "Complaints"] == 0


def test_errors_begin_at_fifty() -> None:
    assert rate(days("errors-at-50", 25), "Errors", "Requests") < 0.001
    total = days("errors-at-50", 50)
    assert rate(total, "Errors", "Requests") == pytest.approx(0.01, abs=0.003)
    assert rate(total, "Errors", "Requests", LEGACY) < 0.001


def test_a_late_fault_begins_late() -> None:
    assert rate(days("late-fault", 50, number=5), "Errors", "Requests") < 0.001
    assert rate(days("late-fault", 50, number=1, skip=5), "Errors", "Requests") == pytest.approx(0.05, abs=0.01)


def test_sessions_and_latency() -> None:
    assert rate(days("broken-sessions", 10), "BrokenSessions", "Sessions") == pytest.approx(0.02, abs=0.008)
    assert rate(days("broken-sessions", 5, number=5), "BrokenSessions", "Sessions") < 0.005
    assert rate(days("latency", 25), "SlowRequests", "Requests") == pytest.approx(0.15, abs=0.02)


def test_an_outage_is_of_both() -> None:
    total = days("outage-of-both", 25)
    for service in (UNIFIED, LEGACY):
        assert rate(total, "Errors", "Requests", service) == pytest.approx(0.3, abs=0.03)


def test_silence_is_no_zero() -> None:
    assert {datum.service for datum in period("silence", 50)} == {d.legacy for d in CATALOGUE.domains.values()}


def test_a_typo_hides_the_errors() -> None:
    found = {
        datum.counter: datum for datum in period("typo", 100) if datum.service == UNIFIED and datum.domain == "jobs"
    }
    assert "Errors" not in found
    assert found["Erorrs"].value > 0
    assert "Errors" in {datum.counter for datum in period("typo", 100) if datum.service == LEGACY}


def test_complaints_come_while_unified_serves() -> None:
    assert days("complaint-burst", 5)[UNIFIED, "Complaints"] == pytest.approx(80, abs=30)
    assert days("complaint-burst", 0)[UNIFIED, "Complaints"] == 0


def test_a_straggler_shows_at_a_hundred() -> None:
    total = days("straggler", 100)
    whole = total[UNIFIED, "Sessions"] + total[LEGACY, "Sessions"]
    assert total[LEGACY, "Sessions"] / whole == pytest.approx(0.05, abs=0.01)


def test_late_data_come_once_with_their_own_time() -> None:
    """Minute by minute: nothing of unified for 20 minutes, then each minute once, 20 minutes after its time."""
    seen: Counter[datetime] = Counter()
    for number in range(45):
        at = BEGAN + number * MINUTE
        found = period("late-data", 25, at, MINUTE)
        times = {datum.at for datum in found if datum.service == UNIFIED}
        assert times == ({at - 20 * MINUTE} if number >= 20 else set())
        assert {datum.at for datum in found if datum.service == LEGACY} == {at}
        seen.update(times)
    assert seen == Counter({BEGAN + number * MINUTE: 1 for number in range(25)})


def test_late_data_are_those_that_would_have_come_in_time() -> None:
    late = period("late-data", 25, BEGAN + 20 * MINUTE, MINUTE)
    assert [d for d in late if d.service == UNIFIED] == [
        d for d in period("healthy", 25, BEGAN, MINUTE) if d.service == UNIFIED
    ]


def test_when_lateness_ends_nothing_is_lost_or_doubled() -> None:
    text = b"about: t\nfaults:\n  a:\n    kind: late\n    domain: all\n    service: both\n    by: 2 minutes\n    to: 10 minutes\n"
    story = scenario.parse(text, "t.yaml", CATALOGUE, BEGAN)
    seen: Counter[datetime] = Counter()
    for number in range(20):
        at = BEGAN + number * MINUTE
        seen.update({d.at for d in source.data(story, 1, CATALOGUE, {}, at, at + MINUTE) if d.domain == "jobs"})
    assert seen == Counter({BEGAN + number * MINUTE: 1 for number in range(20)})


def test_a_period_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a period ends after it starts"):
        period("healthy", 5, length=timedelta(0))
