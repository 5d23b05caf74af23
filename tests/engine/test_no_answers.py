"""What the operator's commands say where an endpoint answers 200 with something that isn't an answer, and of odd values."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests import days
from tests.harness import Sandbox

PAGE = "<html><body>maintenance</body></html>"


def answer(sandbox: Sandbox, target: str, body: str = PAGE, status: int = 200) -> None:
    sandbox.simulator.call("PUT", "/faults", {"fail": [{"target": target, "status": status, "body": body}]})


def test_commands_say_what_wasnt_read_and_end_with_1(sandbox: Sandbox) -> None:
    days.begin(sandbox, {**days.percents(0), "ai-agents": 10}, day=6)
    text = sandbox.read_config().replace('gate: "off"', "gate: required").replace("gate: off", "gate: required")
    sandbox.write_config(text)

    answer(sandbox, "cloudwatch.DescribeAlarms")
    seen = sandbox.rollout("watch", "--stack", "local", "--dry-run", check=False)
    assert "alarms not read" in seen.stdout
    assert "describe_alarms answered no MetricAlarms" in seen.stdout
    assert seen.returncode == 1, seen.stdout + seen.stderr
    preview = sandbox.preview(check=False)
    assert "not read, shown as recorded" in preview.stdout + preview.stderr
    assert "to update" not in preview.stdout, preview.stdout

    answer(sandbox, "cloudwatch.GetMetricData")
    seen = sandbox.rollout("status", "--stack", "local", check=False)
    assert "not judged" in seen.stdout
    assert seen.returncode == 1

    answer(sandbox, "secretsmanager.DescribeSecret")  # the times of a virtual clock are tags
    seen = sandbox.rollout("live", "--stack", "local", check=False)
    assert seen.returncode == 1
    assert "Traceback" not in seen.stderr
    assert "10 %" in seen.stdout
    assert "describe_secret answered no ARN" in seen.stdout

    sandbox.simulator.call("DELETE", "/faults")
    name = "wa-webhook-unified-local-ai-agents-errors"
    sandbox.boto("cloudwatch").delete_alarms(AlarmNames=[name])
    seen = sandbox.rollout("watch", "--stack", "local", "--dry-run", check=False)
    assert f"alarms not found: {name}" in seen.stdout


@pytest.mark.parametrize(("value", "cell"), [("²", "'²'"), ("99999", "'99999'"), ("5\n5", r"'5\n5'"), ("101", "'101'")])
def test_live_reads_a_percent_by_the_one_rule(sandbox: Sandbox, value: str, cell: str) -> None:
    days.begin(sandbox, {**days.percents(0), "ai-agents": 10}, day=6)
    days.put(sandbox, "ai-agents", value)
    done = sandbox.rollout("live", "--stack", "local")
    lines = done.stdout.splitlines()
    (row,) = [line for line in lines if line.startswith("ai-agents")]
    assert cell in row
    assert f"{value} %" not in done.stdout
    found: list[Mapping[str, object]] = json.loads(sandbox.rollout("live", "--stack", "local", "--json").stdout)
    assert found[0]["percent"] == value.replace("\n", r"\n"), "as the row shows it"
    (do,) = [line.partition("do: python -m rollout ")[2] for line in lines if "do: " in line]
    sandbox.rollout(*do.split(), "--wait", "0")
    assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == "0"
