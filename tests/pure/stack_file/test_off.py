"""`gate: off` and `drill: off` are called so wherever they act, and by their own word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rollout.commands.board import web_page
from rollout.commands.project import files
from rollout.commands.reading import history
from rollout.model.review import decision, markdown
from rollout.model.stack_file import marks, off
from tests import boards
from tests.pure.cases import conditions
from tests.pure.pages import NORMAL, QUIET
from tests.pure.samples import PROD, read_stack, swap


@pytest.mark.parametrize("before", ["off", False, "false"])
@pytest.mark.parametrize("key", ["gate", "drill"])
def test_a_change_is_told_by_its_word(key: str, before: Any) -> None:
    """Readers of YAML make `off` a `false`, and the engine's history has what its own reader made."""
    (came,) = marks.between({key: "required"}, {key: before})
    assert came.text == f"{key} changed: off"
    assert decision.of_mark(came).first
    rest = {"start": "2026-12-01"}
    (went,) = marks.between({key: before, **rest}, rest)
    assert went.text == f"{key} removed: off"
    assert marks.between({key: before}, {key: "off"}) == []


@pytest.mark.parametrize("written", ["off", '"off"', "'off'"])
def test_of_a_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setattr(files, "ROOT", tmp_path)
    (tmp_path / "Pulumi.prod.yaml").write_bytes(swap(PROD, "gate: required", f"gate: {written}"))
    found = history.written("prod")
    assert found["gate"] == "off"
    assert found["flags"]["jobs"] == {"enabled": False, "percent": 0}
    assert read_stack((tmp_path / "Pulumi.prod.yaml").read_bytes()).gate == "off"


def test_both_are_named_and_what_it_means() -> None:
    assert off.marks(conditions(gate="off", drill="off")) == ("GATE OFF", "DRILL OFF")
    assert off.lines(conditions()) == ()
    assert [line.partition(":")[0] for line in off.lines(conditions(drill="off"))] == ["DRILL OFF"]


@pytest.mark.parametrize(
    "page", [NORMAL, QUIET, replace(NORMAL, failure="no engine")], ids=["raise", "quiet", "failed"]
)
def test_of_a_review_it_is_the_first_line(page: Any) -> None:
    lines = markdown.page(replace(page, off=off.lines(conditions(gate="off")))).splitlines()
    assert lines[0].startswith("<!-- "), "the mark by which a comment is found"
    assert lines[1] == "**GATE OFF: no counter is read: no raise is held, and no fire is seen**"
    assert lines[3].startswith("### ")


def test_the_board_says_it_at_its_top() -> None:
    board = replace(boards.board(boards.told()), off=off.marks(conditions(gate="off")))
    head = web_page.render(board).partition("</header>")[0]
    assert ">GATE OFF</strong>" in head
    assert "DRILL OFF" not in head
