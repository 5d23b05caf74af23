"""Tails of the Poisson and the binomial for counts that needn't be whole: counts divided by a dispersion aren't.

Between whole numbers the incomplete gamma and beta functions stand in, which are the tails themselves at whole ones
(DiDonato and Morris 1986 and 1992; Numerical Recipes, 6.2 and 6.4, for the ways of computing).
"""

from __future__ import annotations

import math
from typing import Final

#: Terms after which a sum is what it is; and the smallest divisor of a continued fraction (Lentz).
_TERMS: Final = 10_000
_SMALL: Final = 1e-15
_TINY: Final = 1e-300


def poisson_from(bad: float, mean: float) -> float:
    """P(X >= bad) of a Poisson with `mean` events; `bad` >= 0 may be any real number."""
    if bad <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    if mean > bad + 40 * math.sqrt(mean) + 40:
        return 1.0
    term = whole = 1.0 / bad
    for index in range(1, _TERMS):
        term *= mean / (bad + index)
        whole += term
        if term < whole * _SMALL:
            break
    return min(1.0, whole * math.exp(bad * math.log(mean) - mean - math.lgamma(bad)))


def binomial_from(bad: float, total: float, rate: float) -> float:
    """P(X >= bad) of a binomial (`total` trials of `rate`, 0 < rate < 1); `bad` and `total` may be any real numbers."""
    if bad <= 0:
        return 1.0
    return 0.0 if bad > total else beta_part(rate, bad, total - bad + 1)


def beta_part(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for a and b over 0."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x > (a + 1) / (a + b + 2):
        return 1.0 - math.exp(front) * _fraction(1 - x, b, a) / b
    return math.exp(front) * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's way."""
    c, d = 1.0, 1 / ((1 - (a + b) * x / (a + 1)) or _TINY)
    found = d
    for m in range(1, _TERMS):
        even = a + 2 * m
        step = m * (b - m) * x / ((even - 1) * even)
        d = 1 / ((1 + step * d) or _TINY)
        c = (1 + step / c) or _TINY
        found *= c * d
        step = -(a + m) * (a + b + m) * x / (even * (even + 1))
        d = 1 / ((1 + step * d) or _TINY)
        c = (1 + step / c) or _TINY
        found *= c * d
        if abs(c * d - 1) < _SMALL:
            break
    return found


def limits(bad: float, total: float, beside: float) -> tuple[float, float]:
    """The lowest and the highest rate at which `bad` of `total` isn't in a tail under `beside` (Clopper and Pearson 1934)."""
    low = 0.0 if bad <= 0 else _where(beside, bad, total - bad + 1)
    return low, highest(bad, total, beside)


def highest(bad: float, total: float, beside: float) -> float:
    """The upper one of `limits`."""
    return 1.0 if bad >= total else _where(1 - beside, bad + 1, total - bad)


def _where(part: float, a: float, b: float) -> float:
    """x with I_x(a, b) = part: halving, and false position where it is faster (Dowell and Jarratt 1971, "Illinois")."""
    middle, spread = a / (a + b), math.sqrt(a * b / (a + b + 1)) / (a + b)
    low, high = max(0.0, middle - 8 * spread), min(1.0, middle + 8 * spread + 40 / (a + b))
    at_low, at_high = beta_part(low, a, b) - part, beta_part(high, a, b) - part
    if at_low > 0 or at_high < 0:  # further out than anybody asks for
        low, high, at_low, at_high = 0.0, 1.0, -part, 1 - part
    found = low
    for index in range(100):
        found = (low + high) / 2 if index % 3 == 2 else (low * at_high - high * at_low) / (at_high - at_low)
        value = beta_part(found, a, b) - part
        if abs(value) < 1e-13 or high - low < 1e-15 * high:
            break
        if value < 0:
            low, at_low, at_high = found, value, at_high / 2
        else:
            high, at_high, at_low = found, value, at_low / 2
    return found
