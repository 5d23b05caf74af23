"""The board's curves: one small picture a metric, unified and legacy over time, the limits drawn in, gaps left as gaps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from rollout.commands.board.markup import Markup, element
from rollout.model.board.curves import Curve, Rate
from rollout.model.gate import words
from rollout.model.gate.window import Window

#: Pixels: the picture, and the room of the curves in it.
WIDTH: Final = 352.0
HEIGHT: Final = 128.0
LEFT: Final = 8.0
RIGHT: Final = 348.0
UPPER: Final = 12.0
LOWER: Final = 108.0
#: A rate over so many times the bad level is drawn at the top edge, as a triangle: one bad minute must not flatten the rest.
OVER: Final = 1.6


def draw(
    curve: Curve, over: Window, name: str, title: str, described: str, fell: Sequence[datetime] = (),
    steps: Sequence[tuple[datetime, datetime, int]] = (),
) -> Markup:  # fmt: skip
    """One curve as SVG. `fell`: when the domain was brought down; `steps`: the flag's own percent, for the share."""
    x = _across(over)
    y, ticks = _share() if curve.metric == "share" else _rate(curve)
    parts = [
        *(element("path", d=f"M{LEFT:.0f} {y(at):.1f}H{RIGHT:.0f}", class_=kind) for at, kind, _ in ticks),
        *(
            element("path", d=f"M{x(at):.1f} {UPPER:.0f}V{LOWER:.0f}", class_="fell")
            for at in fell
            if over.start <= at <= over.end
        ),
        *([element("path", d=_flag(steps, over, x, y), class_="plan")] if steps else []),
        *_drawn(curve.legacy, over, x, y, "legacy", math.inf),
        *_drawn(curve.unified, over, x, y, "unified", math.inf if curve.metric == "share" else _top(curve)),
        *(
            element("text", label, x=LEFT + 1, y=_clear(y(at)), class_=f"tick {kind}")
            for at, kind, label in ticks
            if label
        ),
        element("text", f"{over.start:%d %b}", x=LEFT, y=HEIGHT - 4, class_="tick"),
        element("text", f"{over.end:%d %b %H:%M}", x=RIGHT, y=HEIGHT - 4, class_="tick last"),
    ]
    if curve.empty():
        parts.append(element("text", "no data", x=(LEFT + RIGHT) / 2, y=(UPPER + LOWER) / 2, class_="nothing"))
    return element(
        "svg", element("title", title, id=f"{name}-title"), element("desc", described, id=f"{name}-desc"), *parts,
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}", role="img", aria_labelledby=f"{name}-title {name}-desc",
    )  # fmt: skip


def _across(over: Window) -> Callable[[datetime], float]:
    whole = (over.end - over.start).total_seconds() or 1.0
    return lambda at: LEFT + (RIGHT - LEFT) * (at - over.start).total_seconds() / whole


def _share() -> tuple[Callable[[float], float], list[tuple[float, str, str]]]:
    def y(fraction: float) -> float:
        return LOWER - (LOWER - UPPER) * min(1.0, fraction)

    return y, [(0.0, "base", ""), (0.5, "half", "50 %"), (1.0, "half", "100 %")]


def _rate(curve: Curve) -> tuple[Callable[[float], float], list[tuple[float, str, str]]]:
    """By the square root: what is well under the good limit is still seen, and what is over the bad one still fits."""
    top = _top(curve)

    def y(fraction: float) -> float:
        return LOWER - (LOWER - UPPER) * math.sqrt(min(fraction, top) / top)

    ticks = [(0.0, "base", "")]
    if curve.good is not None:
        ticks.append((curve.good, "good", f"good under {words.rate(curve.good)}"))
    if curve.bad is not None:
        ticks.append((curve.bad, "bad", f"bad from {words.rate(curve.bad)}"))
    return y, ticks


def _top(curve: Curve) -> float:
    return OVER * (curve.bad or curve.good or 0.01)


def _clear(y: float) -> float:
    """A label stands on its line, and not over the upper edge."""
    return max(11.0, y - 3)


def _drawn(
    rates: Sequence[Rate | None],
    over: Window,
    x: Callable[[datetime], float],
    y: Callable[[float], float],
    kind: str,
    top: float,
) -> list[Markup]:
    """The line with its gaps; a period between two gaps is a dot, and one over the edge (`top`) a triangle at it."""
    runs: list[list[tuple[float, float]]] = [[]]
    beyond: list[float] = []
    for start, rate in zip(over.starts(), rates, strict=False):
        fraction = rate.fraction if rate else None
        if fraction is None:
            runs.append([])
            continue
        at = x(start + over.period / 2)
        runs[-1].append((at, y(fraction)))
        if fraction > top:
            beyond.append(at)
    path = "".join("M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in run) for run in runs if len(run) > 1)
    found = [element("path", d=path, class_=kind)] if path else []
    found += [element("circle", cx=run[0][0], cy=run[0][1], r=2, class_=f"{kind} dot") for run in runs if len(run) == 1]
    return found + [element("path", d=f"M{at:.1f} 2l4 7h-8z", class_="beyond") for at in beyond]


def _flag(
    steps: Sequence[tuple[datetime, datetime, int]], over: Window, x: Callable[[datetime], float], y: Callable[[float], float]
) -> str:  # fmt: skip
    found: list[str] = []
    for start, end, percent in steps:
        left, right = max(start, over.start), min(end, over.end)
        if left < right:
            found.append(f"{'L' if found else 'M'}{x(left):.1f} {y(percent / 100):.1f}H{x(right):.1f}")
    return "".join(found) or "M0 0"
