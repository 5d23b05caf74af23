"""Alert policies as rows: the same inputs, diff and drift as alarms; the watch's looks at them, and its heartbeat."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from rollout.model.alarms import policies, state
from rollout.provider import alerts
from rollout.provider.aws.sdk import Sdk
from rollout.provider.judging.context import Context
from rollout.provider.postgres.policies import Policies
from rollout.provider.resources.alert_policy import AlertPolicy
from rollout.provider.settings import Settings
from tests.provider.beside import Line
from tests.provider.shelf import BOTH, PostgresShelf, Shelf

NOW = datetime(2026, 12, 9, 9, 0, 30, tzinfo=UTC)
NAME = "wa-webhook-unified-test-jobs-errors"


@pytest.fixture
def shelf(shelf_of: Callable[[str], Shelf]) -> PostgresShelf:
    found = shelf_of(BOTH[1])
    assert isinstance(found, PostgresShelf)
    return found


@pytest.fixture
def settings(shelf: PostgresShelf) -> Settings:
    return shelf.settings(NOW)


@pytest.fixture
def line(shelf: PostgresShelf, settings: Settings) -> Line:
    store = alerts.alarms(settings, Sdk())
    assert isinstance(store, Policies)
    return Line(AlertPolicy(Context(settings, shelf.fresh(settings)), store))


def inputs(line: Line, *only: str) -> dict[str, object]:
    """The row of jobs with these policies."""
    catalogue = line.kind._context.catalogue  # type: ignore[attr-defined]
    row = policies.row(catalogue, catalogue.domains["jobs"], "test")
    return {**row, "policies": {key: one for key, one in row["policies"].items() if key in only}}  # type: ignore[attr-defined]


def test_a_row_is_made_adopted_and_repaired(line: Line, shelf: PostgresShelf) -> None:
    wanted = inputs(line, "errors", "search")
    assert "policies" in line.up(wanted)
    assert line.up(wanted) == {}
    with shelf.connect() as hand:
        hand.execute("update rollout.policies set inputs = inputs || '{\"threshold\": 0.5}' where name = %s", [NAME])
    line.kind = type(line.kind)(line.kind._context, line.kind._store)  # type: ignore[attr-defined,call-arg] # a new run
    assert line.preview(wanted) == {"policies.errors.threshold": "update"}
    assert line.said() == "jobs-errors: threshold 0.5 -> 0.01"
    assert line.up(wanted) == {"policies.errors.threshold": "update"}
    assert line.up(wanted) == {}
    line.state = None  # a state that was lost
    line.up(wanted)
    assert "2 alarms of jobs stand already, adopted: nothing is written" in line.said()
    line.delete()
    with shelf.connect() as hand:
        assert hand.execute("select count(*) from rollout.policies").fetchone()[0] == 0


def report(shelf: PostgresShelf, until: datetime, bad: int) -> None:
    with shelf.connect("rollout_reporter") as reporter:
        for back in range(1, 31):
            at = until.replace(second=0) - timedelta(minutes=back)
            counts = json.dumps({"Requests": 100, "Errors": bad})
            call = "select rollout.add_counts(%s, 'wa-webhook-unified', 'jobs', %s, %s)"
            reporter.execute(call, [at, counts, until])


def test_a_look_keeps_the_state_and_tells_what_has_changed(
    line: Line, shelf: PostgresShelf, settings: Settings
) -> None:
    line.up(inputs(line, "errors"))
    rows = alerts.policies(settings)
    assert rows is not None
    assert "no watch has ever looked" in alerts.silence(settings, "test")
    seen = [rows.look("test", [NAME, "another"], NOW)]
    report(shelf, NOW, 50)
    seen.append(rows.look("test", [NAME], NOW))
    seen.append(rows.look("test", [NAME], NOW))
    later = NOW + timedelta(hours=1)
    then = shelf.settings(later)
    report(shelf, later, 0)
    after = alerts.policies(then)
    assert after is not None
    seen.append(after.look("test", [NAME], later))
    told = [[(change.was, change.now) for change in changes] for changes in seen]
    assert told == [[("", state.NO_DATA)], [(state.NO_DATA, state.ALARM)], [], [(state.ALARM, state.OK)]]
    found = after.get(NAME)
    assert found is not None
    assert found.state == "OK"
    assert alerts.silence(then, "test") == ""
    assert "is silent for 11 min" in alerts.silence(shelf.settings(later + timedelta(minutes=11)), "test")
