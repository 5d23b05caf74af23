"""Engines killed by -9: the stack comes back by one documented command and one `up`. And whose lock that command leaves."""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import burning, days, kills, races
from tests.burning import Burning
from tests.harness import Sandbox


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burning]:
    """A deployed stack, to be killed again and again."""
    made = Burning(tmp_path_factory.mktemp("kills"))
    yield made
    assert not made.sandbox.close()


@pytest.fixture
def sandbox(stack: Burning) -> Sandbox:
    """The stack at burning.START."""
    return stack.again()


def lock(sandbox: Sandbox, *, host: str, pid: int, at: str = "2026-01-01T00:00:00Z") -> Path:
    """A lock as the engine's file backend writes it."""
    path = sandbox.state / ".pulumi/locks/organization/wa-rollout/local" / f"{uuid.uuid4()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"pid": pid, "username": "ana", "hostname": host, "timestamp": at}))
    return path


def test_a_lock_of_another_host_is_left(sandbox: Sandbox) -> None:
    held = lock(sandbox, host="elsewhere", pid=os.getpid())
    done = sandbox.rollout("unlock", "--stack", "local", check=False)
    assert done.returncode == 1
    assert f"local is locked by ana@elsewhere, pid {os.getpid()}, since 2026-01-01T00:00:00Z" in done.stderr
    assert (
        "which isn't known to be dead\n  do:      wait for it; if you are sure that it is gone: pulumi cancel"
        in done.stderr
    )
    assert held.exists()


def test_a_living_runs_lock_is_left(sandbox: Sandbox) -> None:
    races.slow(sandbox, 2.0)
    days.set_percents(sandbox, {"ai-agents": 100})
    up = sandbox.start(*races.UP)
    while not list(sandbox.state.glob(".pulumi/locks/**/*.json")):
        assert up.poll() is None
    done = sandbox.rollout("unlock", "--stack", "local", check=False)
    assert done.returncode == 1
    assert f", pid {up.pid}, since " in done.stderr
    said = races.ended(up)
    assert up.returncode == 0, said
    burning.recorded(sandbox, "ai-agents", 100)


def test_a_number_that_was_given_to_another_process_is_no_living_run(sandbox: Sandbox) -> None:
    held = lock(sandbox, host=socket.gethostname(), pid=os.getpid())  # this process began long after 2026-01-01
    sandbox.write_config(sandbox.read_config().replace("percent: 25", "percent: lots"))  # the program isn't asked
    done = sandbox.run("make", "unlock")
    assert "lock of a run that is dead removed (ana@" in done.stdout
    assert (
        "local: no lock, nothing pending, the live values are in the state. next: pulumi up --stack local\n"
        in done.stdout
    )
    assert not held.exists()
    assert burning.live(sandbox, "jobs") == "25"


def test_kills_at_random_moments(stack: Burning) -> None:
    for found in kills.kill(stack, 5):
        print(found.line())
