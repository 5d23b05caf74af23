"""A fast copy of the rule for many runs at once: it answers where nothing can burn, and asks the product where it might.

What a run's series can say is bounded by three maxima: of its sum, of its CUSUM, and of legacy's CUSUM. Under a
dispersion D the rule needs ln 100, ln 1000 (a burst) and ln 100 times D of them for a ROLLBACK, a HOLD of a burst, or
minutes of the platform's. Below that the sums alone decide, by the product's own functions on counts. All the rest goes
to `judge_domain` itself. `equal` plays both on random series.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rollout.model.catalogue.domain import Metric
from rollout.model.gate import bunches, compare, odds, runs
from rollout.model.gate.seen import Counts
from rollout.model.ladder import TOP
from tests.bench.decisions.streams import Events

Floats = NDArray[np.float64]
#: The screens are this much wider than the rule: sums are made in another order here.
SLACK = 1e-6


@dataclass
class Screen:
    """Of many runs of one metric what their series have come to: the sum, a CUSUM, and their maxima."""

    metric: Metric
    runs: int

    def __post_init__(self) -> None:
        self.sum, self.run, self.legacy = (np.zeros(self.runs) for _ in range(3))
        self.most_sum, self.most_run, self.most_legacy = (np.zeros(self.runs) for _ in range(3))
        self.each, self.clean = odds.against(self.metric.good, self.metric.bad_level)

    def begin(self, which: Events) -> None:
        """These begin a new live value."""
        for one in (self.sum, self.run, self.legacy, self.most_sum, self.most_run, self.most_legacy):
            one[which] = 0.0

    def take(self, which: Events, own: tuple[Events, Events], other: tuple[Events, Events] | None) -> None:
        """More periods of these runs: (bad, total) of unified and of legacy."""
        steps = self._steps(own)
        sums = self.sum[which, None] + np.cumsum(steps, axis=1)
        self.most_sum[which] = np.maximum(self.most_sum[which], sums.max(axis=1))
        self.sum[which] = sums[:, -1]
        self.run[which], self.most_run[which] = _cusum(self.run[which], steps, self.most_run[which])
        if other is not None:
            steps = self._steps(other)
            found = _cusum(self.legacy[which], steps, self.most_legacy[which])
            self.legacy[which], self.most_legacy[which] = found

    def _steps(self, counts: tuple[Events, Events]) -> Floats:
        bad, total = counts
        return bad * self.each + (total - bad) * self.clean

    def may_tell(self, size: Floats) -> NDArray[np.bool_]:
        """Whether a ROLLBACK or a burst can be in the series of each run under these dispersions."""
        if not self.metric.action.startswith("rollback-"):
            return np.zeros(self.runs, dtype=bool)
        return (self.most_sum >= odds.PROOF * size - SLACK) | (self.most_run >= runs.BURST * size - SLACK)

    def may_be_platform(self, size: Floats) -> NDArray[np.bool_]:
        """Whether minutes of the platform's can be in it."""
        return self.most_legacy >= odds.PROOF * size - SLACK


def _cusum(now: Floats, steps: Floats, most: Floats) -> tuple[Floats, Floats]:
    """Page's CUSUM after these steps, and its maximum: it goes on from its value, or from 0 where that is under 0."""
    sums = np.cumsum(steps, axis=1)
    before = np.concatenate([-np.maximum(now, 0)[:, None], sums[:, :-1]], axis=1)
    found = sums - np.minimum.accumulate(before, axis=1)
    return found[:, -1], np.maximum(most, found.max(axis=1))


def dispersion(name: str, bad: Events, total: Events, good: float, bad_level: float) -> Floats:
    """`bunches.dispersion` of many runs; bad and total per run and hour."""
    prior = bunches.PRIORS[name]
    first = _measured(bad, total, prior)
    log = bad * np.log(bad_level / good) + (total - bad) * np.log((1 - bad_level) / (1 - good))
    outage = (
        (bad >= bunches.OUTAGE_BAD)
        & (bad >= bunches.OUTAGE_TIMES * bad_level * total)
        & (log / first[:, None] >= odds.PROOF - odds.EPSILON)
    )
    if not outage.any():
        return first
    return _measured(np.where(outage, 0, bad), np.where(outage, 0, total), prior)


def _measured(bad: Events, total: Events, prior: bunches.Prior) -> Floats:
    """An hour without traffic says nothing: its bad and its due are both 0."""
    bads, totals = bad.sum(axis=1), total.sum(axis=1)
    due = total * (bads / np.maximum(totals, 1))[:, None]
    square = (bad - due) ** 2
    mean = (square.sum(axis=1) + bunches.WEIGHT * prior.size) / (bads + bunches.WEIGHT)
    spread = np.sqrt(((square - mean[:, None] * due) ** 2).sum(axis=1)) / (bads + bunches.WEIGHT)
    found: Floats = np.clip(mean + (bunches.ERRORS_ADDED * spread if prior.careful else 0.0), 1.0, bunches.CAP)
    return found


def passes(metric: Metric, own: Counts, legacy: Counts | None, following: int, size: float) -> bool:
    """Whether these sums let a raise to `following` pass, of a metric with a total whose series says nothing."""
    good, last = metric.good, following == TOP
    if metric.needs == "presence":
        return odds.present(own.bad, own.total, good, size)
    worse = odds.worse_rate(metric.bad_level, following / 100)
    if not odds.passes(own.bad, own.total, good, worse, dispersion=size, last=last):
        return False
    if legacy is None or metric.name not in ("errors", "latency"):
        return True
    if legacy.total == 0:
        return False
    return own.bad + legacy.bad == 0 or not compare.holds(own, legacy, good, size, last=last)
