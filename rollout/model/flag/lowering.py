"""The newest lowering of a flag, by whomever: what the store and the flag's own record remember of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rollout.model import times
from rollout.model.flag.moves import Live
from rollout.model.flag.tags import Stopped

#: So far two machines' clocks may be apart (the store's, a stop's, a commit's).
CLOCKS: Final = timedelta(minutes=2)


@dataclass(frozen=True)
class Lowering:
    """One lowering. `at`: by a real clock, None where nobody knows; `to`: the percent, None where it isn't known.

    `id`: the mark's, else the version that it wrote; `ids`: everything by which this and what stood there before is known.
    """

    at: datetime | None
    to: int | None
    id: str

    def mark(self) -> Stopped:
        """As the tag that remembers it after the next raise."""
        return Stopped(self.id, "0" if self.to is None else str(self.to), self.at)


def newest(live: Live, moves: Sequence[Mapping[str, object]], *, virtual: bool = False) -> Lowering | None:
    """The newest lowering that tags, the record or the live value itself tell of; None where there never was one.

    `virtual`: the record's times are a virtual clock's, and say nothing. A mark without a time (an older version's) is
    as old as the live value. The first value that a stack gives a flag is none: there was nothing to lower.
    """
    found = [one for one in _known(live, moves, virtual) if one is not None]
    unknown = [one for one in found if one.at is None]
    dated = [one for one in found if one.at is not None]
    if not dated:
        return unknown[0] if unknown else None
    return max(dated, key=lambda one: one.at or times.FIRST)  # the first of the newest: a mark before its record


def ids(live: Live, moves: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """Everything by which lowerings until now are known, sorted: a later one has another."""
    found = [newest(live, moves, virtual=virtual) for virtual in (False, True)]
    named = {live.version, *(one.id for one in (*found, live.stopped, live.lowered) if one)}
    return tuple(sorted(named - {""}))


def _known(live: Live, moves: Sequence[Mapping[str, object]], virtual: bool) -> Iterator[Lowering | None]:
    if live.stopped is not None and not _made(live, moves):
        at = _later(live.stopped.at, live.written) if live.stopped.value == live.text else live.stopped.at
        yield Lowering(at or live.written, _percent(live.stopped.value), live.stopped.id)
    if live.lowered is not None:
        yield Lowering(live.lowered.at, _percent(live.lowered.value), live.lowered.id)
    for number, move in enumerate(moves):
        to, before = move.get("to"), move.get("from")
        anew = number and move.get("verdict") == "set"  # the stack's lower value over a secret that was lost
        if not isinstance(to, (int, float)) or (isinstance(before, (int, float)) and to >= before and not anew):
            continue
        if before is None and move.get("verdict") not in ("rollback", "stop", "outside"):
            continue
        version = str(move.get("version") or "")
        if version and version == live.version:
            yield Lowering(live.written or (None if virtual else times.moment(move.get("at"))), int(to), version)
        elif not virtual:
            yield Lowering(times.moment(move.get("at")), int(to), version)
    last = moves[-1].get("to") if moves else None
    unknown = live.version and not any(move.get("version") == live.version for move in moves)
    if unknown and isinstance(last, (int, float)) and live.percent is not None and live.percent < last:
        yield Lowering(live.written, live.percent, live.version)


def _made(live: Live, moves: Sequence[Mapping[str, object]]) -> bool:
    """Whether the mark is the one that the flag was made with: the same writing marks a first value too."""
    if not moves or moves[0].get("verdict") != "set" or moves[0].get("version") != live.version or not live.version:
        return False
    at = live.stopped.at if live.stopped else None
    return at is None or live.written is None or at <= live.written + CLOCKS


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)


def _percent(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else None
