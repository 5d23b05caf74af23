"""The log: what happened to the traffic, when, by whom and why, out of the stack's history and each flag's `moves`.

A move is what the provider recorded of a flag; a run of the engine says who ran it, from which commit, and how long
it took. The two are matched by time and value. What a run changed beside the percents (a freeze, a waiver, ...) is
the difference of its config to the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from rollout.model import times
from rollout.model.log.awaited import Awaited
from rollout.model.log.runs import Update
from rollout.model.plan import standing
from rollout.model.plan.days import Plan
from rollout.model.stack_file import marks

#: A move belongs to a run whose time is at most so far away: the store's clock isn't the engine's.
NEAR: Final = timedelta(minutes=5)
#: A stop is recorded by the run after it, which may wait for another run's lock.
RECORDED: Final = timedelta(minutes=15)

#: Kinds of lines, in the order in which a filter names them.
KINDS: Final = (
    "start", "raise", "rollback", "stop", "outside", "restored", "switched", "not applied", "freeze", "held", "breach", "attempt",
    "waiver", "restore", "checked", "note", "notify", "closed", "settings", "destroy", "no change",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One thing that happened. `old` and `new`: per cent (None: unknown, or no move); `update`: the run's number.

    `planned`: `as planned`, `2 d late`, `ahead of the plan`, `not planned`, or empty where it is no move. `move` is the
    provider's own entry, with `counts`, `window` and the gate's version where the gate let it through. `record`: where
    the entry stands of what is neither a move nor a run's (`switched/jobs/2`).
    """

    at: datetime
    kind: str
    text: str
    domain: str = ""
    old: int | None = None
    new: int | None = None
    planned: str = ""
    verdict: str = ""
    who: str = ""
    commit: str = ""
    pr: int | None = None
    update: int | None = None
    seconds: float | None = None
    result: str = ""
    move: Mapping[str, object] = field(default_factory=dict)
    record: str = ""
    own_by: bool = False  # whether `who` stands in the entry itself, as its `by`; else it is the run's

    @property
    def raise_held(self) -> bool:
        """Whether it is a raise that waits; else a `held` is somebody's entry in the stack file."""
        return self.kind == "held" and self.new is not None

    @property
    def said(self) -> str:
        """The verdict where it says more than the kind, else its own text."""
        judged = self.kind in ("raise", "restored") or self.raise_held
        return (self.verdict if judged else "") or self.text


def lines(
    updates: Sequence[Update], moves: Mapping[str, Sequence[Mapping[str, object]]], plan: Plan, start: date | None,
    switched: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
    waits: Mapping[str, Awaited] | None = None, earlier: Mapping[int, Mapping[str, Awaited]] | None = None,
) -> list[Line]:  # fmt: skip
    """Everything that happened, oldest first. `moves`: per domain, oldest first (see `rollout.model.flag.record`).

    `switched`: in the same way the changes of its enable flag. `waits`: the raises that the newest run left waiting, by domain;
    `earlier`: those of runs before, by the run's number.
    """
    found: list[tuple[datetime, int, Line]] = []
    taken: set[tuple[int, str]] = set()
    for domain, record in moves.items():
        for move in record:
            at = times.moment(move.get("at"))
            if at is None:
                continue
            update = _run_of(move, at, domain, updates, taken)
            if update is not None:
                taken.add((update.number, domain))
            line = _moved(move, at, domain, update, plan, start)
            found.append((at, update.number if update else 0, line))
    found += [(line.at, 0, line) for line in _switched(switched or {}, updates)]
    before: Update | None = None
    running = dict.fromkeys(moves, 0)
    for update in updates:
        held = {**(waits or {}), **(earlier or {}).get(update.number, {})}
        rest = _beside(update, before, moves, taken, running, held)
        found += [(update.at, update.number, line) for line in rest]
        for domain in moves:
            if (update.number, domain) in taken or update.done:
                running[domain] = update.percent(domain) or 0
        before = update if update.config else before
    return [line for _, _, line in sorted(found, key=lambda item: item[:2])]


def _run_of(
    move: Mapping[str, object], at: datetime, domain: str, updates: Sequence[Update], taken: set[tuple[int, str]]
) -> Update | None:
    """The run that made a judged move, or that recorded a stop; None where no run near it asked for that value."""
    stop = move.get("verdict") == "stop"
    if move.get("verdict") == "outside":
        return None
    near: list[tuple[timedelta, int, Update]] = []
    for update in updates:
        if (update.number, domain) in taken or update.percent(domain) != move.get("to"):
            continue
        away = _away(update, at)
        if stop and not (update.at >= at - timedelta(seconds=1) and away <= RECORDED):
            continue
        if away <= (RECORDED if stop else NEAR):
            near.append((away, update.number, update))
    # Of two as near, the earlier: one that failed elsewhere has made the move, and the next only found it made.
    return min(near, key=lambda item: item[:2])[2] if near else None


def _moved(
    move: Mapping[str, object], at: datetime, domain: str, update: Update | None, plan: Plan, start: date | None
) -> Line:
    old, new, verdict = _whole(move.get("from")), _whole(move.get("to")), str(move.get("verdict") or "")
    kind = _kind(old, new, verdict)
    text = update.message if update and kind in ("stop", "rollback") else ""
    planned = _planned(kind, domain, at, new, plan, start)
    line = _by(update, Line(at, kind, text, domain, old, new, planned, verdict, move=move))
    return _with_by(line, move)


def _kind(old: int | None, new: int | None, verdict: str) -> str:
    if old == new:  # the first value, or one that a state which was lost took over
        return "start"
    if verdict in ("stop", "outside"):
        return verdict
    if verdict.startswith("restored"):
        return "restored"
    return "raise" if (new or 0) > (old or 0) else "rollback"


def _switched(switched: Mapping[str, Sequence[Mapping[str, object]]], updates: Sequence[Update]) -> Iterator[Line]:
    """A line a change of an enable flag, with the run that wrote it; a hand's has none."""
    for domain, record in switched.items():
        for number, change in enumerate(record):
            if (at := times.moment(change.get("at"))) is None:
                continue
            ours = change.get("verdict") != "outside"
            near = [(away, one.number, one) for one in updates if ours and (away := _away(one, at)) <= NEAR]
            text = f"enable flag {_word(change.get('from'))} -> {_word(change.get('to'))}: {change.get('verdict')}"
            line = Line(at, "switched", text, domain, record=f"switched/{domain}/{number}")
            line = _by(min(near, key=lambda item: item[:2])[2] if near else None, line)
            yield _with_by(line, change)


def _with_by(line: Line, entry: Mapping[str, object]) -> Line:
    """The line with whom the flag's own record names."""
    return replace(line, who=str(entry["by"]), own_by=True) if entry.get("by") else line


def _away(update: Update, at: datetime) -> timedelta:
    """How far a time is from the run's own, 0 within it."""
    return max(update.at - at, at - update.end, timedelta(0))


def _word(value: object) -> str:
    return "absent" if value is None else str(value).lower()


def _planned(kind: str, domain: str, at: datetime, new: int | None, plan: Plan, start: date | None) -> str:
    if kind == "start":
        return ""
    if kind != "raise" or new is None:
        return "not planned"
    day = standing.day_of(start, at)
    if day is None:
        return ""
    meant = plan.reached(domain, new)
    if meant is None or meant > day:
        return "ahead of the plan"
    return f"{day - meant} d late" if day > meant else "as planned"


def _by(update: Update | None, line: Line) -> Line:
    """The line with who ran it, from which commit, and how it ended."""
    if update is None:
        return line
    return replace(
        line, who=update.who, commit=update.commit, pr=update.pr, update=update.number, seconds=update.seconds,
        result=update.result,
    )  # fmt: skip


def _beside(
    update: Update, before: Update | None, domains: Iterable[str], taken: set[tuple[int, str]], running: dict[str, int],
    waits: Mapping[str, Awaited],
) -> list[Line]:  # fmt: skip
    """What a run did but the moves: config entries that came, changed or went, and raises that didn't happen."""
    found = [
        Line(update.at, mark.kind, mark.text, mark.domain)
        for mark in marks.between(before.config if before else {}, update.config)
    ]
    if not update.done:
        for domain in domains:
            wanted = update.percent(domain)
            if wanted is not None and wanted > running[domain] and (update.number, domain) not in taken:
                found.append(_refused(update, domain, running[domain], wanted, waits.get(domain)))
    if update.kind == "destroy":
        found.append(Line(update.at, "destroy", update.message))
    if not found and not any((update.number, domain) in taken for domain in domains):
        changed = sum(count for key, count in update.changes.items() if key != "same")
        text = f"{update.message}: {changed} resources changed, no percent" if changed else update.message
        if not update.done:
            text = f"{update.message}: {update.result}"
        found.append(Line(update.at, "settings" if changed else "no change", text))
    return [_by(update, line) for line in found]


def _refused(update: Update, domain: str, old: int, wanted: int, waits: Awaited | None) -> Line:
    """A raise that a run was asked for, and didn't make."""
    if waits is not None and waits.to == wanted and waits.within(update):
        return Line(update.at, "held", "", domain, old, wanted, verdict=waits.verdict)
    text = "refused, or the run failed: its rows say which"
    return Line(update.at, "not applied", text, domain, old, wanted)


def _whole(value: object) -> int | None:
    """A whole number, also as the float that the state makes of it."""
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
