"""Alert policies as rows (`rollout.policies`), the watch's looks at them, and its heartbeat."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rollout.model import times
from rollout.model.alarms import alarm, state
from rollout.model.alarms.state import State, Watched
from rollout.model.gate.window import MINUTE, Window
from rollout.provider.aws.alarms import LiveAlarm
from rollout.provider.errors import StoreError
from rollout.provider.postgres.answer import believed
from rollout.provider.postgres.link import Link
from rollout.provider.sources.postgres import Minutes

#: A row's state in the words that the watch knows from CloudWatch.
_AS_ALARM: Final = {state.OK: "OK", state.ALARM: "ALARM", state.NO_DATA: "INSUFFICIENT_DATA"}


@dataclass(frozen=True)
class Change:
    """A policy that is in another state than at the look before; `was` is empty at the first."""

    name: str
    was: str
    now: str
    reason: str

    def line(self) -> str:
        """For whoever is told."""
        return f"{self.name}: {self.was or 'new'} -> {self.now}, {self.reason}"


class Policies:
    """`rollout.provider.resources.alarm_writes.AlarmStore` on a database. `virtual`: a simulator's clock, else None."""

    def __init__(self, link: Link, virtual: datetime | None = None) -> None:
        self._link = link
        self._virtual = virtual

    def get(self, name: str) -> LiveAlarm | None:
        return self._rows([name]).get(name)

    def get_many(self, names: Iterable[str]) -> dict[str, LiveAlarm | StoreError | None]:
        wanted = list(dict.fromkeys(names))
        try:
            found = self._rows(wanted) if wanted else {}
        except StoreError as error:
            return dict.fromkeys(wanted, error)
        return {name: found.get(name) for name in wanted}

    def put(self, properties: Mapping[str, Any], before: LiveAlarm | None) -> None:
        name = str(properties["name"])
        kept = {key: properties.get(key) for key in alarm.PROPERTIES.values()}
        statement = "select rollout.policy_write(%s, %s::jsonb)"
        believed(name, self._link.ask(name, statement, [name, json.dumps(kept)]))

    def delete(self, name: str) -> None:
        believed(name, self._link.ask(name, "select rollout.policy_delete(%s)", [name]))

    def look(self, stack: str, names: Sequence[str], now: datetime) -> list[Change]:
        """Judges the policies of these names by the minutes up to now, keeps what was found, and the watch's heartbeat.

        Answers those whose state has changed. Raises `StoreError`.
        """
        found: list[State] = []
        by_minutes: list[Watched] = []
        for name, row in self._rows(names).items():
            read = state.watched(name, row.properties)
            (found if isinstance(read, State) else by_minutes).append(read)  # type: ignore[arg-type] # by its kind
        questions = []
        for policy in by_minutes:
            end = state.newest(now)
            series = [(policy.service, counter) for counter in (policy.bad, policy.total) if counter]
            questions.append((policy.domain, series, Window(end - policy.span, end, MINUTE)))
        answers = Minutes(self._link, self._virtual).read_all(questions) if questions else []
        for policy, answer in zip(by_minutes, answers, strict=True):
            found.append(state.judged(policy, {counter: points for (_, counter), points in answer.items()}, now))
        about = f"the looks at {stack}"
        arguments = [stack, json.dumps([vars(one) for one in found]), self._now()]
        answered = believed(
            about, self._link.ask(about, "select rollout.looked(%s, %s::jsonb, %s::timestamptz)", arguments)
        )
        return [
            Change(str(one["name"]), str(one["was"] or ""), str(one["state"]), str(one["reason"]))
            for one in answered["changes"]
        ]

    def silent_for(self, stack: str) -> float | None:
        """Seconds since a watch last looked at the stack; None: never. Raises `StoreError`."""
        about = f"the watch of {stack}"
        answer = self._link.ask(about, "select rollout.silent_for(%s, %s::timestamptz)", [stack, self._now()])
        seconds = believed(about, answer)["seconds"]
        return None if seconds is None else float(seconds)

    def _now(self) -> str | None:
        return self._virtual.isoformat() if self._virtual else None

    def _rows(self, names: Sequence[str]) -> dict[str, LiveAlarm]:
        about = names[0] if len(names) == 1 else f"{len(names)} policies"
        answer = believed(about, self._link.ask(about, "select rollout.policies_read(%s::text[])", [list(names)]))
        return {
            str(row["name"]): LiveAlarm(
                dict(row["inputs"]),
                "",
                _AS_ALARM.get(str(row["state"]), ""),
                str(row["reason"] or ""),
                times.moment(row.get("since")),
            )
            for row in answer["policies"]
        }
