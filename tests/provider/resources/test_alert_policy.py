"""`AlertPolicy` on the simulator: every property on the endpoint, drift, repair, calls, and what it may never do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from rollout.model.alarms import alarm as alarms
from rollout.model.alarms import topics
from rollout.provider.aws import calls
from rollout.provider.aws.alarms import Alarms, LiveAlarm
from rollout.provider.aws.bucket import Bucket
from rollout.provider.aws.calls import Aws
from rollout.provider.aws.topics import Topics
from rollout.provider.errors import StoreError
from rollout.provider.judging.context import Context
from rollout.provider.resources import alert_policy
from rollout.provider.resources.alert_policy import AlertPolicy
from rollout.provider.resources.topic import Topic
from rollout.provider.settings import Settings
from rollout.provider.wire.row import Refused, Row
from rollout.simulator.simulator import Simulator
from tests.harness import client
from tests.provider.beside import Line
from tests.provider.desk import Desk

ACCOUNT = "123456789012"  # moto's
NAME = "wa-webhook-unified-test-jobs-errors"


@pytest.fixture(autouse=True)
def _once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "ATTEMPTS", 1)


@pytest.fixture
def cloudwatch(moto: Simulator) -> Any:
    return client(moto.url, "cloudwatch")


def policies(desk: Desk, **options: Any) -> AlertPolicy:
    """The handlers, as fresh as in a new run."""
    return AlertPolicy(desk.context, Alarms(Aws(desk.context.settings)), **options)


def inputs(desk: Desk, domain: str = "jobs", policy: str = "errors", **other: Any) -> dict[str, Any]:
    known = desk.context.catalogue.domains[domain]
    found = next(alert for alert in known.alerts if alert.name == policy)
    properties = alarms.properties(alarms.alarm(desk.context.catalogue, known, found, "test"))
    return {"stack": "test", "domain": domain, "policy": policy, **properties, **other}


def line(desk: Desk, **other: Any) -> Line:
    made = Line(policies(desk))
    made.up(inputs(desk, **other))
    return made


def again(desk: Desk, before: Line) -> Line:
    """The same row in a new run."""
    desk.new_run()
    return Line(policies(desk), before.state, before.inputs)


def live(cloudwatch: Any, name: str = NAME) -> dict[str, Any]:
    (found,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert isinstance(found, dict)
    return found


def by_hand(cloudwatch: Any, **changed: Any) -> None:
    """Somebody changes the alarm, and it is in ALARM after that."""
    takes = cloudwatch.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    found = live(cloudwatch)
    cloudwatch.put_metric_alarm(**{**{key: value for key, value in found.items() if key in takes}, **changed})
    cloudwatch.set_alarm_state(AlarmName=NAME, StateValue="ALARM", StateReason="a test says so")


def test_each_property_on_the_endpoint_is_the_catalogues(desk: Desk, cloudwatch: Any) -> None:
    kind = policies(desk)
    for domain, policy, alarm in alarms.wanted(desk.context.catalogue, "test"):
        Line(kind).up(inputs(desk, domain.name, policy.name))
        found = live(cloudwatch, alarm.name)

        def arns(actions: tuple[str, ...]) -> list[str]:
            return [f"arn:aws:sns:eu-west-1:{ACCOUNT}:{action}" for action in actions]

        assert found["AlarmDescription"] == alarm.description
        assert (found["Threshold"], found["ComparisonOperator"]) == (alarm.threshold, "GreaterThanThreshold")
        assert (found["EvaluationPeriods"], found["DatapointsToAlarm"]) == (alarm.evaluation_periods, alarm.datapoints)
        assert found["TreatMissingData"] == alarm.treat_missing_data
        assert (found["AlarmActions"], found["OKActions"]) == (arns(alarm.alarm_actions), arns(alarm.ok_actions))
        assert found["InsufficientDataActions"] == arns(alarm.insufficient_data_actions)
        assert found["ActionsEnabled"] is True
        stats = {query["Id"]: query["MetricStat"] for query in found["Metrics"] if "MetricStat" in query}
        assert set(stats) == set(alarm.queries)
        for ident, query in alarm.queries.items():
            assert (stats[ident]["Period"], stats[ident]["Stat"]) == (alarm.period, query.stat)
            metric = stats[ident]["Metric"]
            assert (metric["Namespace"], metric["MetricName"]) == ("WaWebhook", query.metric)
            dimensions = {pair["Name"]: pair["Value"] for pair in metric["Dimensions"]}
            assert dimensions == {"Service": "wa-webhook-unified", "Domain": domain.name}
        (watched,) = [query for query in found["Metrics"] if query.get("ReturnData")]
        assert watched.get("Expression", "") == alarm.expression


def test_nothing_changed_is_nothing_written(desk: Desk, moto: Simulator) -> None:
    first = line(desk)
    moto.call("DELETE", "/calls")
    assert again(desk, first).up(inputs(desk)) == {}
    assert moto.call("GET", "/calls") == {"cloudwatch.DescribeAlarms": 1}


def test_all_alarms_of_a_stack_are_read_in_one_call(desk: Desk, moto: Simulator) -> None:
    lines, kind = [], policies(desk)
    for domain, policy, _ in alarms.wanted(desk.context.catalogue, "test"):
        lines.append(Line(kind))
        lines[-1].up(inputs(desk, domain.name, policy.name))
    moto.call("DELETE", "/calls")
    desk.new_run()
    kind = policies(desk)
    for one in lines:
        assert one.state is not None
        assert kind.read("urn", one.state, Row("urn")) == one.state
    assert moto.call("GET", "/calls") == {"cloudwatch.DescribeAlarms": 1}


def test_a_create_adopts_what_stands_there(desk: Desk, moto: Simulator, cloudwatch: Any) -> None:
    line(desk)
    moto.call("DELETE", "/calls")
    adopted = line(desk)
    assert "adopted" in adopted.said()
    assert "cloudwatch.PutMetricAlarm" not in moto.call("GET", "/calls")
    by_hand(cloudwatch, Threshold=0.7)
    line(desk)
    assert live(cloudwatch)["Threshold"] == 0.01


DRIFT: dict[str, tuple[dict[str, Any], set[str]]] = {
    "threshold": ({"Threshold": 0.5}, {"threshold"}),
    "actions": ({"AlarmActions": []}, {"alarmActions"}),
    "another account's topic": ({"OKActions": ["arn:aws:sns:eu-west-1:999999999999:theirs"]}, {"okActions"}),
    "switched off": ({"ActionsEnabled": False}, {"actionsEnabled"}),
    "window": ({"EvaluationPeriods": 5, "DatapointsToAlarm": 5}, {"evaluationPeriods", "datapoints"}),
    "missing data": ({"TreatMissingData": "notBreaching"}, {"treatMissingData"}),
    "operator": ({"ComparisonOperator": "LessThanThreshold"}, {"comparison"}),
    "text": ({"AlarmDescription": "mine"}, {"description"}),
}


@pytest.mark.parametrize("key", DRIFT)
def test_drift_is_shown_by_property_and_repaired_in_the_same_state(desk: Desk, cloudwatch: Any, key: str) -> None:
    first = line(desk)
    hand, shown = DRIFT[key]
    by_hand(cloudwatch, **hand)
    second = again(desk, first)
    assert set(second.preview(inputs(desk))) == shown
    third = again(desk, first)
    assert set(third.up(inputs(desk))) == shown
    found = live(cloudwatch)
    assert (found["StateValue"], found["StateReason"]) == ("ALARM", "a test says so")
    assert again(desk, third).up(inputs(desk)) == {}


def test_another_kind_of_alarm_under_the_name_is_drift_and_no_error(desk: Desk, cloudwatch: Any) -> None:
    first = line(desk)
    cloudwatch.delete_alarms(AlarmNames=[NAME])
    cloudwatch.put_metric_alarm(
        AlarmName=NAME, MetricName="X", Namespace="Y", Period=60, EvaluationPeriods=2, Threshold=9,
        ComparisonOperator="GreaterThanThreshold", ExtendedStatistic="p90",
    )  # fmt: skip
    second = again(desk, first)
    assert {"queries", "expression", "namespace", "dimensions", "threshold"} <= set(second.up(inputs(desk)))
    assert again(desk, second).up(inputs(desk)) == {}


def test_a_deleted_alarm_is_named_and_made_again(desk: Desk, cloudwatch: Any) -> None:
    first = line(desk)
    line(desk, policy="sessions")
    cloudwatch.delete_alarms(AlarmNames=[NAME])
    second = again(desk, first)
    assert second.up(inputs(desk)) == {"name": "add"}
    assert f"alarm {NAME} is gone" in second.said()
    assert again(desk, second).up(inputs(desk)) == {}
    assert live(cloudwatch)["Threshold"] == 0.01


def test_an_empty_simulator_is_said_once(desk: Desk, moto: Simulator) -> None:
    first, second = line(desk), line(desk, policy="sessions")
    moto.reset()
    desk.new_run()
    kind, row = policies(desk), Row("urn")
    for one in (first, second):
        assert one.state is not None
        assert "name" not in kind.read("urn", one.state, row)
    assert [text for _, text in row.lines] == [
        "no alarm of the stack is there (a simulator restarted?): the next `up` makes them again"
    ]


def test_a_read_never_raises(desk: Desk, moto: Simulator, fault: Callable[..., None]) -> None:
    first = line(desk)
    fault(None, target="cloudwatch.DescribeAlarms", status=500)
    second = again(desk, first)
    assert second.up(inputs(desk)) == {}
    assert "not read, shown as recorded" in second.said()
    assert second.state == first.state


def test_a_failing_page_is_said_once_and_tried_once(desk: Desk, moto: Simulator, fault: Callable[..., None]) -> None:
    """30 alarms must neither bury the flags' rows in warnings, nor try a dead API 30 times."""
    first, second = line(desk), line(desk, policy="sessions")
    moto.call("DELETE", "/calls")
    fault(None, target="cloudwatch.DescribeAlarms", status=500)
    kind, row = policies(desk), Row("urn")
    for one in (first, second):
        assert one.state is not None
        assert kind.read("urn", one.state, row) == one.state
    assert len(row.lines) == 1
    assert "30 alarms: describe_alarms failed" in row.lines[0][1]
    assert moto.call("GET", "/calls") == {"cloudwatch.DescribeAlarms": 1}


def test_what_aws_would_refuse_is_refused_before_a_call(desk: Desk, moto: Simulator) -> None:
    moto.call("DELETE", "/calls")
    for preview in (True, False):
        with pytest.raises(Refused, match="period: allowed: 10, 20, 30 or a multiple of 60") as told:
            policies(desk).create(inputs(desk, period=45, comparison="over"), preview, Row("urn"))
        assert "comparison: allowed: GreaterThanThreshold" in str(told.value)
    assert not policies(desk).check(inputs(desk, period=45)), "a failed check would end the run, a rollback too"
    assert moto.call("GET", "/calls") == {}


def test_a_preview_calls_nothing(desk: Desk, moto: Simulator) -> None:
    policies(desk).create(inputs(desk), True, Row("urn"))
    assert moto.call("GET", "/calls") == {}


def test_a_lost_answer_and_a_write_that_does_nothing_are_told(
    desk: Desk, moto: Simulator, cloudwatch: Any, fault: Callable[..., None]
) -> None:
    fault(None, target="cloudwatch.PutMetricAlarm", status=200, body={}, times=1)
    with pytest.raises(StoreError, match="written, but it isn't there when it is read back"):
        line(desk)
    moto.call("DELETE", "/faults")
    lost = {"target": "cloudwatch.PutMetricAlarm", "status": 500, "after": True, "times": 1}
    moto.call("PUT", "/faults", {"fail": [lost]})
    with pytest.raises(StoreError, match="put_metric_alarm failed"):
        line(desk)
    assert "adopted" in line(desk).said()


def test_an_alarm_stays_while_its_domain_carries_traffic(desk: Desk, cloudwatch: Any) -> None:
    desk.climb("ai-agents", 5)
    first = line(desk, domain="ai-agents")
    with pytest.raises(Refused, match=r"alarm wa-webhook-unified-test-ai-agents-errors stays: ai-agents is at 5 %"):
        again(desk, first).delete()
    assert live(cloudwatch, "wa-webhook-unified-test-ai-agents-errors")
    desk.percent("ai-agents", 0)
    again(desk, first).delete()
    assert not cloudwatch.describe_alarms()["MetricAlarms"]
    again(desk, first).delete()  # already gone: no error


def test_closed_alarms_go_with_all_domains_stable_at_100(desk: Desk, cloudwatch: Any) -> None:
    for domain in desk.context.catalogue.domains:
        desk.climb(domain, 100)
    first = line(desk, closed=True)
    assert first.state is not None
    assert "closed" not in first.state
    with pytest.raises(Refused, match="not stable for 7 days"):
        again(desk, first).delete()
    desk.later(days=8)
    again(desk, first).delete()
    assert not cloudwatch.describe_alarms()["MetricAlarms"]


def test_a_domain_that_nobody_knows_keeps_its_alarms(desk: Desk) -> None:
    first = line(desk)
    assert first.state is not None
    with pytest.raises(Refused, match=r"is not in domains\.yaml"):
        policies(desk).delete({**first.state, "domain": "wallet"}, first.inputs, Row("urn"))


def test_three_writes_a_second_and_the_row_says_so_before_it_waits() -> None:
    clock, slept, said = [0.0], list[float](), list[str]()

    def sleep(seconds: float) -> None:
        assert said, "the line comes before the wait"
        slept.append(seconds)

    bucket = Bucket(3, 3, clock=lambda: clock[0], sleep=sleep)
    clock[0] = 100.0
    waited = [round(bucket.take(said.append), 3) for _ in range(9)]
    assert waited == [0, 0, 0, 0.333, 0.667, 1.0, 1.333, 1.667, 2.0]
    assert said[-1] == "waits 2.0 s: AWS takes 3 writes of alarms a second"
    clock[0] = 200.0
    assert bucket.take(said.append) == 0
    assert [Bucket(None).take(said.append) for _ in range(9)] == [0.0] * 9


def test_only_a_write_takes_a_token(desk: Desk, settings: Settings) -> None:
    class Counting(Bucket):
        taken = 0

        def take(self, say: Callable[[str], None]) -> float:  # noqa: ARG002 - as in Bucket
            self.taken += 1
            return 0.0

    bucket = Counting(None)
    row = Line(AlertPolicy(Context(settings, desk.store), Alarms(Aws(settings)), bucket))
    row.up(inputs(desk))
    row.up(inputs(desk))
    row.preview(inputs(desk, threshold=0.02))
    assert bucket.taken == 1
    row.up(inputs(desk, threshold=0.02))
    assert bucket.taken == 2


def test_alarm_and_ok_reach_a_queue_behind_the_topic(desk: Desk, moto: Simulator, cloudwatch: Any) -> None:
    """The simulator sends nothing when a state changes: the test publishes to the alarm's actions, as AWS would."""
    sqs, sns = client(moto.url, "sqs"), client(moto.url, "sns")
    url = sqs.create_queue(QueueName="on-call")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    action = "rollback-previous"
    topic = {
        "stack": "test",
        "action": action,
        "name": topics.topic_name("test", action),
        "subscriptions": {"q": queue},
    }
    Line(Topic(desk.context, Topics(Aws(desk.context.settings)), object())).up(topic)
    line(desk)
    for state, key in (("ALARM", "AlarmActions"), ("OK", "OKActions")):
        cloudwatch.set_alarm_state(AlarmName=NAME, StateValue=state, StateReason="by hand")
        found = live(cloudwatch)
        assert found["StateValue"] == state
        for arn in found[key]:
            sns.publish(TopicArn=arn, Message=json.dumps({"AlarmName": NAME, "NewStateValue": state}))
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
        assert json.loads(json.loads(message["Body"])["Message"])["NewStateValue"] == state
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_what_an_endpoint_drops_is_no_other_writer() -> None:
    back = LiveAlarm({"okActions": [], "description": None, "period": 60}, "arn")
    dropped = alert_policy._not_as_written(back, ["okActions", "description"])
    assert "dropped its okActions, description" in dropped
    assert "somebody else" not in dropped
    assert "another okActions, period: somebody else writes too" in alert_policy._not_as_written(
        back, ["okActions", "period"]
    )
