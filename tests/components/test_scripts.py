"""User scripts: registered after every flag has answered, told about the last move, and never in a rollback's way."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import pulumi
import pytest

from components import scripts
from rollout.model.stack_file.config import Command, StackConfig
from tests.components.conftest import Engine
from tests.components.test_program import FLAG_TYPES, QUIET

Program = Callable[..., Engine]
SMOKE = Command("smoke", "./scripts/smoke.sh", "after-change")
UNDO = Command("undo", "./undo.sh", "after-rollback")
WITH_SCRIPTS = (
    QUIET
    + """  wa-rollout:commands:
    smoke:
      run: ./scripts/smoke.sh
      when: after-change
    undo:
      run: ./undo.sh
      when: after-rollback
"""
)
MOVES = (
    {"from": 0, "to": 5, "at": "2026-12-08T08:00:00Z", "verdict": "PASS 0 -> 5 %"},
    {"from": 5, "to": 10, "at": "2026-12-10T08:00:00Z", "verdict": "PASS 5 -> 10 %"},
)
DOWN = {"from": 10, "to": 5, "at": "2026-12-10T09:00:00Z", "verdict": "rollback"}


def config(start: date | None = date(2026, 12, 1)) -> StackConfig:
    return StackConfig("Pulumi.test.yaml", {}, start=start, commands={"smoke": SMOKE})


def test_without_scripts_nothing_of_them_is_registered_or_imported(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pulumi_command", None)
    assert not [item for item in program(QUIET).seen if item.type.startswith("command:")]


def test_a_command_a_domain_and_script_after_every_flag(program: Program) -> None:
    seen = program(WITH_SCRIPTS).seen
    kinds = [item.type for item in seen]
    first_script = kinds.index("command:local:Command")
    assert not set(kinds[first_script:]) & set(FLAG_TYPES)
    named = {item.name: item for item in seen if item.type == "command:local:Command"}
    assert len(named) == 8
    for item in named.values():
        assert not item.depends, "a script that depends on a flag would end the run with it"
        assert "create" not in item.inputs, "a first registration must run nothing"
        domain, order = item.name.rpartition("after-")[2].partition("-")[2], item.inputs["environment"]["ORDER"]
        assert order.startswith(f".local/commands/{domain}-")
        assert item.inputs["environment"].keys() == {"MOVE", "ORDER"}, "what else changes would run it"
        assert item.inputs["logging"] == "none", "a line of 64 KiB would hang the plug-in"


def test_an_edit_of_the_text_is_no_change_of_the_resource(program: Program) -> None:
    def inputs(config: str) -> list[Any]:
        return [item.inputs for item in program(config).seen if item.type == "command:local:Command"]

    before = inputs(WITH_SCRIPTS)
    assert inputs(WITH_SCRIPTS.replace("./scripts/smoke.sh", "./another.sh")) == before
    assert inputs(WITH_SCRIPTS.replace("./undo.sh", "./undo.sh\n      timeout: 9\n      env: AWS_PROFILE")) == before


def test_a_missing_plug_in_is_a_warning_that_names_the_version(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    seen = program(WITH_SCRIPTS).seen
    assert len([item for item in seen if item.type == "command:local:Command"]) == 8, "the state keeps what it has"
    (text,) = [text for text in said if "pulumi-resource-command" in text]
    assert text.endswith("do: pulumi plugin install resource command 1.2.1")


def test_after_change_is_about_the_last_move_and_after_rollback_about_the_last_one_down() -> None:
    assert scripts.last_move(MOVES, SMOKE) == MOVES[-1]
    assert scripts.last_move(MOVES, UNDO) is None
    assert scripts.last_move((*MOVES, DOWN), UNDO) == DOWN
    assert scripts.last_move((*MOVES, DOWN, MOVES[1]), UNDO) == DOWN, "a later raise is no rollback"
    assert scripts.last_move((), SMOKE) is None


def test_what_a_script_is_told() -> None:
    told = scripts.variables("jobs", MOVES[1], config())
    assert told == {"DOMAIN": "jobs", "FROM": "5", "TO": "10", "DAY": "10", "VERDICT": "PASS 5 -> 10 %"}
    assert scripts.variables("jobs", MOVES[1], config(None))["DAY"] == ""
    assert scripts.variables("jobs", MOVES[1], config(date(2027, 1, 1)))["DAY"] == "", "before day 1"
    assert scripts.variables("jobs", None, config())["TO"] == ""


def test_a_move_is_told_from_another_by_what_never_changes_of_it() -> None:
    assert scripts.moved(None) == ""
    assert scripts.moved(MOVES[1]) == "2026-12-10T08:00:00Z 5 -> 10"
    assert scripts.moved({**MOVES[1], "version": "v7"}) == scripts.moved({**MOVES[1], "version": "v7", "at": "later"})
    assert scripts.moved(MOVES[0]) != scripts.moved(MOVES[1])
