"""Drills: the seed's "test rollback procedure before each week", as a rule on a domain's first raise of a week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from rollout.model import times
from rollout.model.flag import moves
from rollout.model.judge.rules import Ask, Refusal

#: Where drills are kept, from the project's folder.
RECORDS: Final = "records/drills"
#: How long a drill, or a real rollback, is taken for an answer: one week.
LASTS: Final = timedelta(days=7)
#: The seed: "Wait 5 minutes, verify traffic back".
TRAFFIC_WITHIN: Final = timedelta(minutes=5)

Endpoint = Literal["aws", "database", "simulator"]


@dataclass(frozen=True)
class Drill:
    """One drill. `decision_to_live`: seconds from the command to the lower value read back; `traffic_back`: seconds
    until sessions began on legacy alone (None: not measured, as against AWS, where the scratch stack has no traffic).
    """

    domain: str
    stack: str
    at: datetime
    passed: bool
    endpoint: Endpoint
    decision_to_live: float
    traffic_back: float | None = None

    @classmethod
    def read(cls, plain: Mapping[str, object]) -> Drill | None:
        """The drill in a record's plain values; None where it is none: what can't be read permits nothing."""
        at = times.moment(plain.get("at"))
        seconds, back, endpoint = plain.get("decision_to_live"), plain.get("traffic_back"), plain.get("endpoint")
        if at is None or not isinstance(seconds, (int, float)) or endpoint not in ("aws", "database", "simulator"):
            return None
        return cls(
            str(plain.get("domain")), str(plain.get("stack")), at, plain.get("passed") is True, endpoint,
            float(seconds), float(back) if isinstance(back, (int, float)) else None,
        )  # fmt: skip

    def plain(self) -> dict[str, object]:
        """What the record holds."""
        return {**vars(self), "at": times.iso(self.at)}

    def show(self) -> str:
        """`value read back after 0.4 s, traffic back after 180 s`."""
        clock = " by the simulator's clock" if self.endpoint == "simulator" else ""
        back = "" if self.traffic_back is None else f", traffic back after {self.traffic_back:.0f} s{clock}"
        return f"value read back after {self.decision_to_live:.1f} s{back}"


def refusals(ask: Ask, drills: Iterable[Drill]) -> list[Refusal]:
    """Why the raise isn't let through without a drill; empty where it is, or where it isn't the first of its week."""
    name = ask.domain.name
    if ask.conditions.drill == "off" or _raised_this_week(ask) or ask.waived("no-drill"):
        return []
    if any(_rolled_back(move, ask.now) for move in ask.moves):
        return []
    own = [one for one in drills if one.domain == name and timedelta(0) <= ask.now - one.at <= LASTS]
    if any(one.passed and (ask.loopback or one.endpoint != "simulator") for one in own):
        return []
    text = "no passed drill, and no rollback, of the last 7 days is on record: the week's first raise needs one"
    if any(one.passed for one in own):
        text = "the drill of the last 7 days was on a simulator: this stack needs one against AWS"
    elif own:
        text = f"the drill of {times.show(max(one.at for one in own))} failed"
    return [Refusal("no-drill", text, f"rollout drill {name}, or a waiver that accepts no-drill")]


def week_of(start: date | None, at: datetime) -> int:
    """The number of the plan's week, 0 the first; without a start, weeks begin on Mondays."""
    day_one = start or date(2024, 1, 1)
    return (at.date() - day_one).days // 7


def _raised_this_week(ask: Ask) -> bool:
    this = week_of(ask.conditions.start, ask.now)
    return any(
        (at := times.moment(move.get("at"))) is not None
        and week_of(ask.conditions.start, at) == this
        and moves.raised(move)
        for move in ask.moves
    )


def _rolled_back(move: Mapping[str, object], now: datetime) -> bool:
    """Whether a move is a real rollback of the last 7 days."""
    at = times.moment(move.get("at"))
    return at is not None and moves.rolled_back(move) and now - at <= LASTS
