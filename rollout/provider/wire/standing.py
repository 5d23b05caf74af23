"""What the rows of a run are about. A delete of a row about something that another row of the run stands for touches nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollout.provider.wire.values import Properties

#: What a row is about, whatever it is called: its kind, and what names the thing outside.
Thing = tuple[str, ...]

#: The properties that name it.
_NAMED = ("stack", "flag", "domain", "policy", "action")


class Standing:
    """The rows that were seen in this run, and those that were made in it."""

    def __init__(self) -> None:
        self._rows: dict[Thing, set[str]] = {}
        self._made: set[tuple[str, Thing]] = set()

    def seen(self, urn: str, properties: Properties) -> None:
        """There is a row of that name for its things in this run."""
        for thing in things(urn, properties):
            self._rows.setdefault(thing, set()).add(urn)

    def made(self, urn: str, properties: Properties) -> None:
        """A row of that name was made for its things in this run."""
        self._made |= {(urn, thing) for thing in things(urn, properties)}

    def others(self, urn: str, about: set[Thing]) -> set[Thing]:
        """What of it a delete mustn't touch: the row was replaced in this run, or there is one of another name for the same thing.

        A `destroy` makes no row, and asks for every one that there is: the last of a thing is judged.
        """
        found = set[Thing]()
        for thing in about:
            rows = self._rows.get(thing, set())
            rows.discard(urn)
            if rows or (urn, thing) in self._made:
                found.add(thing)
        return found


def kind(urn: str) -> str:
    """The type token of a row."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def things(urn: str, properties: Properties, inputs: Properties | None = None) -> set[Thing]:
    """What a row is about. A row of policies is about each of them, those of its old `inputs` too."""
    several = properties.get("policies")
    policies = (
        {*several, *((inputs or {}).get("policies") or {})} if several is not None else {properties.get("policy")}
    )
    return {_thing(urn, properties, policy) for policy in policies or {""}}


def without(urn: str, properties: Properties, some: set[Thing]) -> dict[str, Any]:
    """A row of policies without those."""
    each = (properties.get("policies") or {}).items()
    return {**properties, "policies": {key: one for key, one in each if _thing(urn, properties, key) not in some}}


def _thing(urn: str, properties: Mapping[str, Any], policy: object) -> Thing:
    named = {**properties, "policy": policy}
    return (kind(urn), *(str(named.get(key) or "") for key in _NAMED))
