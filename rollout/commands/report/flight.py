"""Draws the flight strip: a row per domain, percent as height by rung, marks with letters under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from rollout.commands.report import canvas
from rollout.commands.report.canvas import ALERT, DEEP, FAINT, INK, MUTED, PAPER, SOFT
from rollout.model.ladder import TOP, Ladder
from rollout.model.reports.strip import KINDS, Mark, Row, Step, Strip, begun, columns

#: Pixels: a mark, the height of a rung, the room for a row's name, and between rows.
MARK: Final = 15.0
RUNG: Final = 11.0
NAME: Final = 30.0
BETWEEN: Final = 16.0
#: So many marks of one moment are drawn, one above the other.
MOST: Final = 5
#: Pixels a bold letter of a row's name takes.
BOLD: Final = 8.2
#: Filled marks are what brings traffic down; the shape differs as well as the letter.
FILLED: Final = ("R", "S", "I", "O")
SHAPE: Final = {"P": "circle", "H": "square", "R": "square", "S": "square", "O": "square", "I": "diamond",
                "F": "square", "W": "circle", "D": "diamond"}  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """Days to pixels."""

    left: float
    per_day: float

    def x(self, day: float) -> float:
        return self.left + (day - 1) * self.per_day


def draw(strip: Strip, name: str, width: float) -> str:
    """The strip as SVG, `width` pixels wide."""
    with canvas.style(name):
        narrow = width < 600
        scale = Scale(4, (width - 8) / strip.last)
        rows = [row for row in strip.rows if begun(row)]
        waiting = [row.domain for row in strip.rows if not begun(row)]
        lanes = [_piled(row.marks, scale) for row in rows]
        legend = _legend_rows(width)
        top = 24.0
        heights = [
            NAME + _height(TOP, row.ladder) + 6 + MARK * (1 + max((place for _, place, _ in lane), default=0)) + BETWEEN
            for row, lane in zip(rows, lanes, strict=True)
        ]
        below = sum(heights) + (22 if waiting else 0)
        height = top + below + 24 + len(legend) * 20
        figure = canvas.new(width, height)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.axis("off")
        _days(axes, strip, scale, top, top + below, narrow)
        y = top
        for row, lane, size in zip(rows, lanes, heights, strict=True):
            _row(axes, row, scale, y, lane)
            y += size
        if waiting:
            axes.text(2, y + 10, f"not begun: {', '.join(waiting)}", color=MUTED, fontsize=10)
            y += 22
        _legend(axes, legend, y + 24)
        return canvas.svg(figure, name, TITLE, _described(strip))


TITLE: Final = "Flight strip: planned and live percent of each domain, day by day"


def _described(strip: Strip) -> str:
    last = {row.domain: row.actual[-1].percent if row.actual else 0 for row in strip.rows}
    ends = ", ".join(f"{domain} {percent} %" for domain, percent in last.items())
    counts = {letter: sum(mark.letter == letter for row in strip.rows for mark in row.marks) for letter in KINDS}
    marks = ", ".join(f"{KINDS[letter]} {count}" for letter, count in counts.items() if count)
    return (
        f"Days 1 to {strip.last}; the plan has {strip.planned_last}. At the end: {ends}. Marks: {marks or 'none'}. "
        "The table below says the same."
    )


def _piled(marks: Sequence[Mark], scale: Scale) -> list[tuple[float, int, str]]:
    """For each mark its x, its line under the row, and its letter: a pile is one column, `+3` for what is over `MOST`."""
    found: list[tuple[float, int, str]] = []
    for day, pile in columns(marks, (MARK - 0.5) / scale.per_day):
        shown = pile if len(pile) <= MOST else pile[: MOST - 1]
        found += [(scale.x(day), place, mark.letter) for place, mark in enumerate(shown)]
        if len(shown) < len(pile):
            found.append((scale.x(day), MOST - 1, f"+{len(pile) - len(shown)}"))
    return found


def _days(axes: Axes, strip: Strip, scale: Scale, top: float, bottom: float, narrow: bool) -> None:
    for day in range(1, strip.last + 2):
        week = day % 7 == 1
        if week or not narrow:
            axes.plot([scale.x(day)] * 2, [top, bottom], color=FAINT, linewidth=1.1 if week else 0.4, zorder=0)
        every = 7 if narrow else 2 if strip.last > 30 else 1
        if day <= strip.last and (day - 1) % every == 0:
            axes.text(scale.x(day + 0.5), top - 8, f"{day}", ha="center", fontsize=9, color=MUTED)
    if strip.last > strip.planned_last:
        x = scale.x(strip.planned_last + 1)
        axes.plot([x, x], [top - 4, bottom], color=INK, linewidth=1.2, linestyle=(0, (1, 2)), zorder=1)
    for start, end in strip.freezes:
        left, right = scale.x(start), scale.x(end)
        axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, hatch="...", edgecolor=MUTED,
                                 linewidth=0.8, zorder=1))  # fmt: skip
        _mark(axes, "F", (left + right) / 2, bottom + 10)


def _row(axes: Axes, row: Row, scale: Scale, top: float, marks: Sequence[tuple[float, int, str]]) -> None:
    base = top + NAME + _height(TOP, row.ladder)
    now = row.actual[-1].percent if row.actual else 0
    axes.text(2, top + 13, row.domain, fontweight="bold", fontsize=12)
    axes.text(2 + BOLD * len(row.domain) + 8, top + 13, f"{now} % at the end", color=MUTED)
    axes.plot([scale.x(1), axes.get_xlim()[1]], [base, base], color=MUTED, linewidth=0.8)
    for step in row.actual:
        if step.percent:
            _block(axes, step, scale, base, row.ladder, facecolor=SOFT, linewidth=0)
    for step in row.soaks:
        _block(axes, step, scale, base, row.ladder, fill=False, hatch="////", edgecolor=DEEP, linewidth=0)
    _line(axes, row.actual, scale, base, row.ladder, color=DEEP, linewidth=2.0, zorder=3)
    _line(axes, row.planned, scale, base, row.ladder, color=INK, linewidth=1.0, linestyle=(0, (4, 2)), zorder=4)
    _percents(axes, row.actual, scale, base, row.ladder)
    for x, place, letter in marks:
        _mark(axes, letter, x, base + 6 + MARK * (place + 0.5))


def _height(percent: int, ladder: Ladder) -> float:
    """By rung, not by percent: 5 % would be a hair's breadth. Values off the ladder stand between two."""
    return RUNG * ladder.height(percent)


def _block(axes: Axes, step: Step, scale: Scale, base: float, ladder: Ladder, **how: Any) -> None:
    left, right, high = scale.x(max(1, step.start)), scale.x(max(1, step.end)), _height(step.percent, ladder)
    axes.add_patch(Rectangle((left, base - high), right - left, high, zorder=2, **how))


def _line(axes: Axes, steps: Sequence[Step], scale: Scale, base: float, ladder: Ladder, **how: Any) -> None:
    xs, ys = list[float](), list[float]()
    for step in steps:
        xs += [scale.x(max(1, step.start)), scale.x(max(1, step.end))]
        ys += [base - _height(step.percent, ladder)] * 2
    axes.plot(xs, ys, solid_joinstyle="miter", **how)


def _percents(axes: Axes, steps: Sequence[Step], scale: Scale, base: float, ladder: Ladder) -> None:
    """Each stretch's percent inside it, where there is room."""
    for step in steps:
        room = scale.x(step.end) - scale.x(step.start)
        label = f"{step.percent}"
        if step.percent and room >= 8 * len(label) + 4:
            axes.text(scale.x(step.start) + 3, base - _height(step.percent, ladder) - 3, label, fontsize=9.5, zorder=5)


def _mark(axes: Axes, letter: str, x: float, y: float) -> None:
    filled, half = letter in FILLED, MARK / 2 - 0.5
    face, edge, ink = (ALERT, ALERT, PAPER) if filled else (PAPER, INK, INK)
    marker = {"circle": "o", "square": "s", "diamond": "D"}[SHAPE.get(letter, "circle")]
    size = half * (1.6 if marker == "D" else 1.9)
    axes.plot(
        [x],
        [y],
        marker=marker,
        markersize=size,
        markerfacecolor=face,
        markeredgecolor=edge,
        markeredgewidth=1,
        zorder=6,
    )
    axes.text(
        x, y + 0.3, letter, ha="center", va="center_baseline", fontsize=8.5, fontweight="bold", color=ink, zorder=7
    )


LINES: Final = {
    "planned": "planned",
    "end": "end of the plan",
    "live": "live",
    "soak": "live, soaking",
    "freeze": "frozen",
}
_ITEM: Final = 6.1  # pixels a letter of the legend takes


def _legend_rows(width: float) -> list[list[tuple[float, str, str]]]:
    """Items of the legend, by row: x, key, text."""
    rows: list[list[tuple[float, str, str]]] = [[]]
    x = 4.0
    for key, text in {**LINES, **KINDS}.items():
        room = 34 + _ITEM * len(text)
        if x + room > width and rows[-1]:
            rows.append([])
            x = 4.0
        rows[-1].append((x, key, text))
        x += room
    return rows


def _legend(axes: Axes, rows: Sequence[Sequence[tuple[float, str, str]]], y: float) -> None:
    for row in rows:
        y += 10
        for x, key, text in row:
            if key in KINDS:
                _mark(axes, key, x + 9, y)
            elif key == "end":
                axes.plot([x + 9, x + 9], [y - 7, y + 7], color=INK, linewidth=1.2, linestyle=(0, (1, 2)))
            elif key == "planned":
                axes.plot([x, x + 18], [y, y], color=INK, linewidth=1, linestyle=(0, (4, 2)))
            else:
                hatch = {"live": "", "soak": "////", "freeze": "..."}[key]
                face = "none" if key == "freeze" else SOFT
                edge = MUTED if key == "freeze" else DEEP
                axes.add_patch(
                    Rectangle((x, y - 6), 18, 12, facecolor=face, edgecolor=edge, hatch=hatch, linewidth=0.8)
                )
            axes.text(x + 23, y, text, va="center_baseline", fontsize=10)
        y += 10
