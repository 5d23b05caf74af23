"""The rows of the bench: what is played in each, how often, and what must be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.random import Generator

from tests.bench.decisions import rung
from tests.bench.decisions.migration import DONE, DUE, Play, World, migrate
from tests.bench.decisions.streams import DAY, FIRST, Bunches, Rates

Outcome = dict[str, float]
TRIES_3, TRIES_5, BETA = Bunches(tries=3), Bunches(tries=5), Bunches(icc=0.01)


@dataclass(frozen=True)
class Row:
    """`limits`: per outcome at least (positive) or at most (negative) that part of the runs, or the median of minutes."""

    name: str
    play: Callable[[Generator], Outcome]
    runs: int
    limits: dict[str, float]
    group: str


def whole(world: World) -> Callable[[Generator], Outcome]:
    """A migration of four domains."""

    def play(rng: Generator) -> Outcome:
        found = migrate(world, rng)
        firsts = {
            f"first look {name} from {percent} %": float(passed)
            for name, one in found.domains.items()
            for percent, passed in one.firsts.items()
        }
        return {
            "on time": float(found.on_time), "rolled back": float(found.rollback),
            "days late": float("inf") if found.done is None else float(max(0, found.done - DONE)), **firsts,
        }  # fmt: skip

    return play


def planted(world: World) -> Callable[[Generator], Outcome]:
    """`jobs` alone with a fault of its own."""

    def play(rng: Generator) -> Outcome:
        one = Play(world, rng, "jobs").run(8, DUE, stop=40)
        up = one.at_100 is not None
        return {"promoted": float(up), "still up on day 22": float(up and one.rollback is None)}

    return play


def from_percent(rate: float, least: int = 0) -> Callable[[int, int, int], Rates]:
    """A fault on unified from a rung on."""
    return lambda _, periods, percent: np.full(periods, rate if percent >= least else 0.0)


def drift(begin: int, periods: int, percent: int) -> Rates:
    """0.1 % more, growing to 2 % in three days from the 10th day on, at any rung."""
    days = (np.arange(begin, begin + periods) / DAY - 9).clip(0, 3)
    return 0.001 + days / 3 * 0.019


def nightly(rate: float) -> Callable[[int, int, int], Rates]:
    """One hour at 03:00."""

    def of(begin: int, periods: int, percent: int) -> Rates:
        times = (np.arange(begin, begin + periods) + FIRST) % DAY
        return np.where((times >= 18) & (times < 24), rate, 0.0)

    return of


HEALTHY: Final = World()
N: Final = 600


def rows() -> list[Row]:
    """All of them."""
    return [*_healthy(), *_bunches(), *_outages(), *_beside(), *_planted(), *_odd(), *_found()]


def _healthy() -> Iterator[Row]:
    for name, world, least in (
        ("0.03 %, 20,000 a day", HEALTHY, 0.95),
        ("0.05 %, 20,000 a day", replace(HEALTHY, errors=0.0005), 0.90),
        ("0.03 %, day and night", replace(HEALTHY, nights=True), 0.95),
        ("0.05 %, day and night", replace(HEALTHY, nights=True, errors=0.0005), 0.90),
        ("0.03 %, 200,000 a day", replace(HEALTHY, a_day=200_000), 0.95),
        ("0.05 %, 200,000 a day", replace(HEALTHY, a_day=200_000, errors=0.0005), 0.95),
    ):
        firsts = {"first look": 0.95} if world is HEALTHY else {}
        yield Row(f"healthy {name}", whole(world), N, {"on time": least, "rolled back": -0.02, **firsts}, "healthy")
    slow = replace(HEALTHY, a_day=2_000)
    yield Row("healthy 0.03 %, 2,000 a day", whole(slow), N, {"days late": -40.0, "rolled back": -0.02}, "healthy")


def _bunches() -> Iterator[Row]:
    for kind, name in ((TRIES_3, "tries of 3"), (TRIES_5, "tries of 5"), (BETA, "beta-binomial")):
        for a_day in (2_000, 20_000, 200_000):
            world = replace(HEALTHY, bunches=kind, a_day=a_day)
            yield Row(f"bunches, {name}, {a_day:,} a day", whole(world), N, {"rolled back": -0.02}, "bunches")


def _outages() -> Iterator[Row]:
    for a_day in (2_000, 20_000):
        for percent in (5, 10, 25, 50):
            for rate, minutes in rung.OUTAGES:
                name = f"outage of both, {rate:.0%} for {minutes} min, at {percent} %, {a_day:,} a day"
                yield Row(name, _outage(a_day, percent, rate, minutes), N, {"wrong": -0.02}, "outage")


def _beside() -> Iterator[Row]:
    for percent, most, longest in ((5, 60, 1440), (50, 10, 600)):
        name = f"own 30 % beside legacy at 5 %, at {percent} %"
        yield Row(name, _fault(percent, 0.30, 0.05, longest), 400, {"found": 0.98, "minutes": -most}, "beside")
    name = "own 100 % inside an outage of both at 30 %, at 50 %"
    yield Row(name, _fault(50, 1.0, 0.30, 240), 400, {"found": 0.98}, "beside")


def _planted() -> Iterator[Row]:
    for a_day, most in ((2_000, 0.02), (20_000, 0.01), (200_000, 0.01)):
        base = replace(HEALTHY, a_day=a_day)
        for name, world in (
            ("1 % from the start", replace(base, fault=from_percent(0.01))),
            ("1 % from 50 % on", replace(base, fault=from_percent(0.01, 50))),
            ("1 % in tries of 5", replace(base, fault=from_percent(0.01), bunches=TRIES_5)),
            ("2 %", replace(base, fault=from_percent(0.02))),
            ("drift 0.1 to 2 % in 3 days", replace(base, fault=drift)),
            ("sessions 0.5 %", replace(base, broken_more=0.005)),
        ):
            yield Row(f"planted {name}, {a_day:,} a day", planted(world), N, {"promoted": -most}, "planted")


def _odd() -> Iterator[Row]:
    for rate, limits in ((0.02, {"still up on day 22": -0.01}), (0.05, {"promoted": -0.05})):
        world = replace(HEALTHY, nights=True, fault=nightly(rate))
        yield Row(f"one hour a night at {rate:.0%}, day and night", planted(world), N, limits, "night")
    for a_day in (20_000, 2_000):
        most = {"rolled back": -0.05, "promoted": -0.05}
        yield Row(f"grey 0.3 %, 14 days at 50 %, {a_day:,} a day", _grey(a_day), N, most, "grey")


def _found() -> Iterator[Row]:
    for rate, most in ((0.02, 108), (0.05, 38), (0.30, 8), (1.0, 2)):
        name = f"found: {rate:.0%} at 50 %, 20,000 a day"
        yield Row(name, _fault(50, rate, rung.HEALTHY, 600), N, {"minutes": -most}, "found")
    for times, limits in ((1, {"passes": 0.95}), (2, {}), (3, {}), (5, {"passes": -0.10})):
        for a_day in (20_000, 200_000):
            name = f"last raise, {times} times legacy's rate, {a_day:,} a day"
            yield Row(name, _last(a_day, times), 4_000, limits, "last raise")


def _grey(a_day: int) -> Callable[[Generator], Outcome]:
    return lambda rng: rung.grey(rng, a_day, 0.003)


def _outage(a_day: int, percent: int, rate: float, minutes: int) -> Callable[[Generator], Outcome]:
    return lambda rng: rung.outage(rng, a_day, percent, rate, minutes)


def _fault(percent: int, own: float, theirs: float, longest: int) -> Callable[[Generator], Outcome]:
    return lambda rng: rung.fault(rng, 20_000, percent, own, theirs, longest)


def _last(a_day: int, times: int) -> Callable[[Generator], Outcome]:
    return lambda rng: rung.last_raise(rng, a_day, times)
