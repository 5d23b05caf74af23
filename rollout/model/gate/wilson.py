"""Wilson's score interval (1927), where counts are so large that exact bounds would take long."""

from __future__ import annotations

import functools
import math


def wilson(bad: float, total: float, beyond: float) -> tuple[float, float]:
    """The rates (fractions, lowest and highest) that `bad` of `total` (> 0) allow; `beyond`: the chance left out on each side."""
    rate, quantile = bad / total, _quantile(beyond)
    square = quantile * quantile
    middle, width = rate + square / (2 * total), 1 + square / total
    spread = quantile * math.sqrt(rate * (1 - rate) / total + square / (4 * total * total))
    return max(0.0, (middle - spread) / width), min(1.0, (middle + spread) / width)


@functools.cache
def _quantile(beyond: float) -> float:
    """What a standard normal exceeds with chance `beyond`: 2.326 for 0.01."""
    from statistics import NormalDist  # imported here: a preview without 1,000 bad events needs none of it

    return NormalDist().inv_cdf(1 - beyond)
