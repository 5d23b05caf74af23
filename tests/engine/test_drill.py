"""Drills on the real engine: asked for before a week's first raise, played on a copy, and a failed one lets nothing up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollout.commands.drill import play
from rollout.provider.settings import Settings
from rollout.provider.stores.secrets_manager import SecretsManager
from rollout.simulator.simulator import Simulator
from tests import days
from tests.harness import Sandbox
from tests.pure.cases import CATALOGUE, NOW

SECRET = "wa-webhook-unified/drill/JOBS_ROLLOUT_PERCENT"


@pytest.fixture
def asked(sandbox: Sandbox) -> Sandbox:
    """Everything at 0, and from now on a drill is asked for; AI agents are to rise."""
    days.set_percents(sandbox, days.percents(0))
    sandbox.up("-m", "day 0")
    sandbox.write_config(sandbox.read_config().replace('drill: "off"', "drill: required"))
    days.set_percents(sandbox, {"ai-agents": 5})
    return sandbox


def records(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text()) for path in sorted((sandbox.folder / "records/drills").glob("*.yaml"))]


def test_a_passed_drill_lets_the_weeks_first_raise_through(asked: Sandbox) -> None:
    refused = asked.up(check=False)
    assert refused.returncode
    assert "no passed drill, and no rollback, of the last 7 days" in refused.stdout + refused.stderr
    done = asked.rollout("drill", "--due", "--stack", "local", "--json")
    (shown,) = json.loads(done.stdout)
    (record,) = records(asked)
    assert {key: value for key, value in shown.items() if key != "file"} == record
    assert (record["domain"], record["stack"], record["passed"], record["endpoint"]) == (
        "ai-agents",
        "local",
        True,
        "simulator",
    )
    assert 0 < record["decision_to_live"] < play.WITHIN
    assert 60 <= record["traffic_back"] <= 300
    assert any("up: recorded in state and history" in step for step in record["steps"])
    assert days.live(asked)["UNIFIED_ROLLOUT_PERCENT"] == "0", "what is live was not touched"
    asked.up()
    assert days.live(asked)["UNIFIED_ROLLOUT_PERCENT"] == "5"
    assert asked.rollout("drill", "--due", "--stack", "local").stdout == ""


def test_a_rollback_that_lowers_nothing_fails_its_drill(asked: Sandbox) -> None:
    """The copy is played with this project's own code: what is broken here fails there, and not at 3 a.m."""
    file = asked.folder / "rollout" / "commands" / "rollback" / "down.py"
    file.write_text(
        file.read_text().replace("    found = flag.find(order.domain, say)\n", '    raise RuntimeError("broken")\n')
    )
    done = asked.rollout("drill", "ai-agents", "--stack", "local", check=False)
    assert done.returncode == 1
    assert "drill of ai-agents: FAILED" in done.stdout
    assert records(asked)[0]["passed"] is False
    refused = asked.up(check=False)
    assert "the drill of " in refused.stdout
    assert "failed" in refused.stdout


def test_which_domain_is_asked(sandbox: Sandbox) -> None:
    for arguments in ([], ["jobs", "--due"], ["job"]):
        done = sandbox.rollout("drill", *arguments, "--stack", "local", check=False)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_against_a_store_the_scratch_secret_is_lowered_and_read_back(
    moto: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a drill against AWS does, on the simulator's store: twice, since the secret stays."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.url)
    settings = Settings("eu-west-1", moto.url, "")
    for _ in range(2):
        found = play.on_store(CATALOGUE.domains["jobs"], "prod", settings, NOW)
        assert (found.drill.passed, found.drill.endpoint, found.drill.stack) == (True, "aws", "prod")
        assert found.drill.traffic_back is None
        stored = SecretsManager(settings).get(SECRET)
        assert stored is not None
        assert stored.text == "0"
        assert found.steps[0][1].endswith("jobs on drill, was 5 %")


def test_a_store_that_is_down_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "testing")
    with pytest.raises(play.DrillFailed, match="doesn't answer; do: make up"):
        play.on_store(CATALOGUE.domains["jobs"], "prod", Settings("eu-west-1", "http://127.0.0.1:9", ""), NOW)
