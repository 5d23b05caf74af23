"""The engine's lock on a stack: who holds it, and taking away one whose process is dead.

Pulumi's self-managed backends keep a file per lock, without a lease: an engine that was killed leaves it for ever.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from rollout.commands.engine import process

_LOCKED: Final = "the stack is currently locked by"
_LINE: Final = re.compile(
    r"^\s*(?P<url>\S+?): created by (?P<user>[^@\s]*)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<at>\S+)", re.M
)
#: A process that was started later than this after its lock was made isn't the one that made it: the number was reused.
_REUSED: Final = 2.0  # seconds; a process is older than its lock, and the two clocks are read apart


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

    def is_dead(self) -> bool:
        """Whether nobody holds it any more. Of a process on another host nobody here can say so: False."""
        if self.host != socket.gethostname():
            return False
        begun = process.started(self.pid)
        if begun is None:
            return True
        try:
            made = datetime.fromisoformat(self.at).timestamp()
        except ValueError:
            return False
        return begun > made + _REUSED

    def remove(self, cancel: Callable[[], object]) -> None:
        """Takes it away: this one file where the backend is a folder; else by `cancel`, which takes all of the stack.

        The file by name, since between our look and `pulumi cancel` somebody else may have got a lock of his own.
        """
        parts = urlsplit(self.url)
        if parts.scheme == "file":
            Path(unquote(parts.path)).unlink(missing_ok=True)
        else:
            cancel()


def locks(output: str) -> list[Lock]:
    """The locks that a `pulumi` command was refused for; none where it wasn't, or where they can't be read."""
    if not is_locked(output):
        return []
    return [Lock(m["url"], m["user"], m["host"], int(m["pid"]), m["at"]) for m in _LINE.finditer(output)]


def is_locked(output: str) -> bool:
    """Whether a `pulumi` command was refused because of a lock."""
    return _LOCKED in output
