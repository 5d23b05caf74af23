"""The board as one HTML file: its style and script stand in it, and its own policy forbids it to ask anybody for anything."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from rollout.commands.board import flight, panels
from rollout.commands.board.markup import Markup, element, joined
from rollout.model import times
from rollout.model.board.board import Board, Card
from rollout.model.board.clean import clean
from rollout.model.board.entries import Entry
from rollout.model.board.headline import State

HERE: Final = Path(__file__).resolve().parent
#: So many entries are open on the page; older ones are folded.
NEWEST: Final = 12
#: A sign for each state, read where there is no colour; the word stands beside it.
SIGNS: Final = {
    State.BURNS: "\u25b2", State.UNKNOWN: "?", State.STOPPED: "\u25a0", State.BEHIND: "\u25d0", State.FINE: "\u25cf", State.DONE: "\u2713",
}  # fmt: skip
VERDICTS: Final = {"PASS": "\u25cf", "HOLD": "\u25a0", "ROLLBACK": "\u25b2", "not judged": "?"}


def render(board: Board, written: datetime | None = None, hidden: Sequence[str] = ()) -> str:
    """The whole file. `written`: by the machine's clock, from which the page tells its own age; `hidden`: never on it."""
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        element("meta", name="robots", content="noindex"),
        element("title", _text(f"{board.stack}: {board.headline.state} - rollout", hidden)),
        element("style", Markup(style)),
    )
    main = element("main", *_body(board, hidden), id="board")
    foot = element("footer", element("p", f"Written by rollout board, as of {times.show(board.at)}. Times are UTC."))
    body = element("body", _skip(), _header(board, written, hidden), main, foot, element("script", Markup(script)))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _policy(style: str, script: str) -> str:
    """Nothing is loaded; a page from a server may ask that one for itself, again."""
    kept = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in (script,)
    )
    looks = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{looks}'; script-src {kept}; connect-src 'self'; base-uri 'none'; form-action 'none'"


def _text(text: str, hidden: Sequence[str]) -> str:
    return clean(text, hidden)


def _skip() -> Markup:
    return element("a", "To the domains", href="#domains", class_="skip")


def _header(board: Board, written: datetime | None, hidden: Sequence[str]) -> Markup:
    state = board.headline.state
    stamp = element("time", times.show(board.at), datetime=times.iso(board.at))
    age = element("span", id="age", data_written=times.iso(written), role="status") if written else None
    played = element("span", "simulated", class_="tag") if board.simulated else None
    left_out = [part for mark in board.off for part in (element("strong", mark, class_="tag"), " ")]
    named = _text(f"Rollout board: {board.stack}", hidden)
    over = element(
        "p", named, _day(board.day, board.last_day), " ", *left_out, played, " as of ", stamp, " ", age, class_="over"
    )
    shown = element(
        "h1", element("span", SIGNS[state], aria_hidden="true", class_="sign"), element("span", f"{state}: ", class_="state"),
        _text(board.headline.text, hidden),
    )  # fmt: skip
    due = (
        element("p", "Do: ", element("code", _text(board.headline.do, hidden)), class_="do")
        if board.headline.do
        else None
    )
    rest = element("p", _text(board.headline.rest, hidden)) if board.headline.rest else None
    calls = element("p", f"On call: {_text(board.on_call, hidden)}", class_="muted") if board.on_call else None
    return element("header", over, shown, due, rest, calls, class_=f"state-{state.replace(' ', '-')}")


def _day(day: int | None, last: int) -> str:
    """`, day 3 of 21`; also before and after the plan."""
    if day is None:
        return ""
    if day < 1:
        return f", {1 - day} days before day 1"
    return f", day {day} of {last}" if day <= last else f", day {day} (the plan ended on day {last})"


def _body(board: Board, hidden: Sequence[str]) -> list[Markup]:
    parts = []
    wrong = [*board.wrong, *(f"{card.domain}: {card.unread}" for card in board.cards if card.unread)]
    if wrong:
        rows = [element("li", _text(one, hidden)) for one in wrong]
        head = element("h2", "What could not be read", id="wrong")
        parts.append(element("section", head, element("ul", *rows), class_="wrong", aria_labelledby="wrong"))
    parts.append(_domains(board, hidden))
    parts.append(_strip(board))
    parts.append(_happened(board.entries, hidden))
    parts.append(panels.section(board, hidden))
    return parts


def _domains(board: Board, hidden: Sequence[str]) -> Markup:
    heads = ("domain", "live", "plan today", "soak left", "verdict", "missing, and what comes next")
    head = element("tr", *(element("th", one, scope="col") for one in heads))
    rows = [
        element("tr", *_cells(card, heads, hidden), class_="burns" if card.word == "ROLLBACK" else None)
        for card in board.cards
    ]
    table = element(
        "table",
        element("caption", "Each domain as it stands"),
        element("thead", head),
        element("tbody", *rows),
        class_="cards",
    )
    return element("section", element("h2", "Domains", id="domains"), table, aria_labelledby="domains")


def _cells(card: Card, heads: Sequence[str], hidden: Sequence[str]) -> list[Markup]:
    one = card.standing
    behind = element("span", f"{one.behind} d behind", class_="late") if one.behind else None
    soak = "-" if one.soak_left is None else times.show_span(one.soak_left) if one.soak_left else "over"
    if one.soak_left is None and card.percent is None:
        soak = "not known"
    verdict = joined(
        [element("span", VERDICTS[card.word], aria_hidden="true", class_="sign"), element("strong", card.word), " "]
        if card.word
        else []
        if one.verdict
        else [element("span", "nothing to judge at 0 %" if card.percent == 0 else "-", class_="muted")]
    )
    missing = [element("li", _text(reason, hidden)) for reason in one.reasons]
    return [
        element("th", element("a", one.domain, href=f"#curves-{one.domain}"), scope="row"),
        element("td", _live(card), data_label=heads[1]),
        element("td", element("div", "-" if one.planned is None else f"{one.planned} %", " ", behind), data_label=heads[2]),
        element("td", soak, data_label=heads[3]),
        element("td", element("div", verdict, _text(card.said if card.word else one.verdict, hidden)), data_label=heads[4]),
        element("td", element("div", element("ul", *missing) if missing else None, _next(one.next_step, hidden)), data_label="missing"),
    ]  # fmt: skip


def _next(text: str, hidden: Sequence[str]) -> str:
    """`none: at 100 %` is said as it is; all else comes next."""
    said = _text(text, hidden)
    return said.removeprefix("none: ").removeprefix("none ") if said.startswith("none") else f"next: {said}"


def _live(card: Card) -> Markup:
    """The percent, and a bar that says the same."""
    if card.percent is None:
        return element("strong", "not known" if card.standing.live == "?" else card.standing.live, class_="unknown")
    bar = element(
        "svg", element("rect", width=60, height=8, class_="hollow"), element("rect", width=card.percent * 0.6, height=8, class_="bar"),
        viewBox="0 0 60 8", class_="gauge", aria_hidden="true",
    )  # fmt: skip
    return element("span", element("strong", card.standing.live), bar, class_="level")


def _strip(board: Board) -> Markup:
    head = element("h2", "Flight strip", id="strip")
    if board.strip is None:
        return element(
            "section", head, element("p", "Nothing is recorded yet.", class_="muted"), aria_labelledby="strip"
        )
    said = "Planned and live percent by day; heights are rungs. Each letter leads to what happened."
    drawn = [
        flight.draw(board.strip, f"strip-{name}", width)
        for name, width in (("wide", flight.WIDE), ("narrow", flight.NARROW))
    ]
    return element(
        "section",
        head,
        element("figure", element("figcaption", said), *drawn, flight.legend()),
        aria_labelledby="strip",
    )


def _happened(entries: Sequence[Entry], hidden: Sequence[str]) -> Markup:
    head = element("h2", "What happened last", id="happened")
    if not entries:
        return element("section", head, element("p", "Nothing yet.", class_="muted"), aria_labelledby="happened")
    newest, older = entries[:NEWEST], entries[NEWEST:]
    parts = [element("ol", *(_entry(one, hidden) for one in newest), class_="entries")]
    if older:
        folded = element("ol", *(_entry(one, hidden) for one in older), class_="entries")
        parts.append(element("details", element("summary", f"{len(older)} earlier entries"), folded))
    return element("section", head, *parts, aria_labelledby="happened")


def _entry(one: Entry, hidden: Sequence[str]) -> Markup:
    when = element("time", times.show(one.at).removesuffix(" UTC"), datetime=times.iso(one.at))
    letter = (
        element("span", one.letter, class_=f"letter-{'full' if one.letter in flight.FILLED else 'hollow'}")
        if one.letter
        else None
    )
    head = element(
        "p",
        when,
        " ",
        letter,
        " ",
        element("strong", one.domain or "all"),
        " ",
        _text(one.what, hidden),
        class_="event",
    )
    said = element("p", _text(one.said, hidden)) if one.said else None
    links = [
        element("li", element("a", _text(name, hidden), href=address) if address else _text(name, hidden))
        for name, address in one.links
    ]
    by = [element("li", f"by {_text(one.by, hidden)}")] if one.by else []
    counts = [element("li", _text(text, hidden)) for text in one.evidence]
    evidence = element("details", element("summary", "evidence"), element("ul", *counts)) if counts else None
    return element(
        "li",
        head,
        said,
        element("ul", *by, *links, class_="links") if by or links else None,
        evidence,
        id=one.key,
        tabindex=-1,
    )
