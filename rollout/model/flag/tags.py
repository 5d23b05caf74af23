"""What is written beside a flag: the tags on its secret, as text and back.

Tag values keep to the characters that AWS allows (letters, digits, spaces and `_.:/=+-@`).
A tag that can't be read is None: somebody's typing there must not stop a rollback.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rollout.model import times

STOPPED: Final = "stopped"
BREACH: Final = "breach"
LIVE_SINCE: Final = "live-since"


@dataclass(frozen=True)
class Stopped:
    """`stopped=<uuid>:<value>`: a stop happened, and the value it wanted. A new uuid for each stop."""

    id: str
    value: str

    @classmethod
    def new(cls, value: str) -> Stopped:
        """A stop that no other one equals."""
        return cls(str(uuid.uuid4()), value)

    def text(self) -> str:
        return f"{self.id}:{self.value}"

    @classmethod
    def parse(cls, text: str | None) -> Stopped | None:
        ident, colon, value = (text or "").partition(":")
        return cls(ident, value) if colon and ident and value else None


@dataclass(frozen=True)
class BreachTag:
    """`breach=<attempt>@<time>:<metric>`: the latch, kept where a revert of a commit can't undo it."""

    attempt: int
    at: datetime
    metric: str

    def text(self) -> str:
        return f"{self.attempt}@{times.iso(self.at)}:{self.metric}"

    @classmethod
    def parse(cls, text: str | None) -> BreachTag | None:
        number, at_sign, rest = (text or "").partition("@")
        when, _, metric = rest.rpartition(":")
        at = times.moment(when)
        if not (at_sign and number.isascii() and number.isdigit() and at and metric):
            return None
        return cls(int(number), at, metric)


def live_since(version: str, at: datetime) -> str:
    """`<version>@<time>`: under the virtual clock, when that version went live."""
    return f"{version}@{times.iso(at)}"


def parse_live_since(text: str | None, version: str) -> datetime | None:
    """The time in a `live-since` tag, if it speaks of this version."""
    named, _, when = (text or "").partition("@")
    return times.moment(when) if named == version else None
