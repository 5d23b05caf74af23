"""What the system tells about a process: whether it lives, and since when. psutil asks it, imported when it is due."""

from __future__ import annotations

import os
import time

from rollout.provider import notes


def started(pid: int) -> float | None:
    """When the process `pid` was started, in seconds since the epoch; None where it is gone or a zombie.

    0.0 where it lives and the system doesn't say since when.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
        return process.create_time() + _fraction()
    except psutil.ZombieProcess:
        return None
    except (psutil.Error, OSError):  # somebody else's, or hidden from us (hidepid): psutil takes that for gone
        return 0.0 if _answers(pid) else None


def _fraction() -> float:
    """What has to be added to psutil's times: Linux tells it the boot's time in whole seconds, and they are early by it."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    import psutil

    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) - psutil.boot_time()


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
    try:
        told = _age_on_linux()
    except (OSError, ValueError, AttributeError):
        told = None
    if told is not None:
        return told
    try:
        begun = started(os.getpid())
    except Exception:  # noqa: BLE001 - a figure of a rollback's first line: it must never cost that line
        begun = None
    return time.time() - begun if begun else time.perf_counter()


def _age_on_linux() -> float | None:
    """The same from /proc, which a rollback's first line doesn't wait for as long as for psutil; None on another system."""
    ticks = notes.started(os.getpid())
    return None if ticks is None else time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
