"""Runs one script of the user's, as the plug-in command starts it: `python run.py ORDER`, and always with exit code 0.

The plug-in keeps a script that failed for the next run, keeps what it prints in the state, hangs on a long line, and gives
it every credential that the engine has. So it starts this instead: the script has its own time, its own output file with an
end, and of the environment what its entry asks for; how it ended is a file that the program reads. Standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

#: What a script has without asking: how to find programs, its user, and its words.
KEPT: Final = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "LANGUAGE", "TERM", "CI")
KEPT_BEGIN: Final = ("LC_",)
#: Bytes of output that are kept: its end. And of a line, and of lines, that are shown.
KEPT_OUTPUT: Final = 256 * 1024
SHOWN_LINE: Final = 300
SHOWN_LINES: Final = 15
#: What a script that took too long ends with, as `timeout` has it.
TIMED_OUT: Final = 124
#: Seconds between asking it to end and ending it.
GRACE: Final = 3.0


def environment(base: Mapping[str, str], asked: list[str], told: Mapping[str, str]) -> dict[str, str]:
    """The script's: what is harmless, what its entry asks for by name, and what it is told of the move."""
    kept = {key: value for key, value in base.items() if key in (*KEPT, *asked) or key.startswith(KEPT_BEGIN)}
    return {**kept, **told}


def run(order: Mapping[str, Any], base: Mapping[str, str]) -> dict[str, Any]:
    """Runs the script; answers `code`, `seconds` and the `end` of what it said."""
    began, tail = time.monotonic(), bytearray()
    child = subprocess.Popen(
        ["/bin/sh", "-c", order["run"]], env=environment(base, order["env"], order["told"]), cwd=order["folder"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip

    def read() -> None:
        while child.stdout is not None and (part := child.stdout.read1(65536)):  # type: ignore[attr-defined]
            tail.extend(part)
            del tail[:-KEPT_OUTPUT]

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        code = child.wait(order["timeout"])
    except subprocess.TimeoutExpired:
        code = TIMED_OUT
    _end(child.pid)  # and whatever it left behind: something that holds its output open would be waited for
    child.wait()
    reader.join(GRACE)
    if child.stdout is not None and not reader.is_alive():
        child.stdout.close()
    _write(Path(order["log"]), bytes(tail))
    return {"code": code, "seconds": round(time.monotonic() - began, 1), "end": shown(bytes(tail))}


def shown(output: bytes) -> list[str]:
    """The last lines, none longer than a person reads."""
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return ["".join(char if char.isprintable() else "?" for char in line[:SHOWN_LINE]) for line in lines[-SHOWN_LINES:]]


def _write(path: Path, data: bytes) -> None:
    """For its owner alone: a script may say what others on the machine needn't read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)


def _end(group: int) -> None:
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, kind)
            until = time.monotonic() + GRACE
            while kind is signal.SIGTERM and time.monotonic() < until:
                os.killpg(group, 0)  # raises once nobody is left
                _reap(group)
                time.sleep(0.02)


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def main() -> None:
    """One order, a JSON file; its result beside it. Nothing is printed: the plug-in would keep it in the state."""
    path = Path(sys.argv[1])
    order = json.loads(path.read_bytes())
    try:
        found = run(order, os.environ)
    except OSError as error:
        found = {"code": 127, "seconds": 0.0, "end": [f"it can't be started: {error.strerror}"]}
    part = path.with_suffix(".part")
    _write(part, json.dumps({**found, "token": order["token"]}).encode())
    part.replace(path.with_suffix(".done"))


if __name__ == "__main__":
    main()
