"""What people are told: before an increase, and after every change, in the words of the review and of the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rollout.model import times
from rollout.model.log.journal import Line
from rollout.model.problem import visible
from rollout.model.review.decision import Row
from rollout.model.review.markdown import rollback

#: SNS Publish, Subject: ASCII, no line break, at most 100 characters. Message: 256 KB.
SUBJECT: Final = 100
LINES: Final = 200


@dataclass(frozen=True)
class Message:
    """One message: what stands above it, and its text."""

    subject: str
    text: str


def before(stack: str, rows: Sequence[Row], on_call: str) -> Message:
    """What is about to rise. `rows`: the raises, as the review has them."""
    moves = ", ".join(f"{row.domain} {_from(row)} -> {row.new} %" for row in rows)
    parts = []
    for row in rows:
        verdict = "; ".join(one.text for one in row.refusals) or row.gist
        facts = [f"{row.people}.", f"{row.verdict}: {verdict}.", f"If it burns: {rollback(row.domain, stack)}"]
        parts += [f"{row.domain} {_from(row)} -> {row.new} %", *(f"  {fact}" for fact in facts), ""]
    return _message(f"about to raise on {stack}: {moves}", parts, on_call)


def after(stack: str, lines: Iterable[Line], on_call: str) -> Message | None:
    """What has happened, as the log tells it; None where nothing has."""
    told = [line for line in lines if line.kind not in ("no change", "start")]
    if not told:
        return None
    moved = ", ".join(
        f"{line.domain} {line.kind} {_share(line.old)} -> {line.new} %" for line in told if line.new is not None
    )
    parts = [text for line in told for text in _told(line)]
    return _message(f"{stack}: {moved or told[0].text or told[0].kind}", [*parts, ""], on_call)


def stopped(stack: str, domain: str, was: str, to: int, why: str, by: str, on_call: str) -> Message:
    """A rollback by command: it is down, whatever of the record is still to come."""
    because = f", because of {why}" if why else ""
    parts = [f"{domain} was {was}, and is live at {to} % now{because}.", f"By {by}.", ""]
    return _message(f"ROLLBACK on {stack}: {domain} to {to} %{because}", parts, on_call)


def _told(line: Line) -> list[str]:
    move = f" {_share(line.old)} -> {line.new} %" if line.new is not None else ""
    head = f"{times.show(line.at)}  {line.domain} {line.kind}{move}".replace("  ", " ", 1)
    by = ", ".join(filter(None, (line.planned, line.who, line.commit[:7])))
    return [head, *([f"  {line.said}"] if line.said else []), *([f"  {by}"] if by else [])]


def _message(subject: str, parts: Sequence[str], on_call: str) -> Message:
    shown = [*parts[:LINES], *([f"({len(parts) - LINES} lines more: rollout log)"] if len(parts) > LINES else [])]
    text = visible("\n".join([*shown, f"On call: {on_call or 'nobody'}", ""]))
    return Message(_ascii(subject), text)


def _ascii(text: str) -> str:
    """A subject that SNS takes."""
    plain = " ".join(text.split()).encode("ascii", "replace").decode()
    plain = "".join(letter if letter.isprintable() else "?" for letter in plain)
    return plain if len(plain) <= SUBJECT else f"{plain[: SUBJECT - 3]}..."


def _from(row: Row) -> str:
    return row.live.removesuffix(" %") if row.old is None else str(row.old)


def _share(value: int | None) -> str:
    return "?" if value is None else str(value)
