"""A stop stays a stop: what is older than it raises nothing, and a new diff does. On the real engine, in a real clone."""

from __future__ import annotations

import subprocess

import pytest

from tests import burning, days
from tests.harness import Sandbox

FILE = "Pulumi.local.yaml"


@pytest.fixture
def stopped(sandbox: Sandbox) -> Sandbox:
    """ai-agents at 5 on main, rolled back to 0 by a commit of a side branch; main, which lacks it, is checked out."""
    raised(sandbox)
    sandbox.git("checkout", "--quiet", "-b", "hot")
    sandbox.rollout("rollback", "ai-agents", "--to", "zero", "--stack", "local", "--wait", "0")
    sandbox.git("checkout", "--quiet", "main")
    assert (burning.live(sandbox, "ai-agents"), percent(sandbox)) == ("0", "5")
    return sandbox


def raised(sandbox: Sandbox) -> None:
    sandbox.git("branch", "--move", "--force", "main")
    days.set_percents(sandbox, dict.fromkeys(days.PERCENT_FLAGS, 0))
    sandbox.commit("day 0")
    sandbox.up()
    commit(sandbox, 5)
    sandbox.up()
    burning.recorded(sandbox, "ai-agents", 5)


def commit(sandbox: Sandbox, to: int) -> None:
    days.set_percents(sandbox, {"ai-agents": to})
    sandbox.commit(f"ai-agents to {to} %")


def percent(sandbox: Sandbox) -> str:
    return sandbox.git("show", f"HEAD:{FILE}").stdout.partition("ai-agents:")[2].partition("percent: ")[2].split()[0]


def refused(sandbox: Sandbox, **env: str) -> str:
    """Asserts that `up` and `preview` raise nothing, and say that nothing younger than the stop asks for it."""
    assert "nothing younger asks for 5 %" in days.refused(sandbox, env=env)
    said = days.refused(sandbox, command="up", env=env)
    assert burning.live(sandbox, "ai-agents") == "0"
    assert "nothing younger asks for 5 %" in said, said
    return said


def test_a_checkout_without_the_stops_commit_raises_nothing(stopped: Sandbox) -> None:
    said = refused(stopped)
    commit_id = stopped.git("rev-parse", "HEAD").stdout[:7]
    assert f"commit {commit_id} is of " in said
    refused(stopped)  # nor the second time


def test_what_the_refusal_says_to_type_raises_it(stopped: Sandbox) -> None:
    said = refused(stopped)
    typed = said.partition("put the stop on record here: ")[2]
    for command in (typed.partition(";")[0], typed.partition("by a new diff: ")[2].splitlines()[0]):
        words = command.split()
        assert words[0] == "rollout", said
        stopped.rollout(*words[1:], "--stack", "local")
    done = stopped.up()
    burning.recorded(stopped, "ai-agents", 5)
    assert "raised again after the stop of " in done.stdout + done.stderr


def test_a_reverted_percent_a_hand_and_a_folder_without_git(sandbox: Sandbox) -> None:
    """The siblings, in one story: each lowering is remembered, and each refusal's way on helps when it is typed."""
    raised(sandbox)
    old = sandbox.git("rev-parse", "HEAD").stdout.strip()
    commit(sandbox, 0)
    sandbox.up()
    sandbox.git("checkout", "--quiet", "--detach", old)  # a deploy of an older commit, run again
    refused(sandbox)
    sandbox.git("checkout", "--quiet", "main")
    days.set_percents(sandbox, {"ai-agents": 5})  # `make day`, not committed
    assert "by an edit that isn't committed" in sandbox.up().stdout
    days.put(sandbox, "ai-agents", "0")  # somebody's hand
    days.set_percents(sandbox, {"ai-agents": 0})
    sandbox.up()
    (sandbox.folder / ".git").rename(sandbox.folder / "elsewhere")  # as a wheel's project may be
    days.set_percents(sandbox, {"ai-agents": 5})
    said = refused(sandbox)
    assert "not a git repository" in said
    typed = said.partition("do:      ")[2].splitlines()[0]
    subprocess.run(["sh", "-c", typed], cwd=sandbox.folder, env=sandbox.env, check=True)
    sandbox.up()
    burning.recorded(sandbox, "ai-agents", 5)
