"""One entry of a flag's own record, the append-only list `moves` in the resource's state."""

from __future__ import annotations

from typing import NotRequired, TypedDict, cast


class Kept(TypedDict, total=False):
    """What is kept of one metric: events, whole numbers but where a counter was cut; `waived`: what a waiver let pass.

    `dispersion`: how many bad events legacy showed to come together (from version 2 of the rule on, where it was measured).
    """

    bad: float
    total: float
    legacy_bad: float
    legacy_total: float
    dispersion: float
    waived: str


class Evidence(TypedDict, total=False):
    """What the gate let a move through by: the rule's version, the window (two times, ISO, UTC), counts per metric."""

    gate: str
    window: list[str]
    counts: dict[str, Kept]


_Ends = TypedDict("_Ends", {"from": int | None, "to": int | None})


class Move(_Ends):
    """One move. `from`, `to`: per cent, None where the value was unreadable; `at`: ISO, UTC; `verdict`: the line of it.

    Judged moves also have who carried them out (`by`), the attempt and the digest of the rules they were judged by; those that the gate let through
    the parts of `Evidence`.
    """

    at: str
    verdict: str
    version: str
    by: NotRequired[str]
    attempt: NotRequired[int]
    rules: NotRequired[str]
    gate: NotRequired[str]
    window: NotRequired[list[str]]
    counts: NotRequired[dict[str, Kept]]


def recorded(state: object) -> list[Move]:
    """The moves as a state holds them, oldest first: what stands there was written by this project. Empty for no list."""
    return cast("list[Move]", state) if isinstance(state, list) else []
