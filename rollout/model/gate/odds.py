"""The arithmetic of the gate: two logarithms, and what is asked of them. Counts in, numbers and yes/no out.

Wald's sequential probability ratio test: under either hypothesis the likelihood ratio is a martingale, so by
Ville's inequality it passes 100 with probability <= 1 %, however often it is looked at. Nothing here knows a
metric's name, a domain or a service.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rollout.model.gate.wilson import wilson

#: ln 100: the odds that a verdict needs (docs/rules/gate.md#pass). Its inverse is the guarantee's 1 %.
PROOF: Final = math.log(100)
#: ln 10^6: what CUSUM needs, since it begins anew after every clean stretch: one false alarm in >= 10^6 events.
CUSUM: Final = math.log(10**6)
#: Fewer events prove nothing (proof), or show no presence.
LEAST_PROOF: Final = 50
LEAST_PRESENCE: Final = 10
#: Fewer bad events never bring a domain down.
LEAST_BAD: Final = 3
#: A service can't be told from a coin's toss: above this the alternative isn't raised by a small share.
COIN: Final = 0.5
#: The sum of logarithms may miss a tie: 6 ln 10 is ln 10^6.
EPSILON: Final = 1e-9
#: No counter here counts more; above it, lgamma's own error is felt in `mix`.
LARGEST: Final = 10**12
#: The part of chance that `upper_bound` leaves out, as in the guarantee.
BEYOND: Final = 0.01


def possible(bad: float, total: float) -> bool:
    """Whether these can be counts: whole, finite, 0 <= bad <= total <= `LARGEST`. Takes any int or float."""
    try:
        return 0 <= bad <= total <= LARGEST and bad == int(bad) and total == int(total)
    except (ValueError, OverflowError):  # int(nan), int(inf)
        return False


def evidence(bad: float, total: float, good: float, worse: float) -> float:
    """ln of the likelihood ratio of rate `good` to rate `worse` (0 < good < worse < 1), given `bad` of `total`.

    Positive speaks for good. Wald 1945; docs/rules/gate.md#evidence.
    """
    return bad * math.log(good / worse) + (total - bad) * math.log((1 - good) / (1 - worse))


def mix(part: float, whole: float, share: float, concentration: float) -> float:
    """ln of the odds that `part` of `whole` do not have the share `share` (0 < share < 1).

    A beta mixture around `share` against `share` itself, valid at every look: Lindon and Malek 2022, "Anytime-valid
    inference for multinomial count data"; docs/rules/gate.md#mixture. `concentration` (events) says how near the mixture stays.
    """
    inside, outside = concentration * share, concentration * (1 - share)
    return (
        _ln_beta(inside + part, outside + whole - part)
        - _ln_beta(inside, outside)
        - part * math.log(share)
        - (whole - part) * math.log(1 - share)
    )


def _ln_beta(x: float, y: float) -> float:
    return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)


def worse_rate(bad_level: float, share: float) -> float:
    """What a raise to `share` (0 < share <= 1) must rule out: `bad_level` of *all* traffic, at most a coin's toss."""
    return max(bad_level, min(bad_level / share, COIN))


def passes(bad: float, total: float, good: float, worse: float) -> bool:
    """PASS by proof: enough events, strictly under `good`, and 100 to 1 against `worse`."""
    return total >= LEAST_PROOF and bad / total < good and evidence(bad, total, good, worse) >= PROOF - EPSILON


def burns(bad: float, total: float, good: float, bad_level: float, odds: float = PROOF) -> bool:
    """ROLLBACK: at least 3 bad, strictly over `bad_level`, and `odds` (a logarithm) for it against `good`."""
    if bad < LEAST_BAD or bad / total <= bad_level:
        return False
    return -evidence(bad, total, good, bad_level) >= odds - EPSILON


def clean_needed(bad: float, total: float, good: float, worse: float) -> int:
    """How many more events, all of them clean, until `passes`; 0 where it does."""
    step = math.log((1 - good) / (1 - worse))
    missing = (PROOF - EPSILON - evidence(bad, total, good, worse)) / step
    more = max(0, LEAST_PROOF - int(total), math.ceil(missing), clean_for_rate(bad, total, good))
    while not passes(bad, total + more, good, worse):  # rounding: once or twice at most
        more += 1
    return more


def clean_for_rate(bad: float, total: float, good: float) -> int:
    """How many more clean events until the rate is strictly under `good`; 0 where it is, or no event is bad."""
    if bad == 0 or (total and bad / total < good):
        return 0
    more = max(0, math.floor(bad / good) - int(total))
    while not (total + more and bad / (total + more) < good):
        more += 1
    return more


@dataclass(frozen=True)
class Run:
    """A run of periods that ends with the newest: its counts, and where it begins (an index into the series)."""

    bad: float
    total: float
    start: int


def step(run: Run, bad: float, total: float, index: int, good: float, bad_level: float) -> Run:
    """The run that maximises -evidence after period `index` too (Page 1954): it begins anew where it spoke for good."""
    if run.total and -evidence(run.bad, run.total, good, bad_level) > 0:
        return Run(run.bad + bad, run.total + total, run.start)
    return Run(bad, total, index)


def cusum(series: Sequence[tuple[float, float]], good: float, bad_level: float) -> Run:
    """The run that ends now and maximises -evidence, of (bad, total) per whole minute, newest last. O(n)."""
    run = Run(0, 0, 0)
    for index, (bad, total) in enumerate(series):
        run = step(run, bad, total, index, good, bad_level)
    return run


def upper_bound(bad: float, total: float) -> float:
    """The worst rate (a fraction) that `bad` of `total` still allow: Clopper and Pearson 1934, one-sided, 99 %.

    0 of 23 gives 0.18, the example of docs/rules/gate.md#pass. It holds for one look at the counts. From 1,000 bad ones on Wilson's bound
    (1927) stands in: within 0.5 % of it, in no time.
    """
    if total == 0 or bad >= total:
        return 1.0
    if bad == 0:
        return float(1 - BEYOND ** (1 / total))
    if bad >= 1000:
        return wilson(bad, total, BEYOND)[1]
    low, high = bad / total, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if at_most(int(bad), int(total), middle) > BEYOND:
            low = middle
        else:
            high = middle
    return high


def at_most(bad: int, total: int, rate: float) -> float:
    """P(X <= bad) of a binomial (`total` trials) with a rate above bad/total: from its largest term downwards."""
    if rate >= 1:
        return 0.0
    log = math.lgamma(total + 1) - math.lgamma(bad + 1) - math.lgamma(total - bad + 1)
    log += bad * math.log(rate) + (total - bad) * math.log1p(-rate)
    term = whole = 1.0
    for index in range(bad, 0, -1):
        term *= index / (total - index + 1) * (1 - rate) / rate
        whole += term
        if term < whole * 1e-15:
            break
    return math.exp(log) * whole
