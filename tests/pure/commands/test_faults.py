"""No command shows a traceback: whatever is raised in it ends in words, and with the code that belongs to it."""

from __future__ import annotations

import ast
import importlib

import click
import pytest

from rollout.commands import cli
from rollout.commands.rollback.stop import EXIT_NOT_DOWN
from rollout.model import problem
from rollout.model.problem import BadInput, Problem, RolloutError
from tests.pure.samples import ROOT

CANARY = "canary-7f3a"


class Unforeseen(RolloutError):
    """One that no command knows by name."""


@pytest.mark.parametrize("name", cli.COMMANDS)
@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (BadInput([Problem("the file isn't there")]), 2, "the file isn't there"),
        (Unforeseen("the far end hung up"), 1, "the far end hung up"),
        (PermissionError(13, "Permission denied", "Pulumi.prod.yaml"), 1, "Permission denied: Pulumi.prod.yaml"),
        (KeyError(CANARY), 1, "a fault of rollout itself: KeyError"),
        (RecursionError(CANARY), 1, "a fault of rollout itself: RecursionError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_whatever_is_raised_ends_in_words(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    raised: Exception,
    code: int,
    said: str,
) -> None:
    command: click.Command = importlib.import_module(cli.COMMANDS[name][0]).command

    def burst(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(command, "make_context", burst)  # before its arguments are asked for: each has others
    with pytest.raises(SystemExit) as ended:
        cli.main([name])
    shown = capsys.readouterr()
    assert ended.value.code == code
    assert said in shown.err
    assert "Traceback" not in shown.err
    assert CANARY not in shown.err + shown.out, "its text may quote a secret"


def test_a_rollback_that_bursts_never_claims_that_the_flag_is_down(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before its first step, too: 1 would say that the flag is down."""
    from rollout.commands.project import files

    def burst(option: str | None) -> str:
        raise KeyError(option)

    monkeypatch.setattr(files, "need_stack", burst)
    with pytest.raises(SystemExit) as ended:
        cli.main(["rollback", "jobs", "--stack", "local"])
    assert ended.value.code == EXIT_NOT_DOWN
    assert "NOT KNOWN TO BE DOWN" in capsys.readouterr().err


def test_every_exception_has_the_one_base_and_stands_in_the_tree() -> None:
    """By the text of every module: to import them all would start what no command starts."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for file in (ROOT / "rollout").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    assert [name for name, of in bases.items() if "Exception" in of] == ["RolloutError"]
    known = {"RolloutError"}
    while more := {name for name, of in bases.items() if of & known} - known:
        known |= more
    assert len(known) > 10
    drawn = set((problem.__doc__ or "").split())
    assert {name for name in known if not name.startswith("_")} <= drawn
