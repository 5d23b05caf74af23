"""What a message says to do is typed, in the shell in which it is read, on the real engine: set-up, merge, lock, simulator."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from rollout.model.stack_file import edit
from tests import days
from tests.harness import Sandbox
from tests.pure.commands.test_typed import PULUMI

FILE: Final = "Pulumi.local.yaml"


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One copy for all of them: each leaves a stack that works."""
    made = Sandbox(tmp_path_factory.mktemp("do") / "project")
    days.begin(made, {**days.percents(0), "ai-agents": 10, "marketplace": 5}, day=6)
    yield made
    left = made.close()
    assert not left


@pytest.fixture(autouse=True)
def _whole(play: Sandbox) -> None:
    play.heal()


def make(play: Sandbox, *words: str) -> subprocess.CompletedProcess[str]:
    """In a shell that has nothing of the project's, and some pulumi of nobody's is on no PATH."""
    path = os.pathsep.join(
        folder for folder in os.environ["PATH"].split(os.pathsep) if not (Path(folder) / "pulumi").exists()
    )
    bare = {key: value for key, value in os.environ.items() if key != "MAKELEVEL"} | {"PATH": path}
    git = {key: value for key, value in play.env.items() if key.startswith("GIT_")}
    now = {"ROLLOUT_NOW": play.env["ROLLOUT_NOW"]} if "ROLLOUT_NOW" in play.env else {}
    return subprocess.run(
        ["sh", "-c", " ".join(words)], cwd=play.folder, env={**bare, **git, **now}, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip


def done(text: str, label: str = "do") -> str:
    """The line after the last `do:` of a text."""
    *_, last = re.finditer(rf"(?m)\b{label}:\s+(.+)$", text)
    return last[1].strip()


def at_ten(play: Sandbox) -> None:
    """AI agents at 10, live and in a committed file, whatever a test before left."""
    play.write_config(edit.set_flag(play.read_config(), "ai-agents", 10))
    play.commit("at ten")
    days.put(play, "ai-agents", "10")


def in_shell(play: Sandbox, line: str) -> subprocess.CompletedProcess[str]:
    """Typed into the project's own shell."""
    return play.run("sh", "-c", line, check=False)


def test_a_commit_by_nobody(play: Sandbox) -> None:
    nobody = {
        **{f"GIT_{who}_{what}": "" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}, "EMAIL": "", "USER": "",
    }  # fmt: skip
    at_ten(play)
    head = play.git("rev-parse", "HEAD").stdout
    had = play.env
    play.env = {key: value for key, value in had.items() if key not in nobody}
    try:
        play.git("config", "user.useConfigOnly", "true")
        said = play.rollout("rollback", "ai-agents", "--to", "5", "--wait", "0", "--stack", "local", check=False)
        line = done(said.stderr)
        assert line.startswith("git config user.name"), said.stderr
        typed = in_shell(play, line)
        assert typed.returncode == 0, (line, typed.stderr)
        assert play.git("rev-parse", "HEAD").stdout != head
        assert play.git("status", "--porcelain", "--", FILE).stdout == ""
    finally:
        play.env = had
        play.git("config", "--unset", "user.useConfigOnly")


def test_a_merge_that_isnt_finished(play: Sandbox) -> None:
    at_ten(play)
    text = play.read_config()
    play.git("checkout", "-q", "-b", "other")
    play.write_config(text.replace("who: ", "who: Ben or ", 1))
    play.commit("other")
    play.git("checkout", "-q", "main")
    play.write_config(text.replace("who: ", "who: Cem or ", 1))
    play.commit("ours")
    assert play.git("merge", "other", check=False).returncode == 1
    line = play.read_config().splitlines().index("<<<<<<< HEAD") + 1
    for command in (["status"], ["promote"], ["log"]):
        said = play.rollout(*command, "--stack", "local", check=False)
        if command != ["log"]:
            assert said.returncode == 2
            assert f"{FILE}:{line} (and " in said.stderr, said.stderr
    shown = make(play, "make", "preview")
    assert f"{FILE}:{line} (and " in shown.stderr, shown.stdout + shown.stderr
    stopped = play.rollout("rollback", "ai-agents", "--to", "zero", "--wait", "0", "--stack", "local", check=False)
    assert stopped.returncode == 1, "down, and the file is left to do"
    assert days.live(play)["UNIFIED_ROLLOUT_PERCENT"] == "0"
    do = done(stopped.stderr)
    assert "percent: 0 for ai-agents" in do, stopped.stderr
    assert "git commit -m" not in stopped.stderr, "it would commit both sides"
    ours = re.sub(r"(?s)<<<<<<< HEAD\n(.*?)=======\n.*?>>>>>>> other\n", r"\1", play.read_config())
    play.write_config(re.sub(r"(?s)(ai-agents:\n\s+percent: )\d+", r"\g<1>0", ours, count=1))
    typed = in_shell(play, do.partition("; then ")[2])
    assert typed.returncode == 0, typed.stderr
    assert play.rollout("status", "--stack", "local").returncode == 0


def test_what_is_next_in_each_shell(play: Sandbox) -> None:
    play.rollout("promote", "--domain", "ai-agents", "--stack", "local")
    play.git("checkout", "-q", "--", FILE)
    play.write_config(play.read_config())
    own = done(play.rollout("promote", "6", "--stack", "local").stdout, "next")
    assert own == "pulumi preview --diff --stack local"
    assert in_shell(play, own).returncode in (0, 10)
    play.git("checkout", "-q", "--", FILE)
    shown = make(play, "make", "day", "DAY=6")
    assert done(shown.stdout, "next") == "make preview", shown.stdout + shown.stderr
    looked = make(play, "make", "preview")
    assert looked.returncode == 0, looked.stdout + looked.stderr
    play.git("checkout", "-q", "--", FILE)


def test_the_simulator_is_down(play: Sandbox) -> None:
    before = days.live(play)
    play.simulator.stop()
    for command in ("status", "live", "audit", "watch"):
        said = play.rollout(command, "--stack", "local", check=False)
        whole = said.stdout + said.stderr
        assert said.returncode == 1, whole
        assert whole.count("doesn't answer; do: make up") == (4 if command == "watch" else 1), whole
        assert "EndpointConnectionError" not in whole
    stopped = play.rollout("rollback", "jobs", "--to", "zero", "--wait", "0", "--stack", "local", check=False)
    assert stopped.returncode == 3
    assert "doesn't answer; do: make up" in stopped.stderr
    play.simulator.start()  # what `make up` does: the store is empty, and filled again
    play.up()
    assert days.live(play) == before
    assert before["MARKETPLACE_ROLLOUT_PERCENT"] == "5", "the domain that no test here moves"


def test_before_the_first_up(play: Sandbox) -> None:
    state, away = play.state, play.state.with_name("state-away")
    state.rename(away)
    try:
        said = make(play, "make", "-s", "env")
        assert said.returncode == 0
        assert "do: make up" in said.stderr
        shown = make(play, "make", "preview")
        assert shown.returncode != 0
        assert "there is no stack local yet" in shown.stderr, shown.stdout + shown.stderr
        known = play.rollout("audit", "--stack", "local", check=False)
        assert "do:      make up" in known.stderr, known.stderr
    finally:
        shutil.rmtree(state, ignore_errors=True)
        away.rename(state)


def test_two_ups_and_a_lock_that_stays(play: Sandbox) -> None:
    play.simulator.call("PUT", "/faults", {"fail": [{"match": "DescribeSecret", "latency": 30}]})
    first = play.start("pulumi", "up", "--yes", "--skip-preview", "--stack", "local")
    try:
        _until(lambda: any((play.state / ".pulumi" / "locks").rglob("*.json")))
        said = play.pulumi("up", "--yes", "--skip-preview", "--stack", "local", check=False)
        assert "currently locked" in said.stderr + said.stdout
        said = in_shell(play, "ROLLOUT_TYPED=make python -m rollout.commands.engine.hint local")
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate()
        play.heal()
    line = done(said.stderr)
    assert line == "wait for that run; if it is gone: make unlock", said.stderr
    typed = make(play, line.rpartition(": ")[2])
    if typed.returncode:  # killed before its provider had left a note of it
        assert "if it is gone: make unlock ARGS='--force'" in typed.stderr
        typed = make(play, "make", "unlock", "ARGS=--force")
    assert typed.returncode == 0, typed.stdout + typed.stderr
    assert not list((play.state / ".pulumi" / "locks").rglob("*.json"))
    for pid in play.processes():  # a language host that came up after its engine was killed: tests/engine/test_kills.py
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


@pytest.mark.parametrize("name", sorted(PULUMI))
def test_the_real_pulumi_has_what_messages_name(play: Sandbox, name: str) -> None:
    told = play.pulumi(name, "--help").stdout
    assert not [option for option in PULUMI[name] if option not in told]
