"""Days of the plan played with traffic, on the real engine: `make bench ARGS=rehearse` plays all 21 of each scenario."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests import rehearsals


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("name", "days"), [("typo", 2), ("latency", 7)])
def test_where_the_gate_stops(tmp_path: Path, name: str, days: int) -> None:
    mornings, _, incidents = rehearsals.play(tmp_path / "project", name, days)
    rehearsals.check(name, mornings, incidents)


@pytest.mark.timeout(900)
def test_a_fault_that_begins_at_50(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    mornings, live, incidents = rehearsals.play(folder, "errors-at-50", 8)
    rehearsals.check("errors-at-50", mornings, incidents)
    assert mornings[5].live["ai-agents"] == 50
    assert any("gate PASS" in text for text in mornings[5].said)
    (name,) = incidents
    record = yaml.safe_load((folder / "records" / "incidents" / name).read_text())
    assert (record["domain"], record["from"], record["to"]) == ("ai-agents", "50 %", "25 %")
    assert record["done"] == "all of it"
    assert "24 h after the breach of errors aren't over" in "\n".join(mornings[6].said), "the seed's wait"
    assert live["ai-agents"] == 5, "the second attempt climbs from 0"
