"""`Notifications`: one topic for each action and one for the changes, with the subscriptions of the stack config."""

from __future__ import annotations

import pulumi

from rollout.model.alarms.topics import TOPICS, topic_name
from rollout.model.stack_file.config import StackConfig

from .resources import Topic


class Notifications(pulumi.ComponentResource):
    """The topics of a stack, rows `hold`, `investigate`, ... Every action has one, so that an alarm always has where to go."""

    topics: dict[str, Topic]

    def __init__(self, config: StackConfig, stack: str) -> None:
        super().__init__("wa-rollout:index:Notifications", "notifications")
        child = pulumi.ResourceOptions(parent=self)
        self.topics = {
            action: Topic(
                action,
                stack=stack,
                action=action,
                topic=topic_name(stack, action),
                subscriptions=config.notify.get(action, {}),
                closed=config.closed is not None,
                opts=child,
            )
            for action in TOPICS
        }
        self.register_outputs({})
