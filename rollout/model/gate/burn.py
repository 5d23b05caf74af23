"""ROLLBACK: whether a metric's counts bring its domain down, and whether legacy's excuse them.

The rules: docs/rules/gate.md#rollback and docs/rules/gate.md#legacy-excuses-unified.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from rollout.model.catalogue.domain import Metric
from rollout.model.gate import odds as gate_math
from rollout.model.gate.odds import Run
from rollout.model.gate.seen import Counts, Seen, Slot, add

#: A bad counter may be absent in this part of the minutes that have its total.
ABSENT: Final = 0.1
#: Legacy's counts excuse unified from this many events on ...
LEAST_LEGACY: Final = 50
#: ... while unified's rate is at most this many times legacy's ...
TIMES_LEGACY: Final = 2
#: ... or isn't shown to differ from it: the share's odds, ln 1000, with the baseline's mixture (docs/rules/gate.md#legacy-excuses-unified).
OVER_TWICE: Final = math.log(1000)
CONCENTRATION: Final = 10.0


@dataclass(frozen=True)
class Burn:
    """The ROLLBACK rule is met by these counts; `over` says by which minutes (empty: all), `legacy` what excuses it."""

    bad: float
    total: float
    over: str = ""
    legacy: Counts | None = None
    since: bool = False  # met at an earlier period of the series, not by the newest counts

    @property
    def excused(self) -> bool:
        return self.legacy is not None


def zeros_missing(seen: Seen) -> bool:
    """Whether the bad counter is absent too often for its minutes to be a sample."""
    return seen.absent > ABSENT * (seen.reported or 0)


def find(metric: Metric, seen: Seen) -> Burn | None:
    """The ROLLBACK rule by all counts, then by CUSUM; one that nobody excuses comes first. None: neither is met."""
    if not metric.action.startswith("rollback-"):
        return None
    series = seen.series
    if not series and seen.bad is not None and seen.total is not None:
        series = (Slot(seen.bad, seen.total, seen.legacy),)
    bad, total = sum(slot.bad for slot in series), sum(slot.total for slot in series)
    if seen.met_before:
        return Burn(bad, total, since=True)
    if zeros_missing(seen):
        # Minutes that have a bad counter are then the minutes with bad events, and their rate is no rate. What is too
        # high with every other minute counted as clean is one.
        total += seen.unpaired
        return Burn(bad, total) if _burns(metric, Counts(bad, total)) else None
    burns = [_by_all(metric, series)]
    minutes = len(series) if seen.minutes is None else seen.minutes
    if seen.series and minutes:
        burns.append(_by_cusum(metric, series[-minutes:]))
    met = [burn for burn in burns if burn]
    return next((burn for burn in met if not burn.excused), met[0] if met else None)


def _burns(metric: Metric, counts: Counts, odds: float = gate_math.PROOF) -> bool:
    return gate_math.burns(counts.bad, counts.total, metric.good, metric.bad_level, odds)


def _legacy_burns(metric: Metric, legacy: Counts) -> bool:
    return legacy.total >= LEAST_LEGACY and _burns(metric, legacy)


def _near(counts: Counts, legacy: Counts, looks: int) -> bool:
    """Unified's rate is at most twice legacy's. Looked at every minute, that takes odds for over twice to be believed.

    (In a partial outage of both a few events split unevenly by chance in some minute or other: by the rates alone a
    third of such outages bring unified down. tests/bench_gate.py has the figures.)
    """
    if counts.bad * legacy.total <= TIMES_LEGACY * legacy.bad * counts.total:
        return True
    both, share = counts.bad + legacy.bad, counts.total / (counts.total + legacy.total)
    return looks > 1 and gate_math.mix(counts.bad, both, share, CONCENTRATION) < OVER_TWICE - gate_math.EPSILON


def _by_all(metric: Metric, series: tuple[Slot, ...]) -> Burn | None:
    """The sum from the beginning, at the end of every period: once met it stays met, by legacy as well as by unified.

    (Else an outage of both would bring unified down hours later, when dilution happens to take legacy's rate under
    the limit before unified's.)
    """
    counts, legacy, legacy_met = Counts(0, 0), Counts(0, 0), False
    first: Burn | None = None
    now: Burn | None = None
    for slot in series:
        counts = add(counts, Counts(slot.bad, slot.total))
        legacy = add(legacy, slot.legacy)
        legacy_met = legacy_met or _legacy_burns(metric, legacy)
        now = None
        if _burns(metric, counts):
            excuse = legacy if legacy_met and _near(counts, legacy, len(series)) else None
            now = Burn(counts.bad, counts.total, legacy=excuse)
            first = now if first is None and excuse is None else first
    if first is None or (now is not None and not now.excused):
        return now
    return replace(first, since=True)


def _by_cusum(metric: Metric, series: tuple[Slot, ...]) -> Burn | None:
    """The run of minutes that maximises -evidence, at the end of every minute, with odds of 10^6.

    A run that legacy excuses is left out and the next begins after it: what unified alone does later is judged by
    itself. While the whole run is still met, the answer is that it is excused.
    """
    run = whole = Run(0, 0, 0)
    excuse: Counts | None = None
    first: Burn | None = None
    for index, slot in enumerate(series):
        run = gate_math.step(run, slot.bad, slot.total, index, metric.good, metric.bad_level)
        whole = gate_math.step(whole, slot.bad, slot.total, index, metric.good, metric.bad_level)
        if first is None and _burns(metric, Counts(run.bad, run.total), gate_math.CUSUM):
            found = _excuse(metric, series, run.start, index + 1)
            if found is None:
                first = Burn(run.bad, run.total, _words(index + 1 - run.start), since=index + 1 < len(series))
            else:
                excuse, run = found, Run(0, 0, index + 1)
    now = Burn(whole.bad, whole.total, _words(len(series) - whole.start), legacy=excuse)
    still = _burns(metric, Counts(whole.bad, whole.total), gate_math.CUSUM)
    if first is not None:
        return now if still and excuse is None else first
    return now if still and excuse is not None else None


def _excuse(metric: Metric, series: tuple[Slot, ...], start: int, end: int) -> Counts | None:
    """Legacy's counts over the run, if they excuse it.

    A run may be one minute long and legacy have fewer than 50 events in it: then both are looked at over a longer
    time, backwards, until legacy has as many. (At 50 % and 14 requests a minute an outage of both fills a run in one.)
    """
    counts, legacy = Counts(0, 0), Counts(0, 0)
    for index in range(end - 1, -1, -1):
        if index < start and legacy.total >= LEAST_LEGACY:
            break
        counts = add(counts, Counts(series[index].bad, series[index].total))
        legacy = add(legacy, series[index].legacy)
    return legacy if _legacy_burns(metric, legacy) and _near(counts, legacy, len(series)) else None


def _words(minutes: int) -> str:
    return " in one minute" if minutes == 1 else f" in {minutes:,} minutes"
