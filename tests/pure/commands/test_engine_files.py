"""What is read of the engine's own files: a stack's state, and the checkpoints of runs that didn't go through."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.commands.engine import backend
from rollout.commands.project import files
from rollout.commands.reading import history, waited
from rollout.model.log import awaited, runs
from rollout.model.log.awaited import Awaited

AT = datetime(2026, 12, 9, 8, 0, 3, tzinfo=UTC)
VERDICT = "HOLD jobs 5 % -> 10 %: soak at 5 % not over (24 h)"


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a backend in files."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    (tmp_path / ".pulumi").mkdir()
    return tmp_path / ".pulumi"


def write(path: Path, *resources: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))


def run(begun: datetime, result: str = "failed") -> dict[str, object]:
    return {
        "startTime": begun.isoformat(), "endTime": (begun + timedelta(seconds=6)).isoformat(), "result": result,
        "config": {"wa-rollout:gate": {"value": "required"}},
    }  # fmt: skip


def test_the_percent_in_the_state(engine: Path) -> None:
    assert backend.state("local") is None
    assert backend.percent("local", "jobs") is None
    path = engine / "stacks" / files.PROJECT / "local.json"
    write(path, "no resource", {"type": "rollout:index:TrafficFlag", "outputs": {"domain": "jobs", "percent": 5.0}})
    assert backend.state("local") == path
    assert backend.percent("local", "jobs") == 5
    assert backend.percent("local", "property") is None


@pytest.mark.parametrize(
    "text", ["", "[]", '{"checkpoint": null}', '{"checkpoint": {"latest": {"resources": null}}}', "\udcff"]
)
def test_a_state_that_is_none_has_no_resources(engine: Path, text: str) -> None:
    path = engine / "stacks" / files.PROJECT / "local.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert backend.resources(path) == []
    assert backend.percent("local", "jobs") is None


def test_a_checkpoint_near_two_runs_is_read_once(engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = awaited.text(VERDICT, AT)
    path = engine / "history" / files.PROJECT / "local" / f"local-{int(AT.timestamp() * 1e9)}.checkpoint.json"
    write(path, {"type": "pulumi:pulumi:Stack", "outputs": {"jobs": {"verdict": text}}})
    read, resources = list[Path](), backend.resources

    def counted(one: Path) -> list[dict[str, Any]]:
        read.append(one)
        return resources(one)

    monkeypatch.setattr(backend, "resources", counted)
    updates = runs.read([run(AT + timedelta(seconds=4)), run(AT - timedelta(seconds=2))])
    assert waited.past("local", updates) == {1: {"jobs": Awaited(VERDICT, 10, AT)}}, "of the other it is no verdict"
    assert read == [path]


def test_the_newest_run_that_is_deployed_asks_for_outputs_only_where_it_ended_badly() -> None:
    done, failed = run(AT - timedelta(hours=1), "succeeded"), run(AT - timedelta(seconds=2))
    waits = {"jobs": {"verdict": awaited.text(VERDICT, AT)}}
    past = runs.read([failed, done])
    assert history.applied(past, lambda: waits) == past[-1], "but for raises that wait it went through"
    assert history.applied(past, dict) == past[0]
    assert history.applied(past, lambda: None) is None, "where nobody can say, no run is named"
    assert history.applied(runs.read([done]), lambda: pytest.fail("another start of the engine")) == past[0]
    assert history.applied([], lambda: pytest.fail("another start of the engine")) is None
