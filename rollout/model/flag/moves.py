"""Legal moves: what a change of one domain's percent is, seen from the live value and never from a record.

Whether a raise may happen is `rollout.model.judge.rules`'s business. A lowering has no judge: nothing may stand in its way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from rollout.model import schedule, times
from rollout.model.flag.tags import BreachTag, Burnt, Stopped
from rollout.model.ladder import parse_percent
from rollout.model.problem import masked

#: What is shown of a flag without a value.
ABSENT: Final = "0 % (secret absent)"
DELETED: Final = "0 % (secret scheduled for deletion)"

M = TypeVar("M", bound=Mapping[str, object])


class Kind(StrEnum):
    """What a change is, seen from the live value."""

    STAY = "stay"  # live already has the wanted value
    LOWER = "rollback"  # never refused
    RAISE = "raise"  # judged
    OUTSIDE = "changed outside"  # live is under an unchanged stack: only `restore` puts it back


@dataclass(frozen=True)
class Live:
    """One flag as the store holds it now. `text` is None where there is no value (absent, or scheduled for deletion).

    `since` is when the live version was written; `written` the same by the store's own clock, which a virtual one isn't.
    `lowered`: the newest lowering that was raised again since. `burnt`: what a refused raise left, of this version or an older one.
    """

    text: str | None
    since: datetime | None = None
    version: str = ""
    scheduled: bool = False
    stopped: Stopped | None = None
    breach: BreachTag | None = None
    lowered: Stopped | None = None
    written: datetime | None = None
    burnt: Burnt | None = None

    @property
    def percent(self) -> int | None:
        """The share the service obeys: absent is 0; None where the text is no whole number from 0 to 100."""
        return 0 if self.text is None else parse_percent(self.text)

    @property
    def stopping(self) -> bool:
        """Whether a stop's tag stands over a higher value: the stop is between its tag and its write, or was overridden."""
        wanted = parse_percent(self.stopped.value) if self.stopped else None
        return wanted is not None and (self.percent is None or self.percent > wanted)

    def show(self) -> str:
        """`5 %`, `0 % (secret absent)`, `'abc' (no percent)`."""
        if self.text is None:
            return DELETED if self.scheduled else ABSENT
        return f"'{masked(self.text)}' (no percent)" if self.percent is None else f"{self.percent} %"


def classify(live: Live, wanted: int, old_input: int | None) -> Kind:
    """The kind of the move from `live` to `wanted`; `old_input` is the stack's percent before, None at creation.

    An unreadable value has no known share: 0, and anything under the stack's old percent, are on the safe
    side of it; the rest would be a guess. An absent secret is 0 for a raise, but still has to be written; one that waits
    for its deletion is 0 and stays so.
    """
    share = live.percent
    if share is None:
        return Kind.LOWER if wanted == 0 or (old_input is not None and wanted < old_input) else Kind.OUTSIDE
    if wanted == share:
        return Kind.LOWER if live.text is None and not live.scheduled else Kind.STAY
    if wanted < share:
        return Kind.LOWER
    if old_input is None:
        return Kind.RAISE if live.text is None and not live.scheduled else Kind.OUTSIDE
    return Kind.RAISE if wanted > old_input else Kind.OUTSIDE


def set_back(moves: Sequence[Mapping[str, object]], version: str) -> int | None:
    """The percent that was recorded after the live version, where versions have an order and the live one is older.

    A store's versions are times of the write and never come twice, so a live version from before the newest recorded one
    means that the store itself was put back, from a backup. None where nothing of that kind can be told.
    """
    ordered = [(int(known), move) for move in moves if _ordered(known := str(move.get("version")))]
    if not ordered or not _ordered(version):
        return None
    newest, move = max(ordered, key=lambda one: one[0])
    return _number(move.get("to")) if int(version) < newest else None


def _ordered(version: str) -> bool:
    return version.isascii() and version.isdigit() and len(version) <= 20


def current_attempt(moves: Sequence[Mapping[str, object]], at_zero: bool, configured: int) -> int:
    """The attempt a raise belongs to: the configured one from 0 %, else the one of the last raise from 0 %."""
    if at_zero:
        return max(1, configured)
    return _last_start(moves)


def attempt_at(moves: Sequence[Mapping[str, object]], at: datetime) -> int:
    """The attempt that ran at `at`, whatever number a breach of then was given: a later one is needed to unlatch it.

    Entries whose time can't be read say nothing: the breach's own number stands then.
    """
    dated = ((move, times.moment(move.get("at"))) for move in moves)
    return _last_start([move for move, when in dated if when is not None and when <= at])


def _last_start(moves: Sequence[Mapping[str, object]]) -> int:
    """The attempt of the last move from 0 %; 1 where there is none, or where nobody here judged it."""
    started = [move for move in moves if move.get("from") == 0 and _number(move.get("to")) > 0]
    return max(1, _number(started[-1].get("attempt"))) if started else 1


def this_attempt(moves: Sequence[M]) -> list[M]:
    """The moves since the last raise from 0 %, that one included; all of them where there was none."""
    started = [number for number, move in enumerate(moves) if move.get("from") == 0 and _number(move.get("to")) > 0]
    return list(moves[started[-1] if started else 0 :])


def first_raise(moves: Sequence[Mapping[str, object]]) -> bool:
    """Whether no raise of the domain was ever judged: prerequisites are asked then, and never again.

    What a hand raised counts for nothing: else a value typed into the console would lift the prerequisites.
    """
    return not any(raised(move) for move in moves)


def never_rose(moves: Sequence[Mapping[str, object]]) -> bool:
    """Whether the record, which is there, knows of no moment at which people were on the new service, by whomever."""
    return bool(moves) and all(move.get(end) == 0 for move in moves for end in ("from", "to"))


def raised(move: Mapping[str, object]) -> bool:
    """Whether a move is a raise that was judged here: none of a hand's."""
    return _ours(move) and _number(move.get("to")) > _number(move.get("from"))


def rolled_back(move: Mapping[str, object]) -> bool:
    """Whether a move is a rollback or a stop that took traffic away: none of a hand's, no first value."""
    return move.get("verdict") in ("rollback", "stop") and _number(move.get("to")) < _number(move.get("from"))


def value_before(moves: Sequence[Mapping[str, object]]) -> int:
    """The last percent that a judged move or a stop put live: what a restore may put back at most.

    A stop counts also where its tag was lost with the secret: its value was the one before. What the stack was taken
    over with, the record's first entry, counts too; what a hand wrote later doesn't.
    """
    meant = [
        _number(move.get("to")) for number, move in enumerate(moves) if not number or move.get("verdict") != "outside"
    ]
    return meant[-1] if meant else 0


def _ours(move: Mapping[str, object]) -> bool:
    return move.get("verdict") not in ("outside", "stop")


def _number(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) else 0


def stable_at_100(live: Live, now: datetime, slack_hours: float) -> bool:
    """Whether a domain has been at 100 % for the seed's 7 days: what `closed` asks of each before `destroy`.

    `slack_hours`: the catalogue's (`soak_slack_hours`).
    """
    return live.percent == 100 and live.since is not None and now >= schedule.stable_from(live.since, slack_hours)
