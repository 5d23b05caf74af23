"""What is written beside a flag: the tags on its secret, as text and back.

Tag values keep to the characters that AWS allows (letters, digits, spaces and `_.:/=+-@`).
A tag that can't be read is None: somebody's typing there must not stop a rollback.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from rollout.model import times

STOPPED: Final = "stopped"
LOWERED: Final = "lowered"
BREACH: Final = "breach"
BURNT: Final = "burnt"
LIVE_SINCE: Final = "live-since"

#: The line of a rollback's own commit that names its stop.
TRAILER: Final = "Rollout-Stop"


#: A mark's time: no colon in it, so that an older reader still finds id and value; whole seconds, UTC.
_TIME: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Stopped:
    """`stopped=<uuid>@<time>:<value>`: a stop happened, when, and the value it wanted. A new uuid for each stop.

    The time is the clock's of whoever stopped, also under a virtual clock: it is held against commits. An older version
    wrote none (`at` None). `lowered=` has the same form: the newest lowering, remembered after it was raised again.
    """

    id: str
    value: str
    at: datetime | None = None

    @classmethod
    def new(cls, value: str, at: datetime | None = None) -> Stopped:
        """A stop that no other one equals; `at`: None is now."""
        return cls(str(uuid.uuid4()), value, (at or datetime.now(UTC)).replace(microsecond=0))

    def text(self) -> str:
        when = "" if self.at is None else f"@{self.at.astimezone(UTC).strftime(_TIME)}"
        return f"{self.id}{when}:{self.value}"

    @classmethod
    def parse(cls, text: str | None) -> Stopped | None:
        mark, colon, value = (text or "").partition(":")
        ident, _, when = mark.partition("@")
        return cls(ident, value, _time(when)) if colon and ident and value else None


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


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


@dataclass(frozen=True)
class Burnt:
    """`burnt=<version>@<time>:<metric>+<metric>`: a raise was refused because this live value burnt, and stays so."""

    version: str
    at: datetime
    metrics: tuple[str, ...]

    def text(self) -> str:
        return f"{self.version}@{times.iso(self.at)}:{'+'.join(self.metrics)}"

    @classmethod
    def parse(cls, text: str | None) -> Burnt | None:
        version, at_sign, rest = (text or "").partition("@")
        when, _, names = rest.rpartition(":")
        at = times.moment(when)
        metrics = tuple(name for name in names.split("+") if name)
        return cls(version, at, metrics) if at_sign and version and at and metrics else None


def live_since(version: str, at: datetime) -> str:
    """`<version>@<time>`: under the virtual clock, when that version went live."""
    return f"{version}@{times.iso(at)}"


def parse_live_since(text: str | None, version: str) -> datetime | None:
    """The time in a `live-since` tag, if it speaks of this version."""
    named, _, when = (text or "").partition("@")
    return times.moment(when) if named == version else None
