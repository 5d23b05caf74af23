"""What a reviewer decides from, as values: per domain where it goes and why it may, and what else the change brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rollout.model.catalogue.changes import Changed
from rollout.model.catalogue.domain import Domain
from rollout.model.flag.moves import Kind
from rollout.model.gate import odds, words
from rollout.model.gate.metric import Judged, Verdict
from rollout.model.gate.verdict import Answer
from rollout.model.judge.approval import Approval
from rollout.model.judge.rules import Refusal
from rollout.model.ladder import DEFAULT, Ladder
from rollout.model.stack_file.marks import Mark


@dataclass(frozen=True)
class Row:
    """One domain. `old`: live (None: no percent, or not read; `live` says which); `new`: the stack file's.

    `lines` are the gate's, one per metric and comparison; `refusals` every reason against the move, none against a
    lowering. `fire`: what burns now, whether or not the domain is moved. `also`: what the row should know beside.
    """

    domain: str
    live: str
    old: int | None
    new: int
    kind: Kind
    planned: int | None = None
    behind: int = 0
    soak: str = ""
    verdict: str = ""
    gist: str = ""
    lines: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    fire: str = ""
    also: tuple[str, ...] = ()
    ladder: Ladder = DEFAULT

    @property
    def moves(self) -> bool:
        return self.kind is not Kind.STAY

    @property
    def people(self) -> str:
        """Who changes service: the percent is a share of people, sticky, so that a raise only adds."""
        if self.old is None or self.old == self.new:
            return ""
        gained = self.new - self.old
        where = "to unified; nobody else moves" if gained > 0 else "back to legacy, those who came last"
        return f"{abs(gained)} % of people change service, {where}"

    @property
    def rung(self) -> str:
        """`2 of 5`: the rung that is climbed to."""
        rungs = self.ladder.rungs
        return f"{rungs.index(self.new)} of {len(rungs) - 1}" if self.new in rungs else "none"


@dataclass(frozen=True)
class Beside:
    """One thing that changes beside the percents, in a line. `first`: a limit, or something that lets more through.

    `plain`: a property's name and values, shown as they are; else somebody's words.
    """

    text: str
    first: bool = False
    plain: bool = False


@dataclass(frozen=True)
class Page:
    """A whole review. `failure`: why there could be no preview; `seen`: whether every row was compared."""

    stack: str
    at: datetime
    day: int | None
    rows: Sequence[Row]
    beside: Sequence[Beside] = ()
    drift: Sequence[str] = ()
    warnings: Sequence[str] = ()
    frozen: str = ""
    on_call: str = ""
    protected: Sequence[str] = ()
    touched: Sequence[str] = ()
    compared: int = 0
    seen: bool = True
    refused: str = ""
    failure: str = ""
    approval: Approval | None = None
    off: Sequence[str] = ()  # what the stack leaves out, a line each

    @property
    def raises(self) -> list[Row]:
        return [row for row in self.rows if row.kind in (Kind.RAISE, Kind.OUTSIDE)]

    @property
    def lowers(self) -> list[Row]:
        return [row for row in self.rows if row.kind is Kind.LOWER]

    @property
    def stays(self) -> list[Row]:
        return [row for row in self.rows if row.kind is Kind.STAY]

    @property
    def burning(self) -> list[Row]:
        return [row for row in self.rows if row.fire]

    @property
    def may(self) -> bool:
        """Whether all of it may be applied."""
        return not (self.failure or self.refused or self.touched or any(row.refusals for row in self.raises))


def gist(answer: Answer, domain: Domain, new: int) -> str:
    """The verdict's bounds in a line: how many metrics pass, and where the data leave the least room.

    A raise to `new` per cent must rule out a rate (docs/rules/gate.md#pass: the bad level over the next share); the metric is named whose
    worst rate that is still possible comes nearest to its own.
    """
    if not answer.metrics:
        return ""
    passing = sum(one.verdict is Verdict.PASS for one in answer.metrics.values())
    text = f"{passing} of {len(answer.metrics)} metrics pass"
    out = {one.name: odds.worse_rate(one.bad_level, new / 100) for one in domain.metrics if one.total is not None}
    bounded = [one for one in answer.metrics.values() if one.worst is not None and one.name in out]
    if bounded:
        nearest = max(bounded, key=lambda one: (one.worst or 0) / out[one.name])
        text += f"; least room: {bounds(nearest, out[nearest.name])}"
    return text


def bounds(judged: Judged, out: float) -> str:
    """`errors 0/1,966, at most 0.234 %, where 10 % must be ruled out`: what was seen, and the worst it leaves possible."""
    seen = f" {words.of(judged.k, judged.n)}" if judged.k is not None and judged.n is not None else ""
    worst = f", at most {words.rate(judged.worst)}" if judged.worst is not None else ""
    return f"{judged.name}{seen}{worst}, where {words.rate(out)} must be ruled out"


#: Entries that let a raise pass: a reviewer reads them first, as changed limits.
PERMITS = ("waiver", "restore", "checked", "attempt", "closed")


def of_mark(mark: Mark) -> Beside:
    """A config entry that came, changed or went; what lifts a refusal comes first."""
    lifts = mark.kind in ("freeze", "held", "breach") and mark.change != "new"
    about = f"{mark.domain}: " if mark.domain else ""
    return Beside(f"{about}{mark.text}", mark.kind in PERMITS or lifts or mark.text.startswith(("gate", "drill")))


def of_limit(changed: Changed) -> Beside:
    """A changed rule of the catalogue."""
    return Beside(f"limit of {changed.line()}", first=True, plain=True)
