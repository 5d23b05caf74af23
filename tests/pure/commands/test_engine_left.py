"""An engine whose command is killed ends what it has begun by itself: its own end is what clears lock and language host."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
#: Speaks all the time, as an engine does; `set -e` and a shell's own end by SIGPIPE make it die of a pipe that is closed.
ENGINE = "#!/bin/sh\nset -e\ntouch begun\nfor i in $(seq 40); do echo $i; echo $i >&2; sleep 0.05; done\ntouch ended\n"


def until(there: Path, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not there.exists() and time.monotonic() < end:
        time.sleep(0.02)
    return there.exists()


def engine(folder: Path, script: str) -> dict[str, str]:
    """Puts a `pulumi` there; the environment in which it is found."""
    (folder / "pulumi").write_text(script)
    (folder / "pulumi").chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "ROLLOUT_PROJECT": str(folder)}


@pytest.mark.processes
def test_an_engine_outlives_the_command_that_was_killed(tmp_path: Path) -> None:
    """It died of its next line, and left a language host for minutes, a lock and an operation under way."""
    environ = engine(tmp_path, ENGINE)
    run = "from rollout.commands.engine import pulumi; print(pulumi.run('up'))"
    command = subprocess.Popen([sys.executable, "-c", run], env=environ, cwd=tmp_path, stdout=subprocess.PIPE)
    try:
        assert until(tmp_path / "begun")
    finally:
        command.kill()
        command.communicate()
    assert until(tmp_path / "ended"), "the engine died with its command"


@pytest.mark.processes
def test_all_that_an_engine_says_is_read(tmp_path: Path) -> None:
    environ = engine(tmp_path, "#!/bin/sh\nprintf 'a\\r\\nb\\xff'; printf c >&2; exit 10\n")
    run = "from rollout.commands.engine import pulumi; d = pulumi.run('up'); print(ascii((d.returncode, d.stdout, d.stderr)))"
    done = subprocess.run(
        [sys.executable, "-c", run], env=environ, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("(10, 'a\\nb"), done.stdout
    assert done.stdout.rstrip().endswith("'c')")
