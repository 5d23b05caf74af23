"""Files of this user alone: a stack's state, what runs where, its logs. Standard library only: set-up takes it too.

Others on the machine read no state (it names people and reasons), and write no port or pid that a command would believe.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FILE: Final = 0o600
FOLDER: Final = 0o700


def opener(name: str, flags: int) -> int:
    """For `open`: makes the file for its owner alone, and closes one that an older version left open to others."""
    made = os.open(name, flags, FILE)
    with contextlib.suppress(OSError):  # somebody else's: a log of root's
        os.fchmod(made, FILE)
    return made


def write(file: Path, text: str) -> None:
    """Writes a small file in one step: a reader sees the old text or the new one, never half of it. Makes its folder.

    Raises OSError.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}")
    with open(part, "w", encoding="utf-8", opener=opener) as out:
        out.write(text)
    part.replace(file)


def folder(path: Path) -> Path:
    """Makes a folder, and those above it, and closes it to others. Raises OSError."""
    path.mkdir(FOLDER, parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        path.chmod(FOLDER)
    return path


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """A block that one process, and one thread, runs at a time: by a file of its own, whose folder is made. Raises OSError.

    The kernel lets go of what a killed process held.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with open(lock, "w", opener=opener) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
