"""The page: every report and picture in one HTML file that needs nothing else, no script, no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from rollout.commands.report import charts, flight
from rollout.model.problem import visible
from rollout.model.reports import strip as report_strip
from rollout.model.reports.parts import Block, Bullets, Cell, Figure, Heading, Para, Picture, Report, State, Table, text
from rollout.model.reports.story import Story

TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
#: Each picture is drawn twice: the page shows the one that fits.
WIDE: Final = 1120.0
NARROW: Final = 350.0
#: What stands over each picture.
CAPTIONS: Final = {
    "strip": "Planned and live percent by day; heights are rungs. Letters under a row say what happened.",
    "errors": "Errors by rung, per cent of requests, with what the counts leave open.",
    "latency": "Slow requests by rung, per cent of requests, with what the counts leave open.",
    "distance": "How far each raise was from the level that brings a domain down, by day: what was seen, and what the counts left open.",
}


def render(story: Story, reports: Sequence[Report]) -> str:
    """The whole file."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"cell": _cell, "state": _state, "layout": _layout}
    environment.tests |= {
        kind.__name__.lower(): lambda block, kind=kind: isinstance(block, kind)
        for kind in (Heading, Para, Bullets, Table, Picture)
    }
    template = environment.get_template("page.html.j2")
    drawn, tables = pictures(story), _tables(story)
    return template.render(stack=story.stack, reports=reports, pictures=drawn, captions=CAPTIONS, tables=tables) + "\n"


def pictures(story: Story) -> Mapping[str, Markup]:
    """Every picture by name, wide and narrow; none for what has nothing to show."""
    found: dict[str, Markup] = {}
    strip = report_strip.strip(story)
    for name, width in (("wide", WIDE), ("narrow", NARROW)):
        drawn = {
            "errors": charts.rates(story, "errors", "Error rates", f"errors-{name}", width),
            "latency": charts.rates(story, "latency", "Rates of slow requests", f"latency-{name}", width),
            "distance": charts.distance(story, f"distance-{name}", width),
        }
        if strip is not None:
            drawn["strip"] = flight.draw(strip, f"strip-{name}", width)
        for key, svg in drawn.items():
            found[key] = found.get(key, Markup()) + Markup(svg)  # noqa: S704 - drawn here; its texts are escaped
    return found


def _tables(story: Story) -> dict[str, list[Block]]:
    """The tables that stand folded under a picture and say the same."""
    strip = report_strip.strip(story)
    return {"strip": [report_strip.table(story, strip), report_strip.planned(story)] if strip else []}


def _cell(cell: Cell) -> Markup:
    """A cell with each figure's source; text in backticks as code."""
    found = Markup()
    for part in cell:
        if isinstance(part, Figure):
            found += Markup('<span data-source="{}">{}</span>').format(visible(part.source), visible(part.text))
        else:
            pieces = visible(part).split("`")
            for number, piece in enumerate(pieces):
                found += (
                    Markup("<code>{}</code>").format(piece)
                    if number % 2 and number + 1 < len(pieces)
                    else escape(piece)
                )
    return found


def _state(cell: Cell) -> str:
    """The class of a cell that is a verdict; the word itself stands in it."""
    word = text(cell)
    return word.replace(" ", "-") if word in [one.value for one in State] else ""


def _layout(table: Table) -> str:
    """What becomes of a table on a phone: few columns stay, many numbers scroll in their box, prose is stacked."""
    if len(table.columns) <= 3 or len(table.rows) <= 2 < len(table.numeric):
        return "few"
    return "numbers" if len(table.numeric) > 2 else "prose"
