"""What a report is made of: headings, paragraphs, tables, pictures; and figures, each with the entry it comes from.

A figure's source says how and from where: `percent:moves/jobs/3/to`, `rate:moves/jobs/4/counts/errors`. Pages carry it
as `data-source`, and a test computes each one again from the record alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from rollout.model import times
from rollout.model.gate import words as gate_text
from rollout.model.reports.bands import band


class State(StrEnum):
    """How a criterion is judged. The word is always written out: a colour alone says nothing in grey."""

    MET = "met"
    NOT_MET = "not met"
    UNKNOWN = "cannot be told"


@dataclass(frozen=True)
class Figure:
    """A number, time or quoted text as it is shown, `how` it was made, and from `where` in the record."""

    text: str
    how: str
    where: str

    @property
    def source(self) -> str:
        return f"{self.how}:{self.where}"


Cell = tuple[str | Figure, ...]


@dataclass(frozen=True)
class Heading:
    level: int
    cell: Cell
    anchor: str = ""


@dataclass(frozen=True)
class Para:
    cell: Cell
    kind: str = ""  # lead, note


@dataclass(frozen=True)
class Bullets:
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Table:
    """`columns`: their heads; `numeric`: which of them hold numbers, set to the right."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    numeric: Sequence[int] = ()


@dataclass(frozen=True)
class Picture:
    """A picture of the page, by the name under which it is drawn; Markdown has the table that says the same."""

    name: str


Block = Heading | Para | Bullets | Table | Picture


@dataclass(frozen=True)
class Report:
    """One report. `name`: of its file, without `.md`."""

    name: str
    title: str
    blocks: Sequence[Block]


#: The word for what the record doesn't hold.
NOT_RECORDED: Final = "not recorded"


def words(*parts: str | Figure | None) -> Cell:
    """A cell; what is None or empty is left out."""
    return tuple(part for part in parts if part)


def text(cell: Cell) -> str:
    """A cell as plain text."""
    return "".join(part if isinstance(part, str) else part.text for part in cell)


def joined(cells: Iterable[Cell], between: str = ", ") -> Cell:
    """Cells one after the other."""
    found: list[str | Figure] = []
    for cell in cells:
        found += [between, *cell] if found else [*cell]
    return tuple(found)


def quoted(value: object, where: str) -> Figure:
    """Somebody's or something's own words."""
    return Figure(" ".join(str(value).split()), "text", where)


def percent(value: object, where: str) -> Figure:
    """A rung: `25 %`, `? %` where it can't be read."""
    number = whole(value)
    return Figure("? %" if number is None else f"{number} %", "percent", where)


def moment(at: datetime, where: str) -> Figure:
    return Figure(times.show(at), "time", where)


def clock(at: datetime, where: str) -> Figure:
    """The time of day alone, under a heading that has the date."""
    return Figure(times.show(at)[11:16], "clock", where)


def span(start: datetime, end: datetime, where: str) -> Figure:
    """The time between two entries: `46 h 05 min`, from two days on `12.3 days`."""
    return Figure(show_span(start, end), "span", where)


def show_span(start: datetime, end: datetime) -> str:
    hours = (end - start).total_seconds() / 3600
    return times.show_span(end - start) if hours < 48 else f"{hours / 24:.1f} days"


def number_of(places: Sequence[str], what: str) -> Figure:
    """How many entries there are; `what` is counted, for the source's reader."""
    return Figure(f"{len(places)}", f"number of {what}", " ".join(places))


def events(counts: Mapping[str, object], side: str = "") -> tuple[float | None, float | None]:
    """Bad events and all of them, as a move's record has them for a metric; None where it has none. `side`: `legacy_`, or empty."""
    bad, total = (counts.get(f"{side}{key}") for key in ("bad", "total"))
    return (bad if isinstance(bad, (int, float)) else None, total if isinstance(total, (int, float)) else None)


def counted(counts: Mapping[str, object], where: str, side: str = "") -> Cell:
    """`3/1,966` with its source; `side` is empty for unified, `legacy_` for legacy."""
    bad, total = events(counts, side)
    if bad is None or total is None:
        return (Figure(gate_text.count(bad), f"{side}bad", where),) if bad is not None else (NOT_RECORDED,)
    return (Figure(gate_text.of(bad, total), f"{side}count", where),)


def rate(counts: Mapping[str, object], where: str, side: str = "") -> Cell:
    """The rate with its 95 % band: `0.153 % (0.0315 to 0.445)`."""
    bad, total = events(counts, side)
    if bad is None or not total:
        return ("-",)
    low, high = band(bad, total, size(counts))
    return (
        Figure(gate_text.rate(bad / total), f"{side}rate", where), " (",
        Figure(bare(low), f"{side}low", where), " to ",
        Figure(bare(high), f"{side}high", where), ")",
    )  # fmt: skip


def size(counts: Mapping[str, object]) -> float:
    """The dispersion that was kept with the counts; 1 where none was."""
    kept = counts.get("dispersion")
    return float(kept) if isinstance(kept, (int, float)) and kept >= 1 else 1.0


def bare(fraction: float) -> str:
    """A rate in per cent without the sign, which its neighbour has."""
    return gate_text.rate(fraction).removesuffix(" %")


def whole(value: object) -> int | None:
    """A whole number, also as the float that the state makes of it."""
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def plain(report: Report) -> dict[str, object]:
    """A report in JSON's types, each figure with its source."""
    return {"name": report.name, "title": report.title, "blocks": [_plain(block) for block in report.blocks]}


def _plain(block: Block) -> dict[str, object]:
    match block:
        case Table():
            rows = [[_cell(cell) for cell in row] for row in block.rows]
            return {"table": block.caption, "columns": list(block.columns), "rows": rows}
        case Bullets():
            return {"list": [_cell(cell) for cell in block.cells]}
        case Picture():
            return {"picture": block.name}
        case Heading():
            return {"heading": _cell(block.cell), "level": block.level}
        case Para():
            return {"text": _cell(block.cell)}


def _cell(cell: Cell) -> list[object]:
    return [part if isinstance(part, str) else {"text": part.text, "source": part.source} for part in cell]
