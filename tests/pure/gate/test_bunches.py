"""Dispersion: near 1 for single errors, near their size for bunches, the prior without any, and no outage in it."""

from __future__ import annotations

import random

import pytest

from rollout.model.gate import bunches
from rollout.model.gate.seen import Counts

ERRORS = (0.001, 0.01)
HOURS = 14 * 24


def hours(seed: int, tries: float, a_day: int = 20_000, rate: float = 0.0003) -> list[Counts]:
    """Legacy's hours: `tries` a failing message in the mean (geometric), so that `rate` of the requests are bad."""
    rng = random.Random(seed)
    found = []
    for _ in range(HOURS):
        due, bad = a_day / 24 * rate / tries, 0
        while (due := due - rng.expovariate(1)) > 0:
            bad += 1
            while rng.random() > 1 / tries:
                bad += 1
        found.append(Counts(bad, a_day // 24 + bad))
    return found


def mean(tries: float, a_day: int = 20_000, **more: float) -> float:
    sizes = [bunches.dispersion("errors", hours(seed, tries, a_day), *ERRORS) for seed in range(20)]
    return sum(sizes) / len(sizes)


def test_single_errors_are_near_one_and_nearer_with_more_traffic() -> None:
    assert 1.2 < mean(1) < 1.6
    assert 1.0 < mean(1, 200_000) < 1.3
    assert mean(1, 2_000) < 3.5, "8 errors in 14 days say little, and it is careful"


@pytest.mark.parametrize(("tries", "low", "high"), [(3, 4.5, 10), (5, 8, 17)])
def test_tries_are_seen_as_what_they_are(tries: float, low: float, high: float) -> None:
    """Geometric bunches of mean m have a dispersion of 2 m - 1: 5 and 9; the estimate's own error is added."""
    assert low < mean(tries) < high


def test_without_data_the_prior_stands_and_other_metrics_have_none() -> None:
    assert bunches.dispersion("errors", [], *ERRORS) == 5
    assert bunches.dispersion("sessions", [], 0.0005, 0.005) == 1
    assert bunches.dispersion("posting", hours(1, 5), 0.02, 0.04) == 1


def test_it_is_never_under_one_nor_over_the_cap() -> None:
    even = [Counts(1, 1000)] * HOURS
    assert bunches.dispersion("sessions", even, 0.0005, 0.005) == 1
    wild = [Counts(90 if index % 9 == 0 else 0, 10_000) for index in range(HOURS)]
    assert bunches.dispersion("errors", wild, *ERRORS) == bunches.CAP


def test_an_hour_in_which_legacy_burnt_is_no_bunch() -> None:
    calm = hours(3, 1)
    before = bunches.dispersion("errors", calm, *ERRORS)
    burnt = [*calm[:-2], Counts(260, 833), Counts(138, 833)]
    assert bunches.dispersion("errors", burnt, *ERRORS) == pytest.approx(before, rel=0.1)


def test_impossible_blocks_count_for_nothing() -> None:
    calm = hours(3, 1)
    odd = [*calm, Counts(9, 3), Counts(float("nan"), 100), Counts(0, 0)]
    assert bunches.dispersion("errors", odd, *ERRORS) == bunches.dispersion("errors", calm, *ERRORS)


def test_a_row_says_it() -> None:
    assert bunches.told("errors", 2.13) == "errors come in bunches of 2.1: evidence is divided by it"
    assert bunches.told("errors", 1.0) == ""
