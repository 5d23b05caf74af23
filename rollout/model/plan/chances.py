"""How likely each raise passes at its first look, and how many days late the plan ends: played, for a service in health.

`feasible` says what is possible if no event is bad. Bad events come, though, and by chance more of them than usual: here
each raise is played some hundred times with the catalogue's traffic, by the gate's own arithmetic, with a seed.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from rollout.model.catalogue.domain import Catalogue, Domain, Metric
from rollout.model.gate import bunches, compare, odds
from rollout.model.gate.metric import count_limit
from rollout.model.gate.seen import Counts
from rollout.model.ladder import TOP

RUNS: Final = 250
SEED: Final = 2
#: So few events a day are drawn; of more the number is as good as sure, and their bad ones aren't.
FEW: Final = 30
#: A raise that still waits after so many days is counted as this late.
LONGEST: Final = 90
#: What a healthy service is taken to do where the catalogue doesn't say: this part of the good limit is bad.
PART: Final[Mapping[str, float]] = {"latency": 0.5, "sessions": 0.2}
PART_ELSE: Final = 0.3
#: Complaints a day and domain, of all its traffic.
COMPLAINTS: Final = 0.5
_DAY: Final = 24


@dataclass(frozen=True)
class Background:
    """What a healthy service does. `rates`: bad fraction per metric; `dispersion`: as measured on legacy, per metric."""

    rates: Mapping[str, float] = field(default_factory=dict)
    dispersion: Mapping[str, float] = field(default_factory=dict)
    complaints: float = COMPLAINTS

    def rate(self, metric: Metric) -> float:
        """The bad fraction of `metric`'s events: as it is known, else a part of the good limit."""
        known = self.rates.get(metric.name)
        return PART.get(metric.name, PART_ELSE) * metric.good if known is None else known

    def size(self, metric: Metric, a_day: float) -> float:
        """The dispersion by which the gate will judge: as it was measured, else what single bad events will look like."""
        known = self.dispersion.get(metric.name)
        return typical(metric.name, a_day * self.rate(metric) * bunches.BACK.days) if known is None else known


def typical(metric: str, bad: float) -> float:
    """The dispersion that `bad` single bad events in legacy's 14 days show in the mean, the prior and the care included."""
    prior = bunches.PRIORS.get(metric)
    if prior is None:
        return 1.0
    mean = (bad + bunches.WEIGHT * prior.size) / (bad + bunches.WEIGHT)
    blocks = bunches.BACK.days * _DAY
    spread = math.sqrt(bad * (1 + 2 * bad / blocks)) / (bad + bunches.WEIGHT) if prior.careful else 0.0
    return min(bunches.CAP, max(1.0, mean + bunches.ERRORS_ADDED * spread))


@dataclass(frozen=True)
class Chance:
    """One raise: P(PASS at the first look), expected days late, and each run's (whole days). None: traffic unknown."""

    domain: str
    percent: int
    to: int
    late_days: tuple[int, ...] | None

    @property
    def first(self) -> float | None:
        return None if self.late_days is None else self.late_days.count(0) / len(self.late_days)

    @property
    def late(self) -> float | None:
        return None if self.late_days is None else sum(self.late_days) / len(self.late_days)


@dataclass(frozen=True)
class Whole:
    """The whole plan: P(no later than two days after its last raise is planned), expected and median days late."""

    on_time: float
    late: float
    median: int


#: What the seed leaves between the last raise that it plans and the end of its last soak.
SLACK_DAYS: Final = 2


def chances(domain: Domain, background: Background | None = None, runs: int = RUNS) -> list[Chance]:
    """Every raise of a domain above 0 %, asked once a day from the end of its soak on. Seeded; some 10 ms a raise."""
    known = background or Background()
    found = []
    for percent, to in itertools.pairwise(domain.ladder.above):
        total = [metric for metric in domain.metrics if metric.total is not None]
        if any(metric.name not in domain.expected_per_day for metric in total):
            found.append(Chance(domain.name, percent, to, None))
            continue
        rng = random.Random(f"{SEED}/{domain.name}/{percent}")
        raised = _Raise(domain, percent, to, known)
        found.append(Chance(domain.name, percent, to, tuple(raised.late(rng) for _ in range(runs))))
    return found


def whole(catalogue: Catalogue, planned: Mapping[str, int], found: Mapping[str, Sequence[Chance]]) -> Whole | None:
    """The plan's end by the raises' chances. `planned`: the day of each domain's first raise; None where one is unknown."""
    ends: dict[str, list[int]] = {}
    due = 0
    for name, domain in catalogue.domains.items():
        raises = found.get(name, ())
        if name not in planned or not raises or any(one.late_days is None for one in raises):
            return None
        soaks = sum(math.ceil(domain.soak_hours[one.percent] / _DAY) for one in raises)
        due = max(due, planned[name] + soaks)
        runs = len(raises[0].late_days or ())
        ends[name] = []
        for run in range(runs):
            needs = [
                ends[need.domain][run] + math.ceil(need.hours / _DAY)
                for need in domain.prerequisites
                if need.domain in ends
            ]
            start = max([planned[name], *needs])
            ends[name].append(start + soaks + sum((one.late_days or (0,) * runs)[run] for one in raises))
    late = sorted(max(0, max(days) - due) for days in zip(*ends.values(), strict=True))
    return Whole(sum(one <= SLACK_DAYS for one in late) / len(late), sum(late) / len(late), late[len(late) // 2])


class _Raise:
    """One raise of one domain, to be played again and again."""

    def __init__(self, domain: Domain, percent: int, to: int, background: Background) -> None:
        self.percent, self.to, self.background = percent, to, background
        self.ladder = domain.ladder
        self.soak = domain.soak_hours[percent] / _DAY
        self.complaints = next((metric for metric in domain.metrics if metric.total is None), None)
        self.metrics = [
            (metric, float(domain.expected_per_day[metric.name]))
            for metric in domain.metrics
            if metric.total is not None
        ]
        self.most = cache(self._most)
        self.fine = cache(self._fine)

    def late(self, rng: random.Random) -> int:
        """Days from the end of the soak until it passes."""
        sums = [[0, 0, 0] for _ in self.metrics]  # unified's total and bad, legacy's bad
        days = self.soak
        for late in range(LONGEST):
            for index, (metric, a_day) in enumerate(self.metrics):
                self._count(rng, sums[index], metric, a_day, days)
            if self._passes(rng, sums, self.soak + late):
                return late
            days = 1.0
        return LONGEST

    def _count(self, rng: random.Random, into: list[int], metric: Metric, a_day: float, days: float) -> None:
        rate = self.background.rate(metric)
        mine = a_day * days * self.percent / 100
        into[0] += poisson(rng, mine) if mine < FEW else round(mine)
        # Bad events in bunches vary as single ones do, and that many times more (known ones: what was measured).
        size = self.background.dispersion.get(metric.name, 1.0)
        into[1] += round(size * poisson(rng, mine * rate / size))
        if metric.name in COMPARED:
            into[2] += round(size * poisson(rng, (a_day * days - mine) * rate / size))

    def _passes(self, rng: random.Random, sums: Sequence[Sequence[int]], days: float) -> bool:
        if self.complaints is not None:
            limit = count_limit(self.complaints, self.percent, self.ladder)
            if poisson(rng, self.background.complaints * self.percent / 100) > limit:
                return False
        for index, (metric, a_day) in enumerate(self.metrics):
            mine, bad, legacy = sums[index]
            if bad > self.most(index, mine):
                return False
            if metric.name in COMPARED and not self.fine(index, bad, mine, legacy, round(a_day * days) - mine):
                return False
        return True

    def _most(self, index: int, total: int) -> int:
        """The most bad events with which `total` pass; -1: not even none."""
        metric, a_day = self.metrics[index]
        size, last = self.background.size(metric, a_day), self.to == TOP
        worse = odds.worse_rate(metric.bad_level, self.to / 100)

        def enough(bad: int) -> bool:
            if metric.needs == "presence":
                return odds.present(bad, total, metric.good, size)
            return odds.passes(bad, total, metric.good, worse, dispersion=size, last=last)

        low, high = -1, total + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if enough(middle) else (low, middle)
        return low

    def _fine(self, index: int, bad: int, total: int, legacy: int, legacy_total: int) -> bool:
        """Whether the baseline lets them pass."""
        if bad * legacy_total <= legacy * total or not legacy_total:
            return True
        metric, a_day = self.metrics[index]
        size = self.background.size(metric, a_day)
        own, other = Counts(bad, total), Counts(legacy, legacy_total)
        return not compare.holds(own, other, metric.good, size, last=self.to == TOP)


#: The metrics that are compared with legacy.
COMPARED: Final = ("errors", "latency")


def poisson(rng: random.Random, mean: float) -> int:
    """A Poisson number: by products of uniform ones (Knuth), from a mean of 30 on by the normal law."""
    if mean > 30:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    least, product, found = math.exp(-mean), rng.random(), 0
    while product > least:
        product *= rng.random()
        found += 1
    return found
