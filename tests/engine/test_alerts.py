"""Alarms, topics and dashboards on the real engine: what a reviewer sees of them, and that no flag ever waits for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import days
from tests.harness import Sandbox

AT = {"ai-agents": 100, "jobs": 5, "marketplace": 0, "property": 0}
ERRORS = "wa-webhook-unified-local-jobs-errors"


@pytest.fixture
def begun(sandbox: Sandbox) -> Sandbox:
    days.begin(sandbox, AT, day=10, since=2)
    return sandbox


def changed(sandbox: Sandbox) -> dict[str, set[str]]:
    """The properties that a preview would change, by the row's name."""
    found = sandbox.preview_json()["steps"]
    moving = [step for step in found if step["op"] in ("create", "update", "delete", "replace")]
    return {step["urn"].rpartition("::")[2]: set(step["detailedDiff"] or {}) for step in moving}


def edit_rules(sandbox: Sandbox, old: str, new: str) -> None:
    file = sandbox.folder / "domains.yaml"
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def by_hand(sandbox: Sandbox, **what: Any) -> None:
    """Somebody changes the alarm of jobs' errors, which is in ALARM after that."""
    cloudwatch = sandbox.boto("cloudwatch")
    takes = cloudwatch.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    (found,) = cloudwatch.describe_alarms(AlarmNames=[ERRORS])["MetricAlarms"]
    cloudwatch.put_metric_alarm(**{**{key: value for key, value in found.items() if key in takes}, **what})
    cloudwatch.set_alarm_state(AlarmName=ERRORS, StateValue="ALARM", StateReason="a test says so")


def test_a_refresh_reads_pages_and_a_quiet_preview_shows_nothing(begun: Sandbox) -> None:
    begun.api_calls(reset=True)
    begun.pulumi("preview", "--expect-no-changes")
    assert begun.api_calls(reads=True) == {
        "secretsmanager.BatchGetSecretValue": 1,
        "cloudwatch.DescribeAlarms": 1,
        "cloudwatch.ListDashboards": 1,
        "sns.ListSubscriptionsByTopic": 5,
    }


def test_a_changed_limit_is_one_property_of_one_row_and_the_flags_digest(begun: Sandbox) -> None:
    edit_rules(
        begun,
        "bad-level: 4%             # not in the seed: twice",
        "bad-level: 5%             # not in the seed: twice",
    )
    assert changed(begun) == {"jobs-alerts": {"policies.posting.threshold"}, "jobs-percent": {"rules"}}
    assert "~ threshold: 0.04 => 0.05" in begun.preview().stdout
    plain = begun.pulumi("preview").stdout
    assert "AlertPolicy jobs-alerts update [diff: ~policies]" in plain
    assert "rollout:index:AlertPolicy (jobs-alerts):\n    jobs-posting: threshold 0.04 -> 0.05\n" in plain
    begun.up()
    begun.pulumi("preview", "--expect-no-changes")


def test_drift_is_named_by_property_and_repaired_in_the_same_state(begun: Sandbox) -> None:
    by_hand(begun, Threshold=0.5, AlarmActions=[])
    begun.boto("cloudwatch").delete_alarms(AlarmNames=["wa-webhook-unified-local-jobs-search"])
    paths = {"policies.errors.threshold", "policies.errors.alarmActions", "policies.search"}
    assert changed(begun) == {"jobs-alerts": paths}
    done = begun.preview()
    said = done.stdout + done.stderr
    assert "~ threshold" in said
    assert "0.01 => 0.5" in said
    assert "alarm wa-webhook-unified-local-jobs-search is gone, deleted outside" in said
    begun.api_calls(reset=True)
    begun.up()
    written = begun.api_calls()
    assert written == {"cloudwatch.PutMetricAlarm": 2, "cloudwatch.SetAlarmState": 1}, "only what changed is put again"
    (repaired,) = begun.boto("cloudwatch").describe_alarms(AlarmNames=[ERRORS])["MetricAlarms"]
    assert (repaired["Threshold"], repaired["StateValue"]) == (0.01, "ALARM")
    begun.pulumi("preview", "--expect-no-changes")


def test_an_alarm_that_fails_takes_no_flag_with_it(begun: Sandbox) -> None:
    """A plain `up`, with the alarms fast and the flags slow: the worst order there is."""
    by_hand(begun, Threshold=0.5)
    days.set_percents(begun, {"jobs": 0})
    fail = [
        {"target": "cloudwatch.PutMetricAlarm", "status": 400},
        {"target": "secretsmanager.BatchGetSecretValue", "latency": 3},
    ]
    begun.simulator.call("PUT", "/faults", {"fail": fail})
    done = begun.up(check=False)
    assert done.returncode != 0
    assert "put_metric_alarm failed" in done.stdout + done.stderr
    assert days.live(begun) == days.wanted({**AT, "jobs": 0})
    begun.simulator.call("DELETE", "/faults")
    assert changed(begun) == {"jobs-alerts": {"policies.errors.threshold"}}


def test_an_alarm_that_fails_keeps_no_other_of_its_row_from_being_put_back(begun: Sandbox) -> None:
    by_hand(begun, Threshold=0.5)
    cloudwatch = begun.boto("cloudwatch")
    cloudwatch.delete_alarms(AlarmNames=["wa-webhook-unified-local-jobs-search"])
    fault = {"target": "cloudwatch.PutMetricAlarm", "match": ERRORS, "status": 400}
    begun.simulator.call("PUT", "/faults", {"fail": [fault]})
    done = begun.up(check=False)
    assert done.returncode != 0
    assert f"{ERRORS}: put_metric_alarm failed" in done.stdout + done.stderr
    assert cloudwatch.describe_alarms(AlarmNames=["wa-webhook-unified-local-jobs-search"])["MetricAlarms"]
    begun.simulator.call("DELETE", "/faults")
    assert changed(begun) == {"jobs-alerts": {"policies.errors.threshold"}}
    without = begun.preview_json("--refresh=false")["steps"]
    (update,) = [step for step in without if step["op"] == "update"]
    assert update["urn"].endswith("::jobs-alerts"), "also by the record alone: it says what stands"
    begun.up("--refresh=false")
    begun.pulumi("preview", "--expect-no-changes")


def test_an_alarm_taken_out_of_the_catalogue_stays_under_traffic_and_the_rest_is_done(begun: Sandbox) -> None:
    file = begun.folder / "domains.yaml"
    head, posting, rest = file.read_text().partition("      posting:\n")
    _, search, rest = rest.partition("      search:\n")
    rest = rest.replace("      posting: 200\n", "", 1).replace("bad-level: 10%", "bad-level: 11%", 1)
    assert posting and search  # noqa: PT018 - both are in the file
    file.write_text(head + search + rest)
    stays = "alarm wa-webhook-unified-local-jobs-posting stays: jobs is at 5 %"
    seen = begun.preview()
    assert stays in seen.stdout + seen.stderr
    done = begun.up(check=False)
    assert done.returncode != 0
    assert stays in done.stdout + done.stderr
    found = {one["AlarmName"]: one for one in begun.boto("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert "wa-webhook-unified-local-jobs-posting" in found
    assert found["wa-webhook-unified-local-jobs-search"]["Threshold"] == 0.11
    assert changed(begun) == {"jobs-alerts": {"policies.posting"}}
    days.set_percents(begun, {"jobs": 0})
    begun.up()
    begun.up()  # the flag comes down in the one before, beside it
    assert len(begun.boto("cloudwatch").describe_alarms()["MetricAlarms"]) == 29
    begun.pulumi("preview", "--expect-no-changes")


def test_subscriptions_come_from_the_config(begun: Sandbox) -> None:
    queue = "arn:aws:sqs:eu-west-1:123456789012:on-call"
    days.set_entry(begun, "notify", f"rollback-previous:\n  on-call: {queue}\nhold:\n  typo: 7")
    done = begun.up()
    assert "typo is no endpoint" in done.stdout + done.stderr
    found = begun.boto("sns").list_subscriptions()["Subscriptions"]
    assert [(one["TopicArn"].rpartition(":")[2], one["Endpoint"]) for one in found] == [
        ("wa-webhook-unified-local-rollback-previous", queue)
    ]


def test_what_watches_over_traffic_is_not_destroyed(begun: Sandbox) -> None:
    done = begun.pulumi("destroy", "--yes", "--skip-preview", "--continue-on-error", check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "each alarm of jobs (applications, complaints, errors, " in said
    assert ") stays: jobs is at 5 %" in said
    names = {found["AlarmName"] for found in begun.boto("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert len([name for name in names if "-ai-agents-" in name]) == 4
    assert len([name for name in names if "-jobs-" in name]) == 8
    assert len(begun.boto("sns").list_topics()["Topics"]) == 5


def test_two_stacks_worth_of_names_never_meet(new_sandbox: Callable[..., Sandbox]) -> None:
    """Whatever stands there under other names is neither read nor changed nor deleted."""
    sandbox = new_sandbox(git=False)
    cloudwatch = sandbox.boto("cloudwatch")
    theirs = {
        "AlarmName": "wa-webhook-mobility-errors",
        "MetricName": "E",
        "Namespace": "N",
        "Period": 60,
        "Statistic": "Sum",
    }
    cloudwatch.put_metric_alarm(
        **theirs, EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[]
    )
    before = cloudwatch.describe_alarms()["MetricAlarms"]
    sandbox.up(env={"ROLLOUT_NOW": days.clock(1)})
    after = [found for found in cloudwatch.describe_alarms()["MetricAlarms"] if "mobility" in found["AlarmName"]]
    assert after == before
