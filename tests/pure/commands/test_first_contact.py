"""What somebody sees first: help in groups, tables for narrow terminals, words that agree, and an `up` in a few lines."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rollout.commands import cli, log, status
from rollout.commands.engine import short
from rollout.commands.plan import command as plan
from rollout.commands.project import progress, terminal
from rollout.commands.reading import shown
from rollout.model.log.journal import Line
from rollout.model.plan.standing import Standing
from rollout.provider.errors import StoreError
from rollout.provider.stores.store import Entry

ROOT = Path(__file__).resolve().parents[3]
AT = datetime(2026, 12, 9, 8, tzinfo=UTC)


def test_every_command_stands_in_one_group() -> None:
    grouped = [name for names in cli.GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(cli.COMMANDS)


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_the_help_of_everything_is_no_wider_than_a_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    root = click.Context(cli.cli, info_name="rollout", max_content_width=cli.WIDTH)
    for name in (None, *cli.COMMANDS):
        command = cli.cli if name is None else cli.cli.get_command(root, name)
        assert command is not None
        text = (root if name is None else click.Context(command, parent=root, info_name=name)).get_help()
        assert max(map(len, text.splitlines())) <= min(columns, cli.WIDTH), name


@pytest.mark.processes
@pytest.mark.parametrize("makefile", ["Makefile", "rollout/commands/init/templates/Makefile"])
def test_make_alone_lists_its_targets_in_groups(makefile: str) -> None:
    done = subprocess.run(["make", "-f", makefile], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert {"Set up and try", "A day", "Bring down", "See"} <= {*lines}
    for target in ("up", "play", "down", "status", "day", "preview", "review", "rollback", "drill", "watch", "unlock",
                   "live", "plan", "log", "board", "report", "clean"):  # fmt: skip
        assert f"make {target}" in done.stdout


@pytest.mark.processes
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shells_complete_it(shell: str) -> None:
    def answered(**more: str) -> str:
        env = {**os.environ, **more}
        return subprocess.run(
            [".venv/bin/rollout"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        ).stdout

    assert "_rollout_completion" in answered(_ROLLOUT_COMPLETE=f"{shell}_source")
    words = {"COMP_WORDS": "rollout un", "COMP_CWORD": "un" if shell == "fish" else "1"}
    found = answered(_ROLLOUT_COMPLETE=f"{shell}_complete", **words)
    assert "unlock" in found
    assert "unfreeze" in found
    assert "rollback" not in found


NAMES = ("ai-agents", "jobs", "marketplace", "property")


@pytest.mark.parametrize("width", [60, 70, 80])
def test_status_fits(width: int) -> None:
    rows = [
        Standing(name, "50 %", 100, 100, 12, timedelta(hours=46), f"HOLD {'because of something ' * 9}", "wait", ("x " * 60,),
                 ("LATCHED", "STOPPED", "HELD"), "false")
        for name in NAMES
    ]  # fmt: skip
    lines = status.table(rows, "local at 2026-12-09 08:00 UTC, day 9 of the plan", width).splitlines()
    assert max(map(len, lines)) <= width
    assert "false" in lines[2]
    assert "LATCHED STOPPED HELD" in "\n".join(lines)


@pytest.mark.parametrize(
    ("live", "word"),
    [("5 %", " 5 "), ("0 % (secret absent)", " absent "), ("0 % (secret scheduled for deletion)", " deleted "), ("'abc' (no percent)", "'abc'")],
)  # fmt: skip
def test_status_names_a_live_value_as_the_others_do(live: str, word: str) -> None:
    assert word in status.table([Standing("jobs", live, 5, 5, 0, None, "", "x")], "x").splitlines()[2]


def test_a_stored_flag_is_one_word_wherever_it_is_shown() -> None:
    gone = Entry("n", None, "v", AT, scheduled=True)
    assert [shown.word(one) for one in (None, gone, Entry("n", "25", "v", AT), StoreError("down"))] == [
        "absent", "deleted", "25", "?",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_log_fits(width: int) -> None:
    line = Line(
        AT, "rollback", "back " * 30, "marketplace", 100, 50, "not planned", "", "Ana K.", "a" * 40, 1234, 3, 5.0
    )
    assert max(map(len, log.table([line], width))) <= width
    assert "not planned" in "\n".join(log.table([line], width))


@pytest.mark.parametrize("width", [60, 80])
def test_the_plan_fits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    done = CliRunner().invoke(plan.command, ["--stack", "local"])
    lines = done.output.splitlines()
    where = [line for line in lines if line.startswith("  stacks/")]  # a place is one word
    assert max(len(line) for line in lines if line not in where) <= width
    assert sum(line.startswith("day  date") for line in lines) == (2 if width == 60 else 1)
    assert all(name in done.output for name in NAMES)


@pytest.mark.parametrize(("columns", "found"), [("20", 60), ("72", 72), ("300", 80)])
def test_a_table_is_as_wide_as_the_terminal_within_reason(
    monkeypatch: pytest.MonkeyPatch, columns: str, found: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal.columns() == found


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("Updating (local):", False),
        (" +  pulumi:pulumi:Stack wa-rollout-local creating (0s) ", False),
        (" +  rollout:index:AlertPolicy ai-agents-alerts created (0.41s) ", False),
        (" ~  rollout:index:TrafficFlag jobs-percent updating (0s) HOLD jobs", False),
        (" +- rollout:index:Topic hold replaced (1s)", False),
        ("@ updating....", False),
        ("", False),
        ("Duration: 3s", False),
        (" +  rollout:index:Topic hold **creating failed** error: SNS answered 500", True),
        ("  rollout:index:TrafficFlag (ai-agents-percent):", True),
        ("    PASS 0 -> 5 %: 2 attested, 3 probes, no traffic yet", True),
        ("    error: SNS answered 500", True),
        ("Resources:", True),
        ("    + 28 created", True),
        ("    ~ rollout:index:TrafficFlag: (update)", True),
        ("      ~ percent: 5 => 10", True),
        ("something that no engine said before", True),
    ],
)
def test_of_an_up_what_a_person_reads(line: str, read: bool) -> None:
    assert short.read(line) is read


@pytest.mark.processes
def test_its_exit_code_is_the_engines(capfd: pytest.CaptureFixture[str]) -> None:
    assert short.main(["sh", "-c", "echo Resources:; echo 'Duration: 3s'; echo oh >&2; exit 10"]) == 10
    out, err = capfd.readouterr()
    assert (out, err) == ("Resources:\n", "oh\n")


def test_a_wait_is_plain_in_a_pipe_and_one_line_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "SILENCE", 0.01)
    monkeypatch.setattr(progress, "REDRAWN", 0.01)
    waited = _Waited()
    with progress.shown("drilling jobs"):
        waited.for_(lambda: "drilling" in capsys.readouterr().err)
    assert capsys.readouterr().err == "", "one line until much later"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress.waiting("pulumi up") as quiet:
        waited.for_(lambda: "pulumi up: " in capsys.readouterr().err)
        quiet()
    said = capsys.readouterr().err
    assert "\n" not in said
    assert said.endswith("\r\x1b[K"), "the line goes when there is something to read"


class _Waited:
    """Waits for something that a thread does: as long as it takes."""

    def for_(self, seen: object) -> None:
        import time

        while not seen():  # type: ignore[operator]
            time.sleep(0.005)
