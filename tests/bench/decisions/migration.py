"""Migrations of four domains by the seed's soaks, a raise asked for once a day at 09:00; many at once, day by day.

The first `product` runs are judged by the product's own `judge_domain` at every look, the others by the fast copy, which
asks the product wherever a series might say something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.bench.decisions.streams import SINGLE, Bunches, Events, Rates
from tests.pure.samples import CATALOGUE

#: The plan's days: when a domain's first raise is, and by when all four are to be at 100 %.
PLANNED = {"ai-agents": 1, "jobs": 8, "marketplace": 15, "property": 15}
DONE, DUE = 20, 22
#: After this many days nobody waits any more.
LAST = 120

Mask = NDArray[np.bool_]
#: (the runs' days, their percents) -> what is added on unified: a rate, or one per run and period.
Fault = Callable[[Events, Events], Rates | float]
#: The runs' days -> what both services suffer, per run and period.
Outage = Callable[[Events, Generator], Rates]


@dataclass(frozen=True)
class World:
    """What is played. Rates are fractions; `slow`, `broken`: of requests and sessions, on both services."""

    a_day: int = 20_000
    errors: float = 0.0003
    legacy_errors: float | None = None
    slow: float = 0.025
    broken: float = 0.0001
    broken_more: float = 0.0
    features: float = 0.3  # part of each feature's good limit
    complaints: float = 0.5  # a day and domain
    bunches: Bunches = SINGLE
    nights: bool = False
    fault: Fault | None = None
    outage: Outage | None = None  # of both services


@dataclass
class Domain:
    """What became of one domain: when it came to 100 %, what first looks said, and a rollback."""

    at_100: int | None = None
    firsts: dict[int, bool] = field(default_factory=dict)
    days: dict[int, int] = field(default_factory=dict)  # late, per rung
    rollback: tuple[int, str, int] | None = None  # percent, metric, day


@dataclass(frozen=True)
class Whole:
    """A migration: when all were at 100 % (None: never), and each domain's own story."""

    done: int | None
    domains: Mapping[str, Domain]

    @property
    def rollback(self) -> bool:
        return any(one.rollback for one in self.domains.values())

    @property
    def on_time(self) -> bool:
        return self.done is not None and self.done <= DUE and not self.rollback

    @property
    def late(self) -> float:
        return float("inf") if self.done is None else max(0, self.done - DONE)


@dataclass
class Played:
    """How runs were judged: looks that the product decided because it was asked to, both ways, and where they differ."""

    product: int = 0
    fast: int = 0
    told: int = 0  # of these by the product's `burn.tell` for a series that might say something
    asked: int = 0  # looks of the copy's runs that went to `judge_domain` as a whole
    differ: int = 0

    def add(self, other: Played) -> None:
        """What another chunk took down."""
        self.product, self.fast = self.product + other.product, self.fast + other.fast
        self.told, self.asked = self.told + other.told, self.asked + other.asked
        self.differ += other.differ


def migrate(world: World, rng: Generator, runs: int, product: int = 0, played: Played | None = None) -> list[Whole]:
    """All four domains, each as soon as its prerequisites allow."""
    from tests.bench.decisions.domain import Many

    at: dict[str, list[int | None]] = {}
    stories: dict[str, list[Domain]] = {}
    for name, planned in PLANNED.items():
        start = np.full(runs, planned)
        for need in CATALOGUE.domains[name].prerequisites:
            for run, day in enumerate(at[need.domain]):
                start[run] = max(start[run], 10**6 if day is None else day + need.hours // 24)
        many = Many(world, rng, name, runs, product, played)
        stories[name] = many.run(start, np.maximum(DUE, start + 7))
        at[name] = [one.at_100 for one in stories[name]]
    found = []
    for run in range(runs):
        days = [at[name][run] for name in PLANNED]
        done = None if None in days else max(day for day in days if day is not None)
        found.append(Whole(done, {name: stories[name][run] for name in PLANNED}))
    return found
