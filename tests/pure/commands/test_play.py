"""The key of a new attempt in a walk: offered as long as a breach forbids raises, by the stack file alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rollout.commands.play.stage import Stage
from rollout.commands.play.walk import Walk
from rollout.commands.project import files
from rollout.model.stack_file import edit
from rollout.model.stack_file.forms import Breach
from tests.pure.samples import ROOT

AT = datetime(2026, 12, 9, 2, 14, tzinfo=UTC)
FIRST = Breach(1, AT, "errors", "31 of 1,800", 25, 10, "watch")


@pytest.fixture
def walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Walk:
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    for name in ("domains.yaml", "Pulumi.local.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setattr(Stage, "run", lambda *_, **__: (0, ""))  # the diff that a person would look at
    return Walk(Stage(tmp_path, {}))


def written(change: Callable[[str], str]) -> None:
    path = files.stack_file("local")
    path.write_text(change(path.read_text()))


def stack_file() -> str:
    return files.stack_file("local").read_text()


def test_a_second_breach_offers_the_key_again_with_the_next_number(walk: Walk) -> None:
    assert walk.latched() == []
    written(lambda text: edit.add_breach(text, "jobs", FIRST))
    # Another stack's incident, and one of a domain whose name has this one's in it: neither is this breach.
    records = files.ROOT / "records" / "incidents"
    records.mkdir(parents=True)
    for name in ("prod-jobs-errors", "local-part-time-jobs-errors"):
        (records / f"2026-12-01T021400Z-{name}.yaml").write_text("")
    assert walk.latched() == ["jobs"]
    walk.again("jobs")
    assert "number: 2\n" in stack_file()
    assert walk.latched() == []
    written(lambda text: edit.add_breach(text, "jobs", replace(FIRST, attempt=2)))
    assert walk.latched() == ["jobs"], "the attempt of before is no later one"
    walk.again("jobs")
    assert "number: 3\n" in stack_file()
    assert walk.latched() == []


def test_a_breach_that_was_a_false_alarm_asks_for_no_attempt(walk: Walk) -> None:
    written(lambda text: edit.add_breach(text, "jobs", FIRST))
    assert walk.latched() == ["jobs"]
    cleared = '      cleared: {why: "a false alarm", by: Ana K., reviewed-by: Ben}\n'
    written(lambda text: text.replace("      by: watch\n", f"      by: watch\n{cleared}"))
    assert walk.latched() == []
