"""The rows of the bench: what is played in each, how often, and what must be seen."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.random import Generator

from tests import bench_gate
from tests.bench.decisions import rung
from tests.bench.decisions.domain import Many
from tests.bench.decisions.migration import DONE, DUE, Outage, Played, World, migrate
from tests.bench.decisions.streams import DAY, FIRST, Bunches, Events, Rates

Outcome = dict[str, float]
#: (random numbers, how many runs, how many of these by the product alone, what is taken down of who judged)
Play = Callable[[Generator, int, int, Played], list[Outcome]]
TRIES_3, TRIES_5, BETA = Bunches(tries=3), Bunches(tries=5), Bunches(icc=0.01)
HEALTHY: Final = World()
N: Final = 600
#: The four shares, and what the six outages are (`rung.OUTAGES`).
SHARES: Final = (5, 10, 25, 50)


@dataclass(frozen=True)
class Row:
    """`limits`: per outcome at least (positive) or at most (negative) that part of the runs, or the median of minutes.

    `aims`: the same, what is wished for. `fast`: the fast copy plays most of it.
    """

    name: str
    play: Play
    runs: int
    limits: dict[str, float]
    group: str
    aims: dict[str, float] | None = None
    fast: bool = False


def whole(world: World) -> Play:
    """A migration of four domains."""

    def play(rng: Generator, runs: int, product: int, played: Played) -> list[Outcome]:
        return [
            {
                "on time": float(found.on_time), "rolled back": float(found.rollback),
                "days late": float("inf") if found.done is None else float(max(0, found.done - DONE)),
                **{
                    f"first look {name} from {percent} %": float(passed)
                    for name, one in found.domains.items() for percent, passed in one.firsts.items()
                },
            }
            for found in migrate(world, rng, runs, product, played)
        ]  # fmt: skip

    return play


def planted(world: World) -> Play:
    """`jobs` alone with a fault of its own."""

    def play(rng: Generator, runs: int, product: int, played: Played) -> list[Outcome]:
        found = Many(world, rng, "jobs", runs, product, played).run(np.full(runs, 8), np.full(runs, DUE), stop=40)
        return [
            {
                "promoted": float(one.at_100 is not None),
                "still up on day 22": float(one.at_100 is not None and one.at_100 < DUE and one.rollback is None),
            }
            for one in found
        ]  # fmt: skip

    return play


def left_at_50(world: World, days: int = 14) -> Play:
    """`jobs` at 50 % for so many days, a raise asked for on each."""

    def play(rng: Generator, runs: int, product: int, played: Played) -> list[Outcome]:
        many = Many(world, rng, "jobs", runs, product, played)
        found = many.run(np.full(runs, 8), np.zeros(runs, np.int64), stop=8 + days, rung=SHARES.index(50) + 1)
        return [
            {"rolled back": float(one.rollback is not None), "promoted": float(one.at_100 is not None)} for one in found
        ]

    return play


def single(play: rung.Run) -> Play:
    """One rung after another, each by the product itself."""
    return lambda rng, runs, _, __: [play(rng) for _ in range(runs)]


def from_percent(rate: float, least: int = 0) -> Callable[[Events, Events], Rates]:
    """A fault on unified from a rung on."""
    return lambda _, percent: np.where(percent >= least, rate, 0.0)[:, None]


def from_day(rate: float, first: float) -> Callable[[Events, Events], Rates]:
    """A fault on unified from this time on, in days."""
    return lambda day, _: np.where(_times(day) >= first, rate, 0.0)


def drift(day: Events, percent: Events) -> Rates:
    """0.1 % more, growing to 2 % in three days from the 10th day on, at any rung."""
    return 0.001 + (_times(day) - 10).clip(0, 3) / 3 * 0.019


def nightly(rate: float) -> Callable[[Events, Events], Rates]:
    """One hour at 03:00."""
    times = (np.arange(DAY) + FIRST) % DAY
    return lambda *_: np.where((times >= 18) & (times < 24), rate, 0.0)[None, :]


def outages(rate: float, minutes: int, days: int) -> Outage:
    """An outage of both about every `days` days, at any time."""

    def of(day: Events, rng: Generator) -> Rates:
        found = np.zeros((len(day), DAY))
        for run in np.flatnonzero(rng.random(len(day)) < 1 / days):
            at = int(rng.integers(DAY - minutes // 10))
            found[run, at : at + minutes // 10] = rate
        return found

    return of


def _times(day: Events) -> Rates:
    return day[:, None] + np.arange(DAY)[None, :] / DAY


def rows() -> list[Row]:
    """All of them."""
    return [
        *_healthy(), *_bunches(), *_outages(), *_beside(), *_planted(), *_odd(), *_found(), *_guarantees(),
    ]  # fmt: skip


def _healthy() -> Iterator[Row]:
    for name, world, least in (
        ("0.03 %, 20,000 a day", HEALTHY, 0.95),
        ("0.05 %, 20,000 a day", replace(HEALTHY, errors=0.0005), 0.90),
        ("0.03 %, day and night", replace(HEALTHY, nights=True), 0.95),
        ("0.05 %, day and night", replace(HEALTHY, nights=True, errors=0.0005), 0.90),
        ("0.03 %, 200,000 a day", replace(HEALTHY, a_day=200_000), 0.95),
        ("0.05 %, 200,000 a day", replace(HEALTHY, a_day=200_000, errors=0.0005), 0.95),
    ):
        limits = {"on time": least, "rolled back": -0.02}
        aims = {"on time": 0.99, "rolled back": -0.005}
        if world is HEALTHY:
            limits, aims = limits | {"first look": 0.95}, aims | {"first look": 0.97}
        yield Row(f"healthy {name}", whole(world), N, limits, "healthy", aims, fast=True)
    slow = replace(HEALTHY, a_day=2_000)
    limits, aims = {"days late": -40.0, "rolled back": -0.02}, {"days late": -20.0, "rolled back": -0.005}
    yield Row("healthy 0.03 %, 2,000 a day", whole(slow), N, limits, "healthy", aims, fast=True)


def _bunches() -> Iterator[Row]:
    for kind, name in ((TRIES_3, "tries of 3"), (TRIES_5, "tries of 5"), (BETA, "beta-binomial")):
        for a_day in (2_000, 20_000, 200_000):
            world = replace(HEALTHY, bunches=kind, a_day=a_day)
            limits, aims = {"rolled back": -0.02}, {"rolled back": -0.005}
            yield Row(f"bunches, {name}, {a_day:,} a day", whole(world), N, limits, "bunches", aims, fast=True)


def _outages() -> Iterator[Row]:
    for a_day in (2_000, 20_000):
        for percent in SHARES:
            for rate, minutes in rung.OUTAGES:
                name = f"outage of both, {rate:.0%} for {minutes} min, at {percent} %, {a_day:,} a day"
                play = single(_outage(a_day, percent, rate, minutes))
                yield Row(name, play, N, {"wrong": -0.02}, "outage", {"wrong": -0.002})
    for rate, minutes in rung.OUTAGES:
        name = f"at 100 %: outage of both, {rate:.0%} for {minutes} min, 20,000 a day"
        yield Row(name, single(_at_100(20_000, rate, minutes)), 200, {}, "outage at 100")


def _beside() -> Iterator[Row]:
    for percent, most, longest in ((5, 60, 1440), (50, 10, 600)):
        name = f"own 30 % beside legacy at 5 %, at {percent} %"
        play = single(_fault(percent, 0.30, 0.05, longest))
        yield Row(name, play, N, {"found": 0.98, "minutes": -most}, "beside")
    name = "own 100 % inside an outage of both at 30 %, at 50 %"
    yield Row(name, single(_fault(50, 1.0, 0.30, 240)), N, {"found": 0.98}, "beside")


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
            ("late 2 %, from noon of day 10", replace(base, fault=from_day(0.02, 10.125))),
        ):
            limits = {"promoted": -most}
            yield Row(
                f"planted {name}, {a_day:,} a day", planted(world), N, limits, "planted", {"promoted": 0.0}, fast=True
            )


def _odd() -> Iterator[Row]:
    for rate, limits, aims in (
        (0.02, {"still up on day 22": -0.01}, {"still up on day 22": 0.0}),
        (0.05, {"promoted": -0.05}, {"promoted": -0.01}),
    ):
        world = replace(HEALTHY, nights=True, fault=nightly(rate))
        name = f"one hour a night at {rate:.0%}, day and night"
        yield Row(name, planted(world), N, limits, "night", aims, fast=True)
    for a_day in (20_000, 2_000):
        most = {"rolled back": -0.05, "promoted": -0.05}
        world = replace(HEALTHY, a_day=a_day, errors=0.003, legacy_errors=rung.HEALTHY)
        name = f"grey 0.3 %, 14 days at 50 %, {a_day:,} a day"
        yield Row(name, left_at_50(world), N, most, "grey", fast=True)
        yield Row(f"{name}, errors alone", single(_grey(a_day)), N, {}, "grey")
    for rate, minutes, days in ((0.05, 30, 3), (1.0, 30, 3), (0.03, 240, 5)):
        world = replace(HEALTHY, outage=outages(rate, minutes, days))
        name = f"whole, an outage of both of {rate:.0%} for {minutes} min every {days} days"
        yield Row(name, planted(world), 200, {}, "outages on the way", fast=True)


def _found() -> Iterator[Row]:
    for rate, most, aim in ((0.02, 108, 65), (0.05, 38, 23), (0.30, 8, 5), (1.0, 2, 1.2)):
        name = f"found: {rate:.0%} at 50 %, 20,000 a day"
        play = single(_fault(50, rate, rung.HEALTHY, 600))
        yield Row(name, play, N, {"minutes": -most}, "found", {"minutes": -aim})
    for times, limits in ((1, {"passes": 0.95}), (2, {}), (3, {}), (5, {"passes": -0.10})):
        for a_day in (20_000, 200_000):
            name = f"last raise, {times} times legacy's rate, {a_day:,} a day"
            yield Row(name, single(_last(a_day, times)), 4_000, limits, "last raise")


def _guarantees() -> Iterator[Row]:
    for case in bench_gate.CASES:
        if case.startswith(("pass ever", "rollback ever")):
            yield Row(case, _guarantee(case), 100_000, {"wrong": -0.01}, "guarantee")
    for name in bench_gate.LIMITS:
        case = f"false alarms of CUSUM, {name} at good, per 10,000 events"
        yield Row(f"{case}, of 10^6", _guarantee(case, 100), 4_000, {"wrong": -1.0}, "guarantee")


def _guarantee(case: str, times: float = 1.0) -> Play:
    def play(rng: Generator, runs: int, _: int, __: Played) -> list[Outcome]:
        numbers = random.Random(int(rng.integers(2**63)))
        return [{"wrong": times * float(bench_gate.CASES[case](numbers))} for _ in range(runs)]

    return play


def _grey(a_day: int) -> rung.Run:
    return lambda rng: rung.grey(rng, a_day, 0.003)


def _outage(a_day: int, percent: int, rate: float, minutes: int) -> rung.Run:
    return lambda rng: rung.outage(rng, a_day, percent, rate, minutes)


def _at_100(a_day: int, rate: float, minutes: int) -> rung.Run:
    return lambda rng: rung.at_100(rng, a_day, rate, minutes)


def _fault(percent: int, own: float, theirs: float, longest: int) -> rung.Run:
    return lambda rng: rung.fault(rng, 20_000, percent, own, theirs, longest)


def _last(a_day: int, times: int) -> rung.Run:
    return lambda rng: rung.last_raise(rng, a_day, times)
