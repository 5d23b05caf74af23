"""`AlertPolicy`: one policy's CloudWatch alarm. A changed limit is one property of one row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from rollout.model.alarms import alarm, alarm_limits
from rollout.provider.aws.alarms import LiveAlarm
from rollout.provider.aws.bucket import Bucket
from rollout.provider.errors import StoreError
from rollout.provider.judging.context import Context
from rollout.provider.resources import beside
from rollout.provider.resources.beside import Beside, Properties
from rollout.provider.settings import POSTGRES
from rollout.provider.stores.snapshot import Snapshot
from rollout.provider.wire.row import Row

#: PutMetricAlarm, writes a second and account (CloudWatch quotas).
WRITES_A_SECOND: Final = 3

LIVE: Final = tuple(alarm.PROPERTIES.values())


class AlarmStore(Protocol):
    """Where alarms stand. Every method may raise `StoreError`."""

    def get(self, name: str) -> LiveAlarm | None: ...
    def get_many(self, names: Iterable[str]) -> Mapping[str, LiveAlarm | StoreError | None]: ...
    def put(self, properties: Mapping[str, Any], before: LiveAlarm | None) -> None: ...
    def delete(self, name: str) -> None: ...


class AlertPolicy(Beside):
    """Handlers of `rollout:index:AlertPolicy`. Inputs: `rollout.model.alarms.alarm.properties`, `stack`, `domain`, `policy`, `closed`."""

    def __init__(self, context: Context, store: AlarmStore, bucket: Bucket | None = None) -> None:
        super().__init__(context)
        self._store = store
        quick = context.settings.loopback or context.settings.source == POSTGRES
        # A simulator and a database have no quota, and a local `make up` shouldn't wait 10 s for one.
        self._bucket = bucket or Bucket(None if quick else WRITES_A_SECOND, WRITES_A_SECOND)
        self._snapshots: dict[str, Snapshot[LiveAlarm]] = {}

    def diff(self, urn: str, old: Properties, new: Properties, row: Row) -> dict[str, str]:
        """Each property that differs from the record, which a refresh has just brought up to date."""
        return beside.changed(old, new, LIVE)

    def read(self, urn: str, state: Properties, row: Row, inputs: Properties | None = None) -> Properties:
        """The record with the live alarm in it. A failing API leaves the record, and a warning on one row."""
        name = _name(state)
        try:
            live = self._live(state["stack"], name)
        except StoreError as error:
            self.once(row, f"not read, shown as recorded: {error}")
            return state
        if live is None:
            empty = "alarm" if self._snapshots[state["stack"]].was_empty else ""
            return self.gone(state, f"alarm {name}", row, all_of_them=empty)
        return {**state, **live.properties}

    def create(self, new: Properties, preview: bool, row: Row) -> tuple[str, Properties]:
        return _name(new), self._set(new, preview, row, "adopted, it stood there already")

    def update(self, old: Properties, old_inputs: Properties, new: Properties, preview: bool, row: Row) -> Properties:
        self.unmoved(old, new, "stack", "domain", "policy", "name")
        return self._set(new, preview, row, "stands as wanted, nothing written")

    def half_made(self, new: Properties) -> str:
        return _name(new)

    def delete(self, state: Properties, old_inputs: Properties, row: Row) -> None:
        name = _name(state)
        self.may_go(state, [state["domain"]], old_inputs, f"alarm {name}")
        self._store.delete(name)

    def _set(self, new: Properties, preview: bool, row: Row, already: str) -> Properties:
        name, outputs = _name(new), {key: value for key, value in new.items() if key != "closed"}
        wrong = alarm_limits.problems(new)
        beside.refuse(f"alarm {name}", (f"{key}: {reason}" for key, reason in wrong))
        if preview:
            return outputs
        before = self._live(new["stack"], name)
        if before is not None and not _differing(before, new):
            row.info(already)
            return outputs
        self._bucket.take(row.now)
        self._store.put(new, before)
        back = self._store.get(name)
        if back is None or (wrong_keys := _differing(back, new)):
            raise StoreError(f"alarm {name}: written, but {_not_as_written(back, wrong_keys if back else [])}")
        return outputs

    def _live(self, stack: str, name: str) -> LiveAlarm | None:
        """From one batched read of the stack's alarms; a second look at the same alarm is fresh."""
        if stack not in self._snapshots:
            names = alarm.names(self._context.catalogue, stack)
            made: Snapshot[LiveAlarm] = Snapshot(self._store, names, again=False)
            self._snapshots.setdefault(stack, made)  # many rows ask at once: the first one's is everybody's
        return self._snapshots[stack].take(name)


def _not_as_written(back: LiveAlarm | None, wrong: list[str]) -> str:
    """What read-back found: a property that is empty there was dropped by the endpoint, and only another value is somebody's."""
    if back is None:
        return "it isn't there when it is read back: run again"
    dropped = [key for key in wrong if back.properties.get(key) in (None, "", [], {})]
    if dropped == wrong:
        return f"the endpoint dropped its {', '.join(dropped)}: it doesn't keep what AWS keeps"
    return f"read back another {', '.join(wrong)}: somebody else writes too"


def _name(properties: Properties) -> str:
    return alarm.alarm_name(properties["stack"], properties["domain"], properties["policy"])


def _differing(live: LiveAlarm, wanted: Mapping[str, Any]) -> list[str]:
    return [key for key in LIVE if live.properties.get(key) != wanted.get(key)]
