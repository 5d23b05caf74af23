"""The stack config as typed values: `parse(raw, where, catalogue)` reads `Pulumi.<stack>.yaml`.

Wrong `flags`, `start`, `gate`, `drill` and unknown keys are errors. In every other malformed entry, what permits
(waivers, restore, checked, attempt) counts as absent and what forbids (freeze, held, breach) as present;
`warnings` says which. Pulumi reads the same file before us, and reads it loosely: hence a strict reader here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from rollout.model import ladder
from rollout.model.catalogue.domain import Catalogue, Domain, protected_by
from rollout.model.problem import BadInput, Problem, shown
from rollout.model.stack_file import listeners as notify
from rollout.model.stack_file.entries import Entries
from rollout.model.stack_file.forms import Attempt, Breach, Command, OnCall, Restore, Waiver, Why
from rollout.model.yaml_text.fields import Fields, nearest, written
from rollout.model.yaml_text.tree import Map, Node, Scalar, Seq, read

__all__ = [
    "Attempt", "Breach", "Command", "Day", "Flag", "OnCall", "Restore", "StackConfig", "Waiver", "Why",
    "parse", "parse_day",
]  # fmt: skip

PREFIX: Final = "wa-rollout:"
#: Every key of the program's namespace that a stack config may have.
KEYS: Final = (
    "start", "gate", "drill", "on-call", "flags", "freeze", "held", "breach", "attempt", "waivers", "restore",
    "checked", "notes", "commands", "notify", "closed",
)  # fmt: skip
#: What Pulumi itself writes at the top of a stack file.
PULUMI_KEYS: Final = ("config", "secretsprovider", "encryptedkey", "encryptionsalt", "environment")
#: The last day that a plan may have: two digits in the file's name.
LAST_DAY: Final = 99


@dataclass(frozen=True)
class Flag:
    """What the stack is to have for one domain. `enabled` is None for a domain without an enable flag."""

    percent: int
    enabled: bool | None


@dataclass(frozen=True)
class Day:
    """One file of the plan: the percent each domain is meant to have on that day. `lines`: of each domain's percent.

    A domain that no day has named yet may be absent: it is at 0 %. Once named it stays (`rollout.model.plan.days.left_out`).
    """

    number: int
    where: str
    flags: dict[str, Flag]
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StackConfig:
    """One stack config. Domains without an entry are absent from the per-domain maps."""

    where: str
    start: date | None
    gate: str  # required | off
    drill: str  # required | off
    on_call: OnCall | None
    flags: dict[str, Flag]
    freeze: Why | None = None
    held: dict[str, Why] = field(default_factory=dict)
    breach: dict[str, Breach] = field(default_factory=dict)
    attempt: dict[str, Attempt] = field(default_factory=dict)
    waivers: dict[str, Waiver] = field(default_factory=dict)
    restore: dict[str, Restore] = field(default_factory=dict)
    checked: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)
    notify: dict[str, dict[str, str]] = field(default_factory=dict)  # action -> name -> endpoint
    closed: Why | None = None
    region: str | None = None
    warnings: tuple[str, ...] = ()
    malformed: dict[str, tuple[str, ...]] = field(default_factory=dict)  # domain -> the warnings that concern it


def parse(raw: bytes, where: str, catalogue: Catalogue) -> StackConfig:
    """The stack config in `raw`, the bytes of the file named `where`. Raises BadInput with every problem found."""
    problems: list[Problem] = []
    config = _config(raw, where, problems, catalogue, KEYS)
    start, gate, drill = None, "required", "required"
    flags: dict[str, Flag] = {}
    if config is not None:
        start = config.day(f"{PREFIX}start", required=False)
        gate = config.choice(f"{PREFIX}gate", ("required", "off"), required=False) or gate
        drill = config.choice(f"{PREFIX}drill", ("required", "off"), required=False) or drill
        flags = _flags(config, catalogue)
    if config is None or problems:
        raise BadInput(problems)
    entries = Entries(config, catalogue)
    return StackConfig(
        where=where,
        start=start,
        gate=gate,
        drill=drill,
        on_call=entries.on_call(),
        flags=flags,
        freeze=entries.freeze(),
        held=entries.held(),
        breach=entries.breach(),
        attempt=entries.attempt(),
        waivers=entries.waivers(),
        restore=entries.restore(),
        checked=entries.checked(),
        notes=entries.notes(),
        commands=entries.commands(),
        notify=notify.read(entries),
        closed=entries.closed(),
        region=entries.region(),
        warnings=tuple(entries.warnings),
        malformed={name: tuple(texts) for name, texts in entries.malformed.items()},
    )


def parse_day(raw: bytes, where: str, catalogue: Catalogue) -> Day:
    """The plan's day in `raw`: `wa-rollout:day` and `wa-rollout:flags` alone. Raises BadInput with every problem."""
    problems: list[Problem] = []
    config = _config(raw, where, problems, catalogue, ("day", "flags"))
    number, flags, lines = 0, {}, {}
    if config is not None:
        for key in config.node.values:
            if not key.startswith(PREFIX):
                config.bad(key, f"unknown key {shown(key)}", "wa-rollout:day, wa-rollout:flags", "delete it")
        number = config.integer(f"{PREFIX}day", 0, LAST_DAY)
        flags = _flags(config, catalogue, every=False)
        section = config.node.values.get(f"{PREFIX}flags")
        for name, node in section.values.items() if isinstance(section, Map) else ():
            lines[name] = node.keys["percent"].line if isinstance(node, Map) and "percent" in node.keys else node.line
    if problems:
        raise BadInput(problems)
    return Day(number, where, flags, lines)


def _config(
    raw: bytes, where: str, problems: list[Problem], catalogue: Catalogue, keys: tuple[str, ...]
) -> Fields | None:
    """The file's `config:` map with every foreign key of our namespace noted; None where there is no such map."""
    top = Fields(read(raw, where), where, "", problems)
    for key in PULUMI_KEYS:
        top.get(key)
    config = top.section("config", block=True)
    top.finish()
    if config is None:
        return None
    config.path = ""  # messages name a key as `pulumi config` does: wa-rollout:flags, without the map around it
    for key in config.names():
        name = key.removeprefix(PREFIX)
        if name == key and ":" in key:
            continue  # another namespace's
        if service := protected_by(name, catalogue.protected):
            config.bad(
                key, f"{shown(key)} belongs to the protected service {service}", "no flag of theirs", "delete it"
            )
        elif name == key:
            do = f"write {PREFIX}{key}" if key in keys else "write its namespace before it"
            config.bad(key, f"the key {shown(key)} has no namespace", f"{PREFIX}NAME", do)
        elif name not in keys:
            allowed = ", ".join(f"{PREFIX}{known}" for known in keys)
            config.bad(key, f"unknown key {shown(key)}", allowed, nearest(name, keys) or "delete it")
    return config


def _flags(config: Fields, catalogue: Catalogue, *, every: bool = True) -> dict[str, Flag]:
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
    percent = _percent(entry)
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


def _percent(entry: Fields) -> int:
    node = entry.get("percent")
    if isinstance(node, Scalar) and node.kind == "int" and isinstance(node.value, int) and ladder.on_ladder(node.value):
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
