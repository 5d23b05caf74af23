"""The flag's own record: how an entry is made, and how the list grows (`rollout.model.flag.move`); never one less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from rollout.model import times
from rollout.model.flag.move import Evidence, Move
from rollout.model.flag.moves import Live


@dataclass(frozen=True)
class Allowed:
    """A move that may happen: the verdict's line, and what `moves` keeps of the evidence."""

    verdict: str
    evidence: Evidence = field(default_factory=Evidence)


def appended(moves: Sequence[Move], move: Move) -> list[Move]:
    """The record with one more entry; never with one less."""
    return [*(old.copy() for old in moves), move]


def judged(
    live: Live,
    to: int,
    at: datetime,
    version: str,
    verdict: str,
    *,
    attempt: int,
    rules: str,
    evidence: Evidence | None = None,
    by: str = "",
) -> Move:
    """The entry of a move that this provider judged or made; `evidence` is what the gate went by, where it was asked.

    `by`: who carried it out; left out where nobody knows.
    """
    known: dict[str, str] = {"by": by} if by else {}
    return cast(
        "Move",
        {
            "from": live.percent,
            "to": to,
            "at": times.iso(at),
            "verdict": verdict,
            "version": version,
            "attempt": attempt,
            "rules": rules,
            **known,
            **(evidence or Evidence()),
        },
    )


def with_unknown(moves: Sequence[Move], live: Live, now: datetime) -> list[Move]:
    """The record with the live version in it: one that nobody recorded was written outside, by a hand or a stop."""
    kept = [old.copy() for old in moves]
    if not live.version or any(move.get("version") == live.version for move in kept):
        return kept
    last = kept[-1].get("to") if kept else 0
    stop = live.stopped is not None and live.stopped.value == live.text
    kept.append(
        {
            "from": last,
            "to": live.percent,
            "at": times.iso(live.since or now),
            "verdict": "stop" if stop else "outside",
            "version": live.version,
        }
    )
    return kept
