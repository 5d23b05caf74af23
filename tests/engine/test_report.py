"""A whole migration rehearsed once: its log, its reports, and every figure in them traced to its entry."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rollout.simulator.rehearsal.story import DAYS, NOTES, Story
from tests import figures, pages, postgres, record, traces

FILES = ["final.md", "performance.md", "incidents.md", "daily-log.md", "index.html"]


@pytest.mark.timeout(1800)
def test_a_migration_with_everything_in_it_and_its_reports(
    tmp_path: Path, flag_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One play for all of it: it takes minutes."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "testing")  # the simulator takes any
    player = Story(postgres.entered(tmp_path) / "project", store=flag_store)
    try:
        mornings = list(player.play(DAYS))
        assert set(player.live().values()) == {100}
        assert len(mornings) == DAYS
        _logged(player)
        _reported(player, tmp_path)
        _without_the_libraries(player, tmp_path)
    finally:
        left = player.close()
        assert not left, left


def _logged(player: Story) -> None:
    """The log tells all that was done: a reviewed rollback, a stop, a freeze, a waiver, an incident, notes."""
    done = player.scratch.rollout("log", "--stack", player.stack, "--json", "-n", "0")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = Counter(line["kind"] for line in lines)
    assert (kinds["freeze"], kinds["waiver"], kinds["note"]) == (2, 2, len(NOTES))
    lowered = [
        (line["kind"], line["domain"], line["from"], line["to"])
        for line in lines[::-1]
        if line["kind"] in ("stop", "rollback")
    ]
    assert lowered == [
        ("rollback", "ai-agents", 50, 25), ("stop", "jobs", 25, 10), ("stop", "marketplace", 25, 10),
        ("rollback", "marketplace", 10, 0),
    ]  # fmt: skip
    assert [path.stem.partition("Z-")[2] for path in player.incidents()] == ["marketplace-errors"]


def _reported(player: Story, folder: Path) -> None:
    """Twice, the same bytes; and nothing in them but what the record says. What it takes is the bench's (`operator`)."""
    said = player.report(folder / "one")
    assert [line.rpartition("/")[2] for line in said.splitlines()] == FILES
    player.report(folder / "two")
    for name in FILES:
        assert (folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes(), name

    raw = _raw(player)
    page = (folder / "one" / "index.html").read_text()
    on_page = traces.check(raw, figures.figures(page))
    done = player.scratch.rollout("report", "--stack", player.stack, "--json")
    in_files = figures.markdown(json.loads(done.stdout), folder / "one")
    assert on_page > in_files > 1500, (on_page, in_files)
    _told(raw, page)
    pages.whole(page)
    pages.seen(folder / "one" / "index.html", folder / "profile")


def _raw(player: Story) -> record.Raw:
    show = ("--stack", player.stack, "--json", "--full-dates", "--page-size", "0")
    history = json.loads(player.scratch.pulumi("stack", "history", *show).stdout)
    state = json.loads(player.scratch.pulumi("stack", "export", "--stack", player.stack).stdout)
    found = record.Raw.read(player.scratch.folder, history, state["deployment"]["resources"])
    return dataclasses.replace(found, stack=player.stack)


def _told(raw: record.Raw, page: str) -> None:
    """The other way round: nothing that happened is missing. Every move's time and verdict, every note stands there."""
    sources = {source for source, _ in figures.figures(page)}
    for domain, moves in raw.moves.items():
        for number, move in enumerate(moves):
            if move["from"] != move["to"]:
                assert f"clock:moves/{domain}/{number}/at" in sources, (domain, number)
            for metric in move.get("counts", {}):
                assert f"moves/{domain}/{number}/counts/{metric}" in {source.partition(":")[2] for source in sources}
    for note in NOTES.values():
        assert note.replace("'", "&#39;") in page
    assert "8</span> of <span" in page, "all of the seed's final criteria are met"


def _without_the_libraries(player: Story, folder: Path) -> None:
    """The run-time environment has none: the Markdown is written, and one line says how to get the page."""
    out = folder / "bare"
    done: Any = player.scratch.rollout("report", "--stack", player.stack, "--out", str(out), check=False)
    assert done.returncode == 1
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES[:-1])
    assert done.stderr.splitlines() == [
        f"not written: index.html: its libraries are in .venv-dev alone: make report STACK={player.stack}"
    ]
    for name in FILES[:-1]:
        assert (out / name).read_bytes() == (folder / "one" / name).read_bytes()
