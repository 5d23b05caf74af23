"""`Topic`: where alarms of one action go, and who listens. Listeners that others have added are left alone."""

from __future__ import annotations

from typing import Final, Protocol

from rollout.model.alarms import topics
from rollout.model.alarms.topics import topic_name
from rollout.model.stack_file import listeners
from rollout.provider.aws.topics import PENDING, LiveTopic
from rollout.provider.errors import StoreError
from rollout.provider.judging.context import Context
from rollout.provider.resources import beside
from rollout.provider.resources.beside import Beside, Properties
from rollout.provider.wire.row import Row

LIVE: Final = ("name", "subscriptions")


class TopicStore(Protocol):
    """Where topics stand. Every method may raise `StoreError`."""

    def get(self, arn: str) -> LiveTopic | None: ...
    def make(self, name: str) -> str: ...
    def subscribe(self, arn: str, protocol: str, endpoint: str) -> None: ...
    def unsubscribe(self, subscription: str) -> None: ...
    def delete(self, arn: str) -> None: ...


class Topic(Beside):
    """Handlers of `rollout:index:Topic`. Inputs: `stack`, `action`, `name`, `subscriptions` (name to endpoint), `closed`."""

    def __init__(self, context: Context, store: TopicStore, unknown: object) -> None:
        super().__init__(context)
        self._store = store
        self._unknown = unknown

    def diff(self, urn: str, old: Properties, new: Properties, row: Row) -> dict[str, str]:
        return beside.changed(old, new, LIVE)

    def read(self, urn: str, state: Properties, row: Row, inputs: Properties | None = None) -> Properties:
        """The record with the subscriptions that stand; a failing API leaves the record and a warning.

        What was half made has no ARN on record, and is made whole by the next `up`.
        """
        if not state.get("arn"):
            return self.unfinished(state, f"topic {topic_name(state['stack'], state['action'])}", row)
        try:
            live = self._store.get(state["arn"])
        except StoreError as error:
            row.warn(f"not read, shown as recorded: {error}")
            return state
        if live is None:
            return self.gone(state, f"topic {state['arn']}", row)
        _say_pending(state["subscriptions"], live, row)
        standing = {key: value for key, value in state["subscriptions"].items() if value in live.subscriptions}
        return {**state, "name": topic_name(state["stack"], state["action"]), "subscriptions": standing}

    def create(self, new: Properties, preview: bool, row: Row) -> tuple[str, Properties]:
        return new["name"], self._set({}, new, preview, row)

    def update(self, old: Properties, old_inputs: Properties, new: Properties, preview: bool, row: Row) -> Properties:
        self.unmoved(old, new, "stack", "action", "name")
        # The inputs, not the record: what was deleted outside is out of the record, and what we asked for isn't.
        return self._set({**old, "subscriptions": old_inputs.get("subscriptions") or {}}, new, preview, row)

    def delete(self, state: Properties, old_inputs: Properties, row: Row) -> None:
        self.may_go(state, self._context.catalogue.domains, old_inputs, f"topic {state['action']}")
        self._store.delete(
            state.get("arn") or self._store.make(state["name"])
        )  # half made: the same name has the same ARN

    def _set(self, old: Properties, new: Properties, preview: bool, row: Row) -> Properties:
        name, wanted = new["name"], new["subscriptions"]
        beside.refuse(f"topic {name}", _wrong(new))
        outputs = {key: value for key, value in new.items() if key != "closed"}
        if preview:
            return {**outputs, "arn": old.get("arn") or self._unknown}
        arn = self._store.make(name)
        live = self._store.get(arn) or LiveTopic(arn)
        for endpoint in wanted.values():
            if endpoint not in live.subscriptions:
                self._store.subscribe(arn, listeners.protocol(endpoint) or "", endpoint)
        for endpoint in (old.get("subscriptions") or {}).values():
            subscription = live.subscriptions.get(endpoint, PENDING)
            if endpoint not in wanted.values() and subscription != PENDING:  # one that isn't confirmed goes by itself
                self._store.unsubscribe(subscription)
        back = self._store.get(arn)
        missing = [key for key, value in wanted.items() if back is None or value not in back.subscriptions]
        if back is None or missing:
            found = "no topic" if back is None else f"no subscription {', '.join(missing)}"
            raise StoreError(f"topic {name}: written, but read back {found}")
        _say_pending(wanted, back, row)
        return {**outputs, "arn": arn}


def _wrong(new: Properties) -> list[str]:
    wrong = []
    if new.get("action") not in topics.TOPICS:
        wrong.append(f"action: allowed: {', '.join(topics.TOPICS)}")
    # The endpoint itself isn't repeated: it may be a URL with a key in it.
    for key, endpoint in new["subscriptions"].items():
        if not isinstance(endpoint, str) or listeners.protocol(endpoint) is None:
            wrong.append(f"subscriptions.{key}: allowed: {listeners.ALLOWED}")
    return wrong


def _say_pending(wanted: Properties, live: LiveTopic, row: Row) -> None:
    waiting = [key for key, endpoint in wanted.items() if live.subscriptions.get(endpoint) == PENDING]
    if waiting:
        row.warn(f"not confirmed yet, so nothing reaches them: {', '.join(waiting)}")
