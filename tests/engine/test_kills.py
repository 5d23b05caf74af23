"""Engines killed by -9: the stack comes back by one documented command and one `up`. And whose lock that command leaves."""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from rollout.provider import notes
from tests import burning, days, kills, kills_database, postgres, races
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


AT = "2026-01-01T00:00:00Z"
HERE = socket.gethostname()


def lock(sandbox: Sandbox, *, host: str, pid: int, at: str = AT) -> Path:
    """A lock as the engine's file backend writes it."""
    path = sandbox.state / ".pulumi/locks/organization/wa-rollout/local" / f"{uuid.uuid4()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"pid": pid, "username": "ana", "hostname": host, "timestamp": at}))
    return path


def note(sandbox: Sandbox, pid: int, **other: object) -> None:
    """A note of an engine of that number that has died: its start is another one. `other`: what of it isn't this world's."""
    notes.write(os.getpid(), sandbox.env)
    folder = notes.folder(sandbox.env)
    own = next(folder.glob(f"{os.getpid()}-*.note"))
    told = {
        **json.loads(own.read_text()),
        "pid": pid,
        "started": 1,
        "at": datetime.fromisoformat(AT).timestamp(),
        **other,
    }
    own.unlink()
    (folder / f"{pid}-1.note").write_text(json.dumps(told))


def unlock(sandbox: Sandbox, *args: str, code: int) -> str:
    """What `unlock` says."""
    done = sandbox.rollout("unlock", "--stack", "local", *args, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "where", ["another host", "this host, and no note", "another boot", "another PID namespace", "another day"]
)
def test_a_lock_that_nobody_here_can_judge_is_named_and_left(sandbox: Sandbox, where: str) -> None:
    """A container sees another world of numbers: this one is free here, and proves nothing about the run."""
    host = "elsewhere" if where == "another host" else HERE
    pid = 4_000_001  # above what this system gives out: by host name and number it would be dead
    odd: dict[str, dict[str, object]] = {
        "another boot": {"boot": "another"}, "another PID namespace": {"pids": "pid:[1]"}, "another day": {"at": 0.0},
    }  # fmt: skip
    if where in odd:
        note(sandbox, pid, **odd[where])
    held = lock(sandbox, host=host, pid=pid)
    said = unlock(sandbox, code=1)
    assert f"local is locked by ana@{host}, pid {pid}, since {AT}: nothing here tells whether it lives" in said
    assert "if it is gone: python -m rollout unlock --force --stack local" in said
    assert held.exists()
    down = sandbox.rollout("rollback", "jobs", "--stack", "local", "--wait", "0", "--lock-wait", "0", check=False)
    assert down.returncode == 1, down.stdout + down.stderr
    assert down.stdout.startswith("live 10 %, ")  # a lowering waits for no lock
    assert held.exists()
    assert "lock of a run that is not known to live removed (ana@" in unlock(sandbox, "--force", code=0)
    assert not held.exists()


def test_a_living_runs_lock_is_never_taken(sandbox: Sandbox) -> None:
    """A plain `pulumi up` is covered: its provider left the note."""
    races.slow(sandbox, 2.0)
    days.set_percents(sandbox, {"ai-agents": 100})
    up = sandbox.start(*races.UP)
    while not list(notes.folder(sandbox.env).glob(f"{up.pid}-*.note")):
        assert up.poll() is None
    for force in ((), ("--force",)):
        said = unlock(sandbox, *force, code=1)
        assert f", pid {up.pid}, since " in said
        assert "it lives\n  do:      wait for it\n" in said
    said = races.ended(up)
    assert up.returncode == 0, said
    burning.recorded(sandbox, "ai-agents", 100)


def test_a_number_that_was_given_to_another_process_is_no_living_run(sandbox: Sandbox) -> None:
    held = lock(sandbox, host=HERE, pid=os.getpid())
    note(sandbox, os.getpid())  # the engine of that number was another process
    sandbox.write_config(sandbox.read_config().replace("percent: 25", "percent: lots"))  # the program isn't asked
    done = sandbox.run("make", "unlock")
    assert "lock of a run that is dead removed (ana@" in done.stdout
    assert "local: no lock, nothing pending, the live values are in the state. next: make up\n" in done.stdout
    assert not held.exists()
    assert burning.live(sandbox, "jobs") == "25"


def test_kills_at_random_moments(stack: Burning) -> None:
    for found in kills.kill(stack, 5):
        print(found.line())


def test_kills_of_server_engine_and_rollback_on_a_database(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One of each here; a hundred by `make bench ARGS=kills-database`."""
    made = Burning(postgres.entered(tmp_path_factory.mktemp("killed")), store="postgres")
    try:
        for found in kills_database.kill(made, 3):
            print(found.line())
    finally:
        left = made.sandbox.close()
    assert not left
