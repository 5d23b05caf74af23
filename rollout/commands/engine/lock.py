"""The engine's lock on a stack: who holds it, and taking away one whose process is dead.

Pulumi's self-managed backends keep a file per lock, without a lease: an engine that was killed leaves it for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from rollout.commands.project import files
from rollout.provider import notes

_LOCKED: Final = "the stack is currently locked by"
_LINE: Final = re.compile(
    r"^\s*(?P<url>\S+?): created by (?P<user>[^@\s]*)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<at>\S+)", re.M
)
#: What a backend says of a lock that it has listed and that is gone when it is read: of whatever backend, on a line of its own
#: (3.276); where the error of the backend's library is shown as it is, with its key. A bucket that is missing is another matter.
_GONE: Final = re.compile(r"(?m)^error: blob \(key \"\S*\.pulumi/locks/\S+\"\) \(code=NotFound\)|^\s+\d+\) NotFound$")
#: Seconds between a lock and the note of its engine: our commands write one before it, the provider some seconds after.
#: Further apart it is another engine's, whose number was given to a process of another container, or of another day.
NEAR: Final = 300.0


class Life(Enum):
    """What is known of the engine that made a lock."""

    LIVES = "it lives"
    DEAD = "it is dead"
    UNKNOWN = "nothing here tells whether it lives"


@dataclass(frozen=True)
class Lock:
    """One lock as the engine prints it. `at` is an ISO time."""

    url: str
    user: str
    host: str
    pid: int
    at: str

    def show(self) -> str:
        """`ana@build-7, pid 123, since 2026-12-09T02:14:00Z`."""
        return f"{self.user}@{self.host}, pid {self.pid}, since {self.at}"

    def life(self) -> Life:
        """What is known of its holder, by the note that its provider or our command left: never by host name and pid alone."""
        try:
            made = datetime.fromisoformat(self.at).timestamp()
        except ValueError:
            return Life.UNKNOWN
        near = [note for note in notes.find(self.host, self.pid, project=files.ROOT) if abs(note.at - made) <= NEAR]
        if not near or not all(note.here() for note in near):
            return Life.UNKNOWN
        return Life.LIVES if any(note.lives() for note in near) else Life.DEAD

    def remove(self, cancel: Callable[[], object]) -> None:
        """Takes it away: this one file where the backend is a folder; else by `cancel`, which takes all of the stack.

        The file by name, since between our look and `pulumi cancel` somebody else may have got a lock of his own.
        """
        if self.alone:
            Path(unquote(urlsplit(self.url).path)).unlink(missing_ok=True)
        else:
            cancel()

    @property
    def alone(self) -> bool:
        """Whether it can be taken away without another one of the stack."""
        return urlsplit(self.url).scheme == "file"


def removable(held: list[Lock], *, forced: bool = False) -> list[Lock]:
    """Those that may be taken away: whose holder is known to be dead, or, `forced`, isn't known to live.

    Where taking one takes all, all of them or none.
    """
    may = (Life.DEAD, Life.UNKNOWN) if forced else (Life.DEAD,)
    found = [one for one in held if one.life() in may]
    return found if len(found) == len(held) else [one for one in found if one.alone]


def locks(output: str) -> list[Lock]:
    """The locks that a `pulumi` command was refused for; none where it wasn't, or where they can't be read."""
    if not is_locked(output):
        return []
    return [Lock(m["url"], m["user"], m["host"], int(m["pid"]), m["at"]) for m in _LINE.finditer(output)]


def is_locked(output: str) -> bool:
    """Whether a `pulumi` command was refused because of a lock."""
    return _LOCKED in output


def went(output: str) -> bool:
    """Whether a `pulumi` command failed because a lock that it had listed was gone when it read it: its run ended at that moment.

    Only a command that nothing else can be missing for is asked so: of a stack that is missing the engine says something else.
    """
    return _GONE.search(output) is not None
