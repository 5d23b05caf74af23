"""Counts of two services in periods of ten minutes: traffic by the day, and bad events one by one or in bunches.

Arrays hold one run a row and one period a column; a single run is one row.
"""

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


def shape(*, nights: bool) -> Rates:
    """How a day's traffic is spread over its periods, 1 in the mean; with `nights` 0.4 at 03:00, 1.6 at 14:00 + 1 h."""
    times = (np.arange(DAY) + FIRST) % DAY
    return 1 + 0.6 * np.cos(2 * np.pi * (times - 14 * 6) / DAY) if nights else np.ones(DAY)


def events(rng: Generator, mean: Rates, rates: Rates | float, bunches: Bunches = SINGLE) -> tuple[Events, Events]:
    """(bad, total) of Poisson traffic with this mean per period, of which `rates` fail.

    Single bad events of such traffic are a Poisson of their own beside the clean ones', which is drawn the fastest.
    """
    if bunches == SINGLE:
        found = rng.poisson(mean * rates)
        return found, found + rng.poisson(mean * (1 - rates))
    totals = rng.poisson(mean)
    return bad(rng, totals, rates, bunches), totals


def bad(rng: Generator, totals: Events, rates: Rates | float, bunches: Bunches = SINGLE) -> Events:
    """How many of `totals` are bad at `rates`; the later tries of a message fall in the next period."""
    if bunches.icc:
        apart = 1 / bunches.icc - 1
        rates = np.broadcast_to(np.clip(rates, 1e-9, 1 - 1e-9), totals.shape)
        return rng.binomial(totals, rng.beta(rates * apart, (1 - rates) * apart))
    if bunches.tries == 1:
        return rng.binomial(totals, rates)
    messages = rng.poisson(totals * rates / bunches.tries)
    at = np.nonzero(messages)
    tries = messages[at] + rng.negative_binomial(messages[at], 1 / bunches.tries)
    later = rng.binomial(tries, 0.5)
    found = np.zeros((*totals.shape[:-1], totals.shape[-1] + 1), dtype=np.int64)
    found[at] += tries - later
    found[(*at[:-1], at[-1] + 1)] += later
    return np.minimum(found[..., :-1], totals)


def both(*rates: Rates | float) -> Rates | float:
    """The rate of two independent reasons to fail."""
    kept: Rates | float = 1.0
    for rate in rates:
        kept = kept * (1 - rate)
    return 1 - kept


def hours(counts: Events) -> Events:
    """Sums by the hour of whole hours in periods; the last axis is time."""
    found: Events = counts.reshape(*counts.shape[:-1], -1, 6).sum(axis=-1)
    return found


def together(counts: Sequence[Events]) -> Events:
    """Days one after another."""
    return np.concatenate(counts, axis=-1)
