"""The plan: 22 days of percentages, with dates, and what in them breaks a rule or contradicts itself.

Days are 24 hours apart. A finding is `broken` where a raise of the plan would be refused, and a `note` where the
seed says two things at once: the plan is then carried out as it stands, and the later thing waits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from rollout.model.catalogue.domain import Catalogue, Domain
from rollout.model.ladder import TOP
from rollout.model.problem import Problem
from rollout.model.schedule import STABLE
from rollout.model.stack_file.config import Day

#: The seed's four answers to "from where is a domain resumed after a rollback?", none of them like another.
RESUME_RULES: Final = (
    ("rollback procedure", "from lower percentage"),
    ("scenario 1", "from 0% again"),
    ("scenario 2", "after fix"),
    ("scenario 3", "full testing before resuming"),
)

#: The service of the seed's migration: what the seed's text says of it is nobody else's.
SEEDS: Final = "wa-webhook-unified"

_FILE: Final = re.compile(r"day-(\d{2})\.yaml$")


@dataclass(frozen=True)
class Plan:
    """The days that were read, by the number each names itself; `twice` holds days whose number was taken."""

    days: Mapping[int, Day]
    twice: tuple[Day, ...] = ()

    @classmethod
    def of(cls, days: Iterable[Day]) -> Plan:
        """The plan of these days, in order."""
        found: dict[int, Day] = {}
        twice = []
        for day in sorted(days, key=lambda day: (day.number, day.where)):
            if day.number in found:
                twice.append(day)
            found.setdefault(day.number, day)
        return cls(found, tuple(twice))

    @property
    def last(self) -> int:
        """The number of the last day, 0 where there is none."""
        return max(self.days, default=0)

    def percent(self, number: int, domain: str) -> int:
        """The percent of a domain on a day; a missing day or domain is 0."""
        day = self.days.get(number)
        return day.flags[domain].percent if day and domain in day.flags else 0

    def reached(self, domain: str, percent: int) -> int | None:
        """The first day on which a domain has at least `percent`, or None."""
        return next((n for n in sorted(self.days) if self.percent(n, domain) >= percent), None)

    def since(self, number: int, domain: str) -> int:
        """The day on which a domain came to the percent that it has on day `number`."""
        percent = self.percent(number, domain)
        while number - 1 in self.days and self.percent(number - 1, domain) == percent:
            number -= 1
        return number


@dataclass(frozen=True)
class Row:
    """One line of the table. `changed` names the domains that move on this day."""

    number: int
    date: date | None
    percents: dict[str, int]
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """What is wrong with a plan, where (file, line, key), and whether a rule is broken by it."""

    severity: Literal["broken", "note"]
    text: str
    where: str = ""


def left_out(days: Iterable[Day]) -> list[Problem]:
    """Where a day leaves out a domain that an earlier day named: forgotten or meant as 0 can't be told. In order."""
    first: dict[str, Day] = {}
    found = []
    for day in sorted(days, key=lambda day: (day.number, day.where)):
        for name, named in first.items():
            if name not in day.flags:
                where, do = f"{day.where} wa-rollout:flags.{name}", f"write its percent of day {day.number}"
                allowed = "a domain is left out only before its first mention, and is at 0 % then"
                found.append(
                    Problem(f"{name} is left out, after {named.where} named it", where, allowed, "nothing", do)
                )
        for name in day.flags:
            first.setdefault(name, day)
    return found


def table(plan: Plan, start: date | None, domains: Iterable[str]) -> list[Row]:
    """The plan's rows. `start` is the date of day 1; without it rows have no date."""
    rows: list[Row] = []
    before: dict[str, int] = {}
    for number in sorted(plan.days):
        percents = {name: plan.percent(number, name) for name in domains}
        day = start + timedelta(days=number - 1) if start else None
        changed = tuple(name for name, percent in percents.items() if percent != before.get(name, 0))
        rows.append(Row(number, day, percents, changed))
        before = percents
    return rows


def check(plan: Plan, catalogue: Catalogue) -> list[Finding]:
    """Everything that is wrong with the plan: broken rules first, in the order of the days; then the notes."""
    found = _files(plan)
    for number in sorted(plan.days):
        for domain in catalogue.domains.values():
            found += _move(plan, number, domain, catalogue)
    return found + _notes(plan, catalogue)


def key(plan: Plan, number: int, domain: str) -> str:
    """`stacks/day-06.yaml:5 wa-rollout:flags.jobs.percent`."""
    day = plan.days[number]
    line = f":{day.lines[domain]}" if domain in day.lines else ""
    return f"{day.where}{line} wa-rollout:flags.{domain}.percent"


def _files(plan: Plan) -> list[Finding]:
    found = []
    for day in (*plan.days.values(), *plan.twice):
        name = _FILE.search(day.where)
        if name is None or int(name[1]) != day.number:
            text = f"the file says day {day.number}, its name doesn't: name it day-{day.number:02d}.yaml"
            found.append(Finding("broken", text, f"{day.where} wa-rollout:day"))
    found += [
        Finding("broken", f"day {day.number} stands in two files", f"{day.where} wa-rollout:day") for day in plan.twice
    ]
    for number in range(plan.last + 1):
        if number not in plan.days:
            found.append(Finding("broken", f"day {number} is missing: add stacks/day-{number:02d}.yaml"))
    return found


def _move(plan: Plan, number: int, domain: Domain, catalogue: Catalogue) -> list[Finding]:
    """What is wrong with one domain on one day, seen from the day before (day 0 from nothing)."""
    name, wanted = domain.name, plan.percent(number, domain.name)
    before = plan.percent(number - 1, name) if number else 0
    where, found = key(plan, number, name), []
    flag = plan.days[number].flags.get(name)
    if flag is not None and flag.enabled is False and wanted > 0:
        found.append(Finding("broken", f"day {number}: {name} is at {wanted} % with enabled: false", where))
    if number and number - 1 not in plan.days:
        return found  # the missing day is a finding of its own; moves from it would be guesses
    if number == 0 and wanted > 0:
        found.append(Finding("broken", f"day 0: {name} starts at {wanted} %; the plan starts at 0 %", where))
    elif wanted < before:
        found.append(
            Finding("broken", f"day {number}: {name} goes down, {before} -> {wanted} %; a plan only climbs", where)
        )
    elif wanted > before:
        if wanted != (rung := domain.ladder.next(before)):
            text = f"day {number}: {name} skips a rung, {before} -> {wanted} %; the next one is {rung} %"
            found.append(Finding("broken", text, where))
        found += _too_early(plan, number, domain, before, catalogue.soak_slack_hours, where)
    return found


def _too_early(plan: Plan, number: int, domain: Domain, before: int, slack: float, where: str) -> list[Finding]:
    found = []
    if before == 0:
        for need in domain.prerequisites:
            since = plan.reached(need.domain, need.percent)
            hours = 24 * (number - since) if since is not None and since <= number else 0
            if hours < need.hours - slack:
                asked = f"{need.domain} at {need.percent} % for {need.hours} h"
                what = f"day {number}: {domain.name} needs {asked}, has {hours} h"
                found.append(Finding("broken", what, where))
        return found
    since = plan.since(number - 1, domain.name)
    hours, soak = 24 * (number - since), domain.soak_hours[before]
    if hours < soak - slack:
        text = f"day {number}: {domain.name} is raised after {hours} h at {before} %; its soak is {soak} h"
        found.append(Finding("broken", text, where))
    return found


def _notes(plan: Plan, catalogue: Catalogue) -> list[Finding]:
    """Where the seed contradicts itself, computed from the days and the catalogue as far as numbers go."""
    found = _between_weeks(plan, catalogue)
    late: dict[int, list[str]] = {}
    stable: dict[int, list[str]] = {}
    for name, domain in catalogue.domains.items():
        top = plan.reached(name, TOP)
        if top is None:
            continue
        ends = top + -(-domain.soak_hours[TOP] // 24)
        if ends > plan.last:
            late.setdefault(ends, []).append(name)
        stable.setdefault(top + STABLE.days, []).append(name)
    for ends, names in late.items():
        top = plan.reached(names[0], TOP) or 0
        hours = catalogue.domains[names[0]].soak_hours[TOP]
        who = f"day {top} -> {plan.last}: {' and '.join(names)}"
        text = f"{who} at 100 % to be watched {hours}+ h, which end on day {ends}"
        found.append(Finding("note", text, key(plan, top, names[0])))
    if any(day > plan.last for day in stable):
        days = ", ".join(f"day {day} ({' and '.join(names)})" for day, names in sorted(stable.items()))
        text = f"stable {STABLE.days}+ days at 100 %: {days}; the plan asks for all of it on day {plan.last}"
        found.append(Finding("note", text))
    found += _without_hours(plan, catalogue)
    for name in catalogue.domains:
        if not any(name in day.flags for day in plan.days.values()):
            found.append(Finding("note", f"{name} stands in no day of the plan: it stays at 0 %"))
    if catalogue.unified != SEEDS:
        return found
    rules = "; ".join(f"{where}: {rule}" for where, rule in RESUME_RULES)
    text = f"{len({rule for _, rule in RESUME_RULES})} different rules for resuming after a rollback ({rules})"
    return [
        *found,
        Finding("note", f"{text}; here a breach starts again from 0 %, any other rollback from where it stands"),
    ]


def _between_weeks(plan: Plan, catalogue: Catalogue) -> list[Finding]:
    """First raises that come before, or exactly when, the domain they wait for has been watched at 100 %."""
    pairs: dict[tuple[int, int, str], list[str]] = {}
    for name, domain in catalogue.domains.items():
        first = plan.reached(name, domain.ladder.first)
        for need in domain.prerequisites:
            since = plan.reached(need.domain, need.percent)
            if first is not None and since is not None and since < first:
                pairs.setdefault((since, first, need.domain), []).append(name)
    found = []
    for (since, first, other), names in pairs.items():
        hours, asked = 24 * (first - since), catalogue.domains[other].soak_hours[TOP]
        who = f"day {since} -> {first}: {' and '.join(names)} {'start' if len(names) > 1 else 'starts'}"
        if hours < asked:
            text = f"{who} {hours} h after {other} reached 100 %, which is to be watched {asked}+ h"
        elif hours == asked:
            text = f"{who} {hours} h after {other} reached 100 %: exactly the {asked}+ h, no slack"
        else:
            continue
        found.append(Finding("note", text, key(plan, first, names[0])))
    return found


def _without_hours(plan: Plan, catalogue: Catalogue) -> list[Finding]:
    """Days at rungs for which the seed gives no hours (`soak-assumed` in the catalogue)."""
    found: dict[tuple[int, ...], list[str]] = {}
    hours: set[int] = set()
    for name, domain in catalogue.domains.items():
        days = tuple(n for n in sorted(plan.days) if plan.percent(n, name) in domain.soak_assumed)
        if days:
            found.setdefault(days, []).append(name)
            hours.update(domain.soak_hours[rung] for rung in domain.soak_assumed)
    return [
        Finding(
            "note",
            f"day {'-'.join(map(str, dict.fromkeys((days[0], days[-1]))))}: the seed gives no hours for "
            f"{' and '.join(names)}; {', '.join(map(str, sorted(hours)))} h assumed, as in week 5",
            key(plan, days[0], names[0]),
        )
        for days, names in found.items()
    ]
