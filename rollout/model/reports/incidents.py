"""The incident report: what burnt, what was brought down by whom, freezes, waivers, drills, each from its entry.

The seed, "Documentation Deliverables": "Incident reports (if any)".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rollout.model import times
from rollout.model.log.journal import Line
from rollout.model.reports.config_entries import breaches, used_by, waivers
from rollout.model.reports.daily import about, by, event, said
from rollout.model.reports.parts import (  # fmt: skip
    NOT_RECORDED,
    Block,
    Bullets,
    Cell,
    Figure,
    Heading,
    Para,
    Report,
    Table,
    moment,
    number_of,
    percent,
    quoted,
    span,
    whole,
    words,
)
from rollout.model.reports.story import Story, near

FACTS: Final = ("severity", "metric", "seen", "from", "to", "by", "reason", "done")


def report(story: Story) -> Report:
    """Everything that wasn't a planned raise, the counts of it first."""
    blocks: list[Block] = [about(story), summary(story)]
    for number, (name, record) in enumerate(story.incidents.items(), 1):
        blocks += _incident(story, number, name, record)
    blocks += _lowerings(story)
    blocks += _breaches(story)
    blocks += _entries(story, "freeze", "Freezes")
    blocks += _entries(story, "held", "Held domains")
    blocks += _waivers(story)
    blocks += _refused(story)
    blocks += _drills(story)
    return Report("incidents", "Incident report", blocks)


def summary(story: Story) -> Table:
    """How often each thing happened; zeros too."""
    counts: list[tuple[str, Figure]] = [
        ("incidents with a record", number_of([f"incidents/{name}" for name in story.incidents], "incidents")),
        *((name, _number(story, kind)) for name, kind in (("stops", "stop"), ("rollbacks by review", "rollback"))),
        ("changed outside", _number(story, "outside")),
        ("raises that were refused or failed", number_of(_places(story, story.refused()), "not applied")),
        ("freezes", number_of([f"history/{start}/config/freeze" for start, _ in story.spans("freeze")], "freezes")),
        ("waivers", number_of(list(waivers(story)), "waivers")),
        ("drills with a record", number_of([f"drills/{name}" for name in story.drills], "drills")),
    ]
    return Table("In numbers", ("what", "how often"), [((name,), (figure,)) for name, figure in counts], (1,))


def _number(story: Story, kind: str) -> Figure:
    return number_of(_places(story, story.of_kind(kind)), kind)


def _places(story: Story, lines: Sequence[Line]) -> list[str]:
    places = []
    for line in lines:
        number = story.move_number(line)
        places.append(f"history/{line.update}/{line.domain}" if number is None else f"moves/{line.domain}/{number}")
    return places


def _incident(story: Story, number: int, name: str, record: Mapping[str, object]) -> list[Block]:
    place = f"incidents/{name}"
    at = times.moment(record.get("at"))
    domain = str(record.get("domain"))
    title: Cell = (
        "Incident ", Figure(f"{number}", "rank", place), ": ", quoted(record.get("metric") or "?", f"{place}/metric"), " on ",
        domain, *((", ", moment(at, f"{place}/at")) if at else ()),
    )  # fmt: skip
    rows: list[Sequence[Cell]] = [
        ((key,), (quoted(record[key], f"{place}/{key}"),)) for key in FACTS if record.get(key) not in (None, "")
    ]
    rows.append((("after it",), _after(story, domain, record)))
    found: list[Block] = [Heading(2, title, f"incident-{number}"), Table("What was recorded", ("what", "record"), rows)]
    for key, caption in (("rows", "What the gate said"), ("steps", "What was done, in seconds since it was seen")):
        texts = record.get(key)
        if isinstance(texts, Sequence) and not isinstance(texts, str) and texts:
            found += [
                Para((f"{caption}:",)),
                Bullets([(quoted(text, f"{place}/{key}/{n}"),) for n, text in enumerate(texts)]),
            ]
    return found


def _after(story: Story, domain: str, record: Mapping[str, object]) -> Cell:
    """The domain's next raise, and how long it took to come."""
    at = times.moment(record.get("at"))
    if at is None:
        return ("the record's time can't be read",)
    name = next(name for name, one in story.incidents.items() if one is record)
    for line in story.of_kind("raise"):
        if line.domain == domain and line.at > at:
            place = story.place(line)
            return (
                "next raise ",
                moment(line.at, place),
                ", after ",
                span(at, line.at, f"incidents/{name}/at {place}"),
            )
    return ("no raise since",)


def _lowerings(story: Story) -> list[Block]:
    """Every lowering, those of an incident too: nothing that took traffic away is missing here."""
    rows = []
    for line in story.of_kind("stop", "rollback", "outside"):
        of = next(
            (name for name, one in story.incidents.items() if one.get("domain") == line.domain and near(one, line.at)),
            "",
        )
        incident: Cell = (Figure(of, "name", f"incidents/{of}"),) if of else ("none",)
        rows.append(
            (
                (moment(line.at, story.place(line)),),
                (line.domain,),
                event(story, line),
                said(story, line),
                by(story, line),
                incident,
            )
        )
    if not rows:
        return [Heading(2, ("What came down",), "down"), Para(("Nothing did.",))]
    columns = ("when", "domain", "what", "message", "by", "incident's record")
    return [Heading(2, ("What came down",), "down"), Table("Stops, rollbacks and changes outside", columns, rows)]


def _breaches(story: Story) -> list[Block]:
    rows: list[Sequence[Cell]] = []
    for place, (domain, entry) in breaches(story).items():
        at = times.moment(entry.get("at"))
        rows.append(
            (
                (moment(at, f"{place}/at"),) if at else (NOT_RECORDED,), (domain,),
                (quoted(entry.get("metric", "?"), f"{place}/metric"),),
                (quoted(entry.get("seen", NOT_RECORDED), f"{place}/seen"),) if "seen" in entry else (NOT_RECORDED,),
                _ends(entry, place),
                (quoted(entry["attempt"], f"{place}/attempt"),) if "attempt" in entry else (NOT_RECORDED,),
                (quoted(entry.get("by", "?"), f"{place}/by"),),
            )
        )  # fmt: skip
    if not rows:
        return []
    columns = ("when", "domain", "metric", "seen", "from -> to", "attempt", "by")
    return [Heading(2, ("Breaches",), "breaches"), Table("Metrics that burnt", columns, rows)]


def _ends(entry: Mapping[str, object], place: str) -> Cell:
    first, last = whole(entry.get("from")), whole(entry.get("to"))
    if first is None or last is None:
        return (NOT_RECORDED,)
    return (percent(first, f"{place}/from"), " -> ", percent(last, f"{place}/to"))


def _entries(story: Story, key: str, title: str) -> list[Block]:
    """`freeze` or `held`: from when to when, why, by whom."""
    names = [""] if key == "freeze" else list(story.known.domains)
    rows: list[Sequence[Cell]] = []
    for name in names:
        for first, last in story.spans(key, name):
            began = story.run(first)
            entry = began.config.get(key)
            entry = entry.get(name) if name and isinstance(entry, Mapping) else entry
            place = f"history/{first}/config/{key}" + (f"/{name}" if name else "")
            kept = entry if isinstance(entry, Mapping) else {}
            ended = story.run(last) if last else None
            rows.append(
                (
                    (name or "all",),
                    (moment(began.at, f"history/{first}/at"),),
                    (moment(ended.at, f"history/{last}/at"),) if ended else ("it stands",),
                    (span(began.at, ended.at, f"history/{first}/at history/{last}/at"),) if ended else ("-",),
                    (quoted(kept["why"], f"{place}/why"),) if kept.get("why") else (NOT_RECORDED,),
                    (quoted(kept["by"], f"{place}/by"),) if kept.get("by") else (NOT_RECORDED,),
                )
            )
    if not rows:
        return []
    columns = ("domain", "from", "to", "how long", "why", "by")
    return [Heading(2, (title,), key), Table("No raise was let through", columns, rows)]


def _waivers(story: Story) -> list[Block]:
    rows: list[Sequence[Cell]] = []
    for place, (name, entry) in waivers(story).items():
        use = used_by(story, name, entry)
        rows.append(
            (
                (Figure(name, "name", place),), (str(entry.get("domain", "?")),),
                *((quoted(entry[key], f"{place}/{key}"),) if key in entry else ("-",) for key in ("metric", "accepts")),
                (percent(entry.get("to"), f"{place}/to"),),
                *((quoted(entry[key], f"{place}/{key}"),) if key in entry else ("-",) for key in ("why", "by", "until")),
                (moment(use[1].at, use[0]),) if use else ("by no raise that was recorded",),
            )
        )  # fmt: skip
    if not rows:
        return []
    columns = ("name", "domain", "metric", "accepts", "to", "why", "by", "until", "used")
    return [Heading(2, ("Waivers",), "waivers"), Table("What was let through", columns, rows)]


def _refused(story: Story) -> list[Block]:
    rows = [
        ((moment(line.at, story.place(line)),), (line.domain,), event(story, line), by(story, line))
        for line in story.refused()
    ]
    if not rows:
        return []
    why = (
        "The history keeps that a raise was refused or failed, and why for the newest run alone: the preview of then said it "
        "on its row."
    )
    return [
        Heading(2, ("Raises that didn't happen",), "refused"),
        Para((why,), "note"),
        Table("Refused, or the run failed", ("when", "domain", "what", "by"), rows),
    ]


def _drills(story: Story) -> list[Block]:
    rows: list[Sequence[Cell]] = []
    for name, record in story.drills.items():
        place = f"drills/{name}"
        at = times.moment(record.get("at"))
        rows.append(
            (
                (moment(at, f"{place}/at"),) if at else (NOT_RECORDED,),
                (quoted(record.get("domain", "?"), f"{place}/domain"),),
                ("passed" if record.get("passed") is True else "failed",),
                *(words(Figure(f"{record[key]} s", "seconds", f"{place}/{key}")) if key in record else (NOT_RECORDED,)
                  for key in ("decision_to_live", "traffic_back")),
            )
        )  # fmt: skip
    if not rows:
        return [Heading(2, ("Rollback drills",), "drills"), Para(("No drill has a record.",))]
    columns = ("when", "domain", "result", "decision to live", "traffic back")
    return [Heading(2, ("Rollback drills",), "drills"), Table("Drills", columns, rows, (3, 4))]
