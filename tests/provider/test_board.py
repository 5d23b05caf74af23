"""What the board reads, and what becomes of it where something can't be read: the page is there, and says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rollout.commands.board import command, gather
from rollout.model.board.headline import State
from rollout.provider.errors import StoreError
from tests.provider.board_desk import Desk


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        command.command, ["--stack", "local", "--out", str(folder / "out/board.html"), *arguments]
    )


def test_all_of_it_is_read_and_the_curves_ask_once_a_domain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    desk = Desk(monkeypatch, tmp_path, 4, 24)
    board = gather.board("local")
    assert sorted(desk.drawn()) == sorted(desk.story.known.domains)
    assert board.wrong == []
    assert [(card.domain, card.percent) for card in board.cards] == [
        ("ai-agents", 100), ("jobs", 100), ("marketplace", 10), ("property", 10),
    ]  # fmt: skip
    assert all(not curve.empty() for card in board.cards for curve in card.curves)
    assert board.strip is not None
    assert board.headline.state is not State.UNKNOWN
    assert len(board.entries) > 20


def test_a_source_that_answers_many_questions_at_once_is_asked_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PostgreSQL's: one query for all domains; where it fails, it fails for all of them, and the page says so."""
    desk = Desk(monkeypatch, tmp_path, 4, 24)
    queries: list[int] = []

    def read_all(asked: list[tuple[str, Any, Any]]) -> list[Any]:
        queries.append(len(asked))
        return [desk.counters.read(*one) for one in asked]

    monkeypatch.setattr(desk.counters, "read_all", read_all, raising=False)
    assert all(not curve.empty() for card in gather.board("local").cards for curve in card.curves)
    assert queries == [4]
    desk.counters.fails = ["jobs"]
    assert [bool(card.unread) for card in gather.board("local").cards] == [True] * 4


def test_counters_that_can_t_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Desk(monkeypatch, tmp_path, 4, 24, fails=["marketplace"])
    done = run(tmp_path)
    assert done.exit_code == 1, done.output
    page = (tmp_path / "out/board.html").read_text()
    assert "marketplace can't be judged" in page
    assert "the counters can't be read: GetMetricData of marketplace: the source answered 503" in page
    part = page[page.index('id="curves-marketplace"') :].partition("</section>")[0]
    assert "<svg" not in part


@pytest.mark.parametrize(
    ("gone", "said"),
    [("history", "the stack's history can't be read"), ("export", "the stack's state: no such bucket")],
)
def test_an_engine_that_can_t_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gone: str, said: str) -> None:
    Desk(monkeypatch, tmp_path, 4, 24).engine[gone] = None
    done = run(tmp_path)
    assert done.exit_code == 1, done.output
    assert said in (tmp_path / "out/board.html").read_text().replace("&#x27;", "'")


def test_a_live_value_that_can_t_be_read_is_not_zero(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    desk = Desk(monkeypatch, tmp_path, 4, 24)
    monkeypatch.setattr(desk.store, "get_many", lambda names: {name: StoreError(f"{name}: denied") for name in names})
    board = gather.board("local")
    assert [card.percent for card in board.cards] == [None] * 4
    assert board.headline.state is State.UNKNOWN
    done = run(tmp_path, "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert {one["percent"] for one in found["domains"]} == {None}
    assert {one["word"] for one in found["domains"]} == {"not judged"}


def test_a_broken_record_takes_no_page_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Desk(monkeypatch, tmp_path, 4, 24)
    (tmp_path / "records/incidents").mkdir(parents=True)
    (tmp_path / "records/incidents/x.yaml").write_text("- [\n")
    assert run(tmp_path).exit_code == 1
    assert "records/incidents/x.yaml" in (tmp_path / "out/board.html").read_text()


def test_where_it_can_t_be_written_nothing_is_and_it_says_where(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Desk(monkeypatch, tmp_path, 4, 3)
    (tmp_path / "out").write_text("a file")
    done = run(tmp_path)
    assert "the board can't be written" in str(done.exception)
    assert getattr(done.exception, "exit_code", 0) == 2
    assert (tmp_path / "out").read_text() == "a file"


def test_one_way_at_a_time(tmp_path: Path) -> None:
    assert "one at a time" in str(run(tmp_path, "--serve", "--json").exception)


@pytest.mark.parametrize("domains", [4, 50])
def test_the_counters_are_asked_for_curves_once_a_domain_whatever_their_number(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, domains: int
) -> None:
    """What its time goes by; the seconds are measured by `make bench ARGS=pages`."""
    desk = Desk(monkeypatch, tmp_path, domains, 60)
    assert run(tmp_path).exit_code == 0
    assert sorted(desk.drawn()) == sorted(desk.story.known.domains)
    assert len(desk.counters.asked) <= 4 * domains
