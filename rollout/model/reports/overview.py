"""The first lines of the final report: done or not, where each domain stands, when it ends, how often it came down.

And which domains haven't begun: every table of the reports has them as one row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from rollout.model.ladder import TOP
from rollout.model.reports.config_entries import breaches
from rollout.model.reports.daily import by, event, said
from rollout.model.reports.forecast import Forecast, forecast
from rollout.model.reports.parts import (  # fmt: skip
    Block,
    Cell,
    Figure,
    Heading,
    Para,
    Table,
    joined,
    moment,
    number_of,
    percent,
    quoted,
)
from rollout.model.reports.story import Story

#: Lines of the log that changed somebody's traffic.
CHANGES = ("raise", "rollback", "stop", "outside", "restored")


def begun(story: Story) -> list[str]:
    """The domains that were ever above 0 %, in the catalogue's order."""
    return [name for name in story.known.domains if any(one.percent > 0 for one in story.stretches(name))]


def waiting(story: Story) -> list[str]:
    """The domains that never were."""
    names = begun(story)
    return [name for name in story.known.domains if name not in names]


def lead(story: Story) -> list[Block]:
    """The headline, and for an unfinished migration its end; nothing where nothing is recorded."""
    ahead = forecast(story)
    if ahead is None or story.as_of is None:
        return []
    last = {name: story.stretches(name)[-1] for name in begun(story)}
    top = {name: one for name, one in last.items() if one.percent == TOP}
    if ahead.done:
        newest = max(top.values(), key=lambda one: one.since)
        stands: Cell = ("Finished: every domain is at ", Figure("100 %", "rule", "100"), " since ",
                        moment(newest.since, f"moves/{newest.domain}/{newest.entered}/at"))  # fmt: skip
    else:
        under = [
            (f"{name} ", percent(one.percent, f"moves/{name}/{one.entered}/to"))
            for name, one in last.items()
            if name not in top
        ]
        parts: list[Cell] = [("at ", Figure("100 %", "rule", "100"), f": {', '.join(top)}")] if top else []
        parts += [("under way: ", *joined(under))] if under else []
        parts += [(f"not begun: {', '.join(waiting(story))}",)] if waiting(story) else []
        stands = ("Not finished; ", *joined(parts, "; "))
    fell: Cell = (". Brought down because of a metric: ", number_of(list(breaches(story)), "breaches"),
                  "; incidents with a record: ", number_of([f"incidents/{name}" for name in story.incidents], "incidents"), ".")  # fmt: skip
    found: list[Block] = [Para((*stands, *fell), "lead")]
    return found if ahead.done else [*found, Para(_end(story, ahead))]


def _end(story: Story, ahead: Forecast) -> Cell:
    """When it ends by the rules alone, and at the pace so far; and what the plan says."""
    parts: list[str | Figure] = [
        "Forecast: the last domain is at ", Figure("100 %", "rule", "100"), " on ", _date(ahead.earliest, "earliest"),
        " at the earliest (every soak ends on time, every gate passes, no freeze, no night)",
    ]  # fmt: skip
    if ahead.paced is not None and ahead.pace is not None:
        parts += [", on ", _date(ahead.paced, "paced"), " at the pace so far (", Figure(_days(ahead.pace), "forecast", "pace"),
                  " a rung, falls and waits in it)"]  # fmt: skip
    days = {name: story.plan.reached(name, TOP) for name in story.known.domains}
    name, day = max(
        ((name, day) for name, day in days.items() if day is not None), key=lambda one: one[1], default=("", None)
    )
    if day is not None:
        parts += ["; the plan says ", Figure(f"day {day}", "planned day", f"plan/{name}/{TOP}")]
        ends = story.day_ends(day)
        if ends is not None:
            parts += [", ", _date(ends - timedelta(days=1), "plan")]
    return (*parts, ".")


def _date(at: datetime, what: str) -> Figure:
    return Figure(f"{at:%Y-%m-%d}", "forecast", what)


def _days(span: timedelta) -> str:
    return f"{span.total_seconds() / 86400:.1f} days"


def changes(story: Story) -> list[Block]:
    """Who changed what: every move of traffic, and every change of an enable flag, newest last."""
    rows = [
        ((moment(line.at, story.place(line)),), (line.domain,), event(story, line), said(story, line), by(story, line) or ("not recorded",))
        for line in story.of_kind(*CHANGES)
    ]  # fmt: skip
    found: list[Block] = [Heading(2, ("Who changed what",), "changes")]
    found.append(
        Table(
            "Every change of traffic", ("when", "domain", "what", "verdict, or why", "by, commit, pull request"), rows
        )
        if rows
        else Para(("No traffic was moved yet.",))
    )
    flags = _enabled(story)
    if flags:
        found.append(
            Table(
                "Every change of an enable flag",
                ("when", "domain", "flag", "from -> to", "by, commit, pull request"),
                flags,
            )
        )
    else:
        found.append(Para(("No enable flag was changed by a run.",), "note"))
    return found


def _enabled(story: Story) -> list[Sequence[Cell]]:
    """A row for each run whose config has another `enabled` than the one before it had."""
    rows: list[Sequence[Cell]] = []
    before: dict[str, object] = {}
    for update in story.updates:
        flags = update.config.get("flags")
        for name, flag in flags.items() if isinstance(flags, Mapping) else ():
            value = flag.get("enabled") if isinstance(flag, Mapping) else None
            if value is None or name not in story.known.domains:
                continue
            if name in before and before[name] != value:
                where = f"history/{update.number}"
                who: list[Cell] = [(quoted(update.who, f"{where}/who"),)] if update.who else []
                who += [(Figure(update.commit[:7], "commit", where),)] if update.commit else []
                who += [(Figure(f"#{update.pr}", "pr", where),)] if update.pr else []
                done = "" if update.done else " (the run failed)"
                rows.append((
                    (moment(update.at, f"{where}/at"),), (name,), (story.domain(name).enable_flag or "-",),
                    (f"{str(before[name]).lower()} -> {str(value).lower()}{done}",), joined(who) or ("not recorded",),
                ))  # fmt: skip
            before[name] = value
    return rows
