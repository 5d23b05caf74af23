"""The fast copy beside the product on random series: from health to fire, with outages, bunches and any dispersion."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from rollout.model.catalogue.domain import Metric
from rollout.model.gate import bunches, compare
from rollout.model.gate.metric import Verdict, judge_metric
from rollout.model.gate.seen import Counts, Seen
from rollout.model.ladder import LADDER
from tests.bench.decisions import fast, series, streams
from tests.bench.decisions.domain import BEGAN, COUNTED_BY_LEGACY
from tests.bench.decisions.streams import SINGLE, Bunches, Events
from tests.pure.samples import CATALOGUE

#: What is played: the three that need proof, and features with the widest and the narrowest limits.
METRICS = tuple(
    next(metric for metric in CATALOGUE.domains[domain].metrics if metric.name == name)
    for domain, name in (
        ("jobs", "errors"), ("jobs", "sessions"), ("jobs", "latency"), ("jobs", "notifications"), ("marketplace", "payments"),
    )
)  # fmt: skip
KINDS = (SINGLE, SINGLE, Bunches(tries=4), Bunches(icc=0.02))
SIZES = (1.0, 1.0, 1.3, 2.4, 7.0, 12.0)
TOGETHER = 50


def series_of(number: int, seed: int = 11) -> tuple[int, int]:
    """(answered by the copy itself, unlike the product) of `number` series, and of as many dispersions."""
    by_itself = differ = 0
    for begin in range(0, number, TOGETHER):
        rng = np.random.default_rng([seed, begin])
        found = _some(rng, METRICS[int(rng.integers(len(METRICS)))], min(TOGETHER, number - begin))
        by_itself, differ = by_itself + found[0], differ + found[1]
    return by_itself, differ


def _some(rng: Generator, metric: Metric, runs: int) -> tuple[int, int]:
    periods, rung, kind = int(rng.integers(20, 300)), int(rng.integers(1, 5)), KINDS[int(rng.integers(len(KINDS)))]
    share, counted = LADDER[rung] / 100, metric.name in COUNTED_BY_LEGACY
    mean = np.full((runs, periods), float(rng.choice([3, 14, 140, 1400])))
    usual = metric.good * float(rng.choice([0.1, 0.3, 0.5, 1.0]))
    rates = np.full((runs, periods), usual)
    shared = np.zeros((runs, periods))
    for run in range(runs):
        worse = float(rng.choice([usual, usual, metric.good, metric.bad_level, 3 * metric.bad_level, 0.5]))
        rates[run, int(rng.integers(periods)) :] = worse
        at = int(rng.integers(periods))
        shared[run, at : at + int(rng.integers(1, 30))] = rng.choice([0, 0, 0, 0.05, 1.0])
    own = streams.events(rng, mean * share, np.maximum(rates, shared), kind)
    other = streams.events(rng, mean * (1 - share), np.maximum(usual, shared), kind) if counted else None
    sizes = rng.choice(SIZES, runs) if metric.name in bunches.PRIORS else np.ones(runs)
    screen = fast.Screen(metric, runs)
    every = np.arange(runs)
    half = periods // 2
    for part in (slice(0, half), slice(half, periods)):
        theirs = (other[0][:, part], other[1][:, part]) if other else None
        screen.take(every, (own[0][:, part], own[1][:, part]), theirs)
    told = screen.may_tell(sizes) | screen.may_be_platform(sizes)
    by_itself = differ = 0
    for run in range(runs):
        mine = (own[0][run], own[1][run])
        beside = (other[0][run], other[1][run]) if other else None
        answer = _product(metric, mine, beside, rung, float(sizes[run]))
        if not told[run]:
            by_itself += 1
            counts = Counts(int(mine[0].sum()), int(mine[1].sum()))
            legacy = Counts(int(beside[0].sum()), int(beside[1].sum())) if beside else None
            passed = fast.passes(metric, counts, legacy, LADDER[rung + 1], float(sizes[run]))
            differ += answer != ("PASS" if passed else "HOLD")
    return by_itself, differ + _dispersions(metric, own)


def _product(
    metric: Metric, own: tuple[Events, Events], other: tuple[Events, Events] | None, rung: int, size: float
) -> str:
    counts = Counts(int(own[0].sum()), int(own[1].sum()))
    legacy = Counts(int(other[0].sum()), int(other[1].sum())) if other else None
    told = series.slots(own, other, BEGAN, whole=True)
    seen = Seen(counts.bad, counts.total, legacy, series=told, dispersion=size)
    judged = judge_metric(metric, seen, percent=LADDER[rung], next_percent=LADDER[rung + 1])
    if judged.verdict is Verdict.PASS and metric.name in ("errors", "latency"):
        judged = compare.baseline(metric.name, counts, legacy, LADDER[rung + 1], good=metric.good, dispersion=size)
    return str(judged.verdict)


def _dispersions(metric: Metric, own: tuple[Events, Events]) -> int:
    """How many dispersions of these counts differ, taken by the period for hours."""
    if metric.name not in bunches.PRIORS:
        return 0
    found = fast.dispersion(metric.name, own[0], own[1], metric.good, metric.bad_level)
    differ = 0
    for run, one in enumerate(found.tolist()):
        blocks = [Counts(bad, total) for bad, total in zip(own[0][run].tolist(), own[1][run].tolist(), strict=True)]
        differ += abs(bunches.dispersion(metric.name, blocks, metric.good, metric.bad_level) - one) > 1e-9 * one
    return differ
