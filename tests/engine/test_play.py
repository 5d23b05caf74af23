"""A stranger's walk on the real engine: by a script, in a terminal, and what it refuses."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rollout.model.stack_file import edit
from tests import days, postgres, typed
from tests.harness import Sandbox
from tests.typed import Page

#: The first days: look; to day 3 and its raise; what was deployed; a fault; the emergency; the log.
SCRIPT = """l
n n p u   # day 3: 5 -> 10
b b       # broken sessions: the first after healthy
n         # the watch sees them and brings it down
r         # one domain is above 0, or none
g q
"""


def played(sandbox: Sandbox, *arguments: str, check: bool = True) -> str:
    done = sandbox.rollout("play", *arguments, check=check, timeout=600)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


@pytest.mark.timeout(1800)
def test_a_walk(sandbox: Sandbox) -> None:
    # What `make up` leaves: a stack on day 1, and traffic.
    sandbox.run("python", "-m", "rollout.simulator.simulator", "traffic", "healthy")
    sandbox.up()
    (sandbox.folder / "walk").write_text(SCRIPT)
    said = played(sandbox, "--script", "walk")
    for command in (
        "git switch --quiet --create play-1",
        "ROLLOUT_NOW=2026-12-02T08:00:00Z python -m rollout watch",
        "python -m rollout promote 3",
        "git --no-pager diff --unified=0 -- Pulumi.local.yaml",
        "pulumi preview --diff",
        "git commit --quiet --message 'day 3: ai-agents 5 -> 10'",
        "pulumi up --yes --skip-preview",
        "python -m rollout.simulator.simulator traffic broken-sessions",
        "python -m rollout status",
        "python -m rollout log -n 12",
    ):
        assert f"$ {command}" in said.replace(" \\\n    ", " "), f"{command}\n{said}"
    assert re.search(r"(?m)^ *~? *\+? *.*percent: 5 => 10", said), "the review is the engine's own"
    assert "broken sessions" in said
    assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == "0", "burnt on day 4: sessions go to zero"
    assert "It burnt, and is down already" in said
    assert max(map(len, said.splitlines())) <= 80
    assert sandbox.git("log", "--format=%s", "-n", "1", "main").stdout.strip() == "first", "main is as it was"
    assert "day 3: ai-agents 5 -> 10" in sandbox.git("log", "--format=%s").stdout

    # The commands after it go by the same clock, and so does a walk in a terminal, which goes on from there.
    assert "day 4 of the plan" in sandbox.rollout("status").stdout
    shown = terminal(sandbox, ["l", "q"])
    assert "day 4, Fri 2026-12-04" in shown
    assert "a attempt" in shown, "something is latched now"
    assert "local at 2026-12-04" in shown

    for arguments, why in (
        ((), "no terminal"),
        (("nxq1",), "no key of a walk"),
        (("n", "--script", "walk"), "which keys?"),
        (("--script", "nowhere"), "nowhere"),
    ):
        done = sandbox.rollout("play", *arguments, check=False)
        assert done.returncode == 2, done.stderr
        assert why in done.stderr


@pytest.mark.timeout(1800)
def test_a_walk_on_a_database(new_sandbox: Callable[..., Sandbox], tmp_path: Path) -> None:
    """The page's own `make up STORE=postgres` and what follows it; the walk finds that stack, and leaves `local` alone."""
    postgres.entered(tmp_path)
    sandbox, page = typed.shell(new_sandbox(stack=False)), Page("docs/supabase.md")
    file = sandbox.folder / "Pulumi.postgres.yaml"
    text = file.read_text()
    for key in (edit.GATE, edit.DRILL):
        text = edit.set_value(text, key, "off")
    file.write_text(text)
    sandbox.commit("a gate that is off")
    try:
        assert "PASS 0 -> 5 %" in page.type("make up STORE=postgres", sandbox)
        said = sandbox.run("make", "play", "STORE=postgres", "KEYS=nnpubbq", timeout=600)
        walked = said.stdout + said.stderr
        assert "day 3: ai-agents 5 -> 10" in walked, walked
        assert "$ python -m rollout.simulator.simulator traffic broken-sessions" in walked
        assert "`make status STACK=postgres` tells" in " ".join(walked.split())
        assert re.search(r"ai-agents +10 +10", page.type("make status STACK=postgres", sandbox, 0, 2))
    finally:
        page.type("make down", sandbox)


def terminal(sandbox: Sandbox, keys: list[str]) -> str:
    """What a walk draws on a terminal of 80 columns, key by key as it asks for one."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        ["python", "-m", "rollout", "play"], cwd=sandbox.folder, env={**sandbox.env, "TERM": "xterm", "COLUMNS": "80"},
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown, until, pressed = "", time.monotonic() + 300, 0.0
    while child.poll() is None and time.monotonic() < until:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                shown += os.read(ours, 65536).decode("utf-8", "replace")
            except OSError:  # the other end is closed
                break
        # What is typed before the program listens is dropped: a key is pressed until its step begins.
        if "\n" not in shown.rpartition("q quit  > ")[2] and "q quit" in shown and time.monotonic() - pressed > 1:
            pressed = time.monotonic()
            os.write(ours, keys[min(shown.count("q quit  > "), len(keys)) - 1].encode())
    if child.poll() is None and time.monotonic() >= until:
        child.kill()
    assert child.wait(60) == 0, shown
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
