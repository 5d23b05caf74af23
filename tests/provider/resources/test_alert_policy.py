"""`AlertPolicy` on the simulator: every property on the endpoint, drift, repair, calls, and what it may never do.

A row is a domain's; most tests have one with few policies, so that each alarm on the endpoint is the test's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from rollout.model.alarms import alarm as alarms
from rollout.model.alarms import policies, topics
from rollout.provider.aws import calls
from rollout.provider.aws.alarms import Alarms, LiveAlarm
from rollout.provider.aws.bucket import Bucket
from rollout.provider.aws.calls import Aws
from rollout.provider.aws.topics import Topics
from rollout.provider.judging.context import Context
from rollout.provider.resources import alarm_writes
from rollout.provider.resources.alert_policy import AlertPolicy
from rollout.provider.resources.topic import Topic
from rollout.provider.settings import Settings
from rollout.provider.wire.row import Partly, Refused, Row
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


def kind(desk: Desk, **options: Any) -> AlertPolicy:
    """The handlers, as fresh as in a new run."""
    return AlertPolicy(desk.context, Alarms(Aws(desk.context.settings)), **options)


def inputs(desk: Desk, *only: str, domain: str = "jobs", closed: bool = False, **other: Any) -> dict[str, Any]:
    """A domain's row with these policies (none: `errors`); `other`: properties of its first one's alarm."""
    row = policies.row(desk.context.catalogue, desk.context.catalogue.domains[domain], "test")
    given: Any = row["policies"]
    kept = {policy: {**given[policy]} for policy in only or ("errors",)}
    kept[next(iter(kept))].update(other)
    return {**row, "policies": kept, **({"closed": True} if closed else {})}


def every(desk: Desk, domain: str = "jobs") -> dict[str, Any]:
    """The row as the program registers it."""
    return policies.row(desk.context.catalogue, desk.context.catalogue.domains[domain], "test")


def line(desk: Desk, *only: str, **other: Any) -> Line:
    made = Line(kind(desk))
    made.up(inputs(desk, *only, **other))
    return made


def again(desk: Desk, before: Line) -> Line:
    """The same row in a new run."""
    desk.new_run()
    return Line(kind(desk), before.state, before.inputs)


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
    rows = kind(desk)
    for name in desk.context.catalogue.domains:
        Line(rows).up(every(desk, name))
    for domain, _, alarm in alarms.wanted(desk.context.catalogue, "test"):
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
    lines = [Line(kind(desk)) for _ in desk.context.catalogue.domains]
    for one, name in zip(lines, desk.context.catalogue.domains, strict=True):
        one.up(every(desk, name))
    moto.call("DELETE", "/calls")
    desk.new_run()
    rows = kind(desk)
    for one in lines:
        assert one.state is not None
        assert rows.read("urn", one.state, Row("urn"), one.inputs) == one.state
    assert moto.call("GET", "/calls") == {"cloudwatch.DescribeAlarms": 1}


def test_a_row_is_made_with_two_looks_and_one_put_an_alarm(desk: Desk, moto: Simulator) -> None:
    moto.call("DELETE", "/calls")
    Line(kind(desk)).up(every(desk))
    made = {"cloudwatch.DescribeAlarms": 2, "cloudwatch.PutMetricAlarm": 8}
    assert moto.call("GET", "/calls") == {**made, "sts.GetCallerIdentity": 1}


def test_a_create_adopts_what_stands_there_and_says_so_at_preview(desk: Desk, moto: Simulator, cloudwatch: Any) -> None:
    line(desk, "errors", "search")
    moto.call("DELETE", "/calls")
    for run in (Line.preview, Line.up):
        desk.new_run()
        adopts = Line(kind(desk))
        run(adopts, inputs(desk, "errors", "search"))
        assert "2 alarms of jobs stand already, adopted: nothing is written" in adopts.said()
    assert "cloudwatch.PutMetricAlarm" not in moto.call("GET", "/calls")
    by_hand(cloudwatch, Threshold=0.7)
    for run in (Line.preview, Line.up):
        desk.new_run()
        adopts = Line(kind(desk))
        run(adopts, inputs(desk, "errors", "search", "posting"))
        assert "2 alarms of jobs stand already, adopted: these are written" in adopts.said()
        assert {severity for severity, _ in adopts.row.lines} == {"warning"}
        assert adopts.said().endswith("jobs-errors: threshold 0.7 -> 0.01\njobs-posting: made")
    assert live(cloudwatch)["Threshold"] == 0.01


DRIFT: dict[str, tuple[dict[str, Any], set[str]]] = {
    "threshold": ({"Threshold": 0.5}, {"threshold"}),
    "actions": ({"AlarmActions": []}, {"alarmActions"}),
    "another account's topic": ({"OKActions": ["arn:aws:sns:eu-west-1:999999999999:theirs"]}, {"okActions"}),
    "switched off": ({"ActionsEnabled": False}, {"actionsEnabled"}),
    "window": ({"EvaluationPeriods": 5, "DatapointsToAlarm": 5}, {"evaluationPeriods"}),  # the other follows from it
    "window and points": ({"EvaluationPeriods": 5, "DatapointsToAlarm": 3}, {"evaluationPeriods", "datapoints"}),
    "missing data": ({"TreatMissingData": "notBreaching"}, {"treatMissingData"}),
    "operator": ({"ComparisonOperator": "LessThanThreshold"}, {"comparison"}),
    "text": ({"AlarmDescription": "mine"}, {"description"}),
}


@pytest.mark.parametrize("key", DRIFT)
def test_drift_is_shown_by_property_and_repaired_in_the_same_state(desk: Desk, cloudwatch: Any, key: str) -> None:
    first = line(desk)
    hand, shown = DRIFT[key][0], {f"policies.errors.{name}" for name in DRIFT[key][1]}
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
    other = {"queries", "expression", "namespace", "dimensions", "threshold"}
    assert {f"policies.errors.{name}" for name in other} <= set(second.up(inputs(desk)))
    assert again(desk, second).up(inputs(desk)) == {}


def test_a_deleted_alarm_is_named_and_made_again(desk: Desk, cloudwatch: Any) -> None:
    row = inputs(desk, "errors", "sessions", "search")
    first = Line(kind(desk))
    first.up(row)
    cloudwatch.delete_alarms(AlarmNames=[NAME])
    second = again(desk, first)
    assert second.preview(row) == {"policies.errors": "add"}
    assert second.said().splitlines()[-1] == "jobs-errors: made"
    assert second.up(row) == {"policies.errors": "add"}
    assert f"alarm {NAME} is gone" in second.said()
    cloudwatch.delete_alarms(AlarmNames=[NAME, NAME.replace("errors", "search")])
    third = again(desk, second)
    assert set(third.up(row)) == {"policies.errors", "policies.search"}
    assert "each alarm of jobs (errors, search) is gone, deleted outside" in third.said()
    assert again(desk, third).up(row) == {}
    assert live(cloudwatch)["Threshold"] == 0.01


def test_what_a_refresh_saw_gone_is_looked_for_again(desk: Desk, cloudwatch: Any) -> None:
    """A `refresh` alone leaves it out of the record, and somebody makes it again: neither an `up` nor a destroy may miss it."""
    first = line(desk, "errors", "search")
    found = live(cloudwatch)
    takes = cloudwatch.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    for ends in ("up", "delete"):
        cloudwatch.delete_alarms(AlarmNames=[NAME])
        refreshed = again(desk, first)
        assert refreshed.state is not None
        refreshed.state = kind(desk).read("urn", refreshed.state, Row("urn"), refreshed.inputs)
        assert "errors" not in refreshed.state["policies"]
        cloudwatch.put_metric_alarm(**{key: value for key, value in found.items() if key in takes})
        if ends == "up":
            assert again(desk, refreshed).up(inputs(desk, "errors", "search")) == {}
        else:
            again(desk, refreshed).delete()
            assert not cloudwatch.describe_alarms()["MetricAlarms"]


def test_an_empty_simulator_is_said_once(desk: Desk, moto: Simulator) -> None:
    first, second = line(desk), line(desk, domain="property")
    moto.reset()
    desk.new_run()
    rows, row = kind(desk), Row("urn")
    for one in (first, second):
        assert one.state is not None
        assert rows.read("urn", one.state, row, one.inputs)["policies"] == {}
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
    first, second = line(desk), line(desk, domain="property")
    moto.call("DELETE", "/calls")
    fault(None, target="cloudwatch.DescribeAlarms", status=500)
    rows, row = kind(desk), Row("urn")
    for one in (first, second):
        assert one.state is not None
        assert rows.read("urn", one.state, row, one.inputs) == one.state
    assert len(row.lines) == 1
    assert "30 alarms: describe_alarms failed" in row.lines[0][1]
    assert moto.call("GET", "/calls") == {"cloudwatch.DescribeAlarms": 1}


def test_what_aws_would_refuse_is_refused_before_a_call(desk: Desk, moto: Simulator) -> None:
    moto.call("DELETE", "/calls")
    wrong = inputs(desk, "errors", "search", period=45, comparison="over")
    wrong["policies"]["search"]["threshold"] = None
    with pytest.raises(Refused, match="period: allowed: 10, 20, 30 or a multiple of 60") as told:
        kind(desk).create(wrong, True, Row("urn"))
    assert "comparison: allowed: GreaterThanThreshold" in str(told.value)
    assert "alarm wa-webhook-unified-test-jobs-search: AWS would refuse it" in str(told.value)
    assert not kind(desk).check(wrong), "a failed check would end the run, a rollback too"
    assert moto.call("GET", "/calls") == {}


def test_one_that_aws_would_refuse_keeps_no_other_from_being_made(desk: Desk, cloudwatch: Any) -> None:
    with pytest.raises(Partly, match="period: allowed") as told:
        line(desk, "errors", "search", period=45)
    assert set(told.value.state["policies"]) == {"search"}
    (only,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert only["AlarmName"].endswith("-jobs-search")


def test_a_preview_of_a_row_that_is_made_looks_once_and_writes_nothing(desk: Desk, moto: Simulator) -> None:
    moto.call("DELETE", "/calls")
    rows = kind(desk)
    for domain in ("jobs", "property"):
        rows.create(inputs(desk, domain=domain), True, Row("urn"))
    assert moto.call("GET", "/calls") == {"cloudwatch.DescribeAlarms": 1}


def test_a_preview_says_in_words_what_changes_and_of_much_the_first(desk: Desk) -> None:
    before = every(desk)
    first = Line(kind(desk))
    first.up(before)
    after = json.loads(json.dumps(before))
    after["policies"]["errors"]["threshold"] = 0.02
    after["policies"]["search"].update(evaluationPeriods=5, alarmActions=["theirs"])
    second = again(desk, first)
    assert second.preview(after) == {
        "policies.errors.threshold": "update",
        "policies.search.evaluationPeriods": "update",
        "policies.search.alarmActions": "update",
    }
    assert second.said().splitlines() == [
        "jobs-errors: threshold 0.01 -> 0.02",
        'jobs-search: evaluationPeriods 1 -> 5, alarmActions ["wa-webhook-unified-test-hold"] -> ["theirs"]',
    ]
    for policy in after["policies"].values():
        policy["threshold"] = 9
    second.preview(after)
    assert len(second.said().splitlines()) == policies.SAID
    assert second.said().endswith("jobs: and 4 alarms more")


def test_a_lost_answer_and_a_write_that_does_nothing_are_told(
    desk: Desk, moto: Simulator, cloudwatch: Any, fault: Callable[..., None]
) -> None:
    fault(None, target="cloudwatch.PutMetricAlarm", status=200, body={}, times=1)
    with pytest.raises(Partly, match="written, but it isn't there when it is read back"):
        line(desk)
    moto.call("DELETE", "/faults")
    lost = {"target": "cloudwatch.PutMetricAlarm", "status": 500, "after": True, "times": 1}
    moto.call("PUT", "/faults", {"fail": [lost]})
    with pytest.raises(Partly, match="put_metric_alarm failed"):
        line(desk)
    assert "adopted" in line(desk).said()


def test_one_failure_stops_no_other_and_the_next_up_does_the_rest(
    desk: Desk, moto: Simulator, cloudwatch: Any, fault: Callable[..., None]
) -> None:
    row = inputs(desk, "errors", "search", "posting")
    fault(None, target="cloudwatch.PutMetricAlarm", match=NAME, status=400)
    fault(None, target="cloudwatch.PutMetricAlarm", match="jobs-posting", status=400)
    made = Line(kind(desk))
    with pytest.raises(Partly) as told:
        made.up(row)
    assert f"{NAME}: put_metric_alarm failed" in str(told.value)
    assert "wa-webhook-unified-test-jobs-posting: put_metric_alarm failed" in str(told.value)
    assert set(told.value.state["policies"]) == {"search"}, "what stands is in the state"
    moto.call("DELETE", "/faults")
    moto.call("DELETE", "/calls")
    made.state, made.inputs = dict(told.value.state), row  # as an engine keeps them
    assert again(desk, made).up(row) == {"policies.errors": "add", "policies.posting": "add"}
    assert moto.call("GET", "/calls")["cloudwatch.PutMetricAlarm"] == 2


def test_an_update_that_failed_partly_is_recorded_as_it_stands(
    desk: Desk, moto: Simulator, cloudwatch: Any, fault: Callable[..., None]
) -> None:
    first = line(desk, "errors", "search")
    after = inputs(desk, "errors", "search", threshold=0.02)
    after["policies"]["search"]["threshold"] = 0.5
    fault(None, target="cloudwatch.PutMetricAlarm", match="jobs-search", status=400)
    second = again(desk, first)
    with pytest.raises(Partly) as told:
        second.up(after)
    kept = told.value.state["policies"]
    assert (kept["errors"]["threshold"], kept["search"]["threshold"]) == (0.02, 0.1)
    moto.call("DELETE", "/faults")
    second.state, second.inputs = dict(told.value.state), after
    assert again(desk, second).up(after) == {"policies.search.threshold": "update"}


def test_an_alarm_taken_out_stays_while_its_domain_carries_traffic_and_the_rest_is_done(
    desk: Desk, cloudwatch: Any
) -> None:
    desk.climb("ai-agents", 5)
    first = line(desk, "errors", "latency", "complaints", domain="ai-agents")
    after = inputs(desk, "latency", domain="ai-agents", threshold=3000)
    second = again(desk, first)
    assert second.preview(after) == {
        "policies.complaints": "delete", "policies.errors": "delete", "policies.latency.threshold": "update",
    }  # fmt: skip
    stays = "each alarm of ai-agents (complaints, errors) stays: ai-agents is at 5 %"
    assert stays in second.said()
    assert "ai-agents-errors: taken out" in second.said()
    third = again(desk, first)
    with pytest.raises(Partly) as told:
        third.up(after)
    assert stays in str(told.value)
    assert live(cloudwatch, "wa-webhook-unified-test-ai-agents-latency")["Threshold"] == 3000
    assert len(cloudwatch.describe_alarms()["MetricAlarms"]) == 3
    assert set(told.value.state["policies"]) == {"complaints", "errors", "latency"}
    third.state, third.inputs = dict(told.value.state), after
    desk.percent("ai-agents", 0)
    fourth = again(desk, third)
    assert set(fourth.up(after)) == {"policies.complaints", "policies.errors"}
    assert len(cloudwatch.describe_alarms()["MetricAlarms"]) == 1
    assert again(desk, fourth).up(after) == {}


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
        kind(desk).delete({**first.state, "domain": "wallet"}, first.inputs, Row("urn"))


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
    told = alarm_writes.not_as_written(back, {"okActions": ["a"], "description": "b", "period": 60})
    assert "dropped its description, okActions" in told
    assert "somebody else" not in told
    told = alarm_writes.not_as_written(back, {"okActions": ["a"], "period": 120})
    assert "another period, okActions: somebody else writes too" in told


def older(desk: Desk, policy: str = "errors") -> dict[str, Any]:
    """The row of one alarm that an older version's program registered, and its state."""
    domain = desk.context.catalogue.domains["jobs"]
    found = next(alert for alert in domain.alerts if alert.name == policy)
    properties = alarms.properties(alarms.alarm(desk.context.catalogue, domain, found, "test"))
    return {"stack": "test", "domain": "jobs", "policy": policy, **properties}


def test_a_row_of_one_alarm_is_read_and_deleted_as_ever(desk: Desk, cloudwatch: Any) -> None:
    line(desk, "errors", "search")
    state = older(desk)
    assert kind(desk).read("urn", state, Row("urn"), state) == state
    by_hand(cloudwatch, Threshold=0.5)
    assert kind(desk).read("urn", state, Row("urn"), state) == {**state, "threshold": 0.5}
    kind(desk).delete(state, state, Row("urn"))
    (left,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert left["AlarmName"].endswith("-jobs-search")
    row = Row("urn")
    gone = kind(desk).read("urn", state, row, state)
    assert gone == {key: value for key, value in state.items() if key != "name"}
    assert f"alarm {NAME} is gone" in row.lines[0][1]
    desk.climb("ai-agents", 100)
    desk.climb("jobs", 5)
    with pytest.raises(Refused, match=f"alarm {NAME} stays: jobs is at 5 %"):
        kind(desk).delete(state, state, Row("urn"))


def test_a_row_of_one_alarm_can_become_a_domains(desk: Desk, moto: Simulator) -> None:
    """A policy called `alerts` had the row that is the domain's now."""
    new = inputs(desk, "errors", "search")
    line(desk, "errors")
    moto.call("DELETE", "/calls")
    row = Line(kind(desk), older(desk), older(desk))
    assert row.up(new) == {"policies.search": "add"}
    assert moto.call("GET", "/calls")["cloudwatch.PutMetricAlarm"] == 1


def test_the_record_has_what_an_older_version_asks_of_a_row(desk: Desk) -> None:
    """It knows a row by stack, domain and policy, and takes the domain's for a second row of that policy: it goes without a call."""
    assert line(desk, "search", "errors").state is not None
    state = line(desk, "search", "errors").state or {}
    assert (state["stack"], state["domain"], state["policy"]) == ("test", "jobs", "errors")
    with pytest.raises(Partly) as told:
        line(desk, "search", "errors", period=45)
    assert told.value.state["policy"] == "errors"
