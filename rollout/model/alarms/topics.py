"""The topics of a stack: one for each action of an alarm, and one for what happens on purpose."""

from __future__ import annotations

from typing import Final, get_args

from rollout.model.catalogue.domain import Action

ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
#: The topic of what happens on purpose: before each increase, after each change (`rollout notify`).
CHANGES: Final = "changes"
#: Every topic of a stack.
TOPICS: Final = (*ACTIONS, CHANGES)


def topic_name(stack: str, action: str) -> str:
    """The topic of an action: a contract with whoever subscribes."""
    return f"wa-webhook-unified-{stack}-{action}"
