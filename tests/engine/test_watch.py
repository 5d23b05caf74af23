"""The watch on the real engine: what burns comes down by itself, and an incident is written."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta

import pytest
import yaml

from tests import days
from tests.harness import Sandbox
from tests.pure.samples import CATALOGUE
from tests.reporter import Reporter

NOW = 20.0
SINCE = 18.0
AT = {"ai-agents": 100, "jobs": 25, "marketplace": 0, "property": 10}
Burns = Callable[..., None]


@pytest.fixture
def reports(sandbox: Sandbox) -> Burns:
    """A stack that has held its percents for two days. `reports(domain, **unified)`: what its counters say since."""
    days.begin(sandbox, AT, day=NOW, since=SINCE)
    sandbox.env["ROLLOUT_COUNT_PERIOD"] = "3600"

    def report(domain: str, **unified: float) -> None:
        Reporter.of(sandbox, CATALOGUE.domains[domain]).healthy_days(SINCE, NOW, AT[domain], **unified)

    return report


def watch(sandbox: Sandbox, *arguments: str) -> subprocess.CompletedProcess[str]:
    return sandbox.rollout("watch", "--stack", "local", *arguments, check=False)


def shown(sandbox: Sandbox) -> dict[str, float]:
    """The newest value of the line `flag, %` of each domain's own dashboard, as CloudWatch draws it."""
    cloudwatch, found = sandbox.boto("cloudwatch"), {}
    for domain in AT:
        body = json.loads(cloudwatch.get_dashboard(DashboardName=f"wa-webhook-unified-local-{domain}")["DashboardBody"])
        (graph,) = [
            one["properties"] for one in body["widgets"] if one["properties"].get("title") == f"{domain}: percent"
        ]
        (series,) = [one for one in graph["metrics"] if isinstance(one[-1], dict) and one[-1].get("id") == "p"]
        namespace, name, *pairs, _ = series
        now = days.DAY_1 + timedelta(days=NOW - 1)
        points = cloudwatch.get_metric_statistics(
            Namespace=namespace, MetricName=name, Period=60, Statistics=["Maximum"],
            Dimensions=[{"Name": key, "Value": value} for key, value in zip(pairs[::2], pairs[1::2], strict=True)],
            StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1),
        )["Datapoints"]  # fmt: skip
        found[domain] = max(points, key=lambda one: one["Timestamp"])["Maximum"]
    return found


def test_nothing_burns_and_nothing_is_done(sandbox: Sandbox, reports: Burns) -> None:
    for domain, percent in AT.items():
        if percent:
            reports(domain)
    sandbox.api_calls(reset=True)
    done = watch(sandbox)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no rollback" in done.stdout
    published = {"cloudwatch.PutMetricData": 1} if sandbox.database is None else {}
    assert sandbox.api_calls() == published, "what it read, for the dashboards, and nothing else"
    if published:
        assert shown(sandbox) == {domain: float(percent) for domain, percent in AT.items()}
    assert watch(sandbox, "--dry-run").returncode == 0
    assert sandbox.api_calls() == published, "one that doesn't act publishes nothing"


def test_what_cannot_be_judged_is_said_and_moves_nothing(sandbox: Sandbox, reports: Burns) -> None:
    reports("jobs")
    reports("ai-agents")
    sandbox.api_calls(reset=True)
    sandbox.counters_broken()
    done = watch(sandbox)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count("not judged: counters of") == 3
    assert sandbox.api_calls() == ({"cloudwatch.PutMetricData": 1} if sandbox.database is None else {})


def test_a_fire_is_put_out_recorded_and_committed_in_a_dirty_tree(sandbox: Sandbox, reports: Burns) -> None:
    reports("ai-agents")
    reports("jobs", Errors=50)
    reports("property", BrokenSessions=20)
    dirty = sandbox.read_config().replace("who: you", "who: nobody has reviewed this")
    sandbox.write_config(dirty)

    said = watch(sandbox, "--dry-run")
    assert said.returncode == 4, said.stdout + said.stderr
    assert "would bring jobs down to previous, because of errors" in said.stdout
    assert "would bring property down to zero, because of sessions" in said.stdout
    assert days.live(sandbox)["JOBS_ROLLOUT_PERCENT"] == "25"
    assert sandbox.read_config() == dirty

    done = watch(sandbox)
    print(done.stdout + done.stderr)
    assert done.returncode == 4, done.stdout + done.stderr
    live = days.live(sandbox)
    assert (live["JOBS_ROLLOUT_PERCENT"], live["PROPERTY_ROLLOUT_PERCENT"]) == ("10", "0")
    assert live["UNIFIED_ROLLOUT_PERCENT"] == "100"

    records = sorted((sandbox.folder / "records" / "incidents").glob("*.yaml"))
    jobs, property_ = (yaml.safe_load(path.read_text()) for path in records)
    assert (jobs["domain"], jobs["metric"], jobs["severity"]) == ("jobs", "errors", "major")
    assert (jobs["from"], jobs["to"]) == ("25 %", "10 %")
    assert jobs["seen"] == "2,350 of 47,000"
    assert any(row.startswith("ROLLBACK errors 2,350/47,000") for row in jobs["rows"])
    assert [step.split(": ")[1].split()[0] for step in jobs["steps"]][:2] == ["live", "file"]
    assert (property_["metric"], property_["severity"], property_["to"]) == ("sessions", "critical", "0 %")

    assert "nobody has reviewed this" in sandbox.read_config(), "the tree keeps what was in it"
    committed = sandbox.git("show", "HEAD:Pulumi.local.yaml").stdout
    assert "nobody has reviewed this" not in committed
    assert "metric: errors" in committed
    assert "by: watch" in committed
    assert sandbox.git("status", "--short", "records").stdout == "", "the incidents are committed"

    again = watch(sandbox)
    assert again.returncode in (0, 1), "the value is another, and its counts begin anew"
    assert days.live(sandbox)["JOBS_ROLLOUT_PERCENT"] == "10"
    state = {found["urn"].rpartition("::")[2]: found for found in sandbox.export_state()["resources"]}
    assert state["jobs-percent"]["outputs"]["moves"][-1]["verdict"] == "stop"


def test_two_watches_at_once_end_at_the_lower_value(sandbox: Sandbox, reports: Burns) -> None:
    reports("jobs", Errors=50)
    both = [sandbox.start("python", "-m", "rollout", "watch", "--stack", "local") for _ in range(2)]
    said = [one.communicate(timeout=300)[0] for one in both]
    print("\n=====\n".join(said))
    assert days.live(sandbox)["JOBS_ROLLOUT_PERCENT"] == "10", "one rung, not one for each of them"
    assert "Traceback" not in "".join(said)
    flags = yaml.safe_load(sandbox.git("show", "HEAD:Pulumi.local.yaml").stdout)["config"]["wa-rollout:flags"]
    assert str(flags["jobs"]["percent"]) == days.live(sandbox)["JOBS_ROLLOUT_PERCENT"]


def test_json_is_one_line_a_look(sandbox: Sandbox, reports: Burns) -> None:
    reports("jobs", Errors=50)
    done = watch(sandbox, "--dry-run", "--json")
    first = json.loads(done.stdout.splitlines()[0])
    found = {row["domain"]: row for row in first}
    assert found["jobs"]["fire"] == {"metric": "errors", "to": "previous", "seen": "2,350 of 47,000"}
    assert found["marketplace"] == {"domain": "marketplace", "percent": 0, "says": "", "judged": True, "fire": None}
