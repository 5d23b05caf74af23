"""What a stack leaves out, said loudly: `gate: off` and `drill: off` are for simulators, and nobody may overlook them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

OFF: Final = "off"
#: The keys that ask for something, and what isn't done where one is off.
SWITCHES: Final = {
    "gate": "no counter is read: no raise is held, and no fire is seen",
    "drill": "no rollback is drilled before a domain's first raise of a week",
}


class Switched(Protocol):
    """A stack config, or what the judge is told of it."""

    @property
    def gate(self) -> str: ...
    @property
    def drill(self) -> str: ...


#: The same as a resource's input, too: a preview that judges nothing doesn't load what reads it.
Told = Switched | Mapping[str, object]


def marks(config: Told) -> tuple[str, ...]:
    """`GATE OFF`, `DRILL OFF`, as far as they are."""
    return tuple(f"{key.upper()} OFF" for key in SWITCHES if _is_off(config, key))


def lines(config: Told) -> tuple[str, ...]:
    """The same with what it means, a line each."""
    return tuple(f"{key.upper()} OFF: {means}" for key, means in SWITCHES.items() if _is_off(config, key))


def _is_off(config: Told, key: str) -> bool:
    return (config.get(key) if isinstance(config, Mapping) else getattr(config, key)) == OFF


def plain(key: str, value: object) -> object:
    """A key's value as the file means it: readers of YAML make `off` a `false`."""
    return OFF if key in SWITCHES and value in (False, "false") else value
