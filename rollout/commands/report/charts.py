"""Draws error and latency rates by rung, and each raise's distance to the bad level over time: a panel per domain."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rollout.commands.report import canvas
from rollout.commands.report.canvas import DEEP, FAINT, FONT, INK, MUTED, OTHER
from rollout.model.reports import overview
from rollout.model.reports.bands import band
from rollout.model.reports.parts import events, size
from rollout.model.reports.performance import Point, points
from rollout.model.reports.story import Story

PANEL: Final = 190.0
#: Shapes of the three metrics that are proven, for eyes and prints without colour.
SHAPES: Final = {"errors": ("o", DEEP), "latency": ("s", OTHER), "sessions": ("^", INK)}
#: The top of the scale, in per cent of the bad level: a band that goes on over it says that little was counted.
TOP: Final = 130.0


def rates(story: Story, metric: str, what: str, name: str, width: float) -> str:
    """Bad rates of one metric by rung, unified and legacy, with their bands and the good limit."""
    found = {domain: [p for p in points(story, domain) if p.metric.name == metric] for domain in _drawn(story)}

    highest = max(
        (max(100 * point.metric.good, *_highest(point)) for row in found.values() for point in row), default=1.0
    )

    def panel(axes: Axes, domain: str) -> None:
        _rates(axes, found[domain], 1.05 * highest)

    counted = sum(map(len, found.values()))
    description = (
        f"{counted} rungs of {len(found)} domains that a raise left. Filled circles: unified; hollow squares: legacy; "
        "bars: 95 % bands; dashed line: the limit. The tables below have every number."
    )
    legend = [("o", DEEP, DEEP, "unified"), ("s", OTHER, "none", "legacy"), ("--", INK, "none", "limit")]
    title = f"{what} by rung, in per cent"
    return _picture(list(found), panel, name, width, title, description, legend)


def distance(story: Story, name: str, width: float) -> str:
    """How far unified's rates were from the bad level at each raise, over the days."""
    last = story.last_day()

    def panel(axes: Axes, domain: str) -> None:
        _distance(axes, story, points(story, domain), last)

    description = (
        "A mark for each metric that was proven, on the day of the raise: unified's rate in per cent of the metric's bad level; "
        "bars: 95 % bands; solid line: the bad level; the scale is its square root. The tables below have every number."
    )
    legend = [(shape, colour, colour, metric) for metric, (shape, colour) in SHAPES.items()]
    legend.append(("-", canvas.ALERT, "none", "bad level"))
    title = "Distance to the bad level, over time (days)"
    return _picture(_drawn(story), panel, name, width, title, description, legend)


def _drawn(story: Story) -> list[str]:
    """The domains that have begun; all of them where none has, since a picture of nothing says nothing."""
    return overview.begun(story) or list(story.known.domains)


def _picture(
    domains: Sequence[str], panel: Callable[[Axes, str], None], name: str, width: float, title: str, description: str,
    legend: Sequence[tuple[str, str, str, str]],
) -> str:  # fmt: skip
    across = 2 if width < 600 else 4
    down = -(-len(domains) // across)
    height = down * PANEL + 24
    with canvas.style(name):
        figure = canvas.new(width, height)
        for number, domain in enumerate(domains):
            column, row = number % across, number // across
            left, room = column / across + 38 / width, 1 / across - 46 / width
            axes = figure.add_axes((left, 1 - ((row + 1) * PANEL - 26) / height, room, (PANEL - 50) / height))
            axes.set_title(domain, loc="left", fontweight="bold", fontsize=FONT)
            axes.tick_params(labelsize=9, length=3)
            axes.grid(axis="y", color=FAINT, linewidth=0.6)
            axes.set_axisbelow(True)
            panel(axes, domain)
        _legend(figure, legend, width, height)
        return canvas.svg(figure, name, title, description)


def _highest(point: Point) -> list[float]:
    """The upper ends of the bands, in per cent: one scale for every domain, so that panels compare."""
    sides = [events(point.counts, side) for side in ("", "legacy_")]
    return [100 * band(bad, total, size(point.counts))[1] for bad, total in sides if bad is not None and total] or [0.0]


def _rates(axes: Axes, found: Sequence[Point], top: float) -> None:
    if not found:
        _nothing(axes)
        # A scale of nothing says nothing, and its labels are wider than there is room.
        axes.tick_params(labelleft=False, labelbottom=False)
        return
    for number, point in enumerate(found):
        for side, shift, shape, colour in (("", -0.16, "o", DEEP), ("legacy_", 0.16, "s", OTHER)):
            bad, total = events(point.counts, side)
            if bad is None or not total:
                continue
            low, high = (100 * rate for rate in band(bad, total, size(point.counts)))
            x = number + shift
            axes.plot([x, x], [low, high], color=colour, linewidth=1.4, linestyle="-" if not side else (0, (2, 1)))
            face = colour if not side else canvas.PAPER
            at = 100 * bad / total
            axes.plot(
                [x], [at], marker=shape, markersize=5.5, color=colour, markerfacecolor=face, clip_on=False, zorder=5
            )
    axes.axhline(100 * found[0].metric.good, color=INK, linewidth=1, linestyle=(0, (4, 2)))
    axes.set_xticks(range(len(found)), [f"{point.stretch.percent} %" for point in found])
    axes.set_xlim(-0.6, len(found) - 0.4)
    axes.set_ylim(0, top)


def _distance(axes: Axes, story: Story, found: Sequence[Point], last: int) -> None:
    axes.axhline(_far(100), color=canvas.ALERT, linewidth=1.2)
    proven = [point for point in found if point.metric.needs == "proof" and point.stretch.until]
    beside = 0.05 * last / len(SHAPES)  # the metrics of one raise stand beside each other
    for point in proven:
        bad, total = events(point.counts)
        until = point.stretch.until
        if bad is None or not total or until is None:
            continue
        shape, colour = SHAPES.get(point.metric.name, ("D", MUTED))
        place = list(SHAPES).index(point.metric.name) - 1 if point.metric.name in SHAPES else 0
        x, scale = story.day_x(until) + beside * place, 100 / point.metric.bad_level
        low, high = (min(TOP, scale * rate) for rate in band(bad, total))
        axes.plot([x, x], [_far(low), _far(high)], color=colour, linewidth=1.2)
        axes.plot(
            [x],
            [_far(min(TOP, scale * bad / total))],
            marker=shape,
            markersize=4.5,
            color=colour,
            clip_on=False,
            zorder=5,
        )
    if not proven:
        _nothing(axes)
    axes.set_xlim(1, last + 1)
    axes.set_xticks([1, *range(7, last + 1, 7)])
    axes.set_ylim(0, _far(TOP))
    axes.set_yticks([_far(tick) for tick in (0, 10, 50, 100)], ["0", "10 %", "50 %", "100 %"])


def _far(percent: float) -> float:
    """By the square root: what is far under the level is still told from nothing."""
    return math.sqrt(percent)


def _nothing(axes: Axes) -> None:
    axes.text(0.5, 0.5, "no raise has\ncounts yet", transform=axes.transAxes, ha="center", va="center", color=MUTED)


def _legend(figure: Figure, items: Sequence[tuple[str, str, str, str]], width: float, height: float) -> None:
    axes = figure.add_axes((0, 0, 1, 20 / height))
    axes.set_xlim(0, width)
    axes.set_ylim(0, 20)
    axes.axis("off")
    x = 14.0
    for shape, colour, face, text in items:
        if shape == "-":
            axes.plot([x - 8, x + 10], [10, 10], color=colour, linewidth=1.2)
        elif shape == "--":
            axes.plot([x - 8, x + 10], [10, 10], color=colour, linewidth=1, linestyle=(0, (4, 2)))
        else:
            axes.plot([x], [10], marker=shape, markersize=6, color=colour,
                      markerfacecolor=canvas.PAPER if face == "none" else face)  # fmt: skip
        axes.text(x + 14, 10, text, va="center_baseline", fontsize=10)
        x += 34 + 7 * len(text)
