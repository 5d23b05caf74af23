"""`wa-rollout:flags`: what a stack, or a day of the plan, is to have for each domain. Strict: a wrong flag is an error."""

from __future__ import annotations

from dataclasses import dataclass

from rollout.model.catalogue.domain import Catalogue, Domain, protected_by
from rollout.model.ladder import Ladder
from rollout.model.problem import shown
from rollout.model.stack_file.entries import PREFIX
from rollout.model.yaml_text.fields import Fields, nearest, written
from rollout.model.yaml_text.tree import Map, Node, Scalar, Seq


@dataclass(frozen=True)
class Flag:
    """What the stack is to have for one domain. `enabled` is None for a domain without an enable flag."""

    percent: int
    enabled: bool | None


def read_flags(config: Fields, catalogue: Catalogue, *, every: bool = True) -> dict[str, Flag]:
    """The flags of each domain; `every`: one that is absent is a problem."""
    flags: dict[str, Flag] = {}
    fields = config.section(f"{PREFIX}flags", block=True)
    if fields is None:
        return flags
    allowed = ", ".join(catalogue.domains)
    for name in fields.names():
        if name in catalogue.domains:
            continue
        if service := protected_by(name, catalogue.protected):
            fields.bad(name, f"{shown(name)} belongs to the protected service {service}", allowed, "delete it")
        else:
            fields.bad(name, f"unknown domain {shown(name)}", allowed, nearest(name, catalogue.domains) or "delete it")
    for name, domain in catalogue.domains.items():
        entry = fields.section(name, required=every, block=True)
        if entry is not None and (flag := _flag(entry, domain, catalogue)):
            flags[name] = flag
    return flags


def _flag(entry: Fields, domain: Domain, catalogue: Catalogue) -> Flag | None:
    before = len(entry.problems)
    percent = _percent(entry, domain.ladder)
    enabled = _enabled(entry, domain)
    for key in entry.node.values:
        if key not in ("percent", "enabled") and (service := protected_by(key, catalogue.protected)):
            entry.get(key)
            entry.bad(key, f"{shown(key)} belongs to the protected service {service}", "percent, enabled", "delete it")
    entry.finish()
    if enabled is False and percent:
        do = "write enabled: true, or percent: 0"
        entry.bad("enabled", f"enabled is false with percent {percent}", "true above 0 per cent", do)
    return Flag(percent, enabled) if len(entry.problems) == before else None


def _percent(entry: Fields, ladder: Ladder) -> int:
    node = entry.get("percent")
    if isinstance(node, Scalar) and node.kind == "int" and isinstance(node.value, int) and node.value in ladder:
        return node.value
    what, do = _why_no_percent(node)
    entry.bad("percent", what, f"{ladder.show()} (a plain whole number)", do)
    return 0


def _why_no_percent(node: Node | None) -> tuple[str, str]:
    """What is wrong with a percent, and what to do."""
    match node:
        case None:
            return "percent is missing", "write percent: 0"
        case Seq():
            return "percent is a list", "write one number"
        case Map():
            return "percent is a map", "write one number"
        case Scalar(kind="odd"):
            return f"percent {shown(node.text)}: {node.reason}", "write it as a plain whole number"
        case Scalar(kind="null"):
            return "percent is empty", "write percent: 0"
        case Scalar(plain=False):
            return f"percent {written(node)} is text", "write it without quotes"
        case Scalar(kind="bool"):
            return f"percent is {node.text}, no number", "write percent: 0, or the rung that is meant"
        case Scalar(kind="text"):
            return f"percent {shown(node.text)} is no number", "write a plain whole number, without a sign or a unit"
    return f"percent {written(node)} is no rung of the ladder", "write the rung that is meant"


def _enabled(entry: Fields, domain: Domain) -> bool | None:
    node = entry.get("enabled")
    if domain.enable_flag is None:
        if node is not None:
            entry.bad("enabled", f"{domain.name} has no enable flag", "percent alone", "delete enabled")
        return None
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return node.value
    what = "enabled is missing" if node is None else "enabled is neither true nor false"
    entry.bad("enabled", what, f"true or false ({domain.enable_flag})")
    return None
