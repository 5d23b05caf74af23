"""One rung at a time: outages of both, faults by the minute, and services in the grey zone for weeks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
from numpy.random import Generator

from rollout.model.catalogue.domain import Metric
from rollout.model.gate import bunches, burn, compare
from rollout.model.gate.metric import Verdict, judge_metric
from rollout.model.gate.seen import Counts, Seen, Slot
from tests.bench.decisions import series, streams
from tests.bench.decisions.domain import BEGAN
from tests.bench.decisions.streams import DAY, SINGLE, Bunches, Rates
from tests.pure.samples import CATALOGUE

ERRORS: Metric = next(metric for metric in CATALOGUE.domains["jobs"].metrics if metric.name == "errors")
HEALTHY = 0.0003
#: The outages of both: part of the requests that fail, and for how many minutes.
OUTAGES = ((1.0, 10), (0.30, 30), (0.30, 10), (0.05, 30), (0.05, 120), (0.03, 240))
POOL = 40


@cache
def sizes(a_day: int, kind: Bunches = SINGLE) -> tuple[float, ...]:
    """Dispersions that legacy's 14 days before may have given, each as likely as another."""
    rng = np.random.default_rng([a_day, round(10 * kind.tries), round(1000 * kind.icc)])
    found = []
    for _ in range(POOL):
        bads, totals = streams.events(rng, np.full(14 * DAY, a_day / DAY), HEALTHY, kind)
        pairs = zip(streams.hours(bads).tolist(), streams.hours(totals).tolist(), strict=True)
        blocks = [Counts(bad, total) for bad, total in pairs]
        found.append(bunches.dispersion("errors", blocks, ERRORS.good, ERRORS.bad_level))
    return tuple(found)


def size(rng: Generator, a_day: int, kind: Bunches = SINGLE) -> float:
    """One of them."""
    return float(rng.choice(sizes(a_day, kind)))


def told(
    rng: Generator,
    a_day: int,
    share: float,
    parts: Sequence[tuple[int, int, Rates | float, Rates | float]],
    kind: Bunches = SINGLE,
) -> tuple[Slot, ...]:
    """A series of `parts`: (how many periods, of how many minutes, unified's rate, legacy's)."""
    found: list[Slot] = []
    at = BEGAN
    for periods, minutes, own, theirs in parts:
        whole = rng.poisson(a_day / 1440 * minutes, periods)
        total = rng.binomial(whole, share)
        legacy = whole - total
        found += series.slots(
            (streams.bad(rng, total, own, kind), total), (streams.bad(rng, legacy, theirs, kind), legacy), at, minutes,
            whole=True,
        )  # fmt: skip
        at += timedelta(minutes=minutes * periods)
    return tuple(found)


def seen(slots: Sequence[Slot], dispersion: float) -> Seen:
    """What the gate would be given of them."""
    beside = Counts(
        sum(one.legacy.bad for one in slots if one.legacy), sum(one.legacy.total for one in slots if one.legacy)
    )
    return Seen(
        sum(one.bad for one in slots), sum(one.total for one in slots), beside,
        series=tuple(slots), dispersion=dispersion,
    )  # fmt: skip


def by_the_hour(slots: Sequence[Slot], offset: int) -> tuple[Slot, ...]:
    """The same as a later look reads it: whole hours, and the newest three as they are. `offset`: minutes."""
    found: list[Slot] = []
    border = sum(one.minutes for one in slots) - 180
    hour, at = -1, 0
    for one in slots:
        if at < border:
            if (at + offset) // 60 == hour:
                found[-1] = _together(found[-1], one)
            else:
                found.append(one)
            hour = (at + offset) // 60
        else:
            found.append(one)
        at += one.minutes
    return tuple(found)


def _together(first: Slot, second: Slot) -> Slot:
    one, other = first.legacy or Counts(0, 0), second.legacy or Counts(0, 0)
    return Slot(
        first.bad + second.bad, first.total + second.total, Counts(one.bad + other.bad, one.total + other.total),
        first.at, first.minutes + second.minutes,
    )  # fmt: skip


def burns(slots: Sequence[Slot], dispersion: float, percent: int) -> bool:
    """Whether the domain is brought down by them."""
    return burn.find(ERRORS, seen(slots, dispersion), percent) is not None


def outage(rng: Generator, a_day: int, percent: int, rate: float, minutes: int) -> dict[str, float]:
    """Whether an outage of both brings unified down, seen at any minute of it or at any hour after it."""
    slots = told(
        rng, a_day, percent / 100,
        [(120, 10, HEALTHY, HEALTHY), (minutes, 1, rate, rate), (120, 1, HEALTHY, HEALTHY), (72, 10, HEALTHY, HEALTHY)],
    )  # fmt: skip
    known = size(rng, a_day)
    later = by_the_hour(slots, int(rng.integers(60)))
    return {"wrong": float(burns(slots, known, percent) or burns(later, known, percent))}


def at_100(rng: Generator, a_day: int, rate: float, minutes: int) -> dict[str, float]:
    """An outage of both at 100 %, where there is no control: lowered, and days until it is back at 100 % by the gate."""
    known = size(rng, a_day)
    slots = told(rng, a_day, 1.0, [(144, 10, HEALTHY, HEALTHY), (minutes, 1, rate, rate), (144, 10, HEALTHY, HEALTHY)])
    alone = tuple(replace(one, legacy=None) for one in slots)
    if not burns(alone, known, 100):
        return {"lowered": 0.0, "days lost": 0.0}
    took = minutes_until(alone, 144, known, 100)  # the outage may go on at 50 %, beside legacy again
    left = max(1, minutes - int(took))
    back = told(rng, a_day, 0.5, [(left, 1, rate, rate), (30 * DAY, 10, HEALTHY, HEALTHY)])
    for day in range(1, 31):
        part = seen(back[: left + day * DAY], known)
        judged = judge_metric(ERRORS, part, percent=50, next_percent=100)
        if judged.verdict is Verdict.PASS and no_worse(part):
            return {"lowered": 1.0, "days lost": float(day)}
    return {"lowered": 1.0, "days lost": 30.0}


def minutes_until(slots: Sequence[Slot], begin: int, known: float, percent: int) -> float:
    """Minutes after slot `begin` until the rule is met; infinite where it isn't by the end. What is met stays met."""
    if not burns(slots, known, percent):
        return float("inf")
    low, high = begin, len(slots)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if burns(slots[:middle], known, percent) else (middle, high)
    return float(high - begin)


def fault(
    rng: Generator,
    a_day: int,
    percent: int,
    own: float,
    theirs: float = HEALTHY,
    longest: int = 600,
    kind: Bunches = SINGLE,
) -> dict[str, float]:
    """A fault that begins after a healthy day: found, and after how many minutes."""
    parts = [(144, 10, HEALTHY, HEALTHY), (longest, 1, own, theirs)]
    took = minutes_until(told(rng, a_day, percent / 100, parts, kind), 144, size(rng, a_day, kind), percent)
    return {"found": float(took < float("inf")), "minutes": took}


def grey(rng: Generator, a_day: int, rate: float, days: int = 14) -> dict[str, float]:
    """A service left in the grey zone at 50 %: brought down by mistake, or promoted by one of the daily looks."""
    known = size(rng, a_day)
    slots = told(rng, a_day, 0.5, [(days * DAY, 10, rate, HEALTHY)])
    promoted = False
    for day in range(1, days + 1):
        part = seen(slots[: day * DAY], known)
        judged = judge_metric(ERRORS, part, percent=50, next_percent=100)
        if judged.verdict is Verdict.ROLLBACK:
            return {"rolled back": 1.0, "promoted": 0.0, "in its first week": float(day <= 7)}
        promoted = promoted or (judged.verdict is Verdict.PASS and no_worse(part))
    return {"rolled back": 0.0, "promoted": float(promoted), "in its first week": 0.0}


def no_worse(part: Seen) -> bool:
    own = Counts(part.bad or 0, part.total or 0)
    judged = compare.baseline("errors", own, part.legacy, 100, good=ERRORS.good, dispersion=part.dispersion)
    return judged.verdict is Verdict.PASS


def last_raise(rng: Generator, a_day: int, times: float, days: int = 1) -> dict[str, float]:
    """Whether errors let the raise from 50 to 100 % pass at the first look, unified at so many times legacy's rate."""
    n = rng.poisson(a_day * days / 2, 2)
    own = Counts(int(rng.binomial(n[0], HEALTHY * times)), int(n[0]))
    theirs = Counts(int(rng.binomial(n[1], HEALTHY)), int(n[1]))
    part = Seen(own.bad, own.total, theirs, dispersion=size(rng, a_day))
    judged = judge_metric(ERRORS, part, percent=50, next_percent=100)
    return {"passes": float(judged.verdict is Verdict.PASS and no_worse(part)), "baseline": float(no_worse(part))}


Run = Callable[[Generator], dict[str, float]]
