"""What `init` has to know, from flags, a file, or questions on a terminal. What it means is checked where it is read again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from rollout.model.ladder import DEFAULT
from rollout.model.problem import BadInput, Problem, shown
from rollout.model.yaml_text.fields import Fields
from rollout.model.yaml_text.tree import Map, Scalar, Seq, read

#: Hours at each rung where nobody says: the seed's.
HOURS: Final = 24
#: A guess, as the seed's catalogue has it: requests a day of one domain.
PER_DAY: Final = 20_000
#: The limits that every domain has, as the seed says them: the good one, and the one that brings traffic down.
LIMITS: Final = {"errors": ("0.1%", "1%"), "latency": ("5%", "10%"), "sessions": ("0.05%", "0.5%")}


@dataclass(frozen=True)
class OneDomain:
    """One domain. Empty fields are the catalogue's, or made from the name."""

    name: str
    legacy: str
    percent_flag: str = ""
    enable_flag: str = ""
    ladder: tuple[str, ...] = ()
    soak: tuple[str, ...] = ()  # hours, one for all rungs or one a rung
    after: str = ""  # the domain that must be at 100 % first


@dataclass(frozen=True)
class Answers:
    """All of it, as it was written: numbers are still text, so that a wrong one is shown as it stands."""

    unified: str
    domains: tuple[OneDomain, ...]
    start: str
    ladder: tuple[str, ...] = ()
    soak: tuple[str, ...] = ()
    limits: Mapping[str, tuple[str, str]] = field(default_factory=lambda: dict(LIMITS))
    per_day: str = str(PER_DAY)
    region: str = "eu-west-1"


def from_flags(
    unified: str, start: str, domains: Iterable[str], per_domain: Mapping[str, Iterable[str]], limits: Iterable[str],
    per_day: str, region: str,
) -> Answers:  # fmt: skip
    """From the command line: `domains` are NAME=LEGACY; `per_domain` has VALUE or NAME=VALUE by the option's name."""
    problems: list[Problem] = []
    legacy = dict(_pair(one, "--domain", "NAME=LEGACY", problems) for one in domains)
    shared: dict[str, str] = {}
    own: dict[str, dict[str, str]] = {name: {} for name in legacy}
    for option, values in per_domain.items():
        for value in values:
            name, equals, text = value.partition("=")
            if not equals and option in ("ladder", "soak"):
                shared[option] = value
            elif name not in own:
                problems.append(
                    Problem("unknown domain", f"--{option}", ", ".join(own), shown(value), "name it with --domain")
                )
            else:
                own[name][option] = text
    found_limits = dict(LIMITS)
    for one in limits:
        name, values = _pair(one, "--limit", "METRIC=GOOD:BAD, such as errors=0.1%:1%", problems)
        good, colon, bad = values.partition(":")
        if name not in LIMITS or not colon:
            problems.append(Problem("no limit", "--limit", f"GOOD:BAD of {', '.join(LIMITS)}", shown(one)))
        found_limits[name] = (good, bad)
    if problems:
        raise BadInput(problems)
    made = [
        OneDomain(
            name, old, has.get("percent-flag", ""), has.get("enable-flag", ""), _split(has.get("ladder", "")),
            _split(has.get("soak", "")), has.get("after", ""),
        )
        for name, old in legacy.items()
        for has in [own[name]]
    ]  # fmt: skip
    return Answers(
        unified, tuple(made), start, _split(shared.get("ladder", "")), _split(shared.get("soak", "")), found_limits,
        per_day, region,
    )  # fmt: skip


def _pair(text: str, option: str, allowed: str, problems: list[Problem]) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        problems.append(Problem(f"{option} is no pair", option, allowed, shown(text)))
    return name.strip(), value.strip()


def _split(text: str) -> tuple[str, ...]:
    """`1-10-50-100` or `1,10,50,100`."""
    return tuple(re.split(r"[-, ]+", text.strip())) if text.strip() else ()


def from_file(raw: bytes, where: str) -> Answers:
    """From a file with the same words. Raises `BadInput` with every problem of its form."""
    problems: list[Problem] = []
    top = Fields(read(raw, where), where, "", problems)
    limits = dict(LIMITS)
    told = top.section("limits", required=False)
    for name in told.names() if told else ():
        entry = told.section(name) if told else None
        if entry is not None:
            if name not in LIMITS:
                entry.bad("", f"no metric {shown(name)}", ", ".join(LIMITS))
            limits[name] = (entry.text("good"), entry.text("bad-level"))
            entry.finish()
    names = top.section("domains")
    made = []
    for name in names.names() if names else ():
        entry = names.section(name) if names else None
        if entry is not None:
            made.append(
                OneDomain(
                    name, entry.text("legacy"), entry.text("percent-flag", required=False),
                    entry.text("enable-flag", required=False), _numbers(entry, "ladder"), _numbers(entry, "soak-hours"),
                    entry.text("after", required=False),
                )
            )  # fmt: skip
            entry.finish()
    day = top.day("start")
    found = Answers(
        top.text("unified"), tuple(made), day.isoformat() if day else "", _numbers(top, "ladder"),
        _numbers(top, "soak-hours"), limits, str(top.integer("per-day", 1, 10**9, required=False, default=PER_DAY)),
        top.text("region", required=False) or "eu-west-1",
    )  # fmt: skip
    top.finish()
    if problems:
        raise BadInput(problems)
    return found


def _numbers(fields: Fields, key: str) -> tuple[str, ...]:
    """A list of numbers, or one number, as text."""
    node = fields.get(key)
    if node is None:
        return ()
    if isinstance(node, Scalar) and node.kind == "int":
        return (node.text,)
    if isinstance(node, Seq) and node.items and all(isinstance(item, Scalar) for item in node.items):
        return tuple(item.text for item in node.items if isinstance(item, Scalar))
    what = "a map" if isinstance(node, Map) else "that"
    fields.bad(key, f"{key} is {what}, no list of numbers", "a list such as [1, 10, 50, 100]")
    return ()


def ask(question: Callable[[str, str], str], today: str) -> Answers:
    """The questions of a terminal; `question(text, default)`."""
    unified = question("The new service, that traffic moves to", "")
    names = [name for name in re.split(r"[, ]+", question("Domains that move, in their order", "")) if name]
    ladder = question("Ladder, in per cent", "-".join(map(str, DEFAULT.above)))
    soak = question("Hours at each rung (one number, or one a rung)", str(HOURS))
    one_by_one = question("One domain after the other? yes or no", "yes").lower().startswith("y")
    made = []
    for number, name in enumerate(names):
        legacy = question(f"{name}: the old service", f"legacy-{name}")
        percent = question(f"{name}: its flag", flag_of(name))
        enable = question(f"{name}: its enable flag, or -", "-")
        own = question(f"{name}: a ladder of its own, or -", "-")
        after = names[number - 1] if one_by_one and number else ""
        made.append(
            OneDomain(
                name, legacy, percent, "" if enable == "-" else enable, () if own == "-" else _split(own), (), after
            )
        )
    start = question("Day 1", today)
    return Answers(unified, tuple(made), start, _split(ladder), _split(soak))


def flag_of(name: str) -> str:
    """The percent flag that a domain has where nobody names one."""
    return f"{name.replace('-', '_').upper()}_ROLLOUT_PERCENT"


__all__ = ["Answers", "OneDomain", "ask", "flag_of", "from_file", "from_flags"]
