"""Which engine is at work on this machine: a note beside the locks, so that a lock whose engine died can be told from a living one's.

A lock of Pulumi's self-managed backends names host and pid. Both may be another world's: containers share host names and
count their own pids, and a number is given to another process after a reboot. The note says what makes a process one: the
boot, the PID namespace, the pid and the start. Standard library only: the provider writes one at each start.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from rollout import private
from rollout.home import HOME

#: Notes that are kept, the newest: an engine writes a few kilobytes of state, and each of its runs one of these.
KEPT: Final = 500
#: The field of /proc/PID/stat after the name: the start, in clock ticks since the boot (proc(5), field 22).
_START: Final = 19


@dataclass(frozen=True)
class Note:
    """One engine. `boot` and `pids` say in which world its number counts; `started`: ticks since that boot; `at`: seconds
    since 1970, when it was noted. `played`: the time that a simulator's clock showed then, as `times.iso` writes it; empty
    where it was the machine's.
    """

    host: str
    pid: int
    started: int
    boot: str
    pids: str
    at: float
    played: str = ""

    def here(self) -> bool:
        """Whether its number counts in the world of this process."""
        return bool(self.boot and self.pids) and (self.boot, self.pids) == (_boot(), _pids())

    def lives(self) -> bool:
        """Whether that very process lives. To be asked only of one that is `here`."""
        return started(self.pid) == self.started


def started(pid: int) -> int | None:
    """When a process was started, in clock ticks since the boot; None where it is gone, a zombie, or can't be told."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else int(fields[_START])
    except (OSError, ValueError, IndexError):
        return None


def folder(environ: Mapping[str, str] = os.environ, project: Path = HOME) -> Path:
    """Where the notes are: beside the locks where the state is a folder, else in the project's own."""
    root = state(environ, project)
    return project / ".local" / "engines" if root is None else root / "locks" / "engines"


def state(environ: Mapping[str, str] = os.environ, project: Path = HOME) -> Path | None:
    """The `.pulumi` folder of a `file://` backend; None where it is another one, or nobody knows."""
    parts = urlsplit(environ.get("PULUMI_BACKEND_URL") or _logged_in(environ))
    if parts.scheme != "file":
        return None
    path = Path(unquote(f"{parts.netloc}{parts.path}")).expanduser()
    found = (path if path.is_absolute() else project / path) / ".pulumi"
    return found if found.is_dir() else None


def write(pid: int, environ: Mapping[str, str] = os.environ, project: Path = HOME, *, played: str = "") -> None:
    """Notes a living engine. A note that can't be written is none: then its lock is taken away by nobody who isn't told to.

    `played`: see `Note`; known later than the engine's start, and added then.
    """
    with contextlib.suppress(OSError):
        begun, boot, pids = started(pid), _boot(), _pids()
        if begun is None or not boot or not pids:
            return
        where = folder(environ, project)
        where.mkdir(parents=True, exist_ok=True)
        file = where / f"{pid}-{begun}.note"  # no .json: the engine takes those for locks
        if file.exists() and not played:
            return  # by the command that started it
        private.write(file, json.dumps(asdict(Note(socket.gethostname(), pid, begun, boot, pids, time.time(), played))))
        for old in sorted(where.glob("*.note"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)


def find(host: str, pid: int, environ: Mapping[str, str] = os.environ, project: Path = HOME) -> list[Note]:
    """What was noted of engines of that number on that host, the newest start last."""
    found = [note for note in _read(folder(environ, project), f"{pid}-*") if (note.host, note.pid) == (host, pid)]
    return sorted(found, key=lambda note: note.started)


def played(environ: Mapping[str, str] = os.environ, project: Path = HOME) -> list[tuple[float, str]]:
    """Of the engines that ran by a simulator's clock: seconds since 1970, and the time that it showed then; oldest first."""
    return sorted((note.at, note.played) for note in _read(folder(environ, project), "*") if note.played)


def _read(folder: Path, names: str) -> Iterator[Note]:
    for file in folder.glob(f"{names}.note"):
        with contextlib.suppress(OSError, ValueError, TypeError):
            yield Note(**json.loads(file.read_text()))


def _logged_in(environ: Mapping[str, str]) -> str:
    home = Path(environ.get("PULUMI_CREDENTIALS_PATH") or environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    try:
        return str(json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _pids() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
