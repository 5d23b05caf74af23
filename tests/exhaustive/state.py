"""One domain as the rules see it, with nothing in it that they can't tell apart: so that the space is finite.

Time is in whole days and counts backwards from `NOW`. Beside what the rules read stand the explorer's own notes
(`latch`, `lawful`, `climbed`): what is true, kept without asking any rule, for the invariants to be held against.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache
from typing import Final, NamedTuple

from rollout.model.flag import moves
from rollout.model.flag.move import Move, recorded
from rollout.model.flag.moves import Live
from rollout.model.flag.tags import BreachTag, Burnt, Stopped
from rollout.model.stack_file.conditions import Conditions
from rollout.model.stack_file.forms import Breach, Restore, Why
from rollout.model.times import iso
from tests.pure.cases import CATALOGUE, EVERYTHING, NOW

DAY: Final = timedelta(days=1)

#: The longest time that a rule asks for above 0 %, in days: soaks of 48 h, prerequisites of 48 h. A breach waits one.
OLD: Final = 2

#: Days after which a soak is over, the longest of all domains' (domains.yaml); at 0 % nothing soaks.
SOAK_DAYS: Final = {0: 0} | {
    rung: max(domain.soak_hours[rung] for domain in CATALOGUE.domains.values()) // 24 for rung in (5, 10, 25, 50, 100)
}


class Burn(NamedTuple):
    """A breach as its tag or its config entry has it: the attempt's number, and how many days ago."""

    attempt: int
    age: int
    cleared: bool = False


class Latch(NamedTuple):
    """The truth about the last breach: its age, whether an attempt was written after it, and where a trace is left."""

    age: int
    mended: bool
    tagged: bool
    written: bool


class Flag(NamedTuple):
    """A domain: its secret (`percent` None: lost), its stack config, what its record answers, and the truth.

    `age`: days since the value went live. `stop`: the value of the stop's tag. `stack`: the percent deployed last.
    `raised`, `started`, `before`, `last`: what the rules read of `moves`; `ran`: the age of the last start from 0.
    `marked`: a tag tells of a lowering, whether it was raised again since or not; `fell`: the record does; `low`: there
    was one. What was decided before the newest lowering may raise nothing from then on. `burnt`: a fire was met while this
    value was live, and its mark stands; `scheduled`: the secret waits for its deletion (`percent` None), tags and all.
    """

    percent: int | None = 0
    age: int = 0
    stop: int | None = None
    tag: Burn | None = None
    stack: int = 0
    raised: bool = False
    started: int = 1
    ran: int = 0
    before: int = 0
    last: int = 0
    entry: Burn | None = None
    attempt: int = 1
    latch: Latch | None = None
    lawful: int = 0
    climbed: bool = False
    marked: bool = False
    fell: bool = False
    low: bool = False
    burnt: bool = False
    scheduled: bool = False

    @property
    def share(self) -> int:
        """What the service obeys: a lost secret is 0."""
        return self.percent or 0

    @property
    def waits(self) -> bool:
        """Whether prerequisites are asked, by the record or in truth: a raise whose answer was lost isn't on record."""
        return not (self.climbed and self.raised)


def live(flag: Flag) -> Live:
    """The secret as the provider reads it."""
    return _live(flag.percent, flag.age, flag.stop, flag.tag, flag.marked, flag.burnt, flag.scheduled)


@cache
def _live(
    percent: int | None, age: int, stop: int | None, tag: Burn | None, marked: bool, burnt: bool, scheduled: bool
) -> Live:
    if percent is None and not scheduled:
        return Live(None)
    return Live(
        None if percent is None else str(percent),
        NOW - age * DAY,
        "v",
        scheduled=scheduled,
        burnt=Burnt("v", NOW - age * DAY, ("errors",)) if burnt else None,
        stopped=None if stop is None else Stopped("id", str(stop)),
        lowered=Stopped("id", "0", NOW) if marked else None,
        written=NOW,
        breach=None if tag is None else BreachTag(tag.attempt, NOW - tag.age * DAY, "errors"),
    )


def conditions(flag: Flag, forbids: str = "", restores: bool = False) -> Conditions:
    """The stack config's entries; `forbids` is `frozen`, `held` or nothing."""
    return _conditions(flag.entry, flag.attempt, forbids, restores)


@cache
def _conditions(entry: Burn | None, attempt: int, forbids: str, restores: bool) -> Conditions:
    breach = None
    if entry is not None:
        cleared = Why("a false alarm", "Ana, Ben") if entry.cleared else None
        breach = Breach(entry.attempt, NOW - entry.age * DAY, "errors", "", None, None, "watch", cleared)
    return Conditions(
        on_call="always",
        checked=EVERYTHING,
        frozen="INC-7" if forbids == "frozen" else None,
        held="INC-9" if forbids == "held" else None,
        breach=breach,
        attempt=attempt,
        restore=Restore("a mistake", "Ana", NOW + DAY) if restores else None,
    )


def history(flag: Flag) -> list[Move]:
    """The shortest record from which the rules read what they read of the real one."""
    return _history(flag.raised, flag.started, flag.ran, flag.before, flag.last, flag.fell)


@cache
def _history(raised: bool, started: int, ran: int, before: int, last: int, fell: bool) -> list[Move]:
    made = [{"from": 5, "to": 10, "verdict": "PASS", "at": "2026-01-01T00:00:00Z"}] if raised else []
    if fell:  # first: its values say nothing
        made.insert(0, {"from": 10, "to": 5, "verdict": "outside", "at": iso(NOW)})
    start = {"from": 0, "to": 5, "verdict": "outside", "attempt": started, "at": iso(NOW - ran * DAY)}
    kept = {"from": before, "to": before, "verdict": "rollback"}
    return recorded([*made, start, kept, {"from": last, "to": last, "verdict": "outside"}])


def with_record(flag: Flag, record: Sequence[Move]) -> Flag:
    """The flag with what the rules read of this record, which was `history(flag)` and got entries."""
    new = record[len(history(flag)) :]
    return flag._replace(
        fell=flag.fell or any((move["to"] or 0) < (move["from"] or 0) or move["verdict"] == "set" for move in new),
        raised=not moves.first_raise(record),
        started=moves.current_attempt(record, at_zero=False, configured=0),
        ran=0 if any(move["from"] == 0 and (move["to"] or 0) > 0 for move in new) else flag.ran,
        before=moves.value_before(record),
        last=min(record[-1]["to"] or 0, 5),  # an entry that follows asks only whether it was 0
    )


def aged(flag: Flag) -> Flag:
    """The same a day later."""
    tag, entry, latch = flag.tag, flag.entry, flag.latch
    return flag._replace(
        age=flag.age + 1,
        ran=flag.ran + 1,
        tag=tag and tag._replace(age=tag.age + 1),
        entry=entry and entry._replace(age=entry.age + 1),
        latch=latch and latch._replace(age=1),
    )


def canonical(flag: Flag, restores: bool) -> Flag:
    """The one flag that stands for all that no rule can tell from this one; `restores`: whether any is ever asked for.

    What isn't read is dropped: an age at 0 %, more than the soak at a rung, a value above the stack's. Of breaches,
    24 hours and the order in time count, with the start of the run and, at 100 % (prerequisites), the value's own age.
    """
    if flag.percent is None and not flag.scheduled:
        flag = flag._replace(stop=None, tag=None, marked=False)
    latch, tag, entry = flag.latch, flag.tag, flag.entry
    if latch is not None and not (latch.tagged or latch.written):
        latch = None  # no trace of the breach is left anywhere
    flag = flag._replace(marked=flag.low and (flag.marked or flag.stop is not None) and not flag.fell)
    top = max(flag.stack, flag.share) if restores else flag.share
    number = _numbers(flag)
    ages = {burn.age for burn in (tag, entry) if burn is not None}
    if flag.percent == 100:
        order = _in_order({flag.age, flag.ran, *ages}, OLD)
        age = order[flag.age]
    else:
        order = _in_order({flag.ran, *ages}, 1)
        age = min(flag.age, SOAK_DAYS[flag.share])
    return flag._replace(
        age=age,
        stop=None if flag.stop is None or flag.stop >= top else flag.stop,
        tag=tag and Burn(number[tag.attempt], order[tag.age]),
        ran=order[flag.ran] if ages else 0,
        started=number[flag.started],
        before=min(flag.before, top) if restores else 0,
        entry=entry and Burn(number[entry.attempt], order[entry.age], entry.cleared),
        attempt=number[flag.attempt],
        latch=latch,
        lawful=min(flag.lawful, top) if restores else 0,
    )


def _numbers(flag: Flag) -> dict[int, int]:
    """Attempts in their order; none in the stack config is 1."""
    burns = [burn.attempt for burn in (flag.tag, flag.entry) if burn is not None]
    later = sorted({number for number in (flag.attempt, flag.started, *burns) if number > 1})
    return {1: 1} | {old: new for new, old in enumerate(later, 2)}


def _in_order(ages: Iterable[int], whole: int) -> dict[int, int]:
    """Each age as it is up to `whole`; above that only the order counts."""
    found: dict[int, int] = {}
    top = whole - 1
    for old in sorted(set(ages)):
        top = old if old <= whole else max(whole, top + 1)
        found[old] = top
    return found
