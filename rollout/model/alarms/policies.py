"""A domain's alert policies as one row: policy to its alarm's properties, without those that follow from the others.

A row is a map with `stack`, `domain`, `service`, and `policies`. A row of an older version is about one policy: it has `policy`, and
the alarm's properties beside it (`rollout.model.alarms.alarm.properties`); what is here takes both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rollout.model.alarms import alarm
from rollout.model.alarms.alarm import NAMESPACE, OVER, PROPERTIES, alarm_name
from rollout.model.catalogue.domain import Catalogue, Domain
from rollout.model.problem import shown

Properties = Mapping[str, object]

KEYS: Final = tuple(PROPERTIES.values())
#: Lines of what changes that a row says before "and N more".
SAID: Final = 5


def row(catalogue: Catalogue, domain: Domain, stack: str) -> dict[str, object]:
    """The row of a domain, as the catalogue asks for it."""
    head = {"stack": stack, "domain": domain.name, "service": catalogue.unified}
    wanted = {one.name: alarm.properties(alarm.alarm(catalogue, domain, one, stack)) for one in domain.alerts}
    return {**head, "policies": {name: short(head, name, properties) for name, properties in wanted.items()}}


def short(row: Properties, policy: str, properties: Properties) -> dict[str, object]:
    """What a row says of an alarm: each property that is another than the one it would be taken for (`whole`)."""
    usual = _usual(row, policy, properties)
    return {key: value for key in KEYS if (value := properties.get(key)) != usual.get(key)}


def whole(row: Properties, policy: str) -> dict[str, object] | None:
    """Every property of a policy's alarm, as its row has it; None where the row hasn't that policy."""
    if "policies" not in row:
        single = row.get("policy") == policy and "name" in row
        return {key: row[key] for key in KEYS if key in row} if single else None
    given = _given(row).get(policy)
    return None if given is None else {**_usual(row, policy, given), **given}


def wholes(row: Properties) -> dict[str, dict[str, object]]:
    """Every policy of a row with all the properties of its alarm."""
    return {policy: found for policy in names(row) if (found := whole(row, policy)) is not None}


def shorts(old: Properties, new: Properties) -> dict[str, dict[str, object]]:
    """The policies of an old row in the words of a new one."""
    return {policy: short(new, policy, properties) for policy, properties in wholes(old).items()}


def alarms(row: Properties) -> dict[str, str]:
    """The names of a row's alarms by policy."""
    return {policy: alarm_of(row, policy) for policy in names(row)}


def alarm_of(row: Properties, policy: str) -> str:
    """The name of a policy's alarm."""
    return alarm_name(str(row["stack"]), str(row["domain"]), policy)


def called(row: Properties, some: Sequence[str]) -> str:
    """Some of a row's alarms, as a message calls them."""
    if len(some) == 1:
        return f"alarm {alarm_of(row, some[0])}"
    return f"each alarm of {row['domain']}" + (f" ({', '.join(some)})" if some else "")


def names(*rows: Properties) -> list[str]:
    """The policies that the rows are about, each once."""
    found = set[str]()
    for row in rows:
        found |= {*_given(row)} if "policies" in row else {str(row["policy"])} if "policy" in row else set()
    return sorted(found)


def differing(one: Properties, other: Properties) -> list[str]:
    """The properties in which two alarms differ, in the order of `PROPERTIES`."""
    return [key for key in KEYS if one.get(key) != other.get(key)]


def diff(old: Properties, new: Properties) -> dict[str, str]:
    """The detailed diff from one row to another: path to add, update or delete."""
    found = {path: kind for policy in names(old, new) for path, kind in _diff(old, new, policy)}
    return {"service": "update", **found} if _another_service(old, new) else found


def said(old: Properties, new: Properties) -> list[str]:
    """The same in words, a line an alarm, and of many the first ones: `jobs-errors: threshold 0.01 -> 0.02`."""
    domain = new["domain"]
    lines = [f"{domain}: service {old['service']} -> {new['service']}"] if _another_service(old, new) else []
    for policy in names(old, new):
        before, after = whole(old, policy), whole(new, policy)
        if before is None or after is None:
            lines += [f"{domain}-{policy}: {'made' if after else 'taken out'}"] if before or after else []
            continue
        named = {path.rpartition(".")[2] for path, _ in _diff(old, new, policy)}
        parts = [f"{key} {_text(before.get(key))} -> {_text(after.get(key))}" for key in KEYS if key in named]
        lines += [f"{domain}-{policy}: {', '.join(parts)}"] if parts else []
    return lines if len(lines) <= SAID else [*lines[: SAID - 1], f"{domain}: and {len(lines) - SAID + 1} alarms more"]


def _text(value: object) -> str:
    """A property's value as a line shows it."""
    return shown("-" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _diff(old: Properties, new: Properties, policy: str) -> Iterator[tuple[str, str]]:
    path, before, after = f"policies.{policy}", whole(old, policy), whole(new, policy)
    if before is None or after is None:
        if before or after:
            yield path, "add" if after else "delete"
        return
    had, has = (short(row, policy, alarm) for row, alarm in ((old, before), (new, after)))
    for key in differing(before, after):
        if key in had or key in has:  # in neither: it follows from one that is named
            yield f"{path}.{key}", "update" if key in had and key in has else "add" if key in has else "delete"


def _given(row: Properties) -> Mapping[str, Properties]:
    """The policies of a row; one that is no map counts for none."""
    found = row.get("policies")
    return {key: one for key, one in found.items() if isinstance(one, Mapping)} if isinstance(found, Mapping) else {}


def _another_service(old: Properties, new: Properties) -> bool:
    """Whether the service that all of the row's alarms watch is another one: their dimensions follow from it."""
    return "service" in old and old["service"] != new.get("service")


def _usual(row: Properties, policy: str, given: Properties) -> dict[str, object]:
    """What an alarm of that row has unless it says otherwise."""
    return {
        "name": alarm_of(row, policy),
        "namespace": NAMESPACE,
        "dimensions": {"Service": row.get("service"), "Domain": row["domain"]},
        "datapoints": given.get("evaluationPeriods"),
        "comparison": OVER,
        "okActions": given.get("alarmActions"),
        "insufficientDataActions": [],
        "actionsEnabled": True,
    }
