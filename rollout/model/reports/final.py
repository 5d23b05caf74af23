"""The final migration report: the seed's success criteria one by one, what people said, what may be archived.

A criterion is met, not met, or can't be told from the record; then the report says why, and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rollout.model.ladder import TOP
from rollout.model.reports import overview
from rollout.model.reports.config_entries import breaches
from rollout.model.reports.criteria import Criterion, baseline, critical, satisfaction, standing_at_100
from rollout.model.reports.daily import about
from rollout.model.reports.incidents import summary
from rollout.model.reports.parts import (  # fmt: skip
    NOT_RECORDED,
    Block,
    Bullets,
    Cell,
    Figure,
    Heading,
    Para,
    Picture,
    Report,
    State,
    Table,
    joined,
    moment,
    number_of,
    quoted,
    whole,
    words,
)
from rollout.model.reports.story import Story
from rollout.model.reports.weekly import by_domain

WEEK_7: Final = "Ready to archive old services (Week 7+)"


def report(story: Story) -> Report:
    """Criteria first: whoever reads one screen reads whether the migration is done."""
    final = criteria(story)
    met = [one for one in final if one.state is State.MET]
    blocks: list[Block] = [
        about(story),
        *overview.lead(story),
        Para(
            (
                Figure(f"{len(met)}", "number of met", " ".join(one.name for one in met)), " of ",
                Figure(f"{len(final)}", "number of criteria", " ".join(one.name for one in final)),
                " final success criteria are met.",
            ),
            "lead",
        ),
        Picture("strip"),
        Heading(2, ("Final success criteria",), "criteria"),
        table("The seed's list, end of week 6", final),
        *_weekly(story),
        Heading(2, ("Planned and actual",), "dates"),
        _dates(story),
        summary(story),
        *overview.changes(story),
        Heading(2, ("User feedback",), "feedback"),
        *_feedback(story),
        Heading(2, ("Ready to archive",), "archive"),
        _archive(story),
        Para(
            (
                "Before a legacy service is switched off, ask the counters once more: ", "`rollout status`",
                " shows whether sessions still begin on it. Then set ", "`closed`", " in the stack config.",
            ),
            "note",
        ),
        Heading(2, ("Protected services",), "protected"),
        Para(
            (
                "Nothing here can name them: the catalogue refuses any flag, service or address of ",
                ", ".join(story.known.protected), ".",
            )
        ),
    ]  # fmt: skip
    return Report("final", "Final migration report", blocks)


def criteria(story: Story) -> list[Criterion]:
    """The seed's "Final Success Criteria (End of Week 6)", in its order and words."""
    found = [standing_at_100(story, name) for name in story.known.domains]
    found += [baseline(story), critical(story), satisfaction(story)]
    ready = [archivable(story, name) for name in story.known.domains]
    waiting = [name for name, one in zip(story.known.domains, ready, strict=True) if one.hinders]
    state = State.NOT_MET if waiting else State.MET
    why: Cell = ("every domain is stable, and nothing stands against it",)
    if waiting:
        why = (f"not yet: {', '.join(waiting)}; see below",)
    return [
        *found,
        Criterion("archive", WEEK_7, state, why, "" if state is State.MET else "wait, or mend what is named"),
    ]


def _weekly(story: Story) -> list[Block]:
    """Where the catalogue has none of the seed's domains there are no such lists."""
    if not (found := _folded(story)):
        return []
    heading = Heading(2, ("Success criteria of the weeks, and the literal zeros",), "weekly")
    return [heading, table("The seed's weekly lists", found)]


def _folded(story: Story) -> list[Criterion]:
    """The weeks' criteria; those of domains that haven't begun are one."""
    waiting, found = overview.waiting(story), list[Criterion]()
    groups = by_domain(story)
    for name, of_domain in groups.items():
        found += [] if name in waiting else of_domain
    folded = [name for name in groups if name in waiting]
    if folded:
        text = f"Criteria of domains that have not begun: {', '.join(folded)}"
        why: Cell = ("they never left ", Figure("0 %", "rule", "ladder/0"))
        found.append(Criterion("not-begun", text, State.UNKNOWN, why, "begin: `rollout status` says what comes next"))
    return found


def table(caption: str, found: Sequence[Criterion]) -> Table:
    rows = [((Figure(one.text, "seed", one.name),), (one.state.value,), one.why, (one.do or "-",)) for one in found]
    return Table(caption, ("criterion", "judged", "why", "do"), rows)


@dataclass(frozen=True)
class Ready:
    """Whether a domain's legacy service may be archived. `hinders`: what stands against it."""

    domain: str
    hinders: Sequence[Cell]


def archivable(story: Story, name: str) -> Ready:
    """Stable at 100 %, not frozen or held, no breach that no later attempt has overtaken."""
    hinders: list[Cell] = []
    stable = standing_at_100(story, name)
    if stable.state is not State.MET:
        hinders.append(stable.why)
    for key, entry_of in (("freeze", ""), ("held", name)):
        entry, place = story.standing_entry(key, entry_of)
        if entry is not None:  # what forbids and can't be read forbids all the same
            why = (
                quoted(entry["why"], f"{place}/why") if isinstance(entry, Mapping) and "why" in entry else NOT_RECORDED
            )
            hinders.append(("a ", key, " stands: ", why))
    latest = [(place, entry) for place, (domain, entry) in breaches(story).items() if domain == name][-1:]
    attempt, _ = story.standing_entry("attempt", name)
    number = (whole(attempt.get("number")) if isinstance(attempt, Mapping) else None) or 1
    for place, entry in latest:
        if not entry.get("cleared") and number <= (whole(entry.get("attempt")) or 1):
            hinders.append(("a breach latches it: ", quoted(entry.get("metric", "?"), f"{place}/metric")))
    return Ready(name, hinders)


def _archive(story: Story) -> Table:
    rows: list[Sequence[Cell]] = []
    for name in overview.begun(story):
        one = archivable(story, name)
        why: Cell = ()
        for hinder in one.hinders:
            why = words(*why, "; " if why else None, *hinder)
        rows.append(((story.domain(name).legacy,), (name,), ("no" if one.hinders else "yes",), why or ("nothing",)))
    waiting = overview.waiting(story)
    if waiting:
        services = ", ".join(story.domain(name).legacy for name in waiting)
        rows.append(((services,), (", ".join(waiting),), ("no",), ("not begun",)))
    return Table("By legacy service", ("service", "domain", "ready", "what stands against it"), rows)


def _dates(story: Story) -> Table:
    """Per domain when it began and came to 100 %, planned and actual."""
    rows: list[Sequence[Cell]] = []
    for name in overview.begun(story):
        found: list[Cell] = [(name,)]
        first = story.domain(name).ladder.first
        for rung in (first, TOP):
            found.append(_planned(story, [name], rung))
            real = [one for one in story.stretches(name) if one.percent >= rung]
            chosen = real[:1] if rung == first else real[-1:]
            day = story.day_of(chosen[0].since) if chosen else None
            where = f"moves/{name}/{chosen[0].entered}/at" if chosen else ""
            found.append((Figure(f"day {day}", "day", where), ", ", moment(chosen[0].since, where)) if chosen and day
                         else ("not yet",))  # fmt: skip
        lowered = [f"moves/{name}/{one.left}" for one in story.stretches(name) if one.ended in ("stop", "rollback")]
        rows.append((*found, (number_of(lowered, "lowerings"),)))
    waiting = overview.waiting(story)
    if waiting:
        first_days, last_days = _planned(story, waiting), _planned(story, waiting, TOP)
        rows.append(
            ((", ".join(waiting),), first_days, ("not begun",), last_days, ("not yet",), (number_of([], "lowerings"),))
        )
    columns = ("domain", "start planned", "actual", "100 % planned", "actual", "times lowered")
    return Table("First rung and 100 %, planned and actual", columns, rows, (5,))


def _planned(story: Story, names: Sequence[str], rung: int | None = None) -> Cell:
    """The day of the plan on which these domains come to a rung (None: to their first); from the first to the last of them."""
    rungs = {name: rung or story.domain(name).ladder.first for name in names}
    days = sorted((day, name) for name, one in rungs.items() if (day := story.plan.reached(name, one)) is not None)
    if not days:
        return ("never",)
    ends = [days[0]] if days[0][0] == days[-1][0] else [days[0], days[-1]]
    return joined(((Figure(f"day {day}", "planned day", f"plan/{name}/{rungs[name]}"),) for day, name in ends), " to ")


def _feedback(story: Story) -> list[Block]:
    notes = story.notes()
    if not notes:
        return [Para(("Nobody wrote any: add them under ", "`notes`", " in the stack config, by date."))]
    cells = [(Figure(note.day, "note day", note.where), ": ", quoted(note.text, note.where)) for note in notes]
    return [Para(("What people wrote under `notes`, in their words:",)), Bullets(cells)]
