"""A small form of `make bench ARGS=decisions`: a few runs of each kind of row, and that merged clean periods change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from rollout.model.gate import burn
from rollout.model.gate.metric import Verdict, judge_metric
from tests.bench.decisions import equal, fast, rung, series, streams
from tests.bench.decisions.domain import BEGAN, Many
from tests.bench.decisions.migration import Played, World, migrate
from tests.bench.decisions.play import by_whom, first_looks, line
from tests.bench.decisions.rows import from_percent, nightly, outages, rows
from tests.bench.decisions.streams import Bunches


def mean(number: int, key: str, play: rung.Run) -> float:
    return sum(play(np.random.default_rng([7, index]))[key] for index in range(number)) / number


@pytest.mark.parametrize("percent", [5, 50])
def test_an_outage_of_both_brings_nobody_down(percent: int) -> None:
    assert mean(40, "wrong", lambda rng: rung.outage(rng, 20_000, percent, 0.30, 30)) <= 0.05


@pytest.mark.parametrize(("rate", "most"), [(0.05, 80), (1.0, 4)])
def test_a_fault_of_its_own_is_found_in_minutes(rate: float, most: int) -> None:
    assert mean(6, "minutes", lambda rng: rung.fault(rng, 20_000, 50, rate)) <= most


def test_its_own_fault_inside_an_outage_of_both_is_found() -> None:
    assert mean(6, "found", lambda rng: rung.fault(rng, 20_000, 50, 1.0, 0.30, 240)) == 1


def test_an_equal_service_passes_the_last_raise_and_one_five_times_as_bad_doesnt() -> None:
    assert mean(200, "passes", lambda rng: rung.last_raise(rng, 20_000, 1)) >= 0.92
    assert mean(200, "passes", lambda rng: rung.last_raise(rng, 20_000, 5)) <= 0.15


def test_a_grey_service_is_held() -> None:
    for key in ("rolled back", "promoted"):
        assert mean(4, key, lambda rng: rung.grey(rng, 20_000, 0.003)) == 0


def test_a_migration_in_health_ends_on_time_and_a_planted_fault_is_not_promoted() -> None:
    played = Played()
    found = migrate(World(), np.random.default_rng([1, 1]), 6, product=1, played=played)
    assert not any(one.rollback for one in found)
    assert sum(one.late <= 2 for one in found) >= 5
    bad = Many(World(fault=from_percent(0.01)), np.random.default_rng([1, 2]), "jobs", 6, product=1, played=played)
    assert all(one.at_100 is None for one in bad.run(np.full(6, 8), np.full(6, 22), stop=14))
    assert played.product > 20
    assert played.fast > 5 * played.asked, "else it is no copy that plays"
    assert played.differ == 0


@pytest.mark.parametrize(
    "world",
    [
        World(bunches=Bunches(tries=5)),
        World(a_day=200_000, bunches=Bunches(icc=0.01)),
        World(nights=True, fault=nightly(0.05)),
        World(outage=outages(0.05, 30, 2)),
    ],
)
def test_the_copy_says_what_the_product_says_on_the_same_looks(world: World) -> None:
    played = Played()
    many = Many(world, np.random.default_rng([1, 3]), "jobs", 6, product=6, played=played)
    many.run(np.full(6, 8), np.full(6, 22), stop=16)
    assert played.product >= 24
    assert played.differ == 0


def test_the_copy_says_what_the_product_says_on_random_series() -> None:
    by_itself, differ = equal.series_of(300)
    assert differ == 0
    assert 100 < by_itself < 290


def test_a_copy_that_hears_less_than_the_rule_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "SLACK", -40.0)
    assert equal.series_of(300)[1] > 0


@pytest.mark.parametrize("kind", [streams.SINGLE, Bunches(tries=4), Bunches(icc=0.02)])
def test_merged_clean_periods_change_no_verdict(kind: Bunches) -> None:
    """500 series, from health to fire; with each period by itself, and with the clean ones together."""
    rng = np.random.default_rng([3, round(10 * kind.tries)])
    met = 0
    for _ in range(500):
        number = int(rng.integers(20, 200))
        whole = rng.poisson(rng.choice([14, 140]), number)
        total = rng.binomial(whole, rng.choice([0.05, 0.5]))
        legacy = whole - total
        rates = np.full(number, 0.0003)
        rates[int(rng.integers(number)) :] = rng.choice([0.0003, 0.01, 0.05, 0.5])
        shared = np.zeros(number)
        shared[: int(rng.integers(number))] = rng.choice([0, 0, 0.05, 1.0])
        own = (streams.bad(rng, total, np.maximum(rates, shared), kind), total)
        other = (streams.bad(rng, legacy, np.maximum(0.0003, shared), kind), legacy)
        size = float(rng.choice([1, 1.3, 5]))
        parts = [rung.seen(series.slots(own, other, BEGAN, whole=one), size) for one in (True, False)]
        judged = [judge_metric(rung.ERRORS, part, percent=50, next_percent=100) for part in parts]
        assert judged[0].verdict is judged[1].verdict, (judged[0].reason, judged[1].reason)
        assert judged[0].key == judged[1].key
        assert (burn.find(rung.ERRORS, parts[0], 50) is None) == (burn.find(rung.ERRORS, parts[1], 50) is None)
        met += judged[0].verdict is Verdict.ROLLBACK
    assert 25 < met < 475


def test_every_row_has_limits_that_its_outcomes_have_and_a_missed_one_is_said() -> None:
    named = [row.name for row in rows()]
    assert len(named) == len(set(named))
    row = next(row for row in rows() if row.name.startswith("found: 5%"))
    assert by_whom(row, 3, Played()) == "product"
    text, missed = line(row, [{"found": 1.0, "minutes": 99.0}] * 3)
    assert "minutes 99" in text
    assert missed == ["found: 5% at 50 %, 20,000 a day: minutes 99, wanted at most 38"]
    assert first_looks([{"first look jobs from 5 %": 1.0}, {"first look jobs from 5 %": 0.0}]) == {
        "first look jobs from 5 %": 0.5
    }
