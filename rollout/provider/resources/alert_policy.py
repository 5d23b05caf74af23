"""`AlertPolicy`: a domain's alert policies, an alarm each. A changed limit is one property of one policy of its row.

A row of an older version is about one policy. It is read and deleted as it always was; a new row takes its alarm over. What a new
row has as `policy` is for such a version, should it come back (docs/adr/0017-one-row-a-domain-for-its-alarms.md).
"""

from __future__ import annotations

from typing import Final

from rollout.model.alarms import alarm, policies
from rollout.provider.aws.alarms import LiveAlarm
from rollout.provider.aws.bucket import Bucket
from rollout.provider.errors import StoreError
from rollout.provider.judging.context import Context
from rollout.provider.resources import alarm_writes
from rollout.provider.resources.alarm_writes import AlarmStore, Done, Found, Writes
from rollout.provider.resources.beside import Beside, Properties
from rollout.provider.settings import POSTGRES
from rollout.provider.stores.snapshot import Snapshot
from rollout.provider.wire.row import Partly, Refused, Row

#: PutMetricAlarm, writes a second and account (CloudWatch quotas).
WRITES_A_SECOND: Final = 3
#: Why rows that a preview would delete leave their alarms where they are.
OLDER: Final = "a row of one alarm, as an older version made it, goes without a call"


class AlertPolicy(Beside):
    """Handlers of `rollout:index:AlertPolicy`. Inputs: `rollout.model.alarms.policies.row`, and `closed`."""

    def __init__(self, context: Context, store: AlarmStore, bucket: Bucket | None = None) -> None:
        super().__init__(context)
        self._store = store
        quick = context.settings.loopback or context.settings.source == POSTGRES
        # A simulator and a database have no quota, and a local `make up` shouldn't wait 10 s for one.
        self._bucket = bucket or Bucket(None if quick else WRITES_A_SECOND, WRITES_A_SECOND)
        self._snapshots: dict[str, Snapshot[LiveAlarm]] = {}

    def check(self, new: Properties) -> list[tuple[str, str]]:
        wrong = [(key, "missing: text") for key in ("stack", "domain", "service") if not isinstance(new.get(key), str)]
        given = new.get("policies")
        whole = isinstance(given, dict) and all(isinstance(one, dict) for one in given.values())
        return wrong if whole else [*wrong, ("policies", "missing: a map by policy")]

    def diff(self, urn: str, old: Properties, new: Properties, row: Row) -> dict[str, str]:
        """Each property that differs from the record, which a refresh has just brought up to date, by its policy."""
        return policies.diff(old, new)

    def read(self, urn: str, state: Properties, row: Row, inputs: Properties | None = None) -> Properties:
        """The record with the live alarms in it. A failing API leaves the record, and a warning on one row."""
        stack, asked = state["stack"], inputs if inputs and "policies" in inputs else state
        live: dict[str, LiveAlarm | None] = {}
        try:
            for policy in policies.names(state, asked):
                live[policy] = self._snapshot(stack).take(policies.alarm_of(state, policy))
        except StoreError as error:
            self.once(row, f"not read, shown as recorded: {error}")
            return state
        gone = [policy for policy in policies.names(asked) if live[policy] is None]
        if gone:
            empty = "alarm" if self._snapshot(stack).was_empty else ""
            state = self.gone(state, policies.called(state, gone), row, all_of_them=empty)
        if "policies" not in state:
            return {**state, **(found.properties if (found := live[state["policy"]]) else {})}
        standing = {key: policies.short(state, key, one.properties) for key, one in live.items() if one}
        return state if standing == state["policies"] else {**state, "policies": standing}

    def create(self, new: Properties, preview: bool, row: Row) -> tuple[str, Properties]:
        if preview:
            self._refuse(new)
            first = self._snapshot(new["stack"]).first
            _say_adopted(new, {name: first(name) for name in policies.alarms(new).values()}, row)
            return _id(new), _outputs(new, new["policies"])
        live, done = self._store.get_many(policies.alarms(new).values()), Done()
        _say_adopted(new, live, row)
        Writes(self._store, self._bucket, row).set({}, new, live, done)
        return _id(new), _whole(new, done)

    def update(self, old: Properties, old_inputs: Properties, new: Properties, preview: bool, row: Row) -> Properties:
        self.unmoved(old, new, "stack", "domain", where=policies.called(new, []))
        for line in policies.said(old, new):
            row.info(line)
        leaving = [policy for policy in policies.names(old, old_inputs) if policy not in new["policies"]]
        stays = self._stays(old, old_inputs, leaving)
        if preview:
            self._refuse(new)
            if stays:  # a warning: an error would end the preview of an `up`, with a rollback beside it
                row.warn(stays)
            return _outputs(new, new["policies"])
        writes, done = Writes(self._store, self._bucket, row), Done()
        writes.set(old, new, self._store.get_many(policies.alarms(new).values()), done)
        if stays:
            done.failed.append(stays)
        else:
            writes.take_out(old, leaving, done)
        if not done.wrote and not done.failed:
            row.info("stands as wanted, nothing written")
        return _whole(new, done)

    def half_made(self, new: Properties) -> str:
        return _id(new)

    def delete(self, state: Properties, old_inputs: Properties, row: Row) -> None:
        going = policies.names(state, old_inputs)
        self.may_go(state, [state["domain"]], old_inputs, policies.called(state, going))
        done = Done()
        Writes(self._store, self._bucket, row).take_out(state, going, done)
        if done.failed:
            raise StoreError(done.text())

    def _stays(self, old: Properties, old_inputs: Properties, leaving: list[str]) -> str:
        """Why what isn't wanted any more may not go; empty where it may."""
        try:
            if leaving:
                self.may_go(old, [old["domain"]], old_inputs, policies.called(old, leaving))
        except Refused as refused:
            return str(refused)
        return ""

    def _refuse(self, new: Properties) -> None:
        _, problem = alarm_writes.wrongly(new)
        if problem:
            raise Refused(problem)

    def _snapshot(self, stack: str) -> Snapshot[LiveAlarm]:
        """One batched read of the stack's alarms; a second look at the same alarm is fresh."""
        if stack not in self._snapshots:
            made: Snapshot[LiveAlarm] = Snapshot(self._store, alarm.names(self._context.catalogue, stack), again=False)
            self._snapshots.setdefault(stack, made)  # many rows ask at once: the first one's is everybody's
        return self._snapshots[stack]


def _whole(new: Properties, done: Done) -> Properties:
    """The row's record. Raises `Partly`, with the record of what stands, where something failed."""
    outputs = _outputs(new, done.stands)
    if done.failed:
        raise Partly(done.text(), _id(new), outputs)
    return outputs


def _outputs(new: Properties, stands: Properties) -> Properties:
    kept = {key: value for key, value in new.items() if key != "closed"}
    return {**kept, "policies": stands, "policy": min(new["policies"], default="")}


def _say_adopted(new: Properties, live: Found, row: Row) -> None:
    """What stands already where a row is made, and what changes of it; nothing where none does."""
    standing = {key: one for key, name in policies.alarms(new).items() if isinstance(one := live.get(name), LiveAlarm)}
    if not standing:
        return
    as_it_is = {**new, "policies": {key: policies.short(new, key, one.properties) for key, one in standing.items()}}
    changes = policies.said(as_it_is, new)
    over = any("." in path.removeprefix("policies.") for path in policies.diff(as_it_is, new))
    say = row.warn if over else row.info  # a refresh within the program reads no row that goes: this alone tells of it
    many = f"{len(standing)} alarms of {new['domain']} stand already"
    say(f"{many}, adopted: {'these are written' if changes else 'nothing is written'} ({OLDER})")
    for line in changes:
        say(line)


def _id(properties: Properties) -> str:
    return policies.alarm_of(properties, "").rstrip("-")
