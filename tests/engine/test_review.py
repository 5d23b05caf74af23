"""`review` and the approval on the real engine: what is approved is what is applied, and a lowering never waits."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.model.stack_file import edit
from rollout.simulator.database import DATABASE
from rollout.simulator.rehearsal.player import FIRST, Player
from tests import days, postgres
from tests.harness import Sandbox
from tests.harness import client as client_of

WAIVER = """  wa-rollout:waivers:
    ai:
      domain: ai-agents
      metric: share
      to: 10
      accepts: share
      why: w
      by: b
      until: "2026-12-05T00:00:00Z"
"""
DAY_3 = FIRST + timedelta(days=2)


@pytest.fixture
def played(tmp_path: Path, flag_store: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    """Two days of a healthy rehearsal, and the morning of the third: AI agents at 5 %, soaked, with traffic."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "testing")  # the traffic is published from here
    player = Player(postgres.entered(tmp_path) / "project", "healthy", 1, drills=False, store=flag_store)
    for _ in player.play(2):
        pass
    player._traffic(DAY_3)
    player.scratch.env["ROLLOUT_NOW"] = DAY_3.strftime("%Y-%m-%dT%H:%M:%SZ")
    yield player
    assert not player.close()


def review(player: Player, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = player.scratch.rollout("review", "--stack", player.stack, "--json", *arguments, check=False)
    return done.returncode, json.loads(done.stdout)


def text(player: Player) -> str:
    return player.scratch.rollout("review", "--stack", player.stack, check=False).stdout


def percent(player: Player, domain: str, value: int) -> None:
    player._file.write_text(player._set(player._file.read_text(), domain, value))


def up(player: Player, approval: Path) -> tuple[int, str]:
    done = player.scratch.up(env={"ROLLOUT_APPROVED": str(approval)}, check=False)
    return done.returncode, done.stdout + done.stderr


def put(player: Player, domain: str, value: str) -> None:
    """By hand, past everything."""
    store = player._clients.store
    store.put(
        f"wa-webhook-unified/{player.stack}/{player.known.domains[domain].percent_flag}", value, str(uuid.uuid4())
    )


def alarm(player: Player, name: str, threshold: float) -> None:
    if player.scratch.database is not None:
        with player.scratch.database.connect(database=DATABASE) as hand:
            changed = "update rollout.policies set inputs = inputs || jsonb_build_object('threshold', %s::float) where name = %s"
            assert hand.execute(changed, [threshold, name]).rowcount == 1
        return
    client = client_of(player.scratch.url, "cloudwatch")
    found = client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    kept = (
        "AlarmName",
        "OKActions",
        "AlarmActions",
        "EvaluationPeriods",
        "ComparisonOperator",
        "Metrics",
        "TreatMissingData",
    )
    client.put_metric_alarm(**{key: found[key] for key in kept if key in found}, Threshold=threshold)


@pytest.mark.timeout(1200)
def test_pages_and_what_was_approved(played: Player, tmp_path: Path) -> None:
    approval = tmp_path / "approval.json"
    scratch = played.scratch
    code, page = review(played)
    assert (code, page["may"], page["beside"], page["drift"]) == (0, True, [], []), "nothing to do"
    assert "nothing to do" in text(played)

    # a normal raise, and what an approval of it binds
    scratch.rollout("promote", "3", "--stack", played.stack)
    raised = scratch.commit("day 3")
    code, page = review(played, "--approval", str(approval))
    assert code == 0
    row = page["rows"][0]
    assert (row["domain"], row["live"], row["to"], row["kind"], row["verdict"]) == (
        "ai-agents",
        "5 %",
        10,
        "raise",
        "PASS",
    )
    assert "4 of 4 metrics pass; least room: sessions 0/619" in row["bounds"]
    assert page["digest"] == json.loads(approval.read_text())["digest"]

    # other files than those that were approved
    (scratch.folder / "domains.yaml").write_text(
        (scratch.folder / "domains.yaml").read_text().replace("bad-level: 1% ", "bad-level: 2% ")
    )
    scratch.commit("a limit")
    code, page = review(played)
    assert code == 3, "the rule first, then the raise"
    assert "limit of ai-agents metrics.errors.bad_level: 0.01 -> 0.02" in page["beside"]
    assert "the rules of ai-agents changed in the same diff" in str(page["rows"][0]["refusals"])
    failed, said = up(played, approval)
    assert failed
    assert "with other files" in said
    assert "the limits of ai-agents were" in said
    scratch.git("reset", "--hard", "--quiet", raised)

    # another raise than the approved one; a waiver that nobody saw
    percent(played, "ai-agents", 25)
    said = up(played, approval)[1]
    assert "approved 5 -> 10 %, this is 5 -> 25 %" in said
    scratch.git("checkout", "--quiet", ".")
    played._file.write_text(played._file.read_text().replace("  wa-rollout:flags:", WAIVER + "  wa-rollout:flags:"))
    assert "waivers approved: none; now: ai: share to 10 % accepts share" in up(played, approval)[1]
    scratch.git("checkout", "--quiet", ".")

    # a live value that somebody changed
    put(played, "ai-agents", "3")
    assert "live was 5 % when it was approved, it is 3 % now" in up(played, approval)[1]
    assert "changed outside" in text(played)
    assert played.live()["ai-agents"] == 3


@pytest.mark.timeout(1200)
def test_evidence_is_judged_again_and_a_lowering_asks_for_nothing(played: Player, tmp_path: Path) -> None:
    approval, scratch = tmp_path / "approval.json", played.scratch
    scratch.rollout("promote", "3", "--stack", played.stack)
    scratch.commit("day 3")
    assert review(played, "--approval", str(approval))[0] == 0
    burn(played, DAY_3)
    failed, said = up(played, approval)
    assert failed
    assert "ROLLBACK ai-agents 5 % -> 10 %" in said
    code, page = review(played)
    assert (code, page["rows"][0]["verdict"]) == (3, "ROLLBACK")

    # drift is named, and with it what the refused preview didn't reach
    alarm(played, f"wa-webhook-unified-{played.stack}-jobs-errors", 0.5)
    assert "alarm jobs-errors threshold: 0.5 -> 0.01" in str(review(played)[1]["drift"])

    # a rollback: no approval, no gate
    percent(played, "ai-agents", 0)
    code, page = review(played)
    assert (code, page["rows"][0]["kind"], page["rows"][0]["refusals"]) == (0, "rollback", [])
    lower = scratch.rollout("review", "--stack", played.stack, "--lowerings").stdout
    assert lower == "ai-agents 0\n"
    approval.write_text("{}")
    assert up(played, approval)[0] == 0
    assert played.live()["ai-agents"] == 0
    left = scratch.rollout("review", "--stack", played.stack, "--lowerings", "--json").stdout
    assert json.loads(left)["lower"] == {}


def burn(player: Player, until: datetime) -> None:
    """Errors in each of the last hours, written over what the scenario published."""
    name = "ai-agents"
    if player.scratch.database is not None:
        with player.scratch.database.connect(database=DATABASE) as hand:
            hand.execute(
                "update rollout.minutes set value = 300 where domain = %s and service = %s and counter in ('Errors', 'Requests') and minute >= %s",
                [name, player.known.unified, until - timedelta(hours=3)],
            )
        return
    dimensions = [{"Name": "Service", "Value": player.known.unified}, {"Name": "Domain", "Value": name}]
    data = [
        {"MetricName": counter, "Dimensions": dimensions, "Timestamp": until - timedelta(hours=back), "Value": 300.0, "Unit": "Count"}
        for back in (2, 3) for counter in ("Errors", "Requests")
    ]  # fmt: skip
    client_of(player.scratch.url, "cloudwatch").put_metric_data(Namespace="WaWebhook", MetricData=data)


def test_lowerings_know_when_there_is_more_to_do(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, days.percents(0))
    sandbox.commit("day 0")
    sandbox.up("-m", "day 0")
    days.set_percents(sandbox, {"ai-agents": 5})
    sandbox.commit("5")
    sandbox.up("-m", "5")
    before = sandbox.read_config()

    def due() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            sandbox.rollout("review", "--stack", "local", "--lowerings", "--json").stdout
        )
        return found

    days.set_percents(sandbox, {"ai-agents": 0})
    sandbox.commit("0")
    assert due() == {"lower": {"ai-agents": 0}, "rest": False}
    days.set_entry(sandbox, "freeze", "why: x\nby: y")
    assert due() == {"lower": {"ai-agents": 0}, "rest": True}
    sandbox.write_config(before)
    sandbox.commit("back")
    assert due() == {"lower": {}, "rest": False}
    sandbox.write_config(edit.set_flag(before, "jobs", 5, True))
    assert due() == {"lower": {}, "rest": True}


def test_wrong_use_is_named_and_nothing_is_written(sandbox: Sandbox, tmp_path: Path) -> None:
    done = sandbox.rollout("review", "--stack", "local", "--lowerings", "--out", str(tmp_path / "x"), check=False)
    assert done.returncode == 2
    assert "leave --out and --approval out" in done.stderr
    nowhere = sandbox.rollout("review", "--stack", "local", "--out", "/nowhere/x.md", check=False)
    assert nowhere.returncode == 2
    assert "can't be written" in nowhere.stderr
    broken = sandbox.read_config().replace("percent: 5", "percent: 7")
    sandbox.write_config(broken)
    done = sandbox.rollout("review", "--stack", "local", check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
