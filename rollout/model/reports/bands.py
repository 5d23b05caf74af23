"""The confidence bands of the reports: which rates k of n leave open. The gate doesn't ask them: it has odds."""

from __future__ import annotations

from typing import Final

from rollout.model.gate import tails
from rollout.model.gate.wilson import wilson

#: 95 %, two-sided: 2.5 % are left out on either side.
CONFIDENCE: Final = 0.95
_BESIDE: Final = (1 - CONFIDENCE) / 2
#: From so many bad (or good) events on Wilson's band stands in, as in `rollout.model.gate.odds.upper_bound`.
MANY: Final = 1000


def band(bad: float, total: float) -> tuple[float, float]:
    """The lowest and highest rate (fractions) that `bad` of `total` leave open at 95 %: Clopper and Pearson 1934.

    "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26: exact, so never
    too narrow. 0 of 10 gives 0 to 0.3085, 5 of 10 0.1871 to 0.8129. From 1,000 bad ones (and good ones) on, Wilson's
    (1927). One look's band: what is judged at many looks is the gate's business. Needs 0 <= bad <= total.
    """
    if total <= 0:
        return 0.0, 1.0
    good = total - bad
    if min(bad, good) >= MANY:
        return wilson(bad, total, _BESIDE)
    return tails.limits(bad, total, _BESIDE)


def apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two bands have no rate in common."""
    return one[1] < other[0] or other[1] < one[0]
