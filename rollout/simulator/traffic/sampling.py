"""Random counts, exact and fast, with the standard library alone.

Both samplers halve a large case until a small one is left: the waiting time to the middle event is beta (binomial) or
gamma (Poisson) distributed, and what lies before and after it is binomial (Poisson) again (Ahrens and Dieter 1974;
Devroye 1986, X.4.3 and X.3.2). The cost grows with the logarithm of the count. Python 3.12 has the binomial; 3.11
hasn't.
"""

from __future__ import annotations

import math
from random import Random
from typing import Final

#: Expected counts up to this are sampled event by event.
SMALL: Final = 12


def binomial(rng: Random, n: int, p: float) -> int:
    """How many of `n` events happen, each with probability `p`; `p` outside 0 to 1 counts as the nearer end."""
    sure = 0
    while n > 0 and 0 < p < 1 and n * p > SMALL:
        middle = n // 2 + 1
        at = rng.betavariate(middle, n - middle + 1)  # where the middle one of n uniform numbers lies
        if at <= p:  # it and all below it are under p; those above it are uniform on (at, 1)
            sure, n, p = sure + middle, n - middle, (p - at) / (1 - at)
        else:
            n, p = middle - 1, p / at
    if n <= 0 or p <= 0:
        return sure
    if p >= 1:
        return sure + n
    never = math.log1p(-p)
    happened, seen = 0, 0
    while True:
        skipped = math.log(1 - rng.random()) / never  # clean events before the next one: geometric
        if skipped >= n - seen:  # compared as a float: at a tiny p it is larger than any int should be
            return sure + happened
        seen += int(skipped) + 1
        happened += 1


def poisson(rng: Random, mean: float) -> int:
    """How many events happen where `mean` are expected; 0 for a mean of 0 or less."""
    sure = 0
    while mean > SMALL:
        middle = int(mean * 7 / 8)
        at = rng.gammavariate(middle, 1)  # when the middle one happens, in units of the mean time between two
        if at > mean:
            return sure + binomial(rng, middle - 1, mean / at)
        sure, mean = sure + middle, mean - at
    happened, passed = 0, rng.expovariate(1)
    while passed <= mean:
        happened += 1
        passed += rng.expovariate(1)
    return sure + happened
