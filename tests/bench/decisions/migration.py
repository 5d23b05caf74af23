"""A migration of four domains by the seed's soaks, a raise asked for once a day at 09:00, judged by the product itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.random import Generator

from rollout.model.catalogue.domain import Domain, Metric
from rollout.model.gate import bunches
from rollout.model.gate.metric import Verdict
from rollout.model.gate.seen import Counts, Seen, Slot
from rollout.model.gate.verdict import Question, judge_domain
from rollout.model.ladder import LADDER
from tests.bench.decisions import series, streams
from tests.bench.decisions.streams import DAY, SINGLE, Bunches, Events, Rates
from tests.pure.samples import CATALOGUE

BEGAN = datetime(2026, 12, 1, 9, tzinfo=UTC)
#: The plan's days: when a domain's first raise is, and by when all four are to be at 100 %.
PLANNED = {"ai-agents": 1, "jobs": 8, "marketplace": 15, "property": 15}
DONE, DUE = 20, 22
#: After this many days nobody waits any more.
LAST = 120
HISTORY = 14

#: (domain, first period since day 1, periods, share) -> a rate that is added on unified.
Fault = Callable[[int, int, int], Rates]


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
    outage: Callable[[int, int], Rates] | None = None  # of both services
    whole: bool = False  # every period by itself


@dataclass
class Domains:
    """What became of one domain: the day on which it came to 100 %, looks at each raise, and a rollback."""

    at_100: int | None = None
    firsts: dict[int, bool] = field(default_factory=dict)
    days: dict[int, int] = field(default_factory=dict)
    rollback: tuple[int, str, int] | None = None  # percent, metric, day
    held: dict[str, int] = field(default_factory=dict)


class Play:
    """One domain in one world."""

    def __init__(self, world: World, rng: Generator, name: str) -> None:
        self.world, self.rng, self.domain = world, rng, CATALOGUE.domains[name]
        self.past: dict[str, list[tuple[Events, Events]]] = {"errors": [], "sessions": []}

    def run(self, start: int, last: int, stop: int = LAST) -> Domains:
        """From the first raise on day `start` (day 1: 1) until day `last` at 100 %, or `stop` on the way there."""
        found, day = Domains(), start
        for back in range(HISTORY, 0, -1):
            self._remember(self._day(0, day - back))
        for percent, following in zip(LADDER[1:], [*LADDER[2:], None], strict=True):
            left = self._rung(found, percent, following, day, last, stop)
            if left is None:
                break
            day = left
            if following == LADDER[-1]:
                found.at_100 = day
        return found

    def _rung(
        self, found: Domains, percent: int, following: int | None, since: int, last: int, stop: int
    ) -> int | None:
        """The day on which the rung was left upwards; None where it wasn't, and `found` says why."""
        sizes, day = self._sizes(), since
        days: list[dict[str, tuple[Events, Events, Events, Events]]] = []
        due = last if following is None else since + self.domain.soak_hours[percent] // 24
        while following is not None or day < last:
            days.append(self._day(percent, day))
            self._remember(days[-1])
            day += 1
            if day < due:
                continue
            ask = self._ask(percent, following, days, since)
            if (burnt := self._burnt(ask, sizes)) is not None:
                found.rollback = (percent, burnt, day)
                return None
            if following is None:
                return None
            answer = judge_domain(ask)
            found.firsts.setdefault(percent, answer.verdict is Verdict.PASS)
            if answer.verdict is Verdict.PASS:
                found.days[percent] = day - due
                return day
            found.held[answer.key] = found.held.get(answer.key, 0) + 1
            if day >= stop:
                return None
        return None

    # --- counts

    def _day(self, percent: int, day: int) -> dict[str, tuple[Events, Events, Events, Events]]:
        """A day's periods per metric: unified's bad and total, legacy's bad and total."""
        world, rng, share, begin = self.world, self.rng, percent / 100, (day - 1) * DAY
        outage = world.outage(begin, DAY) if world.outage else 0.0
        own = world.fault(begin, DAY, percent) if world.fault and percent else 0.0
        theirs = world.errors if world.legacy_errors is None else world.legacy_errors
        found = {}
        for metric in self.domain.metrics:
            if metric.total is None or (percent == 0 and metric.name not in self.past):
                continue
            scale = world.a_day / 20_000
            whole = streams.traffic(
                rng, self.domain.expected_per_day[metric.name] * scale, begin, DAY, nights=world.nights
            )
            total = rng.binomial(whole, share)
            rate, legacy_rate, kind = self._rates(metric, theirs, own, outage)
            bad = streams.bad(rng, total, rate, kind)
            if metric.name in ("errors", "latency", "sessions"):
                legacy = whole - total
                found[metric.name] = (bad, total, streams.bad(rng, legacy, legacy_rate, kind), legacy)
            else:
                nothing = np.zeros(DAY, dtype=np.int64)
                found[metric.name] = (bad, total, nothing, nothing)
        return found

    def _rates(
        self, metric: Metric, theirs: float, own: Rates | float, outage: Rates | float
    ) -> tuple[Rates | float, Rates | float, Bunches]:
        world = self.world
        if metric.name == "errors":
            return streams.both(world.errors, own, outage), streams.both(theirs, outage), world.bunches
        if metric.name == "latency":
            return world.slow, world.slow, SINGLE
        if metric.name == "sessions":
            return streams.both(world.broken, world.broken_more), world.broken, SINGLE
        return streams.both(world.features * metric.good, outage), 0.0, SINGLE

    def _remember(self, day: Mapping[str, tuple[Events, Events, Events, Events]]) -> None:
        for name, kept in self.past.items():
            kept.append((day[name][2], day[name][3]))
            del kept[:-HISTORY]

    def _sizes(self) -> dict[str, float]:
        found = {}
        for name, kept in self.past.items():
            metric = _of(self.domain, name)
            pairs = zip(streams.hours([bad for bad, _ in kept]), streams.hours([all_ for _, all_ in kept]), strict=True)
            blocks = [Counts(bad, total) for bad, total in pairs]
            found[name] = bunches.dispersion(name, blocks, metric.good, metric.bad_level)
        return found

    # --- the question

    def _ask(
        self, percent: int, following: int | None,
        days: list[dict[str, tuple[Events, Events, Events, Events]]], since: int,
    ) -> Question:  # fmt: skip
        sizes = self._sizes()
        metrics: dict[str, Seen | None] = {}
        for metric in self.domain.metrics:
            if metric.total is None:
                mean = self.world.complaints * percent / 100
                metrics[metric.name] = Seen(int(self.rng.poisson(mean)))
                continue
            bad, total, legacy_bad, legacy = (np.concatenate([one[metric.name][i] for one in days]) for i in range(4))
            compared = metric.name in ("errors", "latency", "sessions") and percent < 100
            beside = Counts(int(legacy_bad.sum()), int(legacy.sum())) if compared else None
            told: tuple[Slot, ...] = ()
            if metric.action.startswith("rollback-"):
                begin = BEGAN + timedelta(days=since - 1)
                whole = self.world.whole or self.world.outage is not None  # the platform's minutes are by the period
                told = series.slots((bad, total), (legacy_bad, legacy) if compared else None, begin, whole=whole)
            metrics[metric.name] = Seen(
                int(bad.sum()), int(total.sum()), beside, series=told, dispersion=sizes.get(metric.name, 1.0)
            )
        return Question(
            self.domain, percent, following, metrics, Counts(percent * 10, 1000), soak_over=True,
            legacy_kept={"errors": Counts(30, 100_000), "latency": Counts(2500, 100_000)} if percent == 100 else {},
        )  # fmt: skip

    def _burnt(self, ask: Question, sizes: Mapping[str, float]) -> str | None:
        """The metric that a watch with the dispersions of the raise would have brought the domain down for."""
        held = {
            name: replace(seen, dispersion=sizes[name]) if seen is not None and name in sizes else seen
            for name, seen in ask.metrics.items()
        }
        watch = replace(ask, metrics=held, next_percent=None)
        answer = judge_domain(watch)
        if answer.verdict is Verdict.ROLLBACK:
            return next(name for name, judged in answer.metrics.items() if judged.verdict is Verdict.ROLLBACK)
        return None


def _of(domain: Domain, name: str) -> Metric:
    return next(metric for metric in domain.metrics if metric.name == name)


@dataclass(frozen=True)
class Whole:
    """A migration: when all were at 100 % (None: never), and each domain's own story."""

    done: int | None
    domains: Mapping[str, Domains]

    @property
    def rollback(self) -> bool:
        return any(one.rollback for one in self.domains.values())

    @property
    def on_time(self) -> bool:
        return self.done is not None and self.done <= DUE and not self.rollback

    @property
    def late(self) -> float:
        return float("inf") if self.done is None else max(0, self.done - DONE)


def migrate(world: World, rng: Generator) -> Whole:
    """All four domains, each as soon as its prerequisites allow."""
    found: dict[str, Domains] = {}
    at: dict[str, int] = {}
    for name, planned in PLANNED.items():
        needs = [at.get(need.domain, 10**6) + need.hours // 24 for need in CATALOGUE.domains[name].prerequisites]
        start = max([planned, *needs])
        if start > LAST:
            continue
        found[name] = Play(world, rng, name).run(start, max(DUE, start + 7))
        if found[name].at_100 is not None:
            at[name] = found[name].at_100 or 0
    done = max(at.values()) if len(at) == len(PLANNED) else None
    return Whole(done, found)
