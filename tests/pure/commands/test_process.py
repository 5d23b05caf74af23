"""Who lives, and since when: what a lock is believed dead by."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from rollout.commands.engine import process

SLEEP = [sys.executable, "-c", "input()"]


@pytest.mark.processes
def test_a_living_process_is_as_old_as_it_is() -> None:
    """To a tenth of a second, and not to psutil's whole one: a rollback's first line has its seconds from here."""
    before = time.time()
    with subprocess.Popen(SLEEP, stdin=subprocess.PIPE) as child:
        begun = process.started(child.pid)
    assert begun is not None
    assert before - 0.1 <= begun <= time.time() + 0.1


@pytest.mark.processes
def test_a_process_that_is_gone_and_a_zombie_have_no_start() -> None:
    with subprocess.Popen(SLEEP, stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        child.stdin.close()
        while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert process.started(child.pid) is None
    assert process.started(child.pid) is None


def test_a_process_that_is_hidden_from_us_is_no_dead_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under `hidepid`, where psutil finds nothing of another user's process."""

    def hidden(pid: int) -> psutil.Process:
        raise psutil.NoSuchProcess(pid)

    monkeypatch.setattr(psutil, "Process", hidden)
    assert process.started(os.getpid()) == 0.0


def test_a_rollback_s_seconds_survive_a_system_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_proc() -> float:
        raise FileNotFoundError

    monkeypatch.setattr(process, "_age_on_linux", no_proc)
    own = process.age()
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert own >= 0
    assert process.age() >= 0


def test_a_rollback_s_seconds_are_those_since_its_start() -> None:
    """Whichever way they are asked for."""
    before = process.age()
    begun = process.started(os.getpid())
    assert begun is not None
    assert before - 0.1 <= time.time() - begun <= process.age() + 0.1
