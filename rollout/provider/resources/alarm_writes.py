"""Makes the alarms of one row stand as they are wanted. What fails stops none of the others, and all of it is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rollout.model.alarms import alarm_limits, policies
from rollout.model.problem import Problem
from rollout.provider.aws.alarms import LiveAlarm
from rollout.provider.aws.bucket import Bucket
from rollout.provider.errors import StoreError
from rollout.provider.resources import beside
from rollout.provider.resources.beside import Properties
from rollout.provider.wire.row import Refused, Row

Found = Mapping[str, LiveAlarm | StoreError | None]


class AlarmStore(Protocol):
    """Where alarms stand. Every method but `get_many` may raise `StoreError`."""

    def get(self, name: str) -> LiveAlarm | None: ...
    def get_many(self, names: Iterable[str]) -> Found: ...
    def put(self, properties: Mapping[str, Any], before: LiveAlarm | None) -> None: ...
    def delete(self, name: str) -> None: ...


@dataclass
class Done:
    """What came of a row: its policies as they stand, and why others don't stand as they are wanted. `wrote`: anything at all."""

    stands: dict[str, Any] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    wrote: bool = False

    def text(self) -> str:
        return "\n".join(dict.fromkeys(self.failed))


@dataclass
class Writes:
    """The writes of one row to its store."""

    store: AlarmStore
    bucket: Bucket
    row: Row

    def set(self, old: Properties, new: Properties, live: Found, done: Done) -> None:
        """Puts each alarm that differs from the `live` ones, and reads it back; what AWS would refuse isn't tried."""
        wrong, refused = wrongly(new)
        done.failed += [refused.block()] if refused else []
        done.stands |= policies.shorts(old, new)
        tried = {}
        for policy, properties in policies.wholes(new).items():
            before = live.get(str(properties["name"]))
            if policy in wrong:
                continue
            if isinstance(before, StoreError):
                done.failed.append(str(before))
            elif before is not None and not policies.differing(before.properties, properties):
                done.stands[policy] = new["policies"][policy]
            elif self._put(properties, before, done):
                tried[policy] = properties
        back = self.store.get_many(str(one["name"]) for one in tried.values()) if tried else {}
        for policy, properties in tried.items():
            if failure := not_as_written(back.get(str(properties["name"])), properties):
                done.failed.append(f"alarm {properties['name']}: written, but {failure}")
            else:
                done.stands[policy] = new["policies"][policy]

    def _put(self, properties: Properties, before: LiveAlarm | None, done: Done) -> bool:
        self.bucket.take(self.row.now)
        done.wrote = True
        try:
            self.store.put(properties, before)
        except StoreError as error:
            done.failed.append(str(error))
            return False
        return True

    def take_out(self, old: Properties, leaving: Iterable[str], done: Done) -> None:
        """Deletes the alarms of these policies."""
        for policy in leaving:
            done.wrote = True
            try:
                self.store.delete(policies.alarm_of(old, policy))
                done.stands.pop(policy, None)
            except StoreError as error:
                done.failed.append(str(error))


def wrongly(new: Properties) -> tuple[list[str], Problem | None]:
    """The policies whose alarm AWS would refuse, and the words for all of them."""
    found: dict[str, Problem] = {}
    for policy, properties in policies.wholes(new).items():
        try:
            wrong = alarm_limits.problems(properties)
            beside.refuse(f"alarm {properties['name']}", (f"{key}: {reason}" for key, reason in wrong))
        except Refused as refused:
            found[policy] = refused.problem
    if not found:
        return [], None
    return list(found), Problem("\n".join(one.what for one in found.values()), do=next(iter(found.values())).do)


def not_as_written(back: LiveAlarm | StoreError | None, properties: Properties) -> str:
    """What read-back found instead; empty where it found what was written.

    A property that is empty there was dropped by the endpoint, and only another value is somebody's.
    """
    if isinstance(back, StoreError):
        return f"not read back: {back}"
    if back is None:
        return "it isn't there when it is read back: run again"
    wrong = policies.differing(back.properties, properties)
    dropped = [key for key in wrong if back.properties.get(key) in (None, "", [], {})]
    if wrong and dropped == wrong:
        return f"the endpoint dropped its {', '.join(dropped)}: it doesn't keep what AWS keeps"
    return f"read back another {', '.join(wrong)}: somebody else writes too" if wrong else ""
