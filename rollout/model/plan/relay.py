"""What is left of the migration, laid anew from where each domain stands: the earliest days that no rule forbids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from rollout.model import times
from rollout.model.catalogue.domain import Catalogue, Domain
from rollout.model.ladder import TOP
from rollout.model.plan import standing
from rollout.model.plan.days import Plan, Row
from rollout.model.schedule import BREACH_WAIT, soak_ends, stable_from

#: Days after which a domain that hasn't arrived never will by these rules.
LONGEST: Final = 366


@dataclass(frozen=True)
class At:
    """Where a domain stands: `percent` since then. `ready`: not before this time (a breach's 24 hours), else None."""

    percent: int
    since: datetime
    ready: datetime | None = None


@dataclass(frozen=True)
class Laid:
    """The days from the first run on. `ends`: when all are at 100 % (None: never by these rules); `stable`: 7 days later."""

    rows: tuple[Row, ...]
    ends: date | None
    stable: date | None


def lay(plan: Plan, catalogue: Catalogue, at: Mapping[str, At], first: datetime, start: date | None) -> Laid:
    """One run a day from `first` (aware) on, each raising whatever may rise then, and nothing ahead of the plan.

    Soaks and prerequisites are those of the catalogue, with its slack; the gate is taken to pass. With no `start`, days
    have no number and the plan holds nobody back.
    """
    now, have, rows = first, dict(at), list[Row]()
    while len(rows) < LONGEST:
        moved = tuple(
            name for name, domain in catalogue.domains.items() if _may(domain, have, now, plan, catalogue, start)
        )
        # Judged by what stood before this run: two raises of one run don't see each other.
        for name in moved:
            have[name] = At(catalogue.domains[name].ladder.next(have[name].percent) or TOP, now)
        percents = {name: one.percent for name, one in have.items()}
        rows.append(_row(now, percents, moved, start))
        if all(percent == TOP for percent in percents.values()):
            ends = max(one.since for one in have.values())
            return Laid(tuple(rows), ends.date(), stable_from(ends, catalogue.soak_slack_hours).date())
        now = times.later(now, timedelta(days=1))
    return Laid(tuple(rows), None, None)


def _row(now: datetime, percents: dict[str, int], moved: tuple[str, ...], start: date | None) -> Row:
    day = standing.day_of(start, now)
    return Row(day if day is not None else 0, now.date(), percents, moved)


def _may(
    domain: Domain, have: Mapping[str, At], now: datetime, plan: Plan, catalogue: Catalogue, start: date | None
) -> bool:
    here, slack = have[domain.name], catalogue.soak_slack_hours
    rung = domain.ladder.next(here.percent)
    if rung is None or (here.ready is not None and now < here.ready):
        return False
    day = standing.day_of(start, now)
    if day is not None and plan.percent(min(max(day, 0), plan.last), domain.name) < rung:
        return False
    if here.percent == 0:
        return all(
            have[need.domain].percent >= need.percent and now >= soak_ends(have[need.domain].since, need.hours, slack)
            for need in domain.prerequisites
        )
    return now >= soak_ends(here.since, domain.soak_hours[here.percent], slack)


def ready(breach_at: datetime | None) -> datetime | None:
    """When a domain with a breach may start again: 24 hours after it."""
    return None if breach_at is None else times.later(breach_at, BREACH_WAIT)
