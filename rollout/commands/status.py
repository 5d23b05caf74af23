"""`status`: where each domain stands, and what comes next. Reads the store, the counters and the stack's state."""

from __future__ import annotations

import json
import sys
import textwrap
from dataclasses import replace
from typing import Final

import click

from rollout.commands.project import files, options, place, terminal
from rollout.commands.reading import around, shown
from rollout.commands.reading.around import Around
from rollout.model import times
from rollout.model.catalogue.domain import Domain
from rollout.model.flag import lowering, moves
from rollout.model.judge import decided
from rollout.model.judge.ask import Ask, Refusal
from rollout.model.ladder import TOP
from rollout.model.plan import standing
from rollout.model.plan.standing import Standing
from rollout.model.stack_file import off
from rollout.provider import alerts, shell
from rollout.provider.judging import decision

WIDTH: Final = 80
FROZEN: Final = standing.WORDS["frozen"]


def standings(stack: str) -> tuple[str, list[Standing], list[str]]:
    """The heading, every domain in the catalogue's order, and what couldn't be read."""
    seen = around.look(stack)
    rows = [replace(row(seen, domain), enabled=seen.enabled.get(domain.name)) for domain in seen.known.domains.values()]
    heading = f"{stack} at {times.show(seen.now)}{_day(seen.day)}"
    heading = ", ".join([heading, *off.marks(seen.config)])
    return heading, rows, seen.wrong


def _day(day: int | None) -> str:
    if day is None:
        return ""
    return f", day {day} of the plan" if day > 0 else f", {1 - day} days before day 1"


def row(seen: Around, domain: Domain) -> Standing:
    """One domain: its live value is judged, and what its next raise waits for is said."""
    live, planned, flag = seen.live[domain.name], seen.planned(domain.name), seen.config.flags.get(domain.name)
    wanted = flag.percent if flag else None
    if live is None:
        return Standing(domain.name, shown.UNKNOWN, wanted, planned, 0, None, "not read", "read it again")
    ask = seen.ask(domain, live, domain.ladder.next(live.percent or 0) or TOP)
    look, unread = seen.look(ask)
    if unread.startswith("not judged"):
        seen.wrong.append(f"{domain.name}: {unread}")
    behind = standing.behind(seen.plan, seen.day, domain.name, live.percent)
    typed = shell.typed(seen.stack, min(max(seen.day or 0, 0), seen.plan.last))
    more = undecided(seen, ask, wanted)
    stands = standing.stand(ask, wanted, planned, behind, look.answer if look else None, unread, typed, more)
    return replace(stands, next_step=typed.spoken(stands.next_step), reasons=tuple(map(typed.spoken, stands.reasons)))


def undecided(seen: Around, ask: Ask, wanted: int | None) -> list[Refusal]:
    """After a stop: why nothing younger asks for what the stack file does, in git's words; the `up` would wait for it."""
    if wanted is None or ask.live.percent is None or wanted <= ask.live.percent:
        return []
    low = lowering.newest(ask.live, ask.moves, virtual=seen.context.settings.virtual)
    if low is None:
        return []
    one = decision.find(files.ROOT, seen.stack, ask.domain.name, wanted, low)
    return decided.refusals(replace(ask, wanted=wanted), low, one)


def table(rows: list[Standing], heading: str, width: int = WIDTH) -> str:
    """For a terminal `width` columns wide (60 at least): numbers and what is HELD, LATCHED, STOPPED first, then the verdict, every
    reason against the next raise in the order in which it is worked off, and what comes next. FROZEN is everybody's: in the
    heading.
    """
    frozen = any(FROZEN in row.marks for row in rows)
    wide = max([len("domain"), *(len(row.domain) for row in rows)])
    lines = [
        f"{heading}{f', {FROZEN}' if frozen else ''}",
        f"{'domain':<{wide}} {'live':>7} {'stack':>5} {'plan':>4} {'enabled':>7} {'behind':>6} {'soak left':>11}",
    ]
    for row in rows:
        behind = f"{row.behind} d" if row.behind else "-"
        soak = "-" if row.soak_left is None else times.show_span(row.soak_left) if row.soak_left else "over"
        stack, planned = ("-" if value is None else str(value) for value in (row.stack, row.planned))
        line = f"{row.domain:<{wide}} {_live(row.live):>7} {stack:>5} {planned:>4} {row.enabled or '-':>7} {behind:>6} {soak:>11}"
        marks = " ".join(mark for mark in row.marks if mark != FROZEN)
        beside = bool(marks) and len(line) + 1 + len(marks) <= width
        lines.append(f"{line} {marks}" if beside else line)
        reasons = [f"{number}. {text}" for number, text in enumerate(row.reasons, 1)]
        for text in filter(None, ("" if beside else marks, row.verdict, *reasons, f"next: {row.next_step}")):
            lines += textwrap.wrap(
                text, width, initial_indent="    ", subsequent_indent="      ", break_on_hyphens=False
            )
    return "\n".join(lines)


def _live(text: str) -> str:
    """A live value as `live` and `audit` name it."""
    gone = {moves.ABSENT: shown.ABSENT, moves.DELETED: shown.DELETED}
    return gone.get(text, text.removesuffix(" %").removesuffix(" (no percent)"))


@click.command("status")
@options.stack
@options.json("Print one JSON list.")
def command(stack: str | None, json_: bool) -> None:
    """Show where each domain stands: live, stack, plan, what is left of its soak, the gate, and the next step.

    Exit code 0; 1 where something couldn't be read.
    """
    chosen = files.need_stack(stack)
    heading, rows, wrong = standings(chosen)
    if json_:
        rows_json = [
            {**vars(row), "soak_left": row.soak_left.total_seconds() if row.soak_left is not None else None}
            for row in rows
        ]
        click.echo(json.dumps(rows_json, indent=2))
    else:
        click.echo(table(rows, heading, terminal.columns()))
    for text in filter(None, [*dict.fromkeys(wrong), alerts.silence(place.settings(chosen), chosen)]):
        click.echo(text, err=True)
    sys.exit(1 if wrong else 0)
