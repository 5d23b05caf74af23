"""The confidence bands of the reports: which rates k of n leave open. The gate doesn't ask them: it has odds."""

from __future__ import annotations

from typing import Final, Literal

from rollout.model.gate import tails
from rollout.model.gate.compare import ratio
from rollout.model.gate.seen import Counts
from rollout.model.gate.wilson import wilson

#: 95 %, two-sided: 2.5 % are left out on either side.
CONFIDENCE: Final = 0.95
_BESIDE: Final = (1 - CONFIDENCE) / 2
#: From so many bad (or good) events on Wilson's band stands in, as in `rollout.model.gate.odds.upper_bound`.
MANY: Final = 1000


def band(bad: float, total: float, dispersion: float = 1.0) -> tuple[float, float]:
    """The lowest and highest rate (fractions) that `bad` of `total` leave open at 95 %: Clopper and Pearson 1934.

    "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26: exact, so never
    too narrow. 0 of 10 gives 0 to 0.3085, 5 of 10 0.1871 to 0.8129. From 1,000 bad ones (and good ones) on, Wilson's
    (1927). Where bad events come in bunches (`dispersion` over 1), each bunch counts once, and the band is wider. One
    look's band: what is judged at many looks is the gate's business. Needs 0 <= bad <= total.
    """
    if total <= 0:
        return 0.0, 1.0
    bad, total = bad / dispersion, total / dispersion
    if min(bad, total - bad) >= MANY:
        return wilson(bad, total, _BESIDE)
    return tails.limits(bad, total, _BESIDE)


def differs(
    bad: float, total: float, legacy_bad: float, legacy_total: float, dispersion: float = 1.0
) -> Literal["lower", "higher", ""]:
    """Whether unified's rate is shown to be lower or higher than legacy's, at 95 %; empty where neither is.

    A conditional test (Przyborowski and Wilenski 1940): given the bad events of both, those on unified are a binomial.
    It sees twice the rate where two bands still overlap. Needs totals over 0.
    """
    if bad + legacy_bad == 0:
        return ""
    low, high = ratio(Counts(bad, total), Counts(legacy_bad, legacy_total), dispersion)
    return "higher" if low > 1 else "lower" if high < 1 else ""
