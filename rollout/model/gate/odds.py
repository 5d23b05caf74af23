"""The arithmetic of the gate: two logarithms, and what is asked of them. Counts in, numbers and yes/no out.

Wald's sequential probability ratio test: under either hypothesis the likelihood ratio is a martingale, so by
Ville's inequality it passes 100 with probability <= 1 %, however often it is looked at. Nothing here knows a
metric's name, a domain or a service.
"""

from __future__ import annotations

import math
from typing import Final

from rollout.model.gate import tails
from rollout.model.gate.wilson import wilson

#: ln 100: the odds that a verdict needs (docs/rules/gate.md#pass). Its inverse is the guarantee's 1 %.
PROOF: Final = math.log(100)
#: ln 10^6: what CUSUM needs, since it begins anew after every clean stretch: one false alarm in >= 10^6 events.
CUSUM: Final = math.log(10**6)
#: Fewer events prove nothing (proof), or show no presence.
LEAST_PROOF: Final = 50
LEAST_PRESENCE: Final = 3
#: Fewer bad events never bring a domain down; and with fewer (of those that count, see dispersion) nobody can tell
#: whether a rate is under its limit: one of 300 says neither.
LEAST_BAD: Final = 3
#: A metric that is asked for presence alone is held by its limit from so many bad events on: one failed payment of 30
#: is no rate, and would ask for 75 more.
LEAST_TOLD: Final = 2
#: A rate that isn't under its limit doesn't contradict it while so many bad events come by chance this often.
CHANCE: Final = 0.10
#: ln 1000: CUSUM also asks that the run isn't a service in the grey zone, which is a HOLD, having bad luck. With ln 30 a
#: service at 0.3 % errors came down in 7 % of 14 days at 20,000 a day, with this in 2 %; a fault of 2 % takes no longer.
GREY: Final = math.log(1000)
#: "So many times legacy's rate": what unified is compared with, in equal parts.
TIMES_LEGACY: Final = (2, 5, 20)
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


def against(good: float, worse: float) -> tuple[float, float]:
    """-evidence of one bad event, and of one that isn't: for sums that are asked at every period."""
    return math.log(worse / good), math.log((1 - worse) / (1 - good))


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


def passes(bad: float, total: float, good: float, worse: float, *, dispersion: float = 1.0, last: bool = True) -> bool:
    """PASS by proof: enough events, 100 to 1 against `worse`, and no contradiction to `good` (`within`).

    `dispersion`: how many bad events come together (1: each by itself); evidence counts one of each. `last`: the raise
    to 100 %, where the limit is the literal one.
    """
    if total < LEAST_PROOF or evidence(bad, total, good, worse) / dispersion < PROOF - EPSILON:
        return False
    return few(bad, dispersion, last=last) or within(bad, total, good, dispersion=dispersion, last=last)


def few(bad: float, dispersion: float, *, last: bool) -> bool:
    """Whether so few are bad that a PASS by proof doesn't ask for the limit.

    At the `last` raise they are counted as they came, bunched or not: with k/D there, a service at 0.3 % that shows 7 bad
    of 4,000 went to 100 % in 11 % of runs at 2,000 requests a day, where D is mostly its prior; with k in 1 %.
    """
    return (bad if last else bad / dispersion) < LEAST_BAD


def within(bad: float, total: float, good: float, *, dispersion: float = 1.0, last: bool = False) -> bool:
    """Whether the rate is strictly under `good` or, `last` apart, over it by what chance does once in 10 times."""
    if total > 0 and bad / total < good:
        return True
    return not last and tails.poisson_from(bad / dispersion, total * good / dispersion) >= CHANCE


def present(bad: float, total: float, good: float, dispersion: float = 1.0) -> bool:
    """PASS by presence: some events, and no contradiction to `good` where there are enough bad ones to tell."""
    if total < LEAST_PRESENCE:
        return False
    return bad / dispersion < LEAST_TOLD or within(bad, total, good, dispersion=dispersion)


def burns(
    bad: float, total: float, good: float, bad_level: float, odds: float = PROOF, dispersion: float = 1.0
) -> bool:
    """ROLLBACK: at least 3 bad, strictly over `bad_level`, and `odds` (a logarithm) for it against `good`."""
    if bad < LEAST_BAD or bad / total <= bad_level:
        return False
    return -evidence(bad, total, good, bad_level) / dispersion >= odds - EPSILON


def not_grey(bad: float, total: float, good: float, bad_level: float, dispersion: float = 1.0) -> bool:
    """Whether the counts also rule out a rate in the middle of the grey zone."""
    return against_grey(bad, total, good, bad_level, dispersion) >= GREY - EPSILON


def against_grey(bad: float, total: float, good: float, bad_level: float, dispersion: float = 1.0) -> float:
    """ln of the odds of the bad level to the middle of the grey zone (the geometric mean of its ends)."""
    return -evidence(bad, total, math.sqrt(good * bad_level), bad_level) / dispersion


def worse_than_legacy(
    bad: float, total: float, legacy_bad: float, legacy_total: float, dispersion: float = 1.0
) -> float:
    """ln of the odds that unified's rate is several times legacy's rather than legacy's own; both totals over 0.

    The bad events of both are given, and only where they fell is asked: what shakes both services cancels out, however
    their rate moves. By Ville's inequality it passes 100 with probability <= 1 % where unified is no worse.
    """
    share = total / (total + legacy_total)
    logs = []
    for times in TIMES_LEGACY:
        moved = times * share / (1 - share + times * share)
        logs.append((bad * math.log(moved / share) + legacy_bad * math.log((1 - moved) / (1 - share))) / dispersion)
    most = max(logs)
    return most + math.log(sum(math.exp(log - most) for log in logs) / len(logs))


def clean_needed(
    bad: float, total: float, good: float, worse: float, *, dispersion: float = 1.0, last: bool = True
) -> int:
    """How many more events, all of them clean, until `passes`; 0 where it does."""
    step = math.log((1 - good) / (1 - worse)) / dispersion
    missing = (PROOF - EPSILON - evidence(bad, total, good, worse) / dispersion) / step
    more = max(0, LEAST_PROOF - math.floor(total), math.ceil(missing))
    if not few(bad, dispersion, last=last):
        more = max(more, clean_for_rate(bad, total, good, dispersion=dispersion, last=last))
    while not passes(bad, total + more, good, worse, dispersion=dispersion, last=last):  # rounding: once or twice
        more += 1
    return more


def clean_for_rate(bad: float, total: float, good: float, *, dispersion: float = 1.0, last: bool = True) -> int:
    """How many more clean events until the rate is `within`; 0 where it is, or no event is bad."""

    def enough(more: int) -> bool:
        return within(bad, total + more, good, dispersion=dispersion, last=last)

    if bad == 0 or enough(0):
        return 0
    low, high = 0, max(1, math.floor(bad / good) + 2 - math.floor(total))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def upper_bound(bad: float, total: float, dispersion: float = 1.0) -> float:
    """The worst rate (a fraction) that `bad` of `total` still allow: Clopper and Pearson 1934, one-sided, 99 %.

    0 of 23 gives 0.18, the example of docs/rules/gate.md#pass. It holds for one look at the counts. Counts that come in bunches allow more.
    From 1,000 bad ones on Wilson's bound (1927) stands in: within 0.5 % of it, in no time.
    """
    if total == 0 or bad >= total:
        return 1.0
    bad, total = bad / dispersion, total / dispersion
    if bad == 0:
        return float(1 - BEYOND ** (1 / total))
    if bad >= 1000:
        return wilson(bad, total, BEYOND)[1]
    return tails.highest(bad, total, BEYOND)
