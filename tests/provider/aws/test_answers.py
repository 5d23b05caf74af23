"""HTTP 200 with a web page, a cut body or nothing is no answer, whichever of AWS's calls it is for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from rollout.model.gate.window import MINUTE, Window
from rollout.provider.aws import answers, topics
from rollout.provider.aws.alarms import Alarms
from rollout.provider.aws.calls import Aws
from rollout.provider.aws.dashboards import Dashboards
from rollout.provider.aws.topics import Topics
from rollout.provider.errors import StoreError
from rollout.provider.settings import Settings
from rollout.provider.sources.cloudwatch import CloudWatch
from rollout.provider.stores.secrets_manager import SecretsManager
from rollout.simulator.simulator import Simulator

ARN = "arn:aws:sns:eu-west-1:123456789012:t"
NAME = "wa-webhook-unified/test/X"
AT = datetime(2026, 12, 1, tzinfo=UTC)
HOUR = Window(AT, AT + timedelta(hours=1), MINUTE)
Call = Callable[[SecretsManager, Aws], object]

CALLS: dict[str, Call] = {
    "secretsmanager.GetSecretValue": lambda store, _: store.get(NAME),
    "secretsmanager.BatchGetSecretValue": lambda store, _: _raised(store.get_many([NAME])[NAME]),
    "secretsmanager.DescribeSecret": lambda store, _: store.tags(NAME),
    "secretsmanager.PutSecretValue": lambda store, _: store.put(NAME, "5", "5" * 36),
    "secretsmanager.CreateSecret": lambda store, _: store.create(NAME, "5", "5" * 36, {}),
    "secretsmanager.RestoreSecret": lambda store, _: store.restore(NAME),
    "secretsmanager.TagResource": lambda store, _: store.tag(NAME, {"a": "b"}),
    "secretsmanager.UntagResource": lambda store, _: store.untag(NAME, ["a"]),
    "cloudwatch.DescribeAlarms": lambda _, aws: Alarms(aws).get("x"),
    "cloudwatch.DeleteAlarms": lambda _, aws: Alarms(aws).delete("x"),
    "cloudwatch.GetMetricData": lambda _, aws: CloudWatch(aws).read("jobs", [("a", "Requests")], HOUR),
    "cloudwatch.ListDashboards": lambda _, aws: Dashboards(aws).stamps("x"),
    "cloudwatch.GetDashboard": lambda _, aws: Dashboards(aws).get("x"),
    "cloudwatch.DeleteDashboards": lambda _, aws: Dashboards(aws).delete("x"),
    "sns.CreateTopic": lambda _, aws: Topics(aws).make("t"),
    "sns.ListSubscriptionsByTopic": lambda _, aws: Topics(aws).get(ARN),
    "sns.Subscribe": lambda _, aws: Topics(aws).subscribe(ARN, "email", "a@example.org"),
    "sns.Unsubscribe": lambda _, aws: Topics(aws).unsubscribe(f"{ARN}:1"),
    "sns.DeleteTopic": lambda _, aws: Topics(aws).delete(ARN),
    "sns.Publish": lambda _, aws: aws.call("sns", "publish", "t", TopicArn=ARN, Message="x"),
    "sts.GetCallerIdentity": lambda _, aws: aws.account(),
}
BODIES = {
    "a web page": "<html><body>CANARY-5f3a-never-shown</body></html>",
    "cut": '{"ARN": "arn:',
    "text": "upstream said no",
}
#: Operations whose good answer is an empty one, or a list that may be: nothing can be told by `{}` there.
MAY_BE_EMPTY = ("TagResource", "UntagResource", "DeleteAlarms", "DeleteDashboards")


def _raised(found: object) -> object:
    if isinstance(found, StoreError):
        raise found
    return found


@pytest.fixture
def call(moto: Simulator, settings: Settings, store: SecretsManager) -> Callable[[str, str], object]:
    def make(operation: str, body: str) -> object:
        aws = Aws(settings, attempts=1)
        moto.call("PUT", "/faults", {"fail": [{"target": operation, "status": 200, "body": body}]})
        return CALLS[operation](store, aws)

    return make


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("operation", CALLS)
def test_what_is_no_answer_is_a_failure_of_that_call(
    call: Callable[[str, str], object], operation: str, body: str
) -> None:
    with pytest.raises(StoreError) as caught:
        call(operation, BODIES[body])
    said = str(caught.value)
    assert "answered" in said or "left it out" in said
    assert "\n" not in said
    assert "CANARY" not in said
    assert "KeyError '" not in said


@pytest.mark.parametrize("operation", [name for name in CALLS if not name.endswith(MAY_BE_EMPTY)])
def test_an_empty_object_is_none_where_a_good_answer_has_keys(
    call: Callable[[str, str], object], operation: str
) -> None:
    with pytest.raises(StoreError):
        call(operation, "{}")


def test_every_call_of_the_sdk_that_this_project_makes_is_held_against_its_keys() -> None:
    assert {name for name in CALLS if not name.endswith((*MAY_BE_EMPTY, "Unsubscribe", "DeleteTopic"))} == set(
        answers.ALWAYS
    )


def test_items_of_a_list_have_their_keys() -> None:
    good = {"AlarmName": "a", "AlarmArn": "arn", "StateValue": "OK"}
    assert answers.missing("cloudwatch.DescribeAlarms", {"MetricAlarms": [good]}) == ""
    assert answers.missing("cloudwatch.DescribeAlarms", {"MetricAlarms": []}) == ""
    for item in ({**good, "StateValue": None}, {}, "x"):
        assert "MetricAlarms without" in answers.missing("cloudwatch.DescribeAlarms", {"MetricAlarms": [good, item]})
    assert "no MetricAlarms" in answers.missing("cloudwatch.DescribeAlarms", {"MetricAlarms": None})


def test_a_good_answer_passes(store: SecretsManager, settings: Settings) -> None:
    store.create(NAME, "0", "0" * 36, {"a": "b"})
    store.untag(NAME, ["a"])
    store.tag(NAME, {"c": "d"})
    aws = Aws(settings, attempts=1)
    arn = Topics(aws).make("t")
    assert Topics(aws).get(arn) == topics.LiveTopic(arn)
    Topics(aws).delete(arn)
    Alarms(aws).delete("nothing")
    assert Alarms(aws).get("nothing") is None
    assert Dashboards(aws).stamps("x") == {}
