"""Where a lowering goes whose live value nobody can read in time: by the last value that something else knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rollout.model.ladder import Ladder


@dataclass(frozen=True)
class Guess:
    """`percent`: what to put. `why`: what it went by, for the operator."""

    percent: int
    why: str


def guess(to: str, known: Mapping[str, int | None], ladder: Ladder) -> Guess:
    """The target of `previous`, `zero` or a rung (as text), by what is known of the live value; `known`: source -> percent.

    The lowest of them counts: a put over a value that is lower still would be a raise. Where nothing is known it is 0, which
    nothing is under.
    """
    found = {source: percent for source, percent in known.items() if percent is not None}
    if to in ("zero", "0"):
        return Guess(0, "0 needs no value")
    if not found:
        return Guess(0, "and nothing else knows one: 0 %")
    source, lowest = min(found.items(), key=lambda item: item[1])
    percent = ladder.previous(lowest) if to == "previous" else min(int(to), ladder.under(lowest))
    return Guess(percent, f"so {percent} %, by the {lowest} % of {source}")
