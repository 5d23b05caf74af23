"""What stands in the local folder is this user's alone: state, ports, pids, clocks, logs, locks."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout import clock, private
from rollout.clock import Clock
from rollout.provider import notes
from rollout.simulator import env


@pytest.fixture(autouse=True)
def _open() -> Iterator[None]:
    """As most shells have it: what nobody closes is open."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_written_closed_and_whole(tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_text("before")
    assert mode(file) == 0o644
    private.write(file, "4711")
    assert (file.read_text(), mode(file)) == ("4711", 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["port"]


def test_the_folder_of_a_file_is_made(tmp_path: Path) -> None:
    private.write(tmp_path / "board" / "of" / "server.json", "{}")
    assert mode(tmp_path / "board" / "of" / "server.json") == 0o600


def test_a_lock_is_held_by_one_at_a_time_and_closed(tmp_path: Path) -> None:
    lock = tmp_path / "board" / "lock"
    with private.alone(lock), lock.open() as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert mode(lock) == 0o600
    with private.alone(lock):
        pass


def test_a_log_of_before_is_closed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("a\n")
    with open(log, "a", opener=private.opener) as out:
        out.write("b\n")
    assert (log.read_text(), mode(log)) == ("a\nb\n", 0o600)


def test_a_folder_is_closed_and_those_above_it_are_left_alone(tmp_path: Path) -> None:
    assert mode(private.folder(tmp_path / "local" / "state")) == 0o700
    assert mode(tmp_path / "local") == 0o755, "a database's own user must come through"
    (tmp_path / "old").mkdir()
    assert mode(private.folder(tmp_path / "old")) == 0o700


def test_ports_clocks_notes_and_the_state(tmp_path: Path) -> None:
    local = tmp_path / ".local"
    assert env.environment(tmp_path, {})["PULUMI_STACK"] == "local"
    assert mode(local / "state") == 0o700
    assert mode(local / "port") == 0o600
    clock.write(local, "http://127.0.0.1:1", Clock())
    assert mode(local / "clock") == 0o600
    notes.write(os.getpid(), {"PULUMI_BACKEND_URL": f"file://{local / 'state'}"}, tmp_path)
    (note,) = tmp_path.rglob("*.note")
    assert mode(note) == 0o600
