"""What was read of one metric, and how raw periods become it: pairs, sums, and what was missing or impossible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rollout.model.gate import odds, words

#: Stale: the newest minute of `Requests` is older than this (docs/rules/gate.md#hold).
STALE: Final = timedelta(minutes=15)
#: Counts for PASS begin this long after the value went live (consumers cache it), and end this long ago (late data).
SETTLING: Final = timedelta(minutes=2)
LATE: Final = timedelta(minutes=5)
#: The same where code obeys an Edge Function's environment too: a warm worker keeps the variables it was made with so long.
MIRRORED: Final = timedelta(seconds=400)


@dataclass(frozen=True)
class Counts:
    """Bad and total events of one service over one time, as read: only `gate_math.possible` says that they can be."""

    bad: float
    total: float

    @property
    def possible(self) -> bool:
        return odds.possible(self.bad, self.total)


@dataclass(frozen=True)
class Slot:
    """One period: unified's counts, and legacy's beside them (None where legacy reported no pair).

    `at`: when it begins (None: nobody knows, and it is a block of its own); `minutes`: how long it is.
    """

    bad: float
    total: float
    legacy: Counts | None = None
    at: datetime | None = None
    minutes: int = 1


@dataclass(frozen=True)
class LeftOut:
    """Which periods of a series are the platform's: a yes or no for each, and how long they are together in minutes."""

    periods: tuple[bool, ...] = ()
    minutes: int = 0

    @property
    def now(self) -> bool:
        """Whether the newest period is one of them: the platform burns, or hardly ceased to."""
        return bool(self.periods) and self.periods[-1]


@dataclass(frozen=True)
class Seen:
    """What was read of one metric since its value went live; `collect` makes it of raw data.

    `bad`, `total`, `legacy`: sums up to 5 minutes ago, for PASS (None: no series; `total` is None for complaints).
    `series`: every period up to the newest whole one, oldest first, for ROLLBACK; the newest `late` of them aren't in
    the sums. Empty: the sums alone are judged. `reported` of `periods` have the total;
    in `absent` of these the bad counter is missing, and `unpaired` is the total counted there. `garbage` says what was
    impossible in a period left out; `met_before`: an earlier look at this live value said ROLLBACK, and it stays met.
    `dispersion`: how many bad events come together, by legacy (1: each by itself). `platform`: the periods in which
    the platform burns by another metric, for one that legacy doesn't count (None: by this metric's own counts).
    """

    bad: float | None
    total: float | None = None
    legacy: Counts | None = None
    series: tuple[Slot, ...] = ()
    late: int = 0
    periods: int | None = None
    reported: int | None = None
    absent: int = 0
    unpaired: float = 0
    garbage: str = ""
    met_before: bool = False
    dispersion: float = 1.0
    platform: LeftOut | None = None


@dataclass(frozen=True)
class Datum:
    """One period of one service as a source answers it: sums, and how many data they hold (None, 0: there is none)."""

    bad: float | None = None
    total: float | None = None
    bad_samples: float = 1
    total_samples: float = 1


NOTHING: Final = Datum()


def collect(
    unified: Sequence[Datum],
    legacy: Sequence[Datum] = (),
    *,
    late: int = 0,
    expected: int | None = None,
    starts: Sequence[datetime] = (),
    lengths: Sequence[int] = (),
    dispersion: float = 1.0,
) -> Seen:
    """One metric's raw periods since its value went live, oldest first, as `Seen`.

    `legacy` holds the same periods of the legacy service, or is empty. The newest `late` periods count for ROLLBACK
    alone. `expected` is how many samples a reporter without a gap makes up to the late ones (None: one a period).
    `starts` and `lengths` (minutes) are the periods' own, where they are known. A period with one half of a pair is
    left out of both sums; so is one whose counts are impossible, which `garbage` then says.
    """
    slots: list[Slot] = []
    sums, legacy_sums = Counts(0, 0), Counts(0, 0)
    reported = absent = unpaired = 0.0
    any_bad = any_total = any_legacy = False
    garbage = ""
    settled = len(unified) - late
    for index, datum in enumerate(unified):
        other = _pair(legacy[index]) if index < len(legacy) else None
        pair = _pair(datum)
        if pair is not None and not pair.possible:
            garbage = garbage or why_impossible(pair)
            pair = None
        elif datum.total is not None:
            missing = datum.total_samples if datum.bad is None else max(0.0, datum.total_samples - datum.bad_samples)
            if index < settled:
                reported, absent = reported + datum.total_samples, absent + missing
            unpaired += datum.total if datum.bad is None and odds.possible(0, datum.total) else 0
        any_bad, any_total = any_bad or datum.bad is not None, any_total or datum.total is not None
        at, minutes = (starts[index] if starts else None), (lengths[index] if lengths else 1)
        slots.append(Slot(pair.bad if pair else 0, pair.total if pair else 0, other, at, minutes))
        if index < settled:
            sums = add(sums, pair)
            legacy_sums, any_legacy = add(legacy_sums, other), any_legacy or other is not None
    return Seen(
        bad=sums.bad if any_bad else None,
        total=sums.total if any_total else None,
        legacy=legacy_sums if any_legacy else None,
        series=tuple(slots),
        late=late,
        periods=settled if expected is None else expected,
        reported=int(reported),
        absent=int(absent),
        unpaired=unpaired,
        garbage=garbage,
        dispersion=dispersion,
    )


def stale(newest: datetime | None, now: datetime) -> bool:
    """Whether the newest minute of `Requests` (None: there is none) is too old at `now` to judge by."""
    return newest is None or now - newest > STALE


def add(sums: Counts, more: Counts | None) -> Counts:
    """A sum; counts that can't be add nothing (an impossible period of legacy's is no comparison)."""
    return Counts(sums.bad + more.bad, sums.total + more.total) if more is not None and more.possible else sums


def why_impossible(counts: Counts) -> str:
    """What is wrong with impossible counts, in words."""
    if counts.bad > counts.total >= 0:
        return f"{words.count(counts.bad)} bad of {words.count(counts.total)}"
    total_is = odds.possible(0, counts.total)
    return f"{words.count(counts.bad if total_is else counts.total)} is no count"


def _pair(datum: Datum) -> Counts | None:
    return None if datum.bad is None or datum.total is None else Counts(datum.bad, datum.total)
