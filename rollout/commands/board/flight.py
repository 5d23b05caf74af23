"""The board's flight strip: a row per domain, percent as height by rung, each mark a link to what happened.

Domains that haven't begun are one line together. Marks that fall on one another are one above the other, and where more than
`MOST` of them do, the last one says how many it stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rollout.commands.board.markup import Markup, element, joined
from rollout.model.board.entries import anchor
from rollout.model.ladder import TOP, Ladder
from rollout.model.reports.parts import text
from rollout.model.reports.strip import KINDS, Mark, Row, Step, Strip, begun, columns

WIDE: Final = 1120.0
NARROW: Final = 356.0
#: Pixels: a mark, the height of a rung, the room for a row's name, between rows, and what the days take at the top.
MARK: Final = 20.0
RUNG: Final = 11.0
NAME: Final = 30.0
BETWEEN: Final = 14.0
DAYS: Final = 22.0
MOST: Final = 4
#: Pixels of a digit: the last day's number stays in the picture.
DIGIT: Final = 8.0
#: Filled marks are what brings traffic down; the shape differs as well as the letter.
FILLED: Final = "RSOI"
_DIAMOND, _SQUARE = "ID", "HRSOF"


@dataclass(frozen=True)
class Scale:
    """Days to pixels."""

    left: float
    per_day: float

    def x(self, day: float) -> float:
        return self.left + (max(1.0, day) - 1) * self.per_day


def draw(strip: Strip, name: str, width: float) -> Markup:
    """The strip as SVG, `width` pixels wide; a group, since its marks are links."""
    scale = Scale(4.0, (width - 8) / strip.last)
    drawable = [row for row in strip.rows if begun(row)]
    rows: list[Markup] = []
    y = DAYS
    for row in drawable:
        drawn, height = _row(row, scale, y, width)
        rows.append(drawn)
        y += height
    waiting = [row.domain for row in strip.rows if not begun(row)]
    if waiting:
        rows.append(element("text", f"not begun: {_fitting(waiting, width)}", x=2.0, y=y + 14, class_="muted"))
        y += 24
    back = [*_days(strip, scale, y, width), *(_frozen(strip, scale, y))]
    rows += _freezes(strip, scale, y + 10)
    y += 22 if strip.freezes else 0
    title, described = f"{name}-title", f"{name}-desc"
    return element(
        "svg", element("title", "Flight strip", id=title), element("desc", _described(strip), id=described),
        *back, *rows, class_=name.rpartition("-")[2], viewBox=f"0 0 {width:.0f} {y + 4:.0f}", role="group",
        aria_labelledby=f"{title} {described}",
    )  # fmt: skip


def legend() -> Markup:
    """The marks and what they mean, as a list beside the picture."""
    marks = [
        element("li", element("svg", _shape(letter, 11.0, 11.0), viewBox="0 0 22 22", aria_hidden="true"), words)
        for letter, words in KINDS.items()
    ]
    swatches = [("soaked", "live"), ("soaking", "live, soaking"), ("plan", "planned"), ("frozen", "frozen")]
    lines = [
        element("li", element("svg", element("rect", x=1, y=5, width=20, height=12, class_=key), viewBox="0 0 22 22", aria_hidden="true"), words)
        for key, words in swatches
    ]  # fmt: skip
    return element("ul", *lines, *marks, class_="legend")


def _fitting(names: Sequence[str], width: float) -> str:
    """As many names as the line has room for, and how many more there are."""
    shown, room = list[str](), int(width / 6.6) - 24
    for name in names:
        if sum(map(len, shown)) + 2 * len(shown) + len(name) > room:
            return f"{', '.join(shown)}{' and ' if shown else ''}{len(names) - len(shown)} more"
        shown.append(name)
    return ", ".join(shown)


def _described(strip: Strip) -> str:
    last = {row.domain: row.actual[-1].percent if row.actual else 0 for row in strip.rows}
    ends = ", ".join(f"{domain} {percent} %" for domain, percent in list(last.items())[:8])
    return f"Days 1 to {strip.last}; the plan has {strip.planned_last}. Now: {ends}. What happened last says each mark in words."


def _days(strip: Strip, scale: Scale, bottom: float, width: float) -> list[Markup]:
    found = []
    every = next(n for n in (1, 2, 7, 14, 28, 10_000) if n * scale.per_day >= 26)
    for day in range(1, strip.last + 2):
        week = day % 7 == 1
        if week or scale.per_day > 12:
            found.append(
                element("path", d=f"M{scale.x(day):.1f} {DAYS - 4:.0f}V{bottom:.0f}", class_="week" if week else "day")
            )
        if day <= strip.last and (day - 1) % every == 0:
            at = min(scale.x(day) + min(scale.per_day / 2, 8.0), width - DIGIT * len(str(day)))
            found.append(element("text", f"{day}", x=at, y=12.0, class_="tick"))
    if strip.last > strip.planned_last:
        found.append(element("path", d=f"M{scale.x(strip.planned_last + 1):.1f} 0V{bottom:.0f}", class_="end"))
    now = scale.x(strip.end)
    if now < width - 1:
        found.append(element("path", d=f"M{now:.1f} {DAYS - 4:.0f}V{bottom:.0f}", class_="now"))
    return found


def _frozen(strip: Strip, scale: Scale, bottom: float) -> list[Markup]:
    return [
        element("rect", x=scale.x(start), y=DAYS - 4, width=max(2.0, scale.x(end) - scale.x(start)), height=bottom - DAYS + 4,
                class_="frozen")
        for start, end in strip.freezes
    ]  # fmt: skip


def _freezes(strip: Strip, scale: Scale, y: float) -> list[Markup]:
    found = []
    for (start, end), place in zip(strip.freezes, strip.frozen, strict=True):
        link = element(
            "a", element("title", "freeze: no domain rises"), _shape("F", (scale.x(start) + scale.x(end)) / 2, y),
            href=f"#{anchor(f'{place} freeze', '')}", aria_label="freeze: no domain rises", class_="mark",
        )  # fmt: skip
        found.append(link)
    return found


def _row(row: Row, scale: Scale, top: float, width: float) -> tuple[Markup, float]:
    base = top + NAME + _height(TOP, row.ladder)
    now = f"{row.actual[-1].percent} %" if row.actual else "0 %"
    parts = [
        element("text", row.domain, element("tspan", f"  {now}", class_="muted"), x=2.0, y=top + 13, class_="name"),
        element("path", d=f"M{scale.x(1):.1f} {base:.1f}H{width:.0f}", class_="base"),
        *(_block(step, scale, base, "soaked", row.ladder) for step in row.actual if step.percent),
        *(_block(step, scale, base, "soaking", row.ladder) for step in row.soaks),
        element("path", d=_line(row.actual, scale, base, row.ladder), class_="live"),
        element("path", d=_line(row.planned, scale, base, row.ladder), class_="plan"),
        *_percents(row.actual, scale, base, row.ladder),
    ]
    marks, lanes = _marks(row, scale, base + 4)
    return element("g", *parts, *marks), NAME + _height(TOP, row.ladder) + 4 + MARK * max(1, lanes) + BETWEEN


def _height(percent: int, ladder: Ladder) -> float:
    """By rung, not by percent: the first one would be a hair's breadth. Values off the ladder stand between two."""
    return RUNG * ladder.height(percent)


def _block(step: Step, scale: Scale, base: float, kind: str, ladder: Ladder) -> Markup:
    left, high = scale.x(step.start), _height(step.percent, ladder)
    return element("rect", x=left, y=base - high, width=max(0.0, scale.x(step.end) - left), height=high, class_=kind)


def _line(steps: Sequence[Step], scale: Scale, base: float, ladder: Ladder) -> str:
    found = [
        f"{'L' if number else 'M'}{scale.x(step.start):.1f} {base - _height(step.percent, ladder):.1f}H{scale.x(step.end):.1f}"
        for number, step in enumerate(steps)
    ]
    return "".join(found) or "M0 0"


def _percents(steps: Sequence[Step], scale: Scale, base: float, ladder: Ladder) -> list[Markup]:
    return [
        element(
            "text",
            f"{step.percent}",
            x=scale.x(step.start) + 3,
            y=base - _height(step.percent, ladder) - 3,
            class_="percent",
        )
        for step in steps
        if step.percent and scale.x(step.end) - scale.x(step.start) >= 8 * len(str(step.percent)) + 4
    ]


def _marks(row: Row, scale: Scale, top: float) -> tuple[list[Markup], int]:
    """Marks in columns: those that would cover one another stand one above the other, the last for all that are left."""
    piles = columns(row.marks, MARK / scale.per_day)
    found = []
    for day, marks in piles:
        x = scale.x(day)
        shown = marks if len(marks) <= MOST else marks[: MOST - 1]
        found += [_link(row.domain, mark, x, top + MARK * (lane + 0.5)) for lane, mark in enumerate(shown)]
        if len(shown) < len(marks):
            found.append(_more(row.domain, marks[MOST - 1 :], x, top + MARK * (MOST - 0.5)))
    return found, max((min(len(marks), MOST) for _, marks in piles), default=1)


def _link(domain: str, mark: Mark, x: float, y: float) -> Markup:
    said = f"{text(mark.when)}: {domain}: {text(mark.what)}"
    return element("a", element("title", said), _shape(mark.letter, x, y), href=f"#{anchor(mark.place, domain)}",
                   aria_label=said, class_="mark")  # fmt: skip


def _more(domain: str, marks: Sequence[Mark], x: float, y: float) -> Markup:
    letters = "".join(dict.fromkeys(mark.letter for mark in marks))
    said = f"{len(marks)} more, {text(marks[0].when)} to {text(marks[-1].when)}: {domain}: {letters}"
    box = element("rect", x=x - 10, y=y - 9, width=20, height=18, rx=9, class_="hollow")
    label = element("text", f"+{len(marks)}", x=x, y=y + 4, class_="letter")
    return element(
        "a",
        element("title", said),
        box,
        label,
        href=f"#{anchor(marks[0].place, domain)}",
        aria_label=said,
        class_="mark",
    )


def _shape(letter: str, x: float, y: float) -> Markup:
    kind = "full" if letter in FILLED else "hollow"
    if letter in _DIAMOND:
        shape = element("path", d=f"M{x:.1f} {y - 10:.1f}l10 10l-10 10l-10 -10z", class_=kind)
    elif letter in _SQUARE:
        shape = element("rect", x=x - 8, y=y - 8, width=16, height=16, class_=kind)
    else:
        shape = element("circle", cx=x, cy=y, r=8.5, class_=kind)
    return joined([shape, element("text", letter, x=x, y=y + 4, class_=f"letter {kind}")])
