"""The stack config as typed values: `parse(raw, where, catalogue)` reads `Pulumi.<stack>.yaml`.

Wrong `flags` and unknown keys are errors. In every other malformed entry, what permits (waivers, restore, checked, attempt)
counts as absent and what forbids (freeze, held, breach) as present; `warnings` says which, and an odd or secret value
(`rollout.model.stack_file.odd`) forbids raises. Pulumi reads the same file before us, and reads it loosely: hence a strict reader here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from typing import Final

from rollout.model.catalogue.domain import Catalogue, protected_by
from rollout.model.problem import BadInput, Problem, shown
from rollout.model.stack_file import listeners
from rollout.model.stack_file.entries import PREFIX, Entries
from rollout.model.stack_file.flags import Flag, read_flags
from rollout.model.stack_file.forms import Attempt, Breach, Command, OnCall, Restore, Waiver, Why
from rollout.model.stack_file.keys import entry, nothing, required
from rollout.model.yaml_text.fields import Fields, nearest
from rollout.model.yaml_text.tree import Map, read

__all__ = [
    "KEYS", "PREFIX",
    "Attempt", "Breach", "Command", "Day", "Flag", "OnCall", "Restore", "StackConfig", "Waiver", "Why",
    "parse", "parse_day",
]  # fmt: skip

#: What Pulumi itself writes at the top of a stack file.
PULUMI_KEYS: Final = ("config", "secretsprovider", "encryptedkey", "encryptionsalt", "environment")
#: The provider's own namespace, and every key of it that is read (`rollout.provider.settings`, by the engine).
PROVIDER: Final = "rollout:"
PROVIDER_KEYS: Final = ("region", "unified-url", "store", "source", "mirror")
#: The last day that a plan may have: two digits in the file's name.
LAST_DAY: Final = 99


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
    """One stack config. Domains without an entry are absent from the per-domain maps.

    A field with `entry` or `setting` is a key of the file: how it is read, and what a change of it is called, stand
    here. `rollout.model.stack_file.conditions` says in the same way what the judge is told of it.
    """

    where: str
    flags: dict[str, Flag]
    freeze: Why | None = entry(Entries.freeze, nothing, "freeze")
    closed: Why | None = entry(Entries.closed, nothing, "closed")
    on_call: OnCall | None = entry(Entries.on_call, nothing)
    gate: str = entry(lambda entries: entries.switch("gate"), required)  # required | off
    drill: str = entry(lambda entries: entries.switch("drill"), required)  # required | off
    start: date | None = entry(Entries.start, nothing)
    held: dict[str, Why] = entry(Entries.held, dict, "held", per="domain")
    breach: dict[str, Breach] = entry(Entries.breach, dict, "breach", per="domain")
    attempt: dict[str, Attempt] = entry(Entries.attempt, dict, "attempt", per="domain")
    waivers: dict[str, Waiver] = entry(Entries.waivers, dict, "waiver", per="its domain")
    restore: dict[str, Restore] = entry(Entries.restore, dict, "restore", per="domain")
    checked: dict[str, dict[str, str]] = entry(Entries.checked, dict, "checked", per="domain")
    notes: dict[str, str] = entry(Entries.notes, dict, "note", per="name")
    notify: dict[str, dict[str, str]] = entry(listeners.read, dict, "notify", per="name")  # action -> name -> endpoint
    commands: dict[str, Command] = entry(Entries.commands, dict, per="name")
    region: str | None = None
    warnings: tuple[str, ...] = ()
    malformed: dict[str, tuple[str, ...]] = field(default_factory=dict)  # domain -> the warnings that concern it
    odd: dict[str, tuple[str, ...]] = field(default_factory=dict)  # domain -> values that forbid its raises (`odd.py`)


#: Every key that a stack config may have beside `flags`: its name in the file, and what is said of it.
BESIDE: Final = {one.name.replace("_", "-"): one.metadata["key"] for one in fields(StackConfig) if one.metadata}
#: Every key of the program's namespace that a stack config may have.
KEYS: Final = ("flags", *BESIDE)


def parse(raw: bytes, where: str, catalogue: Catalogue) -> StackConfig:
    """The stack config in `raw`, the bytes of the file named `where`. Raises BadInput with every problem found."""
    problems: list[Problem] = []
    config = _config(raw, where, problems, catalogue, KEYS)
    flags: dict[str, Flag] = {}
    if config is not None:
        flags = read_flags(config, catalogue)
    if config is None or problems:
        raise BadInput(problems)
    entries = Entries(config, catalogue)
    read = {one.name: one.metadata["key"].read(entries) for one in fields(StackConfig) if one.metadata}
    region, odd = entries.region(), entries.odd(raw.decode())
    malformed = {name: tuple(texts) for name, texts in entries.malformed.items()}
    return StackConfig(
        where=where, flags=flags, region=region, warnings=tuple(entries.warnings), malformed=malformed, odd=odd, **read,
    )  # fmt: skip


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
        flags = read_flags(config, catalogue, every=False)
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
        own = key.removeprefix(PROVIDER)
        if own != key and own not in PROVIDER_KEYS:  # a misspelt store would leave the flags where they are by default
            allowed = ", ".join(f"{PROVIDER}{known}" for known in PROVIDER_KEYS)
            config.bad(key, f"unknown key {shown(key)}", allowed, nearest(own, PROVIDER_KEYS) or "delete it")
            continue
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
