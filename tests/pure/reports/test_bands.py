"""The confidence bands against published values, and against their own definition."""

from __future__ import annotations

import math
import random

import pytest

from rollout.model.reports.bands import band, differs


@pytest.mark.parametrize(
    ("bad", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),  # Clopper and Pearson 1934, the chart's n = 10; R's binom.test says the same
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (1, 1, 0.025, 1.0),
        (0, 23, 0.0, 0.1482),
        (8, 100, 0.0352, 0.1516),
    ],
)
def test_known_values(bad: int, total: int, low: float, high: float) -> None:
    assert band(bad, total) == pytest.approx((low, high), abs=6e-5)


def _at_least(bad: int, total: int, rate: float) -> float:
    return math.fsum(math.comb(total, k) * rate**k * (1 - rate) ** (total - k) for k in range(bad, total + 1))


@pytest.mark.parametrize(("bad", "total"), [(1, 7), (3, 60), (30, 61), (59, 60)])
def test_either_end_leaves_out_two_and_a_half_per_cent(bad: int, total: int) -> None:
    low, high = band(bad, total)
    assert _at_least(bad, total, low) == pytest.approx(0.025, rel=1e-6)
    assert 1 - _at_least(bad + 1, total, high) == pytest.approx(0.025, rel=1e-6)


def test_many_events_join_without_a_step() -> None:
    """From 1,000 bad ones on Wilson's band stands in."""
    assert band(999, 40_000) == pytest.approx(band(1000, 40_000), rel=3e-3)
    assert band(1000, 40_000)[0] < 0.025 < band(1000, 40_000)[1]


def test_nothing_counted_leaves_everything_open() -> None:
    assert band(0, 0) == (0.0, 1.0)


def test_bunches_widen_the_band() -> None:
    low, high = band(12, 40_000)
    wider = band(12, 40_000, 4)
    assert wider[0] < low < 12 / 40_000 < high < wider[1]
    assert wider == pytest.approx(band(3, 10_000))


@pytest.mark.parametrize(
    ("bad", "legacy_bad", "size", "told"),
    [(0, 0, 1, ""), (20, 20, 1, ""), (44, 20, 1, "higher"), (20, 44, 1, "lower"), (44, 20, 5, ""), (0, 9, 1, "lower")],
)
def test_the_comparison_is_a_test_on_the_bad_events_of_both(bad: int, legacy_bad: int, size: float, told: str) -> None:
    """44 beside 20 of as many: the two bands overlap, and chance makes that once in 200."""
    assert differs(bad, 100_000, legacy_bad, 100_000, size) == told
    assert band(20, 100_000)[1] > band(44, 100_000)[0] * 0.9


def test_bands_cover_the_truth_under_tries_that_were_measured() -> None:
    """Tries of 3 (a dispersion of 5): without it the band holds the true rate in two thirds of the days, with it in most."""
    rng, plain, known, days = random.Random(3), 0, 0, 600
    for _ in range(days):
        bad, due = 0, 0.0
        while (due := due + rng.expovariate(20)) < 1:
            bad += 1
            while rng.random() < 2 / 3:
                bad += 1
        rate = 60 / 100_000
        plain += band(bad, 100_000)[0] <= rate <= band(bad, 100_000)[1]
        known += band(bad, 100_000, 5)[0] <= rate <= band(bad, 100_000, 5)[1]
    assert plain / days < 0.75
    assert known / days > 0.92
