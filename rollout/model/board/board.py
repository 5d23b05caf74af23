"""The board as plain values: everything that the page says, before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollout.model.board import curves, entries, headline
from rollout.model.board.clean import clean
from rollout.model.board.curves import Curve
from rollout.model.board.entries import Entry
from rollout.model.board.headline import Headline
from rollout.model.board.links import Forge
from rollout.model.catalogue.domain import Catalogue
from rollout.model.flag.moves import Live
from rollout.model.gate.window import Points, Window
from rollout.model.plan.standing import Standing
from rollout.model.reports import forecast, strip
from rollout.model.reports.story import Story
from rollout.model.reports.strip import Strip
from rollout.model.stack_file import off
from rollout.model.stack_file.config import StackConfig


@dataclass(frozen=True)
class Card:
    """One domain now. `percent`: None where the live value couldn't be read, or is none; `word`: of the verdict.

    `curves` is empty, and `unread` says why, where its counters couldn't be read.
    """

    standing: Standing
    percent: int | None
    word: str
    since: datetime | None = None
    curves: Sequence[Curve] = ()
    unread: str = ""

    @property
    def domain(self) -> str:
        return self.standing.domain

    @property
    def said(self) -> str:
        """The verdict without its word and the domain's name, which stand beside it."""
        return self.standing.verdict.removeprefix(self.word).lstrip(": ").removeprefix(f"{self.domain} ")


@dataclass(frozen=True)
class Board:
    """One stack at one moment. `over`: the periods of every curve; `wrong`: what couldn't be read, in words.

    `standing`: what forbids raises now (a freeze, a hold, a latch); `entries`: newest first.
    """

    stack: str
    at: datetime
    day: int | None
    last_day: int
    headline: Headline
    cards: Sequence[Card]
    over: Window
    strip: Strip | None
    entries: Sequence[Entry]
    standing: Sequence[str]
    wrong: Sequence[str]
    unified: str
    on_call: str = ""
    simulated: bool = False
    off: Sequence[str] = ()  # `GATE OFF`: what nobody looks at


#: What a verdict begins with, as a word of its own; all else is no verdict of the gate.
WORDS = ("PASS", "HOLD", "ROLLBACK")
UNREAD, NOTHING = "not judged", ""


def word(standing: Standing) -> str:
    """The verdict's word: PASS, HOLD, ROLLBACK, `not judged` where it couldn't be had, empty where there is nothing to judge."""
    first = standing.verdict.partition(" ")[0].rstrip(":")
    if first in WORDS:
        return first
    return UNREAD if standing.verdict.startswith(("not judged", "not read")) else NOTHING


def card(known: Catalogue, standing: Standing, live: Live | None, counted: Points | str, over: Window) -> Card:
    """One domain. `live`: None where it couldn't be read; `counted`: its counters, or why they couldn't be read."""
    percent, since = (live.percent, live.since) if live else (None, None)
    if isinstance(counted, str):
        return Card(standing, percent, word(standing), since, unread=counted)
    drawn = curves.curves(known.domains[standing.domain], known.unified, counted, over)
    return Card(standing, percent, word(standing), since, drawn)


def board(
    told: Story, config: StackConfig, cards: Sequence[Card], over: Window, stands: Sequence[str], closed: Sequence[str],
    wrong: Sequence[str], forge: Forge | None = None, on_call: str = "", *, simulated: bool = False,
) -> Board:  # fmt: skip
    """The board as of `told.as_of`. `stands`: what forbids raises, in words; `closed`: the domains that it concerns."""
    now = told.as_of or over.end
    ahead = forecast.forecast(told, {one.domain: one.percent for one in cards})
    burning = [one.domain for one in cards if one.word == "ROLLBACK"]
    hours = config.on_call.hours if config.on_call else None
    following = headline.next_raise(ahead, told.plan, told.start, hours, now, [*closed, *burning])
    rows = [(one.standing, one.percent, one.word) for one in cards]
    said = headline.headline(told.stack, rows, stands, following, ahead, now)
    return Board(
        stack=told.stack, at=now, day=told.day_of(now), last_day=told.plan.last, headline=said, cards=cards, over=over,
        strip=strip.strip(told), entries=entries.entries(told, forge), standing=stands, wrong=wrong,
        unified=told.known.unified, on_call=on_call, simulated=simulated, off=off.marks(config),
    )  # fmt: skip


def plain(board: Board, hidden: Sequence[str] = ()) -> object:
    """The board in JSON's types, its texts as clean as the page's (`rollout.model.board.clean`)."""
    return _cleaned({
        "stack": board.stack, "at": _plain(board.at), "day": board.day, "last_day": board.last_day,
        "state": board.headline.state, "headline": board.headline.text, "rest": board.headline.rest, "do": board.headline.do,
        "standing": list(board.standing), "wrong": list(board.wrong), "simulated": board.simulated,
        "off": list(board.off),
        "domains": [_card(card, board.over) for card in board.cards],
        "periods": {"start": _plain(board.over.start), "seconds": board.over.period.total_seconds()},
        "entries": [_plain(vars(entry)) for entry in board.entries],
    }, hidden)  # fmt: skip


def _cleaned(value: object, hidden: Sequence[str]) -> object:
    if isinstance(value, Mapping):
        return {key: _cleaned(one, hidden) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned(one, hidden) for one in value]
    return clean(value, hidden) if isinstance(value, str) else value


def _card(card: Card, over: Window) -> dict[str, object]:
    one = card.standing
    return {
        "domain": one.domain, "live": one.live, "percent": card.percent, "stack": one.stack, "planned": one.planned,
        "behind": one.behind, "soak_left": one.soak_left.total_seconds() if one.soak_left is not None else None,
        "verdict": one.verdict, "word": card.word, "missing": list(one.reasons), "next": one.next_step, "unread": card.unread,
        "curves": {curve.metric: _curve(curve, over) for curve in card.curves},
    }  # fmt: skip


def _curve(curve: Curve, over: Window) -> dict[str, object]:
    sides = {"unified": curve.unified, "legacy": curve.legacy}
    found: dict[str, object] = {
        name: [None if r is None else [r.bad, r.total] for r in side] for name, side in sides.items() if side
    }
    day = {name: curve.newest(over, name) for name in sides}
    return {**found, "good": curve.good, "bad": curve.bad,
            "last_day": {name: [rate.bad, rate.total] if rate else None for name, rate in day.items()}}  # fmt: skip


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value
