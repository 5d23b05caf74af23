"""A second row of a flag that has one: what `up --replace`, `state taint` and `state rename` make. There is one value all the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rollout.model.problem import Problem
from rollout.provider.wire import row as wire
from rollout.provider.wire.row import Refused


@dataclass(frozen=True)
class Row:
    """A row as a refresh found it: its name, its state, and the inputs it was last given."""

    urn: str
    state: Mapping[str, Any]
    inputs: Mapping[str, Any]


def newer(one: Row | None, other: Row) -> Row:
    """Of two rows of one flag the one whose record is longer: the other is a replacement's leftover."""
    return other if one is None or _moves(other) >= _moves(one) else one


def allow(replaces: bool, preview: bool, row: wire.Row, secret: str, *, lowers: bool) -> None:
    """Says what a create over a flag that has a row comes to. Raises `Refused` at preview, where it is a replacement that lowers
    nothing: it would write nothing, and ask for a delete of what has to stay. A lowering is never refused.
    """
    if not replaces:
        row.info(f"{secret} had a row of another name: its record goes on here")
    elif preview and not lowers:
        what = "a flag is never replaced: there is one value, and a row more or less changes nothing of it"
        do = f"leave out --replace; if the row is tainted: pulumi state untaint '{row.urn}'"
        raise Refused(Problem(what, where=secret, do=do))
    else:
        row.info(f"{secret} is replaced by itself: its record goes on, and nothing is deleted")


def _moves(row: Row) -> int:
    found = row.state.get("moves")
    return len(found) if isinstance(found, Sequence) else 0
