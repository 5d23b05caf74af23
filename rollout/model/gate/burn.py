"""ROLLBACK: whether a metric's counts bring its domain down, now or at any time since its value went live.

Two halves, each with two questions. The sum of everything outside the platform's minutes, and the run of periods that
speaks most against unified (Page's CUSUM, over every minute): each must be bad by itself, *and* worse than legacy over
the same minutes, where there is a legacy to compare with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from rollout.model.catalogue.domain import Metric
from rollout.model.gate import odds, platform
from rollout.model.gate.seen import Counts, LeftOut, Seen, Slot

#: A bad counter may be absent in this part of the minutes that have its total.
ABSENT: Final = 0.1
#: Legacy is a control while it has this part of all events; of fewer nothing can be told in time.
CONTROL: Final = 0.1
#: From this dispersion on bunches are known, and a run has to be bad in two blocks: one shock isn't a rollback.
BUNCHED: Final = 2.0
BLOCK: Final = 600  # seconds
BLOCKS: Final = 2
#: What a burst is, which holds a raise: odds of a run, and of its being worse than legacy.
BURST: Final = math.log(1000)
BURST_WORSE: Final = math.log(20)


@dataclass(frozen=True)
class Burn:
    """The ROLLBACK rule is met by these counts; `over` says by which minutes (empty: all that were counted)."""

    bad: float
    total: float
    over: str = ""
    since: bool = False  # met at an earlier period of the series, not by the newest counts
    legacy: Counts | None = None  # what it was compared with; None: no control
    unlike: bool = False  # legacy counts in another unit and burns, too: nobody can say whose it is


@dataclass(frozen=True)
class Burst:
    """A run that was bad, too short for a ROLLBACK: it holds the live value until people decide. `at`: its start."""

    bad: float
    total: float
    at: datetime | None = None


@dataclass(frozen=True)
class Story:
    """What one metric's series tells of its live value."""

    burn: Burn | None = None
    burst: Burst | None = None
    left_out: LeftOut = field(default_factory=LeftOut)


def zeros_missing(seen: Seen) -> bool:
    """Whether the bad counter is absent too often for its minutes to be a sample."""
    return seen.absent > ABSENT * (seen.reported or 0)


def find(metric: Metric, seen: Seen, percent: int | None = None) -> Burn | None:
    """The ROLLBACK rule; None where it is not met, and never was for this live value. `percent`: see `tell`."""
    return tell(metric, seen, percent).burn


def tell(metric: Metric, seen: Seen, percent: int | None = None) -> Story:
    """The whole story. At 100 `percent` there is no control: what is left on legacy is stragglers."""
    out = platform.of(metric, seen)
    if not metric.action.startswith("rollback-"):
        return Story(left_out=out)
    series = platform.slots_of(seen)
    bad, total = sum(slot.bad for slot in series), sum(slot.total for slot in series)
    if seen.met_before:
        return Story(Burn(bad, total, since=True), left_out=out)
    if zeros_missing(seen):
        # Minutes that have a bad counter are then the minutes with bad events, and their rate is no rate. What is too
        # high with every other minute counted as clean is one.
        total += seen.unpaired
        met = odds.burns(bad, total, metric.good, metric.bad_level, dispersion=seen.dispersion)
        return Story(Burn(bad, total) if met else None, left_out=out)
    control = percent is None or percent < 100
    whole = _Sum(metric, seen.dispersion, control)
    runs = [] if not seen.series else [_Run(metric, seen.dispersion, control) for _ in range(2)]
    if seen.platform is not None:
        runs = runs[:1]  # no control of its own: in the platform's minutes nothing can be told
    for index, slot in enumerate(series):
        mine = bool(out.periods) and out.periods[index]
        if not mine:
            whole.take(slot, index)
        for run in runs:
            # The last one begins anew after the platform's minutes: what is unified's own later is judged by itself.
            if mine and run is runs[-1]:
                run.reset()
            else:
                run.take(slot, index)
    found = [half.found() for half in (whole, *runs)]
    burns = [burn for burn in found if burn is not None]
    burns.sort(key=lambda burn: (burn.unlike, burn.since))
    burst = next((run.burst for run in runs if run.burst), None)
    return Story(burns[0] if burns else None, burst, out)


class _Sum:
    """Counts from the beginning on, asked at the end of every period: once met, it stays met."""

    def __init__(self, metric: Metric, dispersion: float, control: bool) -> None:
        self._metric, self._dispersion, self._control = metric, dispersion, control
        self._each, self._clean = odds.against(metric.good, metric.bad_level)
        self.first: Burn | None = None
        self.newest: Burn | None = None
        self.reset()

    def reset(self) -> None:
        self.bad = self.total = 0.0
        self.beside = self.beside_total = self.legacy = self.legacy_total = 0.0  # the periods that legacy reported, too
        self.start = -1
        self.newest = None

    def _add(self, slot: Slot, index: int) -> None:
        if self.start < 0:
            self.start = index
        self.bad, self.total = self.bad + slot.bad, self.total + slot.total
        other = slot.legacy
        if other is not None and other.possible:  # none in a minute is legacy's answer, too
            self.beside, self.beside_total = self.beside + slot.bad, self.beside_total + slot.total
            self.legacy, self.legacy_total = self.legacy + other.bad, self.legacy_total + other.total

    def take(self, slot: Slot, index: int) -> None:
        """One more period. A clean one can't meet the rule: it is asked where something is bad, and at the end."""
        self._add(slot, index)
        if slot.bad:
            self._ask()

    def _ask(self) -> None:
        self.newest = self._met() if self._bad(odds.PROOF) else None
        if self.first is None or (self.first.unlike and self.newest is not None):
            self.first = self.newest or self.first

    def found(self) -> Burn | None:
        """What is met: by the newest counts, else by earlier ones."""
        if self.first is not None:
            self._ask()
        if self.newest is not None or self.first is None:
            return self.newest
        return Burn(
            self.first.bad, self.first.total, self.first.over, since=True, legacy=self.first.legacy,
            unlike=self.first.unlike,
        )  # fmt: skip

    def _bad(self, least: float) -> bool:
        """`odds.burns`, with the logarithms taken once."""
        if self.bad < odds.LEAST_BAD or self.bad <= self._metric.bad_level * self.total:
            return False
        return self._against() / self._dispersion >= least - odds.EPSILON

    def _against(self) -> float:
        return self.bad * self._each + (self.total - self.bad) * self._clean

    @property
    def _controlled(self) -> bool:
        both = self.beside_total + self.legacy_total
        return self._control and self.beside_total > 0 and self.legacy_total >= CONTROL * both

    def _worse(self, least: float) -> bool:
        """Whether unified is worse than legacy, as far as there is a control; else its own counts speak alone."""
        if not self._controlled:
            return True
        found = odds.worse_than_legacy(self.beside, self.beside_total, self.legacy, self.legacy_total, self._dispersion)
        if found >= least - odds.EPSILON:
            return True
        alone, alone_total = self.bad - self.beside, self.total - self.beside_total
        metric = self._metric
        return alone_total > 0 and odds.burns(
            alone, alone_total, metric.good, metric.bad_level, self._least, self._dispersion
        )

    _least = odds.PROOF

    def _met(self) -> Burn | None:
        legacy = Counts(self.legacy, self.legacy_total) if self._controlled else None
        over = self._over()
        if self._worse(odds.PROOF):
            return Burn(self.bad, self.total, over, legacy=legacy)
        if self._metric.unlike and self._legacy_clean():
            return Burn(self.bad, self.total, over)  # in another unit, but clean: no comparison is needed
        if self._metric.unlike:
            return Burn(self.bad, self.total, over, legacy=legacy, unlike=True)
        return None

    def _legacy_clean(self) -> bool:
        return self.legacy < self._metric.bad_level * self.legacy_total

    def _over(self) -> str:
        return ""


class _Run(_Sum):
    """Page's CUSUM: a run of periods that begins anew where it spoke for good. Also what remembers a burst."""

    _least = odds.CUSUM

    def __init__(self, metric: Metric, dispersion: float, control: bool) -> None:
        self.burst: Burst | None = None
        super().__init__(metric, dispersion, control)

    def reset(self) -> None:
        super().reset()
        self.at: datetime | None = None
        self.minutes = 0
        self._block: float | None = None
        self._in_block = (0.0, 0.0)
        self._over_blocks = 0

    def take(self, slot: Slot, index: int) -> None:
        """One more period."""
        if self.total and self._against() <= 0:
            self.reset()
        if self.start < 0:
            self.at = slot.at
        self._add(slot, index)
        self.minutes += slot.minutes
        if self._dispersion >= BUNCHED:
            self._count_blocks(slot, index)
        if slot.bad:
            self._ask()

    def _ask(self) -> None:
        self.newest = None
        if not self._bad(BURST):
            return
        if self.burst is None and self._worse(BURST_WORSE):
            self.burst = Burst(self.bad, self.total, self.at)
        if self._bad(odds.CUSUM) and self._not_chance():
            self.newest = self._met()
            if self.first is None or (self.first.unlike and self.newest is not None):
                self.first = self.newest or self.first

    def _not_chance(self) -> bool:
        metric = self._metric
        if self._dispersion >= BUNCHED and self._over_blocks + self._is_over() < BLOCKS:
            return False
        return odds.not_grey(self.bad, self.total, metric.good, metric.bad_level, self._dispersion)

    def _count_blocks(self, slot: Slot, index: int) -> None:
        block = index if slot.at is None else slot.at.timestamp() // BLOCK
        if block != self._block:
            self._over_blocks += self._is_over()
            self._block, self._in_block = block, (0.0, 0.0)
        self._in_block = (self._in_block[0] + slot.bad, self._in_block[1] + slot.total)

    def _is_over(self) -> bool:
        bad, total = self._in_block
        return bad > self._metric.bad_level * total

    def _over(self) -> str:
        return " in one minute" if self.minutes == 1 else f" in {self.minutes:,} minutes"
