"""How a user's script is run: with its own time, an end to its output, and of the environment what it asks for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from rollout.provider.script import run as running

pytestmark = pytest.mark.processes

BASE = {
    "PATH": "/usr/bin:/bin", "LC_ALL": "C", "AWS_SECRET_ACCESS_KEY": "canary", "AWS_PROFILE": "canary",
    "ROLLOUT_DATABASE_URL": "canary", "PGPASSWORD": "canary", "PULUMI_CONFIG_PASSPHRASE": "canary", "ANY_TOKEN": "canary",
}  # fmt: skip


def order(tmp_path: Path, text: str, timeout: float = 20, env: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "run": text, "timeout": timeout, "env": list(env), "told": {"DOMAIN": "jobs", "TO": "10"}, "token": "t",
        "folder": str(tmp_path), "log": str(tmp_path / "log"),
    }  # fmt: skip


def ran(tmp_path: Path, text: str, **options: Any) -> dict[str, Any]:
    return running.run(order(tmp_path, text, **options), BASE)


def test_nothing_of_the_clouds_or_the_databases_is_in_its_environment(tmp_path: Path) -> None:
    ran(tmp_path, "env")
    text = (tmp_path / "log").read_text()
    assert "canary" not in text
    assert {"DOMAIN=jobs", "TO=10", "LC_ALL=C"} <= {*text.splitlines()}


def test_what_its_entry_asks_for_is(tmp_path: Path) -> None:
    ran(tmp_path, "env", env=("AWS_PROFILE", "NOT_THERE"))
    text = (tmp_path / "log").read_text()
    assert text.count("canary") == 1
    assert "AWS_PROFILE=canary" in text


@pytest.mark.parametrize("text", ["exit 7", "kill -9 $$", "no-such-program-9"])
def test_how_it_ended_is_told(tmp_path: Path, text: str) -> None:
    assert ran(tmp_path, text)["code"] == {"exit 7": 7, "kill -9 $$": -9}.get(text, 127)


def test_a_line_without_end_and_output_without_end(tmp_path: Path) -> None:
    found = ran(tmp_path, "head -c 3000000 /dev/zero | tr '\\0' x; seq 1 200000")
    assert found["code"] == 0
    assert (tmp_path / "log").stat().st_size == running.KEPT_OUTPUT
    assert found["end"][-1] == "200000"
    assert len(found["end"]) == running.SHOWN_LINES
    assert max(map(len, ran(tmp_path, "head -c 100000 /dev/zero | tr '\\0' x")["end"])) == running.SHOWN_LINE


@pytest.mark.parametrize(
    "text", ["sleep 300", "trap '' TERM; sleep 300 & wait; sleep 300", "sleep 300 & exec sleep 300", "setsid sleep 300"]
)
def test_one_that_hangs_ends_by_its_own_time(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "GRACE", 0.3)
    assert ran(tmp_path, f"exec 9>{tmp_path}/held; {text}", timeout=0.5)["code"] == running.TIMED_OUT
    for process in psutil.process_iter():  # what made itself a session of its own is out of reach
        try:
            left = str(tmp_path) in " ".join(file.path for file in process.open_files())
        except (psutil.Error, OSError):
            continue
        if left and "setsid" in text:
            process.kill()
        else:
            assert not left, process


def test_what_it_leaves_behind_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "GRACE", 0.3)
    assert ran(tmp_path, "sleep 300 & echo done")["end"] == ["done"]


def test_as_the_plug_in_starts_it_it_ends_well_and_prints_nothing(tmp_path: Path) -> None:
    path = tmp_path / "order.json"
    path.write_text(json.dumps(order(tmp_path, "echo out; echo err >&2; exit 7")))
    done = subprocess.run(
        [sys.executable, "-I", running.__file__, str(path)], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
    found = json.loads((tmp_path / "order.done").read_text())
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "order.done", tmp_path / "log"))
    assert (found["code"], found["end"], found["token"]) == (7, ["out", "err"], "t")


def test_a_folder_that_is_gone_is_no_fault_of_the_plug_in(tmp_path: Path) -> None:
    path = tmp_path / "order.json"
    path.write_text(json.dumps({**order(tmp_path, "true"), "folder": str(tmp_path / "gone")}))
    subprocess.run([sys.executable, "-I", running.__file__, str(path)], check=True)
    assert json.loads((tmp_path / "order.done").read_text())["code"] == 127
