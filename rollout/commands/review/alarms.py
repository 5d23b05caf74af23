"""What a preview would change of the alarms: alarm by alarm (`jobs-errors`), whatever rows they stand in.

A row of an older version is about one alarm. Where such rows go and a domain's row is made, no alarm comes or goes: the alarms are
compared, and one line says that their rows are others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rollout.commands.review import change
from rollout.commands.review.change import Change
from rollout.model.alarms import policies

Properties = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One row of alarms in a preview: the inputs that it had, what it is, and the inputs that it is to have; empty where none."""

    op: str
    row: str
    asked: Properties
    live: Properties
    wanted: Properties


def changes(steps: Sequence[Step]) -> Iterator[Change]:
    """Each change of an alarm; one that only goes from row to row is none."""
    wanted = {alarm for step in steps for alarm in _alarms(step.wanted)}
    older = {alarm: step for step in steps if step.op == "delete" for alarm in _alarms(step.asked)}
    for step in steps:
        moved = 0
        for policy in policies.names(step.asked, step.live, step.wanted):
            domain = str((step.wanted or step.asked).get("domain"))
            if step.op == "delete" and (domain, policy) in wanted:
                continue
            before = older.get((domain, policy), step) if step.op == "create" else step
            moved += before is not step
            yield from _of(step, f"{domain}-{policy}", policy, before)
        if moved:
            yield Change("alarm", step.row, "rows", f"{moved}, one an alarm", "one of all")


def _of(step: Step, name: str, policy: str, before: Step) -> Iterator[Change]:
    asked, live, wanted = (policies.whole(one, policy) for one in (before.asked, before.live, step.wanted))
    if asked is None or wanted is None or (step.op != "update" and before is step):
        if asked or live or wanted:
            yield Change("alarm", name, step.op if asked and wanted else "create" if wanted else "delete", "", "")
    elif live is None:
        yield from change.of("alarm", name, "name", asked["name"], None, wanted["name"])
    else:
        for key in policies.KEYS:
            yield from change.of("alarm", name, key, asked.get(key), live.get(key), wanted.get(key))


def _alarms(row: Properties) -> list[tuple[str, str]]:
    return [(str(row.get("domain")), policy) for policy in policies.names(row)]
