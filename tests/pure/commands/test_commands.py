"""`plan` and `promote` on a copy of the project: what is printed, what is written, and the exit codes."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from rollout.commands import cli
from rollout.commands.project import files
from tests.pure.samples import ROOT


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    for name in ("domains.yaml", "Pulumi.prod.yaml", "Pulumi.local.yaml", "Pulumi.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def test_plan_prints_dates_and_notes_in_80_columns(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "plan", "--stack", "prod")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "  8  2026-12-08       100          5*" in out
    assert "0 rules broken, 6 notes" in out
    assert "no dates" not in out


def test_plan_without_a_stack_has_no_dates(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "plan")
    assert code == 0
    assert "no dates" in out


def test_plan_ends_with_1_where_a_rule_is_broken(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "stacks/day-03.yaml"
    path.write_text(path.read_text().replace("percent: 10", "percent: 25"))
    code, out, _ = run(capsys, "plan", "--json", "--stack", "prod")
    assert code == 1
    found = json.loads(out)
    assert found["days"][3]["percent"]["ai-agents"] == 25
    assert found["findings"][0]["severity"] == "broken"
    assert found["findings"][0]["where"] == "stacks/day-03.yaml:5 wa-rollout:flags.ai-agents.percent"
    assert "BROKEN: day 3: ai-agents skips a rung" in run(capsys, "plan")[1]


def test_plan_names_the_problems_of_every_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("day-03.yaml", "day-09.yaml"):
        (project / "stacks" / name).write_bytes(b"\xef\xbb\xbfconfig:\n")
    code, out, err = run(capsys, "plan")
    assert (code, out) == (2, "")
    assert "stacks/day-03.yaml:1" in err
    assert "stacks/day-09.yaml:1" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("tools", [True, False])
def test_promote_writes_the_day_and_says_what_is_next(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tools: bool
) -> None:
    (project / "bin").mkdir()
    if tools:
        (project / "bin" / "pulumi").write_text("#!/bin/sh\n")
        (project / "bin" / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", str(project / "bin"))
    path = project / "Pulumi.prod.yaml"
    path.chmod(0o640)
    before = path.read_bytes()
    code, out, err = run(capsys, "promote", "6", "--stack", "prod")
    assert (code, err) == (0, "")
    assert path.read_bytes() == before.replace(b"percent: 0", b"percent: 5", 1)
    assert path.stat().st_mode & 0o777 == 0o640
    assert "ai-agents      0 % -> 5 %" in out
    assert "jobs           0 %  skipped, as planned: day 6 has 0 %" in out
    shown = "pulumi preview --diff --stack prod" if tools else "make preview STACK=prod"
    assert out.splitlines()[-1] == f"next:    {shown}", "what the shell that reads it has"
    assert [file.name for file in project.glob(".*")] == [], "no temporary file stays"


def test_promote_with_nothing_to_write(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "Pulumi.local.yaml"
    before = path.read_bytes(), path.stat().st_mtime_ns
    code, out, _ = run(capsys, "promote", "1", "--stack", "local", "--json")
    assert (code, json.loads(out)["written"], json.loads(out)["next"]) == (0, False, None)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_the_stack_is_the_option_else_the_environment_else_the_selected_one(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    assert "no stack is chosen" in run(capsys, "promote")[2]
    digest = hashlib.sha1(str(project / "Pulumi.yaml").encode(), usedforsecurity=False).hexdigest()
    workspace = project / "home/workspaces" / f"wa-rollout-{digest}-workspace.json"
    workspace.parent.mkdir(parents=True)
    workspace.write_text('{"stack": "local"}')
    assert "Pulumi.local.yaml" in run(capsys, "promote", "--domain", "ai-agents")[1]
    workspace.write_text('{"stacks": {"file://x": "organization/wa-rollout/local"}}')
    assert "Pulumi.local.yaml" in run(capsys, "promote", "--domain", "ai-agents")[1]
    workspace.write_text('{"stacks": {"file://x": "organization/wa-rollout/local", "s3://y": "o/wa-rollout/prod"}}')
    assert "no stack is chosen" in run(capsys, "promote")[2]
    (project / "home/credentials.json").write_text('{"current": "s3://y"}')
    assert "Pulumi.prod.yaml" in run(capsys, "promote", "--domain", "ai-agents")[1]
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file://x")
    assert "Pulumi.local.yaml" in run(capsys, "promote", "--domain", "ai-agents")[1]
    for junk in ("", "[]", '{"stacks": 7}', '{"stack": 7}'):
        workspace.write_text(junk)
        assert "no stack is chosen" in run(capsys, "promote")[2]
    monkeypatch.setenv("PULUMI_STACK", "organization/wa-rollout/prod")
    assert "Pulumi.prod.yaml" in run(capsys, "promote", "--domain", "ai-agents")[1]
    assert "Pulumi.local.yaml" in run(capsys, "promote", "--domain", "ai-agents", "--stack", "local")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promote", "--stack", "prod", "--domain", "job"], "unknown domain job"),
        (["promote", "--stack", "nowhere"], "the file isn't there"),
        (["promote", "--stack", "a b"], "no name of a stack"),
        (["promote", "--stack", ".."], "no name of a stack"),
        (["promote", "22", "--stack", "prod"], "stacks/day-22.yaml"),
        (["promote", "-1", "--stack", "prod"], "No such option"),
        (["promote", "six", "--stack", "prod"], "not a valid integer"),
        (["plan", "--stack", "nowhere"], "Pulumi.nowhere.yaml"),
        (["nothing"], "No such command"),
    ],
)
def test_wrong_use_ends_with_2_and_writes_nothing(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    before = {path: path.read_bytes() for path in project.rglob("*.yaml")}
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert said in err
    assert "Traceback" not in err
    assert {path: path.read_bytes() for path in project.rglob("*.yaml")} == before


def test_a_malformed_stack_file_is_refused_and_left_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "Pulumi.prod.yaml"
    path.write_bytes(path.read_bytes().replace(b"percent: 0", b"percent: 012", 1))
    before = path.read_bytes()
    code, _, err = run(capsys, "promote", "--stack", "prod")
    assert code == 2
    assert err.startswith("percent 012: Pulumi's reader takes it as 10\n  where:")
    assert path.read_bytes() == before


def test_warnings_of_the_stack_file_are_printed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "Pulumi.prod.yaml"
    key = b"  wa-rollout:held:\n"
    path.write_bytes(path.read_bytes().replace(key, key + b"    jobs: slow\n"))
    _, _, err = run(capsys, "promote", "--stack", "prod")
    assert err.startswith("warning: Pulumi.prod.yaml:")
    assert "wa-rollout:held.jobs" in err


def test_a_write_that_fails_leaves_the_old_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project / "Pulumi.prod.yaml"
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write(path, b"config:\n")
    assert path.read_bytes() == before
    assert [file.name for file in project.glob(".*")] == []


def test_help_imports_no_command(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("rollout.commands.plan.command", "rollout.commands.promote"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert "promote" in out
    assert "rollout.commands.promote" not in sys.modules
