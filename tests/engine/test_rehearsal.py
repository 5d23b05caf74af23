"""Days of the plan played with traffic, on the real engine: `make bench ARGS=rehearse` plays all 21 of each scenario."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests import postgres, rehearsals
from tests.harness import Sandbox


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("name", "days"), [("typo", 2), ("latency", 7)])
def test_where_the_gate_stops(tmp_path: Path, flag_store: str, name: str, days: int) -> None:
    folder = postgres.entered(tmp_path) / "project"
    mornings, _, incidents = rehearsals.play(folder, name, days, store=flag_store)
    rehearsals.check(name, mornings, incidents)


@pytest.mark.timeout(900)
def test_a_fault_that_begins_at_50(tmp_path: Path, flag_store: str) -> None:
    folder = postgres.entered(tmp_path) / "project"
    mornings, live, incidents = rehearsals.play(folder, "errors-at-50", 8, store=flag_store)
    rehearsals.check("errors-at-50", mornings, incidents)
    assert mornings[5].live["ai-agents"] == 50
    assert any("gate PASS" in text for text in mornings[5].said)
    (name,) = incidents
    record = yaml.safe_load((folder / "records" / "incidents" / name).read_text())
    assert (record["domain"], record["from"], record["to"]) == ("ai-agents", "50 %", "25 %")
    assert record["done"] == "all of it"
    assert "24 h after the breach of errors aren't over" in "\n".join(mornings[6].said), "the seed's wait"
    assert live["ai-agents"] == 5, "the second attempt climbs from 0"


def test_the_command_plays_a_day_with_its_drill(sandbox: Sandbox, flag_store: str) -> None:
    """`rollout rehearse` on a copy of a copy: one JSON object a day, the rest on stderr."""
    sandbox.write_config(sandbox.read_config().replace('drill: "off"', "drill: required"))
    done = sandbox.rollout("rehearse", "healthy", "--days", "1", "--json", "--store", flag_store, timeout=300)
    day = json.loads(done.stdout)
    assert (day["day"], day["live"]["ai-agents"], day["moved"]) == (1, 5, ["ai-agents 0 -> 5 %"])
    assert day["said"][0].startswith("drill of ai-agents: passed")
    wrong = sandbox.rollout("rehearse", "nothing", check=False)
    assert wrong.returncode == 2
    assert "unknown scenario" in wrong.stderr
