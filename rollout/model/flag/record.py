"""The flag's own record: the append-only list `moves` in the resource's state.

One entry: `from`, `to` (per cent; None where the value was unreadable), `at` (UTC), `verdict`, `version`, and for
judged moves `attempt` and `rules` (the digest they were judged by); for those that the gate let through also `gate`
(the rule's version), `window` (two times, UTC) and `counts` (per metric: bad, total, legacy_bad, legacy_total, waived).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rollout.model import times
from rollout.model.flag.moves import Live

Move = dict[str, Any]


@dataclass(frozen=True)
class Allowed:
    """A move that may happen: the verdict's line, and what `moves` keeps of the evidence."""

    verdict: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


def appended(moves: Sequence[Mapping[str, Any]], move: Move) -> list[Move]:
    """The record with one more entry; never with one less."""
    return [*(dict(old) for old in moves), move]


def judged(
    live: Live,
    to: int,
    at: datetime,
    version: str,
    verdict: str,
    *,
    attempt: int,
    rules: str,
    evidence: Mapping[str, Any] | None = None,
) -> Move:
    """The entry of a move that this provider judged or made; `evidence` is what the gate went by, where it was asked."""
    return {
        "from": live.percent,
        "to": to,
        "at": times.iso(at),
        "verdict": verdict,
        "version": version,
        "attempt": attempt,
        "rules": rules,
        **(evidence or {}),
    }


def with_unknown(moves: Sequence[Mapping[str, Any]], live: Live, now: datetime) -> list[Move]:
    """The record with the live version in it: one that nobody recorded was written outside, by a hand or a stop."""
    kept = [dict(old) for old in moves]
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
