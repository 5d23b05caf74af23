"""Each domain's curves with their numbers in words, and the table that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from rollout.commands.board import plots
from rollout.commands.board.markup import Markup, element
from rollout.model import times
from rollout.model.board.board import Board, Card
from rollout.model.board.clean import clean
from rollout.model.board.curves import Curve, Rate
from rollout.model.gate import words
from rollout.model.gate.window import Window

TITLES: Final = {"errors": "Errors", "latency": "Slow requests", "share": "Share of sessions on unified"}
#: Rows of the table behind a curve: the newest periods, a day of them at most.
ROWS: Final = 12


def section(board: Board, hidden: Sequence[str]) -> Markup:
    """Every domain's curves. Those without one are named in one line at the end."""
    over = board.over
    shown = [card for card in board.cards if any(not curve.empty() for curve in card.curves) or card.unread]
    silent = [card.domain for card in board.cards if card not in shown]
    about = (
        f"{times.show(over.start)} to {times.show(over.end)}, {times.show_span(over.period)} a point. Rates are drawn by their "
        "square root, so that both limits are seen. A gap is time without data, not zero."
    )
    parts = [element("p", about, class_="muted"), _key(board.unified)]
    shown.sort(key=lambda card: card.word != "ROLLBACK")  # what burns is looked at first
    parts += [_domain(board, card, hidden) for card in shown]
    if silent:
        parts.append(
            element("p", f"No counts in this time: {', '.join(silent)}. That is no data, not zero.", class_="nodata")
        )
    return element("section", element("h2", "Curves", id="curves"), *parts, aria_labelledby="curves")


def _key(unified: str) -> Markup:
    def sample(kind: str) -> Markup:
        return element("svg", element("path", d="M1 6H29", class_=kind), viewBox="0 0 30 12", aria_hidden="true")

    items = (
        ("unified", unified),
        ("legacy", "the domain's legacy service"),
        ("plan", "the flag's percent"),
        ("fell", "brought down"),
    )
    return element("ul", *(element("li", sample(kind), text) for kind, text in items), class_="legend lines")


def _domain(board: Board, card: Card, hidden: Sequence[str]) -> Markup:
    name = f"curves-{card.domain}"
    head = element("h3", card.domain, element("span", f" live {card.standing.live}", class_="muted"), id=name)
    if card.unread:
        return element("section", head, element("p", clean(card.unread, hidden), class_="unknown"), class_="curves")
    row = next((one for one in board.strip.rows if one.domain == card.domain), None) if board.strip else None
    fell: list[datetime] = [mark.at for mark in row.marks if mark.letter in "RS" and mark.at] if row else []
    figures = [_figure(curve, card, board, fell) for curve in card.curves]
    return element(
        "section", head, element("div", *figures, class_="panels"), _table(card, board.over), class_="curves"
    )


def _figure(curve: Curve, card: Card, board: Board, fell: Sequence[datetime]) -> Markup:
    title, said = TITLES.get(curve.metric, curve.metric), _said(curve, board.over)
    name = f"{card.domain}-{curve.metric}"
    steps = _steps(board, card) if curve.metric == "share" else ()
    drawn = plots.draw(curve, board.over, name, f"{title} of {card.domain} over time", said, fell, steps)
    return element("figure", element("figcaption", element("strong", title), ": ", said), drawn)


def _steps(board: Board, card: Card) -> list[tuple[datetime, datetime, int]]:
    row = next((one for one in board.strip.rows if one.domain == card.domain), None) if board.strip else None
    return [(one.since, one.until or board.at, one.percent) for one in row.actual if one.since] if row else []


def _said(curve: Curve, over: Window) -> str:
    """`unified 0.02 % (3/14,000), legacy 0.03 % (...), in the last 24 h`; what wasn't reported is said so."""
    last = (
        max(timedelta(hours=24), over.period) if over.end - over.start >= timedelta(hours=24) else over.end - over.start
    )
    span = times.show_span(last).removesuffix(" 00 min")
    if curve.metric == "share":
        return f"{_rate(curve.newest(over))} in the last {span}"
    both = f"unified {_rate(curve.newest(over))}, legacy {_rate(curve.newest(over, 'legacy'))}"
    return f"{both}, in the last {span}"


def _rate(rate: Rate | None) -> str:
    if rate is None:
        return "no data"
    return "no events" if rate.fraction is None else f"{words.rate(rate.fraction)} ({words.of(rate.bad, rate.total)})"


def _table(card: Card, over: Window) -> Markup:
    columns = [(curve, side, f"{TITLES.get(curve.metric, curve.metric)}{f', {side}' if curve.legacy else ''}")
               for curve in card.curves for side in (("unified", "legacy") if curve.legacy else ("unified",))]  # fmt: skip
    head = element(
        "tr", element("th", "from (UTC)", scope="col"), *(element("th", text, scope="col") for *_, text in columns)
    )
    starts = over.starts()
    rows = [
        element("tr", element("th", f"{starts[at]:%Y-%m-%d %H:%M}", scope="row"),
                *(element("td", _rate(getattr(curve, side)[at])) for curve, side, _ in columns))
        for at in range(len(starts) - 1, max(-1, len(starts) - 1 - ROWS), -1)
    ]  # fmt: skip
    caption = element("caption", f"{card.domain}: the newest {len(rows)} periods in numbers")
    table = element("table", caption, element("thead", head), element("tbody", *rows))
    box = element("div", table, class_="box", tabindex=0, role="region", aria_label=f"Numbers of {card.domain}")
    return element("details", element("summary", f"{card.domain} in numbers"), box)
