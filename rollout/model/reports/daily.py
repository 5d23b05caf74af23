"""The daily rollout log: per day what was planned, what was live at its end, what happened, and the day's notes.

The seed, "Documentation Deliverables": "Daily rollout logs (Weeks 4-6)".
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from rollout.model.log.journal import Line
from rollout.model.reports.parts import (  # fmt: skip
    Block,
    Bullets,
    Cell,
    Figure,
    Heading,
    Para,
    Report,
    Table,
    clock,
    joined,
    moment,
    percent,
    quoted,
    words,
)
from rollout.model.reports.story import Story

#: Runs that say nothing of the traffic; `rollout log --all` has them.
QUIET: Final = ("no change", "settings", "start", "checked")
#: What brings traffic down, or holds it: in capitals, which needs no colour.
LOUD: Final = ("rollback", "stop", "outside", "not applied", "freeze", "held", "breach", "waiver")


def report(story: Story) -> Report:
    """The daily log, day 1 first, to the newest entry's day."""
    blocks: list[Block] = []
    as_of = story.as_of
    if as_of is None or story.start is None:
        why = "nothing has been deployed yet" if as_of is None else "no run's config has the date of day 1 (`start`)"
        return Report("daily-log", "Daily rollout log", [Para((f"There are no days to tell of: {why}.",))])
    quiet: list[int] = []
    for day in range(1, (story.day_of(as_of) or 0) + 1):
        found = _day(story, day)
        if found:
            blocks += [*_quiet(quiet), *found]
            quiet = []
        else:
            quiet.append(day)
    blocks += _quiet(quiet)
    return Report("daily-log", "Daily rollout log", [about(story), *blocks])


def about(story: Story) -> Para:
    """Of which stack, and until when: the first line of every report."""
    as_of = story.as_of
    if as_of is None:
        return Para(("Stack ", quoted(story.stack, "stack"), ": nothing is recorded yet."), "lead")
    head: Cell = (
        "Stack ",
        quoted(story.stack, "stack"),
        ", as the record stands at ",
        moment(as_of, story.as_of_place),
    )
    day = story.day_of(as_of)
    return Para(words(*head, *(() if day is None else (", ", day_figure(day, story.as_of_place))), "."), "lead")


def day_figure(day: int, where: str) -> Figure:
    """`day 12`, from an entry's time."""
    return Figure(f"day {day}", "day", where)


def event(story: Story, line: Line) -> Cell:
    """What happened, in a few words: `raise 5 % -> 10 %`."""
    kind = line.kind.upper() if line.kind in LOUD else line.kind
    number = story.move_number(line)
    where = f"history/{line.update}" if number is None else f"moves/{line.domain}/{number}"
    if line.new is None:
        return (kind,)
    ends = ("wanted-from", "wanted") if number is None else ("percent", "percent")
    old, new = (f"{where}/from", f"{where}/to") if number is not None else (where, f"{where} {line.domain}")
    first = Figure(percent(line.old, old).text, ends[0], old if number is not None else f"{where} {line.domain}")
    return (f"{kind} ", first, " -> ", Figure(percent(line.new, new).text, ends[1], new))


def said(story: Story, line: Line) -> Cell:
    """The verdict where there is one that says more than the kind, else the line's own text."""
    number = story.move_number(line)
    if line.kind in ("raise", "restored") and number is not None and line.verdict:
        return (quoted(line.verdict, f"moves/{line.domain}/{number}/verdict"),)
    if not line.text:
        return ()
    how = "text" if number is not None or line.kind == "destroy" else "mark"
    where = f"history/{line.update}/message" if how == "text" else f"history/{line.update} {line.domain}".strip()
    return (Figure(" ".join(line.text.split()), how, where),) if line.update and not line.record else (line.text,)


def by(story: Story, line: Line) -> Cell:
    """Who, from which commit and pull request. Who moved a flag is in its own record, else in the run's."""
    where, number = f"history/{line.update}", story.move_number(line)
    own = line.record if number is None else f"moves/{line.domain}/{number}"
    who = f"{own}/by" if line.own_by else f"{where}/who"
    return joined(
        filter(
            None,
            (
                (quoted(line.who, who),) if line.who else (),
                (Figure(line.commit[:7], "commit", where),) if line.commit else (),
                (Figure(f"#{line.pr}", "pr", where),) if line.pr else (),
            ),
        )
    )


def _day(story: Story, day: int) -> list[Block]:
    """One day's heading, table of percents, events and notes; nothing for a day on which nothing happened."""
    ends = story.day_ends(day)
    if ends is None:
        return []
    begins = ends - timedelta(days=1)
    lines = [line for line in story.lines if begins <= line.at < ends and line.kind not in (*QUIET, "note")]
    notes = [note for note in story.notes() if note.day == f"{begins:%Y-%m-%d}"]
    if not lines and not notes:
        return []
    found: list[Block] = [
        Heading(2, (*_title(day), Figure(f"{begins:%Y-%m-%d}", "date", f"start {day}")), f"day-{day}")
    ]
    found.append(_stand(story, day))
    if lines:
        rows = [
            (
                (clock(line.at, story.place(line)),), (line.domain or "all",), event(story, line),
                (_planned(story, line),) if line.planned else ("-",), said(story, line), by(story, line),
            )
            for line in lines
        ]  # fmt: skip
        columns = ("UTC", "domain", "what", "planned", "verdict, or why", "by")
        found.append(Table("What happened", columns, rows))
    found += [Bullets([("Note: ", quoted(note.text, note.where)) for note in notes])] if notes else []
    return found


def _title(day: int) -> Cell:
    return (Figure(f"Day {day}", "plan day", f"{day}"), ", ")


def _planned(story: Story, line: Line) -> Figure:
    number = story.move_number(line)
    return Figure(line.planned, "planned", f"moves/{line.domain}/{number}")


def _stand(story: Story, day: int) -> Table:
    """Planned and live percents at the day's end."""
    ends = story.day_ends(day)
    last = min(day, story.plan.last)
    planned: list[Cell] = [("planned",)]
    live: list[Cell] = [("live",)]
    for name in story.known.domains:
        planned.append((percent(story.plan.percent(last, name), f"plan/{last}/{name}"),))
        share, where = story.percent_at(name, ends - timedelta(seconds=1)) if ends else (0, "")
        live.append((percent(share, where),) if where else ("nothing yet",))
    caption = "At the day's end" if day <= story.plan.last else "At the day's end, after the plan's last day"
    columns = ("", *story.known.domains)
    return Table(caption, columns, [planned, live], tuple(range(1, len(columns))))


def _quiet(days: list[int]) -> list[Block]:
    """Days without an entry, in one line: silence is said, so that a missing day isn't taken for a lost one."""
    if not days:
        return []
    first, last = days[0], days[-1]
    named = Figure(f"Day {first}", "plan day", f"{first}")
    if first != last:
        return [Para((named, " to ", Figure(f"day {last}", "plan day", f"{last}"), ": nothing moved."), "note")]
    return [Para((named, ": nothing moved."), "note")]
