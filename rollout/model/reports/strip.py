"""The flight strip as data: per domain what was planned and what was live, soaks, and everything that happened.

Drawn by `rollout.commands.report.flight`; here is what is drawn, so that the table beside it can't say something else. Positions
are days: 1.0 is the midnight (UTC) that day 1 begins with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rollout.model import schedule, times
from rollout.model.ladder import DEFAULT, Ladder
from rollout.model.reports.config_entries import used_by, waivers
from rollout.model.reports.parts import Cell, Figure, Table, moment, percent, quoted, words
from rollout.model.reports.story import Story

#: A letter for each kind, in the order of the legend; the letters are what is read where there is no colour.
KINDS: Final = {
    "P": "raise, gate passed", "H": "raise refused", "R": "rollback", "S": "stop", "O": "changed outside",
    "I": "incident", "F": "freeze", "W": "waiver used", "D": "drill",
}  # fmt: skip
#: The letter of a line of the log, by its kind.
LETTERS: Final = {
    "raise": "P", "restored": "P", "not applied": "H", "rollback": "R", "stop": "S", "outside": "O",
}  # fmt: skip


#: The order of marks of one moment: what it was about comes first.
_FIRST: Final = "ISROHFPWD"


@dataclass(frozen=True)
class Step:
    """A stretch of days at one percent; `since` and `until` (None: it stands) where it was live and not only planned."""

    start: float
    end: float
    percent: int
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Mark:
    """One thing that happened: its letter in `KINDS`, and for the table what and where (`place`) in the record."""

    x: float
    letter: str
    when: Cell
    what: Cell
    place: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Row:
    """One domain."""

    domain: str
    planned: Sequence[Step]
    actual: Sequence[Step]
    soaks: Sequence[Step]
    marks: Sequence[Mark]
    ladder: Ladder = DEFAULT


@dataclass(frozen=True)
class Strip:
    """`end`: where the record ends; `last`: the day on whose midnight the picture does; `freezes`: over every row.

    `frozen`: for each freeze the place of the run that set it.
    """

    rows: Sequence[Row]
    freezes: Sequence[tuple[float, float]]
    end: float
    planned_last: int
    last: int
    frozen: Sequence[str] = ()


def strip(story: Story) -> Strip | None:
    """None where nothing is recorded."""
    as_of = story.as_of
    if as_of is None:
        return None
    end = story.day_x(as_of)
    freezes = [
        (story.day_x(story.run(first).at), story.day_x(story.run(last).at) if last else end)
        for first, last in story.spans("freeze")
    ]
    rows = [_row(story, name, end) for name in story.known.domains]
    places = [f"history/{first}/at" for first, _ in story.spans("freeze")]
    return Strip(rows, freezes, end, story.plan.last, max(story.plan.last, int(end)), places)


def begun(row: Row) -> bool:
    """Whether there is anything to draw of a domain: traffic at any time, or a mark."""
    return any(step.percent for step in row.actual) or bool(row.marks)


def columns(marks: Sequence[Mark], room: float) -> list[tuple[float, list[Mark]]]:
    """Marks that would cover one another (within `room` days of the first) together, at the first one's place."""
    found: list[tuple[float, list[Mark]]] = []
    for mark in marks:
        if found and mark.x - found[-1][0] < room:
            found[-1][1].append(mark)
        else:
            found.append((mark.x, [mark]))
    return found


def table(story: Story, drawn: Strip) -> Table:
    """The picture in words: every mark, oldest first."""
    found = sorted(((mark, row.domain) for row in drawn.rows for mark in row.marks), key=lambda item: item[0].x)
    rows = [(mark.when, (domain,), (mark.letter,), mark.what) for mark, domain in found]
    for first, last in story.spans("freeze"):
        until: Cell = (" to ", moment(story.run(last).at, f"history/{last}/at")) if last else (", it stands",)
        rows.append(((moment(story.run(first).at, f"history/{first}/at"),), ("all",), ("F",), words("freeze", *until)))
    return Table("The flight strip in words", ("when", "domain", "mark", "what"), rows)


def planned(story: Story) -> Table:
    """The plan as the strip outlines it, by the days on which it moves."""
    rows = []
    for name in story.known.domains:
        days = [
            n for n in sorted(story.plan.days) if n and story.plan.percent(n, name) != story.plan.percent(n - 1, name)
        ]
        cell: Cell = ()
        for day in days:
            to = percent(story.plan.percent(day, name), f"plan/{day}/{name}")
            cell = words(*cell, ", " if cell else None, to, " on ", *_plan_day(day))
        rows.append(((name,), cell or ("it stays where it is",)))
    return Table("The plan", ("domain", "percents"), rows)


def _plan_day(day: int) -> Cell:
    return (Figure(f"day {day}", "plan day", f"{day}"),)


def _row(story: Story, name: str, end: float) -> Row:
    actual, soaks = [], []
    for one in story.stretches(name):
        start, until = story.day_x(one.since), story.day_x(one.until) if one.until else end
        actual.append(Step(start, until, one.percent, one.since, one.until))
        hours = story.domain(name).soak_hours.get(one.percent)
        if hours is not None and one.percent:
            over = story.day_x(schedule.soak_ends(one.since, hours, story.known.soak_slack_hours))
            soaks.append(Step(start, min(over, until), one.percent))
    return Row(
        name,
        _planned(story, name),
        actual,
        soaks,
        sorted(_marks(story, name), key=lambda mark: (mark.x, _FIRST.index(mark.letter))),
        story.domain(name).ladder,
    )


def _planned(story: Story, name: str) -> list[Step]:
    found: list[Step] = []
    for day in range(1, story.plan.last + 1):
        share = story.plan.percent(day, name)
        if found and found[-1].percent == share:
            found[-1] = Step(found[-1].start, day + 1, share)
        else:
            found.append(Step(day, day + 1, share))
    return found


def _marks(story: Story, name: str) -> list[Mark]:
    found: list[Mark] = []
    for line in story.lines:
        letter = "H" if line.raise_held else LETTERS.get(line.kind)
        if letter and line.domain == name:
            place = story.place(line)
            number = story.move_number(line)
            what: Cell = (line.kind,)
            if number is not None:
                at = f"moves/{name}/{number}"
                what = (f"{line.kind} ", percent(line.old, f"{at}/from"), " -> ", percent(line.new, f"{at}/to"))
            found.append(Mark(story.day_x(line.at), letter, (moment(line.at, place),), what, place, line.at))
    for file, record in story.incidents.items():
        at_ = times.moment(record.get("at"))
        if at_ and record.get("domain") == name:
            what = ("incident: ", quoted(record.get("metric", "?"), f"incidents/{file}/metric"))
            found.append(
                Mark(story.day_x(at_), "I", (moment(at_, f"incidents/{file}/at"),), what, f"incidents/{file}", at_)
            )
    for file, record in story.drills.items():
        at_ = times.moment(record.get("at"))
        if at_ and record.get("domain") == name:
            what = ("drill ", "passed" if record.get("passed") is True else "failed")
            found.append(Mark(story.day_x(at_), "D", (moment(at_, f"drills/{file}/at"),), what, f"drills/{file}", at_))
    for place, (waiver, entry) in waivers(story).items():
        use = used_by(story, waiver, entry)
        if use and use[1].domain == name:
            what = ("waiver used: ", Figure(waiver, "name", place))
            found.append(Mark(story.day_x(use[1].at), "W", (moment(use[1].at, use[0]),), what, use[0], use[1].at))
    return found
