"""`TrafficFlag` over a store that somebody else has changed: adopted, recorded, never repaired upwards."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rollout.model.flag import tags
from rollout.provider.stores import writing
from rollout.provider.stores.secrets_manager import SecretsManager
from rollout.provider.wire.row import Refused
from tests.provider.conftest import NOW
from tests.provider.desk import Desk
from tests.provider.shelf import BOTH, PostgresShelf, Shelf

SHELVES = BOTH

Written = Callable[[], dict[str, int]]


def test_what_exists_is_adopted(desk: Desk, written: Written) -> None:
    desk.store.create(desk.name("ai-agents"), "25", "0" * 36, {})
    written()
    desk.percent("ai-agents", 25)
    assert written() == {}
    assert desk.state["ai-agents"]["moves"][0]["verdict"] == "outside"
    desk.state.clear()
    desk.percent("ai-agents", 10)
    assert desk.live("ai-agents") == "10"
    desk.state.clear()
    with pytest.raises(Refused, match="changed outside"):
        desk.percent("ai-agents", 25)


def project(desk: Desk) -> Path:
    """A clone whose stack file asks for 25 %, committed long ago, as the desk's project; answers the file."""
    desk.context.home = Path(tempfile.mkdtemp())
    file = desk.context.home / "Pulumi.test.yaml"
    file.write_text("config:\n  wa-rollout:flags:\n    ai-agents:\n      percent: 25\n")
    env = {**os.environ, "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z"}
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "-q"], ["add", "--all"], [*identity, "commit", "-q", "-m", "25"]):
        subprocess.run(["git", *words], cwd=desk.context.home, env=env, check=True)
    return file


def test_lowered_by_hand_is_recorded_and_not_repaired(desk: Desk, shelf: Shelf, written: Written) -> None:
    desk.climb("ai-agents", 25)
    shelf.put(desk.name("ai-agents"), "5")
    state = desk.refresh("ai-agents")
    assert (state["percent"], state["moves"][-1]["verdict"], state["moves"][-1]["from"]) == (
        5,
        "stop" if shelf.remembers else "outside",
        25,
    )
    assert desk.refresh("ai-agents") == state, "recorded once"
    written()
    with pytest.raises(Refused, match="live 5 %, stack 25 %, changed outside"):
        desk.percent("ai-agents", 25)
    assert written() == {}
    assert desk.traffic.diff("urn", state, desk.inputs["ai-agents"], desk.row) == {"percent": "update"}
    clone = project(desk)
    restore = {"why": "mistake", "by": "Ana", "until": "2027-12-10T12:00:00Z"}
    if shelf.remembers:
        with pytest.raises(Refused, match="lowered by a stop"):
            desk.percent("ai-agents", 25, restore=restore)
    else:
        with pytest.raises(Refused, match="nothing younger asks for 25 %: no commit"):
            desk.percent("ai-agents", 25, restore=restore)
        clone.write_text(f"{clone.read_text()}  wa-rollout:restore:\n    ai-agents:\n      why: mistake\n")
        desk.percent("ai-agents", 25, restore=restore)
        assert desk.live("ai-agents") == "25"


def test_a_stop_is_recorded_and_no_restore_undoes_it(desk: Desk) -> None:
    desk.climb("ai-agents", 25)
    breach = tags.BreachTag(1, NOW, "errors")
    writing.lower(desk.store, desk.context.percent_name("test", "ai-agents"), "10", breach=breach, virtual=NOW)
    assert desk.refresh("ai-agents")["moves"][-1]["verdict"] == "stop"
    restore = {"why": "mistake", "by": "Ana", "until": "2027-12-10T12:00:00Z"}
    with pytest.raises(Refused, match="lowered by a stop"):
        desk.percent("ai-agents", 25, restore=restore)
    desk.percent("ai-agents", 10)
    with pytest.raises(Refused, match="latched by the breach of errors"):
        desk.percent("ai-agents", 25)


def test_a_restore_goes_on_with_the_attempt_that_ran(desk: Desk, shelf: Shelf) -> None:
    """The next attempt may be written already: a raise from 0 % begins it, a restore doesn't."""
    desk.climb("ai-agents", 10, attempt=2)
    desk.percent("jobs", 0)  # else the whole store is empty: a restarted simulator
    shelf.delete(desk.name("ai-agents"))
    restore = {"why": "mistake", "by": "Ana", "until": "2027-12-10T12:00:00Z"}
    desk.refresh("ai-agents")
    desk.percent("ai-agents", 10, restore=restore, attempt=3)
    last = desk.state["ai-agents"]["moves"][-1]
    assert (last["from"], last["to"], last["attempt"]) == (0, 10, 2)


@pytest.mark.parametrize("scheduled", [True, False])
def test_a_lost_secret(desk: Desk, shelf: Shelf, scheduled: bool) -> None:
    desk.climb("ai-agents", 25)
    desk.percent("jobs", 0)  # else the whole store is empty: a restarted simulator
    if scheduled and isinstance(desk.store, SecretsManager):
        desk.store._client.delete_secret(SecretId=desk.name("ai-agents"))
    elif scheduled:
        pytest.skip("no row waits for its deletion")
    else:
        shelf.delete(desk.name("ai-agents"))
    known = desk.store.can.absence  # else a row that isn't there may be another stack's database
    assert desk.refresh("ai-agents").get("percent") == (0 if scheduled else None if known else 25)
    says = "scheduled for deletion" if scheduled else "secret absent" if known else "is this the database of test"
    with pytest.raises(Refused, match=says):
        desk.percent("ai-agents", 25)
    desk.new_run()
    found = desk.traffic.diff("urn", desk.state["ai-agents"], desk.inputs["ai-agents"], desk.row)
    assert found == ({"percent": "update"} if scheduled else {"percent": "update" if not known else "add"}), (
        "it is told"
    )
    desk.percent("ai-agents", 0)
    assert desk.live("ai-agents") == (None if scheduled else "0")  # 0 for the service already, and nothing is restored


def test_a_restarted_simulator_is_filled_again(desk: Desk, shelf: Shelf) -> None:
    desk.climb("ai-agents", 25)
    shelf.empty()
    desk.refresh("ai-agents")
    desk.percent("ai-agents", 25)
    assert desk.live("ai-agents") == "25"
    assert "the store was empty" in desk.said()


def test_an_unreadable_value(desk: Desk, shelf: Shelf) -> None:
    desk.climb("ai-agents", 25)
    shelf.put(desk.name("ai-agents"), "abc")
    assert desk.refresh("ai-agents")["percent"] == "abc"
    with pytest.raises(Refused, match="no percent"):
        desk.percent("ai-agents", 50)
    desk.percent("ai-agents", 10)
    assert desk.live("ai-agents") == "10"


def test_raised_by_hand_is_brought_down(desk: Desk, shelf: Shelf) -> None:
    desk.climb("ai-agents", 5)
    shelf.put(desk.name("ai-agents"), "50")
    assert desk.traffic.diff("urn", desk.state["ai-agents"], desk.inputs["ai-agents"], desk.row) == {
        "percent": "update"
    }
    assert "live 50 %, the record says 5 %" in desk.said()
    desk.percent("ai-agents", 5, frozen="x")
    assert desk.live("ai-agents") == "5"


def test_a_database_that_was_set_back_is_brought_down(desk: Desk, shelf: Shelf) -> None:
    """Restored from before a stop: live is above what is on record, and of an older version."""
    if not isinstance(shelf, PostgresShelf):
        pytest.skip("versions of Secrets Manager have no order, and nobody restores it")
    desk.climb("ai-agents", 25)
    yesterday = shelf.saved()
    desk.percent("ai-agents", 0)
    shelf.set_back(yesterday)
    state = desk.refresh("ai-agents")
    assert state["percent"] == 25
    assert "the database was set back: live 25 %" in desk.said()
    desk.inputs["ai-agents"] = desk.inputs_of("ai-agents", 25)  # a checkout that doesn't know of the stop
    assert desk.traffic.diff("urn", state, desk.inputs["ai-agents"], desk.row) == {"percent": "update"}
    desk.percent("ai-agents", 25)
    assert desk.live("ai-agents") == "0"
    desk.inputs["ai-agents"] = desk.inputs_of("ai-agents", 0)
    assert desk.refresh("ai-agents")["percent"] == 0
    assert "set back" not in desk.said()
