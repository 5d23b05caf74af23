"""Reading `domains.yaml`: every key known, every limit in its order, every name accounted for.

`common:` holds what all domains share (YAML's own anchors are refused); a domain adds to it, and can't change it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from rollout.model.catalogue.domain import (  # fmt: skip
    PROTECTED,
    AlertPolicy,
    Catalogue,
    ChecklistItem,
    Domain,
    Metric,
    Prerequisite,
    digest,
    protected_by,
)
from rollout.model.catalogue.measures import read_alert, read_item, read_metric
from rollout.model.ladder import DEFAULT, TOP, Ladder, why_none
from rollout.model.problem import BadInput, Problem, shown
from rollout.model.yaml_text.fields import Fields, nearest
from rollout.model.yaml_text.tree import Map, Scalar, Seq, read

T = TypeVar("T")

MAX_HOURS: Final = 24 * 90
#: No domain, and no entry: under `held`, `breach`, `attempt`, `restore` of a stack file it keeps the key, and with it each domain's own
#: line, where there are no entries. Pulumi warns at every command of a key without a value.
NOBODY: Final = "none"
_DOMAIN: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_FLAG: Final = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_SERVICE: Final = _DOMAIN


def parse(raw: bytes, where: str) -> Catalogue:
    """The catalogue in `raw`. Raises BadInput with every problem found."""
    problems: list[Problem] = []
    top = Fields(read(raw, where), where, "", problems)
    unified = _service(top, "unified")
    protected = _protected(top)
    slack = top.integer("soak-slack-hours", 0, 24)
    ladder = _ladder(top, DEFAULT)
    common = top.section("common", required=False) or Fields(Map(False, 1, 0, 0), where, "common", problems)
    names = top.section("domains")
    top.finish()
    domains: dict[str, Domain] = {}
    if names is not None:
        ladders = {name: _ladder(entry, ladder) for name in names.names() if (entry := names.section(name))}
        for name in names.names():
            entry = names.section(name)
            if name == NOBODY:
                names.bad(name, f"{NOBODY} is no domain: in a stack file it keeps a section's key", "another name")
            elif not _DOMAIN.fullmatch(name):
                names.bad(name, f"the domain name {shown(name)} is not in kebab-case", "small letters, digits, hyphens")
            if entry is not None:
                domains[name] = _domain(name, entry, common, unified, protected, ladder, ladders)
        if not domains:
            top.bad("domains", "no domain", "at least one")
        _flags_once(names, domains)
        _prerequisites(names, domains)
    common.finish()
    if problems:
        raise BadInput(dict.fromkeys(problems))  # a problem of `common` was found once per domain
    finished = {name: replace(domain, digest=digest(domain, slack)) for name, domain in domains.items()}
    return Catalogue(unified, protected, float(slack), finished, ladder)


def _ladder(fields: Fields, default: Ladder) -> Ladder:
    """The rungs under `ladder`, 0 said or not; `default` where there are none, or where a problem was noted."""
    node = fields.get("ladder")
    if node is None:
        return default
    allowed = f"a list of rising whole numbers that ends at {TOP}, such as [1, 10, 50, {TOP}]"
    items = node.items if isinstance(node, Seq) else []
    rungs = tuple(item.value for item in items if isinstance(item, Scalar) and item.kind == "int")
    whole = tuple(rung for rung in rungs if type(rung) is int)
    if not isinstance(node, Seq) or len(whole) != len(items) or not items:
        fields.bad("ladder", "ladder is no list of whole numbers", allowed)
        return default
    whole = whole if whole[0] == 0 else (0, *whole)
    if wrong := why_none(whole):
        fields.bad("ladder", f"ladder is none: {wrong}", allowed, given=", ".join(map(str, rungs)))
        return default
    return Ladder(whole)


def _service(fields: Fields, key: str) -> str:
    name = fields.text(key, allowed="a service name such as wa-webhook-unified")
    if name and not _SERVICE.fullmatch(name):
        fields.bad(key, f"{key} is no service name", "small letters, digits, hyphens")
    _untouched(fields, key, name, PROTECTED)
    return name


def _untouched(fields: Fields, key: str, name: str, protected: tuple[str, ...]) -> None:
    """Notes a name that speaks of a protected service."""
    if service := protected_by(name, protected):
        what = f"{shown(name)} belongs to the protected service {service}"
        fields.bad(
            key, what, "nothing of a protected service", "delete it: nothing of theirs is created, read or changed"
        )


def _protected(top: Fields) -> tuple[str, ...]:
    node = top.get("protected")
    allowed = "a list of services, among them " + ", ".join(PROTECTED)
    items = node.items if isinstance(node, Seq) else []
    names = tuple(item.text for item in items if isinstance(item, Scalar) and item.kind == "text")
    if not isinstance(node, Seq) or len(names) != len(items) or not all(map(_SERVICE.fullmatch, names)):
        top.bad("protected", "protected is no list of service names", allowed)
    elif missing := [name for name in PROTECTED if name not in names]:
        top.bad(
            "protected", f"{', '.join(missing)} must stay protected", allowed, "add it again", given=", ".join(names)
        )
    return names


def _domain(
    name: str, entry: Fields, common: Fields, unified: str, protected: tuple[str, ...], shared: Ladder,
    ladders: Mapping[str, Ladder],
) -> Domain:  # fmt: skip
    if service := protected_by(name, protected):
        what = f"the domain {shown(name)} belongs to the protected service {service}"
        entry.bad("", what, "a domain of the migration", "delete it", given=name)
    legacy = _service(entry, "legacy")
    if legacy and legacy == unified:
        entry.bad("legacy", "legacy is the unified service itself", "the service that traffic leaves")
    percent_flag = _flag_name(entry, "percent-flag", protected)
    enable_flag = _flag_name(entry, "enable-flag", protected) if entry.get("enable-flag") is not None else None
    ladder = ladders[name]
    entry.get("ladder")
    soak, assumed = _soak(entry, ladder)
    prerequisites = tuple(_each(entry, "prerequisites", partial(_prerequisite, ladders=ladders)).values())
    metrics = _merged(entry, common, "metrics", read_metric)
    defaults = common.section("alert-defaults", required=False)
    alerts = {key: _alert(entry, common, key, metric, defaults) for key, metric in metrics.items()}
    if defaults is not None:
        defaults.finish()
    items = {
        **_shared_items(common, shared, ladder),
        **_own(entry, common, "checklist", partial(read_item, ladder=ladder)),
    }
    for key, item in items.items():
        owner = entry if key in _keys(entry, "checklist") else common
        _untouched(owner, "checklist", item.url, protected)
    expected = _expected(entry, metrics)
    entry.finish()
    return Domain(
        name=name,
        legacy=legacy,
        percent_flag=percent_flag,
        enable_flag=enable_flag,
        soak_hours=soak,
        metrics=tuple(metrics.values()),
        alerts=tuple(alert for alert in alerts.values() if alert),
        prerequisites=prerequisites,
        checklist=tuple(items.values()),
        expected_per_day=expected,
        digest="",
        soak_assumed=assumed,
        ladder=ladder,
    )


def _flag_name(entry: Fields, key: str, protected: tuple[str, ...]) -> str:
    name = entry.text(key, allowed="a flag such as JOBS_ROLLOUT_PERCENT")
    if name and not _FLAG.fullmatch(name):
        entry.bad(key, f"{key} is no name of an environment variable", "capital letters, digits, underscores")
    _untouched(entry, key, name, protected)
    return name


def _rungs(fields: Fields, keys: list[str], ladder: Ladder) -> list[int]:
    """The keys that are rungs above 0, as numbers; the others are noted."""
    for key in keys:
        if key not in map(str, ladder.above):
            fields.bad(key, f"soak for {shown(key)}, which is no rung above 0", ladder.show_above())
    return [rung for rung in ladder.above if str(rung) in keys]


def _soak(entry: Fields, ladder: Ladder) -> tuple[dict[int, int], tuple[int, ...]]:
    fields = entry.section("soak-hours")
    soak: dict[int, int] = {}
    if fields is not None:
        _rungs(fields, fields.names(), ladder)
        soak = {rung: fields.integer(str(rung), 1, MAX_HOURS) for rung in ladder.above}
    assumed: list[int] = []
    told = entry.section("soak-assumed", required=False)
    if told is not None:
        assumed = [rung for rung in _rungs(told, told.names(), ladder) if told.text(str(rung))]
    return soak, tuple(assumed)


def _keys(fields: Fields, key: str) -> list[str]:
    node = fields.node.values.get(key)
    return list(node.values) if isinstance(node, Map) else []


def _each(fields: Fields, key: str, build: Callable[[str, Fields], T]) -> dict[str, T]:
    section = fields.section(key, required=False)
    found: dict[str, T] = {}
    for name in section.names() if section is not None else ():
        entry = section.section(name) if section is not None else None
        if entry is not None:
            found[name] = build(name, entry)
            entry.finish()
    return found


def _merged(entry: Fields, common: Fields, key: str, build: Callable[[str, Fields], T]) -> dict[str, T]:
    """What all domains share, then the domain's own; the same name in both is a contradiction."""
    return {**_each(common, key, build), **_own(entry, common, key, build)}


def _own(entry: Fields, common: Fields, key: str, build: Callable[[str, Fields], T]) -> dict[str, T]:
    own = _each(entry, key, build)
    section = entry.section(key, required=False)
    for name in own:
        if name in _keys(common, key) and section is not None:
            section.bad(name, f"{name} stands in common already", "a name of its own", given=name)
    return own


def _shared_items(common: Fields, shared: Ladder, ladder: Ladder) -> dict[str, ChecklistItem]:
    """What the catalogue asks of all domains. One whose ladder lacks the rung is asked earlier, never later."""
    items = _each(common, "checklist", partial(read_item, ladder=shared))
    return {
        name: replace(item, before=max(ladder.first, ladder.under(item.before))) if item.before in shared else item
        for name, item in items.items()
    }


def _alert(entry: Fields, common: Fields, key: str, metric: Metric, defaults: Fields | None) -> AlertPolicy | None:
    owner = entry if key in _keys(entry, "metrics") else common
    node = owner.node.values["metrics"]
    body = node.values[key] if isinstance(node, Map) else None
    if not isinstance(body, Map):
        return None
    return read_alert(metric, owner.sub(f"metrics.{key}", body), defaults)


def _prerequisite(name: str, fields: Fields, ladders: Mapping[str, Ladder]) -> Prerequisite:
    percent = fields.integer("percent", 1, TOP)
    if percent and name in ladders and percent not in (ladder := ladders[name]):
        fields.bad("percent", "percent is no rung of the ladder", ladder.show_above())
    return Prerequisite(name, percent, fields.integer("hours", 1, MAX_HOURS))


def _expected(entry: Fields, metrics: dict[str, Metric]) -> dict[str, int]:
    fields = entry.section("expected-per-day")
    found: dict[str, int] = {}
    for name in fields.names() if fields is not None else ():
        if fields is not None and name not in metrics:
            fields.bad(name, f"no metric {shown(name)}", ", ".join(metrics), nearest(name, metrics))
        elif fields is not None:
            found[name] = fields.integer(name, 0, 10**9)
    return found


def _flags_once(names: Fields, domains: dict[str, Domain]) -> None:
    owner: dict[str, str] = {}
    for name, domain in domains.items():
        for flag in filter(None, domain.flags):
            if flag in owner:
                names.bad(
                    name, f"the flag {flag} is used twice", "each flag once", given=f"in {owner[flag]} and in {name}"
                )
            owner.setdefault(flag, name)


def _prerequisites(names: Fields, domains: dict[str, Domain]) -> None:
    """Notes prerequisites on nobody, and every domain that waits, in the end, for itself."""
    for name, domain in domains.items():
        for need in domain.prerequisites:
            if need.domain not in domains:
                hint = nearest(need.domain, domains)
                what = f"{name} waits for the unknown domain {shown(need.domain)}"
                names.bad(name, what, ", ".join(domains), hint, given=need.domain)
        reached, todo = set[str](), [need.domain for need in domain.prerequisites]
        while todo:
            other = todo.pop()
            if other not in reached and other in domains:
                reached.add(other)
                todo += [need.domain for need in domains[other].prerequisites]
        if name in reached:
            names.bad(
                name, f"{name} waits for itself", "prerequisites without a circle", given=", ".join(sorted(reached))
            )
