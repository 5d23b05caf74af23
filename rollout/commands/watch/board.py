"""The board beside the watch: written anew after each look, by a process of its own that no look and no stop waits for."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Final

from rollout.commands.project import files
from rollout.commands.rollback.order import say

#: Seconds that one page may take.
PATIENCE: Final = 60.0
#: Seconds that the end of a watch waits for a page that is being written.
LAST: Final = 10.0
#: What the process leaves to others: of two that want the processor, a rollback's engine is the one that gets it.
NICE: Final = 10
#: Letters of what it said that are told.
SAID: Final = 300


class Boarding:
    """One page at a time. `path`: where it is written; None: none is asked for, and nothing is done."""

    def __init__(self, stack: str, path: Path | None, patience: float = PATIENCE) -> None:
        self._command = [sys.executable, "-m", "rollout", "board", "--stack", stack, "--out", str(path)]
        self._on = path is not None
        self._patience = patience
        self._child: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._begun = 0.0
        self._remark = ""

    def write(self) -> None:
        """Begins a page, unless the one before is still being written; says what became of that one. Raises nothing."""
        if not self._on:
            return
        try:
            if self._child is None or self._over():
                self._begin()
        except Exception as error:  # noqa: BLE001 - a page is a remark; the watch goes on whatever becomes of it
            self._tell(f"not written: {type(error).__name__}")

    def wait(self) -> None:
        """Until the last page is written, for a moment; then it is ended: what stood there before is whole."""
        with contextlib.suppress(Exception):
            until = time.monotonic() + LAST
            while self._child is not None and not self._over() and time.monotonic() < until:
                time.sleep(0.05)
            if self._child is not None:
                self._kill()

    def _begin(self) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it is read when the process has ended
        self._begun = time.monotonic()
        try:
            self._child = subprocess.Popen(
                self._command, cwd=files.ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._said,
                start_new_session=True,  # Ctrl-C is for the watch, which ends it by itself
            )  # fmt: skip
        except OSError:
            self._lines()
            raise
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._child.pid, NICE)

    def _over(self) -> bool:
        """Whether the page is done, or had to be ended; what it said is told."""
        child = self._child
        if child is None:
            return True
        if child.poll() is None:
            if time.monotonic() - self._begun < self._patience:
                return False
            self._kill()
            self._tell(f"not written within {self._patience:.0f} s")
            return True
        self._child = None
        lines = self._lines()
        wrong = "not written" if child.returncode > 1 or child.returncode < 0 else "not all of it could be read"
        said = "; ".join(" ".join(line.split()) for line in lines)[:SAID] or f"exit code {child.returncode}"
        self._tell(f"{wrong}: {said}" if child.returncode else "")
        return True

    def _lines(self) -> list[str]:
        if self._said is None:
            return []
        self._said.seek(0)
        found = self._said.read(4000).decode("utf-8", "replace").splitlines()
        self._said.close()
        self._said = None
        return [line for line in found if line.strip()]

    def _kill(self) -> None:
        """The process and the engines that it has started."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        self._child = None
        self._lines()

    def _tell(self, remark: str) -> None:
        """Once, and again when it is another one."""
        if remark and remark != self._remark:
            say(f"board {remark}", err=True)
        self._remark = remark
