"""The traffic of one period: what both services of every domain would report, by scenario, seed and live percents.

Pure: the same arguments give the same data, so that a period that is published again has the same numbers. The whole
domain's events don't depend on the percents: a raise moves them from one service to the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, Literal

from rollout.model.catalogue.domain import Catalogue, Domain, Metric
from rollout.simulator.traffic.fault import LEGACY_METRICS, Fault, of_kind
from rollout.simulator.traffic.sampling import binomial, poisson
from rollout.simulator.traffic.scenario import Scenario

_DAY: Final = timedelta(days=1)

Side = Literal["unified", "legacy"]


@dataclass(frozen=True, slots=True)
class Datum:
    """One counter of one service and domain in one period; `at` is the period's start (UTC), `value` a whole number."""

    service: str
    domain: str
    counter: str
    at: datetime
    value: int


def data(
    scenario: Scenario, seed: int, catalogue: Catalogue, percents: Mapping[str, int], start: datetime, end: datetime
) -> list[Datum]:
    """What is reported when the period from `start` to `end` (aware; the end not included) is over.

    `percents`: domain -> live percent, 0 where it is missing. One datum per counter, zeros too; both of a pair always,
    one after the other. Late data of earlier periods come with these, at the share of now: an approximation for the
    few periods around a move. Raises ValueError for a period without length.
    """
    if end <= start:
        raise ValueError(f"a period ends after it starts: {start} to {end}")
    found: list[Datum] = []
    for domain in catalogue.domains.values():
        period = _Period(scenario, seed, domain, percents.get(domain.name, 0), end - start)
        names: dict[Side, str] = {"unified": catalogue.unified, "legacy": domain.legacy}
        for behind in period.delays():
            at = (start - behind * period.length).astimezone(UTC)
            for side, service in names.items():
                if period.delay(at, side) == behind:
                    found += [Datum(service, domain.name, name, at, value) for name, value in period.report(at, side)]
    return found


@dataclass(frozen=True)
class _Period:
    """One domain at one percent, in periods of one length."""

    scenario: Scenario
    seed: int
    domain: Domain
    percent: int
    length: timedelta

    def delays(self) -> list[int]:
        """By how many periods data can be late, the latest first; 0 is on time."""
        return sorted({0, *(self._periods(fault.by) for fault in of_kind(self.scenario.faults, "late"))}, reverse=True)

    def delay(self, at: datetime, side: Side) -> int:
        """By how many periods the data of the period at `at` are late: decided by that period alone, so that none is
        sent twice or never."""
        late = of_kind(self.scenario.faults, "late")
        return max((self._periods(f.by) for f in late if self._active(f, at) and f.strikes(side)), default=0)

    def report(self, at: datetime, side: Side) -> list[tuple[str, int]]:
        """The counters of one service, as it writes them; empty where it is silent."""
        faults = [fault for fault in self.scenario.faults if self._active(fault, at) and fault.strikes(side)]
        if of_kind(faults, "silence"):
            return []
        wrong = {fault.counter: fault.written for fault in of_kind(faults, "typo")}
        return [(wrong.get(name, name), value) for name, value in self._counts(at, side).items()]

    def _counts(self, at: datetime, side: Side) -> dict[str, int]:
        astray = [f.rate for f in of_kind(self.scenario.faults, "straggler") if self._active(f, at)]
        share = self.percent / 100 * (1 - max(astray, default=0.0))
        counts: dict[str, int] = {}
        for metric in self.domain.metrics:
            if side == "legacy" and metric.name not in LEGACY_METRICS:
                continue
            if metric.total is None:
                counts[metric.bad] = poisson(self._rng(at, metric.bad), self._complaints(at) * self.length / _DAY)
                continue
            if metric.total not in counts:
                rng = self._rng(at, metric.total)
                whole = poisson(rng, self.scenario.per_day[self.domain.name][metric.total] * (self.length / _DAY))
                unified = binomial(rng, whole, share)
                counts[metric.total] = unified if side == "unified" else whole - unified
            rng = self._rng(at, f"{metric.bad} {side}")
            counts[metric.bad] = binomial(rng, counts[metric.total], self._rate(metric, at, side))
        return counts

    def _rate(self, metric: Metric, at: datetime, side: Side) -> float:
        """The worst of the faults that act, never under the rate at rest."""
        acting = [
            fault.rate
            for fault in of_kind(self.scenario.faults, "rate")
            if fault.metric == metric.name and fault.strikes(side) and self._active(fault, at)
        ]
        rest = self.scenario.unified_of_good if side == "unified" else self.scenario.legacy_of_good
        return max([rest * metric.good, *acting])

    def _complaints(self, at: datetime) -> int:
        """Complaints a day; none where nobody is served by unified."""
        told = [f.per_day for f in of_kind(self.scenario.faults, "complaints") if self._active(f, at)]
        return max(told, default=0) if self.percent else 0

    def _active(self, fault: Fault, at: datetime) -> bool:
        return fault.active(self.domain.name, self.percent, at - self.scenario.began)

    def _periods(self, late: timedelta) -> int:
        return -(-late // self.length)

    def _rng(self, at: datetime, what: str) -> Random:
        """A stream of its own for each count: a text seeds the same in every process (its hash is SHA-512)."""
        return Random(f"{self.seed} {self.domain.name} {at.isoformat()} {self.length.total_seconds()} {what}")
