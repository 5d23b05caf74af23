"""What the system tells about a process: whether it lives, and since when. Where there is no /proc, it tells less."""

from __future__ import annotations

import os
import time
from pathlib import Path


def started(pid: int | str) -> float | None:
    """When the process `pid` (or "self") was started, in seconds since the epoch; None where it is gone or a zombie.

    0.0 where it lives and the system doesn't say since when.
    """
    try:
        fields = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
        uptime = float(Path("/proc/uptime").read_text().split()[0])
        if fields[0] in "ZX":
            return None
        return time.time() - uptime + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0 if pid == "self" or _answers(int(pid)) else None


def _answers(pid: int) -> bool:
    """Whether there is a process of that number, asked by a signal that does nothing."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def age() -> float:
    """Seconds since this process was started, the interpreter's own start included where the system tells it."""
    return time.time() - begun if (begun := started("self")) else time.perf_counter()
