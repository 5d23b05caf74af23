"""matplotlib's list of the machine's fonts, made at its first import: one run at a time, and none that a killed one blocks."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from rollout.commands import report


@contextlib.contextmanager
def alone(folder: Path = report.FONTS) -> Iterator[None]:
    """A block that imports matplotlib. Its own lock is a file, which a killed run leaves for ever: the next waits 5 s for
    it, and then lists the fonts again at every report. The kernel lets go of ours, so a file found under it is nobody's.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = os.open(folder, os.O_RDONLY)
    except OSError:  # nothing can be kept there, by matplotlib neither: it goes without
        yield
        return
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        for left in folder.glob("*.matplotlib-lock"):
            left.unlink(missing_ok=True)
        yield
    finally:
        os.close(held)
