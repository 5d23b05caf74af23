"""Tails at whole numbers against their sums, between them against their neighbours, and the limits that they give."""

from __future__ import annotations

import math

import pytest

from rollout.model.gate import tails


@pytest.mark.parametrize(("bad", "mean"), [(1, 0.1), (3, 1.9), (3, 30.0), (40, 20.0), (200, 180.0)])
def test_poissons_tail_is_the_sum_of_its_terms(bad: int, mean: float) -> None:
    below = sum(math.exp(index * math.log(mean) - mean - math.lgamma(index + 1)) for index in range(bad))
    assert tails.poisson_from(bad, mean) == pytest.approx(1 - below, abs=1e-12)
    assert tails.poisson_from(bad, mean) > tails.poisson_from(bad + 0.5, mean) > tails.poisson_from(bad + 1, mean)


def test_poissons_ends() -> None:
    assert tails.poisson_from(0, 5) == 1
    assert tails.poisson_from(2, 0) == 0
    assert tails.poisson_from(10_000, 16_000) == 1
    assert tails.poisson_from(10_000, 12_000) == pytest.approx(1)
    assert tails.poisson_from(5000, 4900) == pytest.approx(0.0779, abs=1e-3), "as the normal law has it"


@pytest.mark.parametrize(("bad", "total", "rate"), [(3, 20, 0.1), (1, 9, 0.95), (12, 400, 0.02), (60, 90, 0.5)])
def test_the_binomials_tail_is_the_sum_of_its_terms(bad: int, total: int, rate: float) -> None:
    direct = sum(math.comb(total, k) * rate**k * (1 - rate) ** (total - k) for k in range(bad, total + 1))
    assert tails.binomial_from(bad, total, rate) == pytest.approx(direct, rel=1e-9)
    assert direct > tails.binomial_from(bad + 0.3, total, rate) > tails.binomial_from(bad + 1, total, rate)
    assert tails.binomial_from(0, total, rate) == 1
    assert tails.binomial_from(total + 1, total, rate) == 0


def test_limits_leave_what_they_say_on_either_side() -> None:
    for bad, total in [(3, 50), (1.5, 333.3), (400, 20_000)]:
        low, high = tails.limits(bad, total, 0.025)
        assert tails.binomial_from(bad, total, low) == pytest.approx(0.025, rel=1e-6)
        assert 1 - tails.binomial_from(bad + 1, total, high) == pytest.approx(0.025, rel=1e-6)
    assert tails.limits(0, 10, 0.025)[0] == 0
    assert tails.limits(0, 10, 0.025)[1] == pytest.approx(0.3085, abs=1e-4)
    assert tails.limits(10, 10, 0.025)[1] == 1
