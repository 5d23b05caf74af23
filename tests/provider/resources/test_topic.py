"""`Topic` on the simulator: subscriptions from config, strangers left alone, drift named and repaired."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rollout.model.alarms.topics import topic_name
from rollout.provider.aws import calls
from rollout.provider.aws.calls import Aws
from rollout.provider.aws.topics import PENDING, LiveTopic, Topics
from rollout.provider.errors import StoreError
from rollout.provider.resources.topic import Topic
from rollout.provider.wire.row import Refused, Row
from rollout.simulator.simulator import Simulator
from tests.harness import client
from tests.provider.beside import Line
from tests.provider.desk import Desk

UNKNOWN = object()
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:"
ARN = "arn:aws:sns:eu-west-1:123456789012:wa-webhook-unified-test-hold"


@pytest.fixture(autouse=True)
def _once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "ATTEMPTS", 1)


@pytest.fixture
def sns(moto: Simulator) -> Any:
    return client(moto.url, "sns")


def topics(desk: Desk) -> Topic:
    return Topic(desk.context, Topics(Aws(desk.context.settings)), UNKNOWN)


def inputs(**subscriptions: str) -> dict[str, Any]:
    name = topic_name("test", "hold")
    return {"stack": "test", "action": "hold", "name": name, "subscriptions": subscriptions}


def line(desk: Desk, **subscriptions: str) -> Line:
    made = Line(topics(desk))
    made.up(inputs(**subscriptions))
    return made


def again(desk: Desk, before: Line) -> Line:
    desk.new_run()
    return Line(topics(desk), before.state, before.inputs)


def listening(sns: Any) -> set[tuple[str, str]]:
    found = sns.list_subscriptions_by_topic(TopicArn=ARN)["Subscriptions"]
    return {(one["Protocol"], one["Endpoint"]) for one in found}


def test_each_protocol_is_told_by_the_endpoint(desk: Desk, sns: Any) -> None:
    made = line(desk, q=f"{QUEUE}a", mail="ana@example.org", hook="https://example.org/in")
    assert made.state is not None
    assert made.state["arn"] == ARN
    expected = {("sqs", f"{QUEUE}a"), ("email", "ana@example.org"), ("https", "https://example.org/in")}
    assert listening(sns) == expected


def test_the_arn_is_unknown_before_the_first_write_and_known_after(desk: Desk) -> None:
    assert topics(desk).create(inputs(), True, Row("urn"))[1]["arn"] is UNKNOWN
    made = line(desk)
    assert topics(desk).update(made.state or {}, made.inputs, inputs(a=f"{QUEUE}a"), True, Row("urn"))["arn"] == ARN


def test_nothing_changed_is_nothing_written_and_one_call(desk: Desk, moto: Simulator) -> None:
    first = line(desk, a=f"{QUEUE}a")
    moto.call("DELETE", "/calls")
    assert again(desk, first).up(inputs(a=f"{QUEUE}a")) == {}
    assert moto.call("GET", "/calls") == {"sns.ListSubscriptionsByTopic": 1}


def test_a_changed_list_moves_ours_and_leaves_a_strangers(desk: Desk, sns: Any) -> None:
    first = line(desk, a=f"{QUEUE}a", b=f"{QUEUE}b")
    sns.subscribe(TopicArn=ARN, Protocol="sqs", Endpoint=f"{QUEUE}theirs")
    second = again(desk, first)
    assert second.up(inputs(a=f"{QUEUE}a", c=f"{QUEUE}c")) == {"subscriptions": "update"}
    assert listening(sns) == {("sqs", f"{QUEUE}{name}") for name in ("a", "c", "theirs")}
    assert again(desk, second).up(inputs(a=f"{QUEUE}a", c=f"{QUEUE}c")) == {}


def test_a_lost_subscription_is_shown_and_repaired(desk: Desk, sns: Any) -> None:
    first = line(desk, a=f"{QUEUE}a", b=f"{QUEUE}b")
    lost = next(s for s in sns.list_subscriptions()["Subscriptions"] if s["Endpoint"] == f"{QUEUE}a")
    sns.unsubscribe(SubscriptionArn=lost["SubscriptionArn"])
    second = again(desk, first)
    assert second.preview(inputs(a=f"{QUEUE}a", b=f"{QUEUE}b")) == {"subscriptions": "update"}
    second.up(inputs(a=f"{QUEUE}a", b=f"{QUEUE}b"))
    assert len(listening(sns)) == 2


def test_one_taken_out_of_the_config_goes_also_after_it_was_lost(desk: Desk, sns: Any) -> None:
    first = line(desk, a=f"{QUEUE}a")
    second = again(desk, first)
    second.up(inputs())
    assert listening(sns) == set()


def test_a_deleted_topic_is_named_and_made_again_with_its_listeners(desk: Desk, sns: Any) -> None:
    first = line(desk, a=f"{QUEUE}a")
    sns.delete_topic(TopicArn=ARN)
    second = again(desk, first)
    assert second.up(inputs(a=f"{QUEUE}a")) == {"name": "add"}
    assert f"topic {ARN} is gone" in second.said()
    assert listening(sns) == {("sqs", f"{QUEUE}a")}


def test_a_read_never_raises(desk: Desk, fault: Callable[..., None]) -> None:
    first = line(desk, a=f"{QUEUE}a")
    fault(None, target="sns.ListSubscriptionsByTopic", status=500)
    second = again(desk, first)
    assert second.up(inputs(a=f"{QUEUE}a")) == {}
    assert "not read, shown as recorded" in second.said()


def test_an_endpoint_that_is_none_is_refused_and_not_repeated(desk: Desk, moto: Simulator) -> None:
    with pytest.raises(Refused) as told:
        line(desk, a="https://user:CANARY@example.org")
    assert "subscriptions.a: allowed: an e-mail address" in str(told.value)
    assert "CANARY" not in str(told.value)
    assert moto.call("GET", "/calls") == {}


def test_what_is_not_confirmed_is_said_and_left_to_go_by_itself(desk: Desk) -> None:
    class Waiting:
        unsubscribed: list[str] = []  # noqa: RUF012 - one test's own

        def get(self, arn: str) -> LiveTopic:
            return LiveTopic(arn, {"ana@example.org": PENDING})

        def make(self, name: str) -> str:
            return f"arn:aws:sns:eu-west-1:123456789012:{name}"

        def subscribe(self, arn: str, protocol: str, endpoint: str) -> None:  # noqa: ARG002 - as in Topics
            raise AssertionError("it is there already")

        def unsubscribe(self, subscription: str) -> None:
            self.unsubscribed.append(subscription)

        def delete(self, arn: str) -> None: ...

    store = Waiting()
    made = Line(Topic(desk.context, store, UNKNOWN))
    made.up(inputs(ana="ana@example.org"))
    assert "not confirmed yet, so nothing reaches them: ana" in made.said()
    made.up(inputs())
    assert store.unsubscribed == []


def test_a_write_that_does_nothing_is_told(desk: Desk, fault: Callable[..., None]) -> None:
    answer = (
        "<SubscribeResponse><SubscribeResult><SubscriptionArn>a</SubscriptionArn></SubscribeResult></SubscribeResponse>"
    )
    fault(None, target="sns.Subscribe", status=200, body=answer)
    with pytest.raises(StoreError, match="read back no subscription a"):
        line(desk, a=f"{QUEUE}a")


def test_a_topic_stays_while_any_domain_carries_traffic(desk: Desk, sns: Any) -> None:
    desk.climb("ai-agents", 5)
    first = line(desk)
    with pytest.raises(Refused, match="topic hold stays: ai-agents is at 5 %"):
        again(desk, first).delete()
    desk.percent("ai-agents", 0)
    again(desk, first).delete()
    assert sns.list_topics()["Topics"] == []


@pytest.mark.parametrize("word", ["Deleted", "None", "", "pending confirmation"])
def test_a_word_in_place_of_an_arn_is_no_subscription(desk: Desk, moto: Simulator, sns: Any, word: str) -> None:
    """SNS lists `Deleted` for days after somebody left by the mail's link: it is drift, and subscribed anew."""
    first = line(desk, ana="ana@example.org")
    member = (
        f"<member><Protocol>email</Protocol><Endpoint>ana@example.org</Endpoint><Owner>1</Owner><TopicArn>{ARN}</TopicArn>"
        f"<SubscriptionArn>{word or 'x'}</SubscriptionArn></member>"
    )
    body = (
        '<ListSubscriptionsByTopicResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><ListSubscriptionsByTopicResult>'
        f"<Subscriptions>{member}</Subscriptions></ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>"
    )
    second = again(desk, first)
    fault = {"target": "sns.ListSubscriptionsByTopic", "status": 200, "body": body}
    moto.call("PUT", "/faults", {"fail": [{**fault, "times": 2}]})
    assert second.preview(inputs(ana="ana@example.org")) == {"subscriptions": "update"}
    moto.call("PUT", "/faults", {"fail": [{**fault, "times": 2}]})  # the refresh, and the look before the write
    moto.call("DELETE", "/calls")
    second.up(inputs(ana="ana@example.org"))
    assert moto.call("GET", "/calls")["sns.Subscribe"] == 1
    moto.call("PUT", "/faults", {"fail": [{**fault, "times": 2}]})
    again(desk, second).up(inputs())  # its removal calls nothing that fails


@pytest.mark.parametrize("call", ["sns.CreateTopic", "sns.Subscribe", "sns.ListSubscriptionsByTopic"])
def test_a_topic_that_was_half_made_is_made_whole_by_the_next_up(
    desk: Desk, sns: Any, moto: Simulator, call: str
) -> None:
    """The engine keeps what was asked for as its state: no ARN is in it."""
    wanted = inputs(a=f"{QUEUE}a")
    moto.call("PUT", "/faults", {"fail": [{"target": call, "status": 500}]})
    with pytest.raises(StoreError):
        topics(desk).create(wanted, False, Row("urn"))
    moto.call("DELETE", "/faults")
    half = Line(topics(desk), dict(wanted), wanted)
    assert half.up(wanted) == {"name": "add"}
    assert "may be half made" in half.said()
    assert half.state is not None
    assert half.state["arn"] == ARN
    assert listening(sns) == {("sqs", f"{QUEUE}a")}
