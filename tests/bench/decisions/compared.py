"""Other rules by their documented defaults: an mSPRT, Kayenta's judge, Argo's condition. True means: take it back."""

from __future__ import annotations

import math

import numpy as np

from tests.bench.decisions.streams import Rates

#: The mSPRT's level, and the standard deviation of its normal mixture: half the seed's bad level.
ALPHA, TAU = 0.05, 0.005
#: Kayenta's judge NetflixACAJudge-v1.0: Mann-Whitney at 98 %, tolerance a quarter of the Hodges-Lehmann estimate; its
#: effect sizes are 1 by default, which asks for nothing more than the direction.
Z_98, TOLERANCE = 2.3263, 0.25
#: The hourly condition: at most the plan's 1 %; `failureLimit` is 0 by default.
ARGO = 0.01


def msprt(bad: int, total: int, legacy: int, legacy_total: int) -> bool:
    """Johari, Pekelis and Walsh 2015, two proportions: a normal mixture around no difference, one side of it."""
    pooled = (bad + legacy) / (total + legacy_total)
    variance = pooled * (1 - pooled) * (1 / total + 1 / legacy_total)
    over = bad / total - legacy / legacy_total
    if variance == 0 or over <= 0:
        return False
    log = 0.5 * math.log(variance / (variance + TAU**2))
    log += TAU**2 * over**2 / (2 * variance * (variance + TAU**2))
    return log >= math.log(1 / ALPHA)


def kayenta(experiment: Rates, control: Rates) -> bool:
    """Rates by the period: High where the interval of the shift lies over the tolerance, and the mean isn't lower."""
    if np.array_equal(np.sort(experiment), np.sort(control)) or experiment.mean() < control.mean():
        return False
    shifts = np.sort(np.subtract.outer(experiment, control), axis=None)
    one, other = len(experiment), len(control)
    spread = Z_98 * math.sqrt(one * other * (one + other + 1) / 12)
    lowest = max(0, math.floor(one * other / 2 - spread))
    estimate = float(np.median(shifts))
    return bool(shifts[lowest] > TOLERANCE * abs(estimate))


def argo(before: tuple[int, int, int, int], now: tuple[int, int, int, int]) -> bool:
    """The newest hour's rate isn't within the condition."""
    return now[0] - before[0] > ARGO * (now[1] - before[1])
