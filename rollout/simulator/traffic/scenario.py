"""A scenario: how the traffic of the local stack behaves, read strictly from `rollout/simulator/traffic/scenarios/<name>.yaml`.

At rest every metric's bad rate is a small part of its `good` limit. A fault makes one thing worse for a while; what a
fault of each kind may say is `rollout.simulator.traffic.fault`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from rollout.model.catalogue.domain import Catalogue, Domain
from rollout.model.problem import BadInput, Problem, shown
from rollout.model.yaml_text.fields import Fields, nearest
from rollout.model.yaml_text.tree import read
from rollout.simulator.traffic.fault import Fault, read_fault

FOLDER: Final = Path(__file__).resolve().parent / "scenarios"
#: The bad rates at rest as parts of the `good` limit, where a scenario says no others: assumptions. Unified's is so small
#: that one bad session in a soak (600 sessions at 5 %: one is over the limit already) is the exception. Legacy's is
#: larger, since the raise to 100 asks that unified does at least as well: two equal services fail that as often as not.
UNIFIED_OF_GOOD: Final = 0.02
LEGACY_OF_GOOD: Final = 0.5
#: Events a day that a scenario may ask of one counter; the sampler's cost grows with the logarithm.
MAX_EVENTS: Final = 10**9


@dataclass(frozen=True)
class Scenario:
    """One scenario, with the moment from which its faults' times count.

    `per_day`: domain -> counter of totals (`Requests`) -> events a day of the whole domain.
    `unified_of_good`, `legacy_of_good`: the bad rates at rest, as fractions of each metric's `good` limit.
    """

    name: str
    about: str
    began: datetime
    unified_of_good: float
    legacy_of_good: float
    per_day: Mapping[str, Mapping[str, int]]
    faults: tuple[Fault, ...]


def names() -> list[str]:
    """The scenarios there are, sorted."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def load(name: str, catalogue: Catalogue, began: datetime) -> Scenario:
    """The scenario called `name`; its faults' times count from `began` (aware). Raises BadInput, OSError."""
    allowed = names()
    if name not in allowed:  # also keeps a name such as ../x from reading any other file
        hint = nearest(name, allowed)
        raise BadInput([Problem(f"no scenario {shown(name)}", allowed=", ".join(allowed), given=shown(name), do=hint)])
    file = FOLDER / f"{name}.yaml"
    return parse(file.read_bytes(), file.name, catalogue, began)


def parse(raw: bytes, where: str, catalogue: Catalogue, began: datetime) -> Scenario:
    """The scenario in `raw`, the bytes of the file named `where`. Raises BadInput with every problem found."""
    problems: list[Problem] = []
    top = Fields(read(raw, where), where, "", problems)
    about = top.text("about")
    unified = _of_good(top, "unified-of-good", UNIFIED_OF_GOOD)
    legacy = _of_good(top, "legacy-of-good", LEGACY_OF_GOOD)
    asked = _asked(top, catalogue)
    per_day = {name: _per_day(domain, asked.get(name, {}), top) for name, domain in catalogue.domains.items()}
    faults: list[Fault] = []
    section = top.section("faults", required=False)
    for name in section.names() if section is not None else ():
        entry = section.section(name) if section is not None else None
        if entry is not None:
            faults.append(read_fault(name, entry, catalogue))
            entry.finish()
    top.finish()
    if problems:
        raise BadInput(problems)
    return Scenario(Path(where).stem, about, began, unified, legacy, per_day, tuple(faults))


def _of_good(top: Fields, key: str, default: float) -> float:
    rate = top.fraction(key) if top.get(key) is not None else default
    if rate >= 1:
        top.bad(key, "traffic at rest would not be good", "under 100%: a part of each good limit")
    return rate


def _asked(top: Fields, catalogue: Catalogue) -> dict[str, dict[str, int]]:
    """`events-per-day:` of the file: domain -> metric -> events, each known to the catalogue."""
    section = top.section("events-per-day", required=False)
    asked: dict[str, dict[str, int]] = {}
    for name in section.names() if section is not None else ():
        if section is None or name not in catalogue.domains:
            top.bad("events-per-day", f"no domain {shown(name)}", ", ".join(catalogue.domains), given=name)
            continue
        entry = section.section(name)
        metrics = [metric.name for metric in catalogue.domains[name].metrics if metric.total]
        for metric in entry.names() if entry is not None else ():
            if entry is not None and metric not in metrics:
                entry.bad(
                    metric, f"no metric {shown(metric)} with a total", ", ".join(metrics), nearest(metric, metrics)
                )
            elif entry is not None:
                asked.setdefault(name, {})[metric] = entry.integer(metric, 0, MAX_EVENTS)
    return asked


def _per_day(domain: Domain, asked: Mapping[str, int], top: Fields) -> dict[str, int]:
    """Events a day by counter: what the file asks for, else the catalogue's expected traffic.

    Metrics that share a counter (errors and latency: Requests) must not ask for different numbers of it.
    """
    found: dict[str, int] = {}
    for source in (asked, domain.expected_per_day):
        told: dict[str, tuple[str, int]] = {}
        for metric in domain.metrics:
            if metric.total is None or metric.name not in source:
                continue
            other, events = told.setdefault(metric.total, (metric.name, source[metric.name]))
            if source[metric.name] != events and metric.total not in found:
                both = f"{other} {events}, {metric.name} {source[metric.name]}"
                what = f"{domain.name}: two numbers of {metric.total} a day"
                top.bad("events-per-day", what, "one number for metrics that share a counter", given=both)
        found = {**{total: events for total, (_, events) in told.items()}, **found}
    for metric in domain.metrics:
        if metric.total is not None and metric.total not in found:
            what = f"{domain.name}: nobody says how many {metric.total} there are a day"
            top.bad("events-per-day", what, f"a whole number for {metric.name}, here or in domains.yaml")
            found[metric.total] = 0
    return found
