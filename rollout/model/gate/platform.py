"""The platform's minutes: those in which legacy burns. They count for nobody, for a PASS as little as for a ROLLBACK.

Legacy's own CUSUM finds them: from where its run begins to its highest point, and on for 200 of its events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rollout.model.catalogue.domain import Metric
from rollout.model.gate import odds
from rollout.model.gate.seen import Counts, LeftOut, Seen, Slot, add

#: Legacy's run says something from this many events on ...
LEAST_LEGACY: Final = 50
#: ... and is over once it wasn't topped for so many of them: its last retries and slow recoveries are the outage's, too.
AFTER: Final = 200
#: So many minutes may be left out; with more the counts speak of too little of the time, and people decide.
MOST: Final = 6 * 60


def left_out(metric: Metric, series: Sequence[Slot], dispersion: float = 1.0) -> LeftOut:
    """The periods of `series` (oldest first) in which legacy burns."""
    found = [False] * len(series)
    bad = total = quiet = best = 0.0
    start: int | None = None
    burns = met = False
    one_bad, one_clean = odds.against(metric.good, metric.bad_level)
    for index, slot in enumerate(series):
        legacy = slot.legacy
        if legacy is None or not legacy.possible or not legacy.total:
            continue
        if start is None:
            if not legacy.bad:
                continue  # a run that begins clean is over at once
            start, bad, total, quiet, best, burns, met = index, 0.0, 0.0, 0.0, 0.0, False, False
        bad, total = bad + legacy.bad, total + legacy.total
        against = bad * one_bad + (total - bad) * one_clean
        if against > best:
            best, quiet = against, 0.0
            burns = burns or odds.burns(bad, total, metric.good, metric.bad_level, dispersion=dispersion)
        else:
            quiet += legacy.total
        if burns and total >= LEAST_LEGACY and not met:
            met = True
            for early in range(start, index):
                found[early] = True
        if met:
            found[index] = True
            start = None if quiet >= AFTER else start
        elif against <= 0:
            start = None
    periods = tuple(found)
    return LeftOut(periods, sum(slot.minutes for slot, out in zip(series, periods, strict=True) if out))


def of(metric: Metric, seen: Seen) -> LeftOut:
    """What of `seen` is the platform's. A metric that legacy doesn't count takes what `seen.platform` says of others."""
    if seen.platform is not None:
        return seen.platform
    return left_out(metric, slots_of(seen), seen.dispersion)


def slots_of(seen: Seen) -> tuple[Slot, ...]:
    """The series, or the sums as one period where they are all there is."""
    if seen.series or seen.bad is None or seen.total is None:
        return seen.series
    return (Slot(seen.bad, seen.total, seen.legacy),)


def outside(seen: Seen, out: LeftOut) -> tuple[Counts, Counts | None]:
    """Unified's and legacy's sums for a PASS without the platform's minutes; legacy None where it reported nothing."""
    series = slots_of(seen)
    settled = len(series) - seen.late
    own, other, told = Counts(0, 0), Counts(0, 0), False
    for slot, left in zip(series[:settled], out.periods, strict=False):
        if not left:
            own, other = add(own, Counts(slot.bad, slot.total)), add(other, slot.legacy)
            told = told or slot.legacy is not None
    return own, other if told else None
