"""The two halves of the ROLLBACK rule, period by period: sums from the beginning on, and the run that is worst.

`rollout.model.gate.burn` feeds them and puts together what they found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rollout.model.catalogue.domain import Metric
from rollout.model.gate import odds
from rollout.model.gate.seen import Counts, Slot, add

#: Legacy is a control while it has this part of all events; of fewer nothing can be told in time.
CONTROL: Final = 0.1
#: From this dispersion on bunches are known, and a run has to be bad in two blocks: one shock isn't a rollback.
BUNCHED: Final = 2.0
BLOCK: Final = 600  # seconds
BLOCKS: Final = 2
#: What a burst is, which holds a raise: odds of a run, and of its being worse than legacy. With 300 in the first's place
#: migrations in health at 0.05 % end late 2 % more often; with 20 in the second's, faults of one hour a night are promoted
#: four times as often (docs/figures.md#the-gates-decisions).
BURST: Final = math.log(1000)
BURST_WORSE: Final = math.log(5)
#: Bursts that come back: of each the odds against the middle of the grey zone, over four of them, and these multiplied.
#: A fault of one hour a night is too short for a ROLLBACK every time, and not a fault that may stay.
COMES_BACK_OVER: Final = math.log(4)
COMES_BACK: Final = math.log(1000)


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


class Sum:
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


@dataclass(frozen=True)
class _Peak:
    """A burst at its highest: ln of its odds against the middle of the grey zone over four, and its counts."""

    log: float
    own: Counts
    legacy: Counts | None


class Run(Sum):
    """Page's CUSUM: a run of periods that begins anew where it spoke for good. Also what remembers its bursts."""

    _least = odds.CUSUM

    def __init__(self, metric: Metric, dispersion: float, control: bool) -> None:
        self.burst: Burst | None = None
        self._bursts: list[_Peak] = []  # of runs that are over
        self._peak: _Peak | None = None  # of this one
        super().__init__(metric, dispersion, control)

    def reset(self) -> None:
        super().reset()
        if self._peak is not None:
            self._bursts.append(self._peak)
        self._peak = None
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
        self._remember()
        if self._bad(odds.CUSUM) and self._not_chance():
            self.newest = self._met()
        self.newest = self.newest or self._back_again()
        if self.first is None or (self.first.unlike and self.newest is not None):
            self.first = self.newest or self.first

    def _remember(self) -> None:
        """The highest that this run came to, as one of the bursts, where unified is worse there."""
        metric = self._metric
        log = odds.against_grey(self.bad, self.total, metric.good, metric.bad_level, self._dispersion) - COMES_BACK_OVER
        if log > (self._peak.log if self._peak else 0.0) and self._blocks() and self._worse(odds.PROOF):
            legacy = Counts(self.legacy, self.legacy_total) if self._controlled else None
            self._peak = _Peak(log, Counts(self.bad, self.total), legacy)

    def _back_again(self) -> Burn | None:
        """A fault that comes back, by all its bursts together."""
        peaks = [*self._bursts, *([self._peak] if self._peak else [])]
        if len(peaks) < BLOCKS or sum(peak.log for peak in peaks) < COMES_BACK - odds.EPSILON:
            return None
        own, other = Counts(0, 0), Counts(0, 0)
        for peak in peaks:
            own, other = add(own, peak.own), add(other, peak.legacy)
        legacy = other if other.total else None
        return Burn(own.bad, own.total, f" in {len(peaks)} bursts that came back", legacy=legacy)

    def _not_chance(self) -> bool:
        metric = self._metric
        return self._blocks() and odds.not_grey(self.bad, self.total, metric.good, metric.bad_level, self._dispersion)

    def _blocks(self) -> bool:
        """Whether it is bad in two blocks, where bunches are known."""
        return self._dispersion < BUNCHED or self._over_blocks + self._is_over() >= BLOCKS

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
