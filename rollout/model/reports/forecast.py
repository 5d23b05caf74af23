"""When an unfinished migration ends: at the earliest, by the rules alone, and at the pace that it has kept so far.

Neither knows of nights, of a freeze that stands, or of what the gate will say: each says so where it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollout.model import schedule, times
from rollout.model.catalogue.domain import Domain
from rollout.model.ladder import TOP
from rollout.model.reports.config_entries import breaches
from rollout.model.reports.story import Story


@dataclass(frozen=True)
class Ahead:
    """One domain. `next_percent`, `next_at`: its next raise (None: none is left); `top_at`: when it is at the top rung."""

    domain: str
    percent: int
    next_percent: int | None
    next_at: datetime | None
    top_at: datetime


@dataclass(frozen=True)
class Forecast:
    """`earliest`, `paced`: when the last domain is at the top rung (`paced` None: no rung was gained yet, no pace).

    `pace`: the time that a rung has taken so far, the falls and the waits in it. `stable`: when each
    has been there for 7 days, if it comes at the earliest.
    """

    domains: Mapping[str, Ahead]
    earliest: datetime
    stable: datetime
    paced: datetime | None
    pace: timedelta | None
    rungs_gained: int

    @property
    def done(self) -> bool:
        return all(one.next_percent is None for one in self.domains.values())

    @property
    def next(self) -> Ahead | None:
        """The domain whose raise can come first."""
        waiting = [one for one in self.domains.values() if one.next_at is not None]
        return min(waiting, key=lambda one: one.next_at or times.LAST, default=None)


def forecast(story: Story, live: Mapping[str, int | None] | None = None) -> Forecast | None:
    """None where nothing is recorded. `live`: percents that are known to be live; else the record's last."""
    as_of = story.as_of
    if as_of is None:
        return None
    percents = {name: _percent(story, name, live) for name in story.known.domains}
    gained, pace = _pace(story, as_of)
    earliest = _ahead(story, percents, as_of, timedelta(0))
    slow = _ahead(story, percents, as_of, pace) if pace else None
    slack = story.known.soak_slack_hours
    stable = max((schedule.stable_from(one.top_at, slack) for one in earliest.values()), default=as_of)
    ends = max((one.top_at for one in earliest.values()), default=as_of)
    return Forecast(
        earliest,
        ends,
        stable,
        max((one.top_at for one in slow.values()), default=as_of) if slow else None,
        pace,
        gained,
    )


def _percent(story: Story, name: str, live: Mapping[str, int | None] | None) -> int:
    known = (live or {}).get(name)
    found = story.stretches(name)
    return known if known is not None else found[-1].percent if found else 0


def _pace(story: Story, as_of: datetime) -> tuple[int, timedelta | None]:
    """How many rungs the domains stand over 0, all together, and how long one took: each domain's own time, added up."""
    gained, spent = 0, timedelta(0)
    for name in story.known.domains:
        begun = next((one for one in story.stretches(name) if one.percent > 0), None)
        if begun is None:
            continue
        last = story.stretches(name)[-1]
        gained += sum(rung <= last.percent for rung in story.domain(name).ladder.above)
        spent += (last.since if last.percent == TOP else as_of) - begun.since
    return gained, (spent / gained if gained and spent else None)


def _ahead(story: Story, percents: Mapping[str, int], as_of: datetime, slowest: timedelta) -> dict[str, Ahead]:
    """Each domain after those that it waits for, in the catalogue's order."""
    found: dict[str, Ahead] = {}
    for name, domain in story.known.domains.items():
        percent = percents[name]
        since = next((one.since for one in reversed(story.stretches(name)) if one.percent == percent), as_of)
        if percent == TOP:
            found[name] = Ahead(name, percent, None, None, since)
            continue
        first = max(as_of, _from(story, domain, percent, since, found))
        at, rung = first, domain.ladder.next(percent)
        while rung is not None and rung < TOP:
            at = times.later(at, max(slowest, _soak(story, domain, rung)))
            rung = domain.ladder.next(rung)
        found[name] = Ahead(name, percent, domain.ladder.next(percent), first, at)
    return found


def _soak(story: Story, domain: Domain, rung: int) -> timedelta:
    return timedelta(hours=max(0.0, domain.soak_hours.get(rung, 0) - story.known.soak_slack_hours))


def _from(story: Story, domain: Domain, percent: int, since: datetime, before: Mapping[str, Ahead]) -> datetime:
    """When the domain's next raise is legal by what can be counted: its soak, or what it waits for; and a breach's day."""
    latest = since if percent == 0 else times.later(since, _soak(story, domain, percent))
    if percent == 0:
        for need in domain.prerequisites:
            if need.domain in before:
                hours = timedelta(hours=need.hours - story.known.soak_slack_hours)
                latest = max(latest, times.later(before[need.domain].top_at, hours))
    for name, entry in breaches(story).values():
        at = times.moment(entry.get("at"))
        if name == domain.name and at is not None and not entry.get("cleared"):
            latest = max(latest, times.later(at, schedule.BREACH_WAIT))
    return latest
