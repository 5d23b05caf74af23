"""Topics and their subscriptions on SNS (or what speaks like it on a loopback endpoint)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rollout.model.alarms.topics import CHANGES, topic_name
from rollout.provider.aws.calls import Aws
from rollout.provider.errors import Absent, StoreError
from rollout.provider.settings import Settings

if TYPE_CHECKING:
    from rollout.model.review.message import Message

#: What SNS shows in place of a subscription's ARN until its endpoint has answered.
PENDING: Final = "PendingConfirmation"


@dataclass(frozen=True)
class LiveTopic:
    """A topic as it stands. `subscriptions`: endpoint to the ARN of its subscription, or `PENDING`."""

    arn: str
    subscriptions: dict[str, str] = field(default_factory=dict)


class Topics:
    """`rollout.provider.resources.topic.TopicStore`."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def get(self, arn: str) -> LiveTopic | None:
        """One call tells both: whether the topic is there, and who listens."""
        found: dict[str, str] = {}
        arguments: dict[str, Any] = {"TopicArn": arn}
        while True:
            try:
                answer = self._aws.call("sns", "list_subscriptions_by_topic", arn, **arguments)
            except Absent:
                return None
            for subscription in answer.get("Subscriptions") or []:
                known = str(subscription.get("SubscriptionArn"))
                if known == PENDING or known.startswith(
                    "arn:"
                ):  # `Deleted` for days where somebody left by the mail's link
                    found[str(subscription.get("Endpoint"))] = known
            if not answer.get("NextToken"):
                return LiveTopic(arn, found)
            arguments["NextToken"] = answer["NextToken"]

    def make(self, name: str) -> str:
        """The topic's ARN; one that is there already is answered as it is."""
        arn = self._aws.call("sns", "create_topic", name, Name=name).get("TopicArn")
        if not arn:  # HTTP 200 with a garbage body is a success to botocore
            raise StoreError(f"{name}: create_topic answered no ARN")
        return str(arn)

    def subscribe(self, arn: str, protocol: str, endpoint: str) -> None:
        """E-mail and HTTPS endpoints have to confirm before anything reaches them."""
        arguments = {"TopicArn": arn, "Protocol": protocol, "Endpoint": endpoint}
        self._aws.call("sns", "subscribe", arn, ReturnSubscriptionArn=True, **arguments)

    def unsubscribe(self, subscription: str) -> None:
        self._aws.call("sns", "unsubscribe", subscription, SubscriptionArn=subscription)

    def delete(self, arn: str) -> None:
        try:
            self._aws.call("sns", "delete_topic", arn, TopicArn=arn)
        except Absent:
            return


def send(settings: Settings, stack: str, told: Message, *, attempts: int | None = None) -> str:
    """Publishes to the topic of changes; answers its name. Raises `StoreError`, `Absent` where there is no such topic."""
    aws = Aws(settings, attempts=attempts)
    partition, account = aws.account()
    name = topic_name(stack, CHANGES)
    arn = f"arn:{partition}:sns:{settings.region}:{account}:{name}"
    aws.call("sns", "publish", name, TopicArn=arn, Subject=told.subject, Message=told.text)
    return name
