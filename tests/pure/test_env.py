"""The local stack's environment: right in a folder with any name, and deaf to what the caller's shell holds."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rollout.simulator import env

PRODUCTION = {
    "AWS_PROFILE": "prod",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER": "https://prod.example",
    "AWS_SESSION_TOKEN": "canary",
    "PULUMI_BACKEND_URL": "s3://prod",
    "PULUMI_ACCESS_TOKEN": "canary",
    "PULUMI_STACK": "prod",
    "ROLLOUT_ONLY_LOWER": "1",
}


def test_nothing_of_production_is_left() -> None:
    applied = env.applied(env.PROJECT, {**PRODUCTION, "PATH": "/bin", "EDITOR": "vi"})
    assert not set(applied.values()) & {*PRODUCTION.values()}
    assert applied["EDITOR"] == "vi"
    assert applied["PULUMI_STACK"] == "local"
    assert applied["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")


def test_a_started_process_is_isolated_in_place() -> None:
    environ = {**PRODUCTION, "PATH": "/bin", "AWS_ACCESS_KEY_ID": "canary", "ROLLOUT_NOW": "2026-12-03T09:00:00Z"}
    env.isolate(environ)
    assert not set(environ.values()) & {*PRODUCTION.values()}
    assert environ["AWS_ACCESS_KEY_ID"] == environ["AWS_SECRET_ACCESS_KEY"] == "testing"
    assert environ["NO_PROXY"] == environ["no_proxy"] == "127.0.0.1,localhost"
    assert environ["PATH"] == "/bin"


def test_virtual_clock_is_kept() -> None:
    assert env.applied(env.PROJECT, {"ROLLOUT_NOW": "2026-12-03T09:00:00Z"})["ROLLOUT_NOW"] == "2026-12-03T09:00:00Z"


def test_a_proxy_is_not_asked_for_loopback() -> None:
    assert env.applied(env.PROJECT, {"NO_PROXY": "corp.example"})["NO_PROXY"] == "corp.example,127.0.0.1,localhost"


@pytest.mark.processes
@pytest.mark.parametrize("name", ["plain", "with space", "quote'd", 'double"d', "dollar$HOME", "q?u#e%20r;y&"])
def test_the_printed_lines_survive_the_shell(tmp_path: Path, name: str) -> None:
    """And are printed by the standard library alone (-S: no installed package is found), before anything is set up."""
    project = tmp_path / name
    for part in (
        "setup/env.py",
        "rollout/__init__.py",
        "rollout/home.py",
        "rollout/clock.py",
        "rollout/private.py",
        "rollout/simulator",
        "Pulumi.yaml",
    ):
        (project / part).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (env.PROJECT / part).is_dir() else shutil.copy
        copy(env.PROJECT / part, project / part)
    script = (
        'settings=$(python3 -S setup/env.py) && eval "$settings" && printf "%s\\n" "$VIRTUAL_ENV" "$PULUMI_BACKEND_URL"'
    )
    done = subprocess.run(["sh", "-ec", script], cwd=project, capture_output=True, text=True, check=True)
    folder, backend = done.stdout.splitlines()
    assert folder == str(project / ".venv")
    assert backend.startswith("file:///")
    assert " " not in backend
    assert backend.endswith("/.local/state?metadata=skip")


@pytest.mark.parametrize(("size", "within"), [(None, "true"), (100_000, "true"), (2_000_000, "false")])
def test_a_large_stack_is_refreshed_before_its_program(tmp_path: Path, size: int | None, within: str) -> None:
    stacks = tmp_path / ".local" / "state" / ".pulumi" / "stacks" / "wa-rollout"
    stacks.mkdir(parents=True)
    if size is not None:
        (stacks / "local.json").write_text("x" * size)
        (stacks / "local.json.bak").write_text("x" * 2_000_000)
    assert env.applied(tmp_path, {"PATH": "/bin"})["PULUMI_RUN_PROGRAM"] == within


def test_the_port_is_chosen_once(tmp_path: Path) -> None:
    assert env.port(tmp_path) == env.port(tmp_path) == int((tmp_path / "port").read_text())


def test_a_spoilt_port_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("")
    assert env.port(tmp_path) > 0


def test_another_stack_is_refused_in_a_local_shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PULUMI_HOME", env.applied()["PULUMI_HOME"])
    assert env.main(["--paths"]) == 2
    assert "use a new one" in capsys.readouterr().err


def test_the_engine_writes_no_debug_logs_unless_a_folder_for_them_is_there(tmp_path: Path) -> None:
    logs = tmp_path / ".tools" / "pulumi-home" / "logs"
    env.environment(tmp_path, {})
    assert logs.is_file()
    logs.unlink()
    logs.mkdir()
    env.environment(tmp_path, {})
    assert logs.is_dir()
