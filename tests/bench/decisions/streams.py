"""Counts of two services in periods of ten minutes: traffic by the day, and bad events one by one or in bunches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

#: Periods of ten minutes in a day; day 1 begins at 09:00, when raises are asked for.
DAY = 144
FIRST = 9 * 6

Events = NDArray[np.int64]
Rates = NDArray[np.float64]


@dataclass(frozen=True)
class Bunches:
    """How bad events come: `tries` of a failing message in the mean (geometric, within ten minutes), or by a rate that
    is drawn anew for each period (beta, intraclass correlation `icc`)."""

    tries: float = 1.0
    icc: float = 0.0


SINGLE = Bunches()


def traffic(rng: Generator, a_day: float, begin: int, periods: int, *, nights: bool) -> Events:
    """Events of a whole domain; with `nights` 0.4 of the mean at 03:00, 1.6 of it at 14:00."""
    times = (np.arange(begin, begin + periods) + FIRST) % DAY
    shape = 1 + 0.6 * np.cos(2 * np.pi * (times - 14 * 6) / DAY) if nights else np.ones(periods)
    return rng.poisson(a_day / DAY * shape)


def bad(rng: Generator, totals: Events, rates: Rates | float, bunches: Bunches = SINGLE) -> Events:
    """How many of `totals` are bad at `rates`."""
    if bunches.icc:
        apart = 1 / bunches.icc - 1
        rates = np.broadcast_to(np.clip(rates, 1e-9, 1 - 1e-9), totals.shape)
        return rng.binomial(totals, rng.beta(rates * apart, (1 - rates) * apart))
    if bunches.tries == 1:
        return rng.binomial(totals, rates)
    found = np.zeros(len(totals) + 1, dtype=np.int64)
    messages = rng.poisson(totals * rates / bunches.tries)
    for at in np.flatnonzero(messages):
        tries = int(rng.geometric(1 / bunches.tries, messages[at]).sum())
        later = rng.binomial(tries, 0.5)
        found[at] += tries - later
        found[at + 1] += later
    return np.minimum(found[:-1], totals)


def both(*rates: Rates | float) -> Rates | float:
    """The rate of two independent reasons to fail."""
    kept: Rates | float = 1.0
    for rate in rates:
        kept = kept * (1 - rate)
    return 1 - kept


def hours(counts: Sequence[Events]) -> list[int]:
    """Sums by the hour of days in periods."""
    whole = np.concatenate(counts) if counts else np.zeros(0, dtype=np.int64)
    return [int(value) for value in whole[: len(whole) // 6 * 6].reshape(-1, 6).sum(axis=1)]
