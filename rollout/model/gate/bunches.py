"""Dispersion: whether bad events come one by one or in bunches, measured on legacy, which counts by its own code.

A webhook that fails is tried again, and each try counts: ten bad requests may be two bad messages. Evidence that takes
them for ten independent events speaks five times too loud, for either side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from rollout.model.gate import odds
from rollout.model.gate.seen import Counts

#: How far back legacy is read, and by which blocks. Bunches of ten minutes lie within an hour as well; what moves more
#: slowly shows in hours alone.
BACK: Final = timedelta(days=14)
#: The prior is worth this many bad events.
WEIGHT: Final = 3.0
#: How many of its own standard errors are added: with the plain estimate 2-5 % of healthy migrations are brought down
#: where bunches are known, with this under 1 % (the bench).
ERRORS_ADDED: Final = 1.5
#: More is no bunch but an outage; a larger number would make the gate deaf.
CAP: Final = 30.0
#: An hour is an outage and no bunch where so many are bad, at so many times the bad level, and the odds say so even
#: with the dispersion that this very hour makes.
OUTAGE_BAD: Final = 10
OUTAGE_TIMES: Final = 5


@dataclass(frozen=True)
class Prior:
    """What is taken for granted until legacy has shown it: bunches of `size`; `careful`: its error is added, too."""

    size: float
    careful: bool


#: Requests are tried again, sessions and slow answers aren't.
PRIORS: Final[Mapping[str, Prior]] = {
    "errors": Prior(5.0, careful=True),
    "sessions": Prior(1.0, careful=False),
    "latency": Prior(1.0, careful=False),
}


def dispersion(metric: str, blocks: Sequence[Counts], good: float, bad_level: float) -> float:
    """By how much `metric`'s evidence is divided, from 1 to `CAP`: the variance of legacy's blocks over their mean.

    `blocks`: legacy's bad and total events in periods of one length; impossible ones count for nothing. Hours in which
    legacy burnt are left out: an outage is no bunch. Without blocks, the prior; 1 for a metric that has none.
    """
    prior = PRIORS.get(metric)
    if prior is None:
        return 1.0
    known = [block for block in blocks if block.possible and block.total > 0]
    first = _measured(known, prior)
    calm = [
        block
        for block in known
        if block.bad < OUTAGE_BAD
        or block.bad < OUTAGE_TIMES * bad_level * block.total
        or -odds.evidence(block.bad, block.total, good, bad_level) / first < odds.PROOF - odds.EPSILON
    ]
    return first if len(calm) == len(known) else _measured(calm, prior)


def _measured(blocks: Sequence[Counts], prior: Prior) -> float:
    bad, total = sum(block.bad for block in blocks), sum(block.total for block in blocks)
    rate = bad / total if total else 0.0
    squares = [((block.bad - block.total * rate) ** 2, block.total * rate) for block in blocks]
    mean = (sum(square for square, _ in squares) + WEIGHT * prior.size) / (bad + WEIGHT)
    spread = math.sqrt(sum((square - mean * due) ** 2 for square, due in squares)) / (bad + WEIGHT)
    return min(CAP, max(1.0, mean + (ERRORS_ADDED * spread if prior.careful else 0.0)))


def told(metric: str, size: float) -> str:
    """What a row says of it; empty where bad events come one by one."""
    if size < 1.05:
        return ""
    return f"{metric} come in bunches of {size:.1f}: evidence is divided by it"
