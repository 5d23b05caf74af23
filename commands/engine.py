"""Runs the `pulumi` command: for what comes after a stop, and for reading what a stack is."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from commands.files import ROOT

_LOCKED = "the stack is currently locked by"
_OWNER = re.compile(r"created by (?P<user>[^@\s]+)@(?P<host>\S+) \(pid (?P<pid>\d+)\)")


class EngineFailed(Exception):
    """`pulumi` is missing or ended with an error; the text is its own, shortened to what matters."""


def run(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """One `pulumi` command in the project's folder, with its output caught. Raises `EngineFailed` if it can't start."""
    environ = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", **(env or {})}
    try:
        return subprocess.run(
            ["pulumi", "--non-interactive", "--color", "never", *arguments],
            cwd=ROOT, env=environ, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise EngineFailed(f"pulumi can't be started ({error.strerror}): is it on PATH? try `make up`") from None


def read_json(*arguments: str) -> Any:
    """The JSON that a `pulumi` command prints. Raises `EngineFailed`."""
    done = run(*arguments)
    if done.returncode != 0:
        raise EngineFailed(failure(done))
    return json.loads(done.stdout or "null")


def failure(done: subprocess.CompletedProcess[str]) -> str:
    """The lines of an engine's output that say what went wrong."""
    lines = [line.strip() for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error:") or "failed:" in line]
    return "\n".join(dict.fromkeys(errors or lines[-5:])) or f"pulumi ended with {done.returncode}"


def up(
    stack: str, config: Path, message: str, *, patience: float, say: Callable[[str], None], env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """`pulumi up` without a preview, going on after errors, on `config`; waits up to `patience` seconds for a lock.

    A lock whose process is dead on this host is removed: nothing holds it. One of a living process is waited for.
    """
    until = time.monotonic() + patience
    said = False
    while True:
        done = run(
            "up", "--yes", "--skip-preview", "--continue-on-error", "--stack", stack,
            "--config-file", str(config), "--message", message, env=env,
        )  # fmt: skip
        output = done.stderr + done.stdout
        if done.returncode == 0 or _LOCKED not in output:
            return done
        if _left_by_the_dead(output):
            say("the lock was left by a process that is gone: removed")
            run("cancel", "--yes", "--stack", stack)
            continue
        if time.monotonic() > until:
            return done
        if not said:
            said = True
            say("the stack is locked by another run: waiting for it (the flag itself is down already)")
        time.sleep(1)


def _left_by_the_dead(output: str) -> bool:
    owners = list(_OWNER.finditer(output))
    return bool(owners) and all(
        owner["host"] == socket.gethostname() and not Path("/proc", owner["pid"]).exists() and Path("/proc/self").exists()
        for owner in owners
    )
