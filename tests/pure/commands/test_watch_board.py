"""The board beside the watch: after the stops, in a process of its own with a time-out; what fails in it is a remark."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rollout.commands.watch import board
from rollout.commands.watch import command as watch
from rollout.commands.watch.board import Boarding
from tests.pure.commands import test_watch
from tests.pure.commands.test_watch import BURNS, CALM, Recorder, run

looked = test_watch.looked


class Script(Boarding):
    """A page's process that does what a script says."""

    def __init__(self, script: str, patience: float = 30) -> None:
        super().__init__("local", Path("board.html"), patience)
        self._command = [sys.executable, "-c", script]


def remarks(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


@pytest.mark.processes
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("", []),
        ("import sys; sys.exit('no folder to write to')", ["board not all of it could be read: no folder to write to"]),
        ("import sys; print('what\\n  where', file=sys.stderr); sys.exit(2)", ["board not written: what; where"]),
        ("import os; os.abort()", ["board not written: exit code -6"]),
        ("import sys; sys.exit(1)", ["board not all of it could be read: exit code 1"]),
    ],
)
def test_what_becomes_of_a_page_is_a_remark(script: str, said: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    made = Script(script)
    made.write()
    made.wait()
    assert remarks(capsys) == said


@pytest.mark.processes
def test_the_same_remark_is_made_once(capsys: pytest.CaptureFixture[str]) -> None:
    made = Script("import sys; sys.exit('x')")
    for _ in range(3):
        made.write()
        made.wait()
    assert remarks(capsys) == ["board not all of it could be read: x"]


@pytest.mark.processes
def test_a_page_that_hangs_holds_up_no_look_and_is_ended(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Script("import time; time.sleep(60)", patience=0.3)
    begun = time.monotonic()
    made.write()
    first = made._child
    made.write()
    assert made._child is first, "one at a time"
    assert time.monotonic() - begun < 5
    time.sleep(0.4)
    made.write()
    assert first is not None
    assert first.returncode == -9
    assert remarks(capsys) == ["board not written within 0 s"]
    monkeypatch.setattr(board, "LAST", 0.1)
    made.wait()
    assert made._child is None


@pytest.mark.processes
def test_a_command_that_cannot_be_started_is_a_remark(capsys: pytest.CaptureFixture[str]) -> None:
    made = Script("")
    made._command = ["/nowhere/python"]
    made.write()
    made.wait()
    assert remarks(capsys) == ["board not written: FileNotFoundError"]


def test_none_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    made = Boarding("local", None)
    made.write()
    made.wait()


def test_it_is_written_after_the_stops_of_its_look(looked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    class Board:
        def __init__(self, stack: str, path: Path | None) -> None:
            order.append(f"{stack} {path.name if path else path}")

        def write(self) -> None:
            order.append("board")

        def wait(self) -> None:
            order.append("last board")

    def stop(self: Recorder, fires: Any) -> None:
        order.append(f"stops {len(fires)}")

    monkeypatch.setattr(watch, "Boarding", Board)
    monkeypatch.setattr(Recorder, "stop", stop)
    looked += [[BURNS, CALM]]
    assert run("--board", "page.html").exit_code == watch.EXIT_BURNING
    assert order == ["local page.html", "stops 1", "board", "last board"]
