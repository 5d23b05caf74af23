"""The arithmetic: the figures of docs/rules/gate.md, ties, bounds, CUSUM's delays, and a small simulation of the guarantee."""

from __future__ import annotations

import math
import random

import pytest

from rollout.model.gate import odds as m
from tests.bench_gate import LIMITS, ever_burns, ever_passes

ERRORS = LIMITS["errors"]


def test_evidence_is_the_log_likelihood_ratio() -> None:
    direct = math.log(0.001**2 * 0.999**998 / (0.01**2 * 0.99**998))
    assert m.evidence(2, 1000, 0.001, 0.01) == pytest.approx(direct)


def test_the_literal_limit_asks_only_where_the_counts_can_tell() -> None:
    assert m.passes(1, 1000, 0.001, 0.01), "one bad event says neither"
    assert m.passes(2, 1100, 0.001, 0.01)
    assert not m.passes(2, 1000, 0.001, 0.01), "92 to 1: the odds that guard the 1 % stay"
    assert not m.passes(3, 3000, 0.001, 0.01), "0.1 % isn't strictly under 0.1 %"
    assert m.passes(3, 3001, 0.001, 0.01)


def test_below_the_last_raise_the_limit_gives_way_to_what_chance_does_once_in_ten_times() -> None:
    assert not m.passes(3, 1900, 0.001, 0.02)
    assert m.passes(3, 1900, 0.001, 0.02, last=False), "three of 1,900 don't contradict 0.1 %"
    assert m.within(3, 1103, 0.001)
    assert not m.within(3, 1102, 0.001), "the Poisson tail is 10 % there"
    assert not m.passes(8, 1900, 0.001, 0.02, last=False)


def test_bunches_divide_the_evidence_and_count_once() -> None:
    worse = 0.01
    assert m.clean_needed(0, 0, 0.001, worse, dispersion=5) == 2545
    assert m.passes(10, 9_000, 0.001, worse, dispersion=5, last=False), "two bunches: the limit can't be told"
    assert not m.passes(10, 9_000, 0.001, worse, dispersion=5), "but the last raise asks it of what was counted"
    assert m.clean_needed(10, 9_000, 0.001, worse, dispersion=5) == 1001
    assert not m.passes(16, 15_000, 0.001, worse, dispersion=5), "three can"
    assert m.burns(6, 6, 0.001, 0.01, dispersion=2)
    assert not m.burns(6, 6, 0.001, 0.01, dispersion=4)
    assert m.upper_bound(0, 23, 2) == pytest.approx(m.upper_bound(0, 11.5))


def test_worse_than_legacy_is_a_fair_game_where_both_are_alike() -> None:
    """Given the bad events of both, the mean of the odds over all outcomes is 1, whatever the share."""
    for share in (0.05, 0.25, 0.5):
        n, n_legacy, both = 1000 * share, 1000 * (1 - share), 12
        fair = sum(
            math.comb(both, k) * share**k * (1 - share) ** (both - k)
            * math.exp(m.worse_than_legacy(k, n, both - k, n_legacy))
            for k in range(both + 1)
        )  # fmt: skip
        assert fair == pytest.approx(1)
    assert m.worse_than_legacy(8, 100, 0, 100) > math.log(20)
    assert m.worse_than_legacy(80, 100, 80, 100) < 0


def test_0_of_100_takes_16_more_to_25_percent() -> None:
    worse = m.worse_rate(0.01, 0.25)
    assert worse == pytest.approx(0.04)
    assert m.clean_needed(0, 100, 0.001, worse) == 16
    assert m.passes(0, 116, 0.001, worse)
    assert not m.passes(0, 115, 0.001, worse)


@pytest.mark.parametrize(
    ("metric", "share", "events"),
    [
        ("errors", 0.10, 50), ("errors", 0.25, 116), ("errors", 0.50, 240), ("errors", 1.0, 509),
        ("sessions", 0.10, 91), ("sessions", 0.25, 234), ("sessions", 0.50, 483), ("sessions", 1.0, 1021),
        ("latency", 0.10, 50), ("latency", 0.25, 50), ("latency", 0.50, 50), ("latency", 1.0, 86),
    ],
)  # fmt: skip
def test_clean_events_needed(metric: str, share: float, events: int) -> None:
    good, bad = LIMITS[metric]
    worse = m.worse_rate(bad, share)
    assert m.clean_needed(0, 0, good, worse) == events
    assert m.passes(0, events, good, worse)
    assert not m.passes(0, events - 1, good, worse)


@pytest.mark.parametrize(("bad", "total"), [(1, 10), (1, 999), (5, 3000), (40, 41), (3, 100_000), (0, 0)])
def test_clean_needed_is_the_smallest_number_that_passes(bad: int, total: int) -> None:
    more = m.clean_needed(bad, total, 0.001, 0.01)
    assert m.passes(bad, total + more, 0.001, 0.01)
    assert more == 0 or not m.passes(bad, total + more - 1, 0.001, 0.01)


def test_a_small_share_does_not_raise_the_alternative_over_a_coins_toss() -> None:
    assert m.worse_rate(0.10, 0.05) == 0.5
    assert m.worse_rate(0.01, 1.0) == 0.01


def test_rollback_needs_three_bad_the_rate_and_the_odds() -> None:
    assert not m.burns(2, 2, 0.001, 0.01), "two are never enough"
    assert m.burns(3, 3, 0.001, 0.01)
    assert not m.burns(3, 299, 0.001, 0.01), "over 1 %, but 69 to 1 only"
    assert m.burns(3, 250, 0.001, 0.01)
    assert not m.burns(100, 10_000, 0.001, 0.01), "1 % isn't strictly over 1 %"
    assert m.burns(101, 10_000, 0.001, 0.01)


def test_six_of_six_are_exactly_a_million_to_one() -> None:
    assert m.burns(6, 6, 0.001, 0.01, m.CUSUM), "6 ln 10 = ln 10^6 must not be lost to rounding"
    assert not m.burns(5, 5, 0.001, 0.01, m.CUSUM)


@pytest.mark.parametrize(
    ("bad", "total"),
    [(math.nan, 10), (1, math.nan), (-1, 10), (1, -10), (11, 10), (1.5, 10), (math.inf, math.inf), (0, 10**400), (0, 1e13)],
)  # fmt: skip
def test_impossible_counts(bad: float, total: float) -> None:
    assert not m.possible(bad, total)


def test_possible_counts() -> None:
    assert all(m.possible(bad, total) for bad, total in [(0, 0), (3.0, 3.0), (0, 10**12)])


def test_upper_bound_is_clopper_pearsons() -> None:
    assert m.upper_bound(0, 23) == pytest.approx(0.18145, abs=1e-5)  # docs/rules/gate.md#pass: 0 of 23, up to 18 %
    assert m.upper_bound(0, 0) == m.upper_bound(5, 5) == 1
    for bad, total in [(1, 23), (5, 100), (50, 400), (999, 100_000)]:
        bound = m.upper_bound(bad, total)
        terms = (
            [math.comb(total, i) * bound**i * (1 - bound) ** (total - i) for i in range(bad + 1)] if total < 500 else []
        )
        assert not terms or sum(terms) == pytest.approx(0.01, rel=1e-6)
        assert bad / total < bound < 1
    assert m.upper_bound(1000, 100_000) == pytest.approx(m.upper_bound(999, 99_900), rel=0.005), (
        "Wilson takes over smoothly"
    )


def test_mix_is_the_beta_mixture_against_the_share() -> None:
    """Against a numerical integral over the beta density, and a fair game: the mean over all outcomes is 1."""
    share, c, n = 0.1, 10.0, 12
    odds = [math.exp(m.mix(k, n, share, c)) for k in range(n + 1)]
    fair = sum(math.comb(n, k) * share**k * (1 - share) ** (n - k) * odds[k] for k in range(n + 1))
    assert fair == pytest.approx(1)
    steps = 100_000
    norm = math.gamma(c) / math.gamma(c * share) / math.gamma(c * (1 - share))
    grid = ((i + 0.5) / steps for i in range(steps))
    integral = sum(norm * x ** (c * share - 1 + 5) * (1 - x) ** (c * (1 - share) - 1 + n - 5) for x in grid) / steps
    assert odds[5] == pytest.approx(integral / (share**5 * (1 - share) ** (n - 5)), rel=1e-3)


def hours_until(clean_rate: float, *, cusum: bool) -> float:
    """Hours at 20,000 events a day from a fault of 5 % after 5 days at `clean_rate`, expected counts."""
    good, bad_level = ERRORS
    clean, per_minute = 5 * 20_000, 20_000 / 1440
    for minute in range(1, 6000):
        new = minute * per_minute
        if cusum:
            if m.burns(0.05 * new, new, good, bad_level, m.CUSUM):
                return minute / 60
        elif m.burns(clean_rate * clean + 0.05 * new, clean + new, good, bad_level):
            return minute / 60
    return math.inf


def test_a_late_fault_is_found_by_cusum_in_minutes_and_by_the_sum_in_a_day() -> None:
    """docs/rules/gate.md#rollback: 28 h by the sum, minutes by CUSUM. 30 h after spotless days, 27 h after days at the good limit."""
    assert hours_until(0.0, cusum=False) == pytest.approx(30.0, abs=0.1)
    assert hours_until(0.0007, cusum=False) == pytest.approx(28.0, abs=0.2)
    assert hours_until(0.001, cusum=False) == pytest.approx(27.0, abs=0.1)
    assert hours_until(0.0, cusum=True) * 60 == pytest.approx(10, abs=1)


@pytest.mark.parametrize("metric", LIMITS)
@pytest.mark.parametrize("share", [0.10, 0.25, 0.50, 1.0])
def test_a_bad_service_hardly_ever_passes(metric: str, share: float) -> None:
    """300 runs each at the rate that must be ruled out, a look every 20 events: at most 1 %, so 9 of 300 is 1 in 1,000."""
    good, bad = LIMITS[metric]
    worse = m.worse_rate(bad, share)
    rng = random.Random(f"{metric}{share}")
    assert sum(ever_passes(rng, worse, good, worse) for _ in range(300)) <= 9


@pytest.mark.parametrize("metric", LIMITS)
def test_a_good_service_is_hardly_ever_rolled_back(metric: str) -> None:
    good, bad = LIMITS[metric]
    rng = random.Random(metric)
    assert sum(ever_burns(rng, good, good, bad) for _ in range(300)) <= 9
