"""The confidence bands against published values, and against their own definition."""

from __future__ import annotations

import math

import pytest

from rollout.model.reports.bands import apart, band


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
    assert not apart(band(0, 0), band(900, 1000))
    assert apart(band(0, 1000), band(30, 1000))
    assert apart(band(30, 1000), band(0, 1000))
