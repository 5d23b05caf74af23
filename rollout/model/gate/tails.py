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
    c, d = 1.0, 1 / _off_zero(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _TERMS):
        for step in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                     -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):  # fmt: skip
            d = 1 / _off_zero(1 + step * d)
            c = _off_zero(1 + step / c)
            found *= c * d
        if abs(c * d - 1) < _SMALL:
            break
    return found


def _off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def limits(bad: float, total: float, beside: float) -> tuple[float, float]:
    """The lowest and the highest rate at which `bad` of `total` isn't in a tail under `beside` (Clopper and Pearson 1934)."""
    low = 0.0 if bad <= 0 else _where(beside, bad, total - bad + 1)
    high = 1.0 if bad >= total else _where(1 - beside, bad + 1, total - bad)
    return low, high


def _where(part: float, a: float, b: float) -> float:
    """x with I_x(a, b) = part."""
    low, high = 0.0, 1.0
    for _ in range(70):
        middle = (low + high) / 2
        if beta_part(middle, a, b) < part:
            low = middle
        else:
            high = middle
    return (low + high) / 2
