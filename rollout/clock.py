"""The simulator's one clock: when it was set ahead of the machine's and how far, on a file that every process finds.

Only a simulator whose traffic runs writes it, and it counts for that simulator's own address alone. Standard library only:
whoever finds the tools reads it before anything is installed.
"""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from rollout import private

#: In the project's folder for what is local.
FILE: Final = "clock"


@dataclass(frozen=True)
class Clock:
    """`jumps`: the machine's time of each (seconds since 1970) and the seconds ahead from then on, oldest first."""

    jumps: tuple[tuple[float, float], ...] = ()

    @property
    def ahead(self) -> timedelta:
        """How far it runs before the machine's now."""
        return timedelta(seconds=self.jumps[-1][1] if self.jumps else 0.0)

    def now(self) -> datetime:
        """Its time, aware UTC."""
        return datetime.now(UTC) + self.ahead

    def at(self, machine: datetime) -> datetime:
        """What it showed at a time of the machine's."""
        before = [ahead for at, ahead in self.jumps if at <= machine.timestamp()]
        return machine + timedelta(seconds=before[-1] if before else 0.0)

    def set(self, now: datetime) -> Clock:
        """The same, showing `now` from here on; it never goes back."""
        machine = datetime.now(UTC)
        ahead = (now - machine).total_seconds()
        return self if now <= self.now() else Clock((*self.jumps, (machine.timestamp(), ahead)))


def read(folder: Path, urls: Container[str] | None = None) -> Clock | None:
    """The clock of the simulator in `folder`; None where none plays there.

    `urls`: the addresses that are asked; a clock of another simulator isn't theirs. Never raises.
    """
    try:
        told = json.loads((folder / FILE).read_bytes())
        jumps = tuple((float(at), float(ahead)) for at, ahead in told["jumps"])
        return Clock(jumps) if urls is None or told["url"] in urls else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def stamp(folder: Path, named: str | None) -> str:
    """`2026-12-03T08:00:00Z`, the time that is played: the one that ROLLOUT_NOW names, else the simulator's; else empty."""
    if named:
        return named
    clock = read(folder)
    return clock.now().strftime("%Y-%m-%dT%H:%M:%SZ") if clock is not None and clock.jumps else ""


def write(folder: Path, url: str, clock: Clock) -> None:
    """Keeps it, in one step. Raises OSError."""
    private.write(folder / FILE, json.dumps({"url": url, "jumps": clock.jumps}))


def forget(folder: Path) -> None:
    """Sets it back to the machine's: the simulator begins anew."""
    (folder / FILE).unlink(missing_ok=True)
