"""How a key of the stack config is declared: one line of `StackConfig` for how it is read and what a change of it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from rollout.model.stack_file.entries import Entries

T = TypeVar("T")

#: What an entry under the key is named by: the key stands once, or a domain, a name of its own (also with its `domain`).
Per = Literal["", "domain", "its domain", "name"]


@dataclass(frozen=True)
class Key:
    """`read`: how the tolerant reader reads it. `said`: the kind of a mark in the log."""

    read: Callable[[Entries], object]
    said: str
    per: Per


def entry(read: Callable[[Entries], T], absent: Callable[[], T], said: str = "settings", *, per: Per = "") -> T:
    """The field of a key ; `absent` makes its value where a config is made without it."""
    return field(default_factory=absent, metadata={"key": Key(read, said, per)})


def nothing() -> None:
    """The value of an entry that stands once and is absent."""


def required() -> str:
    """The value of `gate` and of `drill` where they are absent."""
    return "required"
