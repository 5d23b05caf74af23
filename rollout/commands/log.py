"""`log`: when, who, from which commit, what moved, by which verdict; from the stack's history and the flags' records."""

from __future__ import annotations

import json
import sys
import textwrap
from datetime import datetime
from typing import Final

import click

from rollout.commands.engine import pulumi
from rollout.commands.project import files, options, place, terminal
from rollout.commands.reading import history
from rollout.model import times
from rollout.model.log.evidence import counted
from rollout.model.log.journal import KINDS, Line

WIDEST: Final = 160
#: So many lines are shown unless more are asked for.
NEWEST: Final = 30
LOUD: Final = ("rollback", "stop", "outside", "not applied", "freeze", "held", "breach", "waiver")
INDENT: Final = " " * 18


def chosen(
    lines: list[Line], domains: tuple[str, ...], kinds: tuple[str, ...], since: datetime | None, every: bool
) -> list[Line]:
    """The lines that the filters leave; runs that changed nothing only where `every`."""
    return [
        line for line in lines
        if (not domains or line.domain in domains)
        and (line.kind in kinds if kinds else every or line.kind != "no change")
        and (since is None or line.at >= since)
    ]  # fmt: skip


def table(lines: list[Line], width: int, *, evidence: bool = False) -> list[str]:
    """For a terminal `width` columns wide: a line of facts, and under it in whose words, by which verdict, by whom.

    `evidence`: the counts that the gate let it through by, too.
    """
    names = max((len(line.domain) for line in lines), default=0)
    shown = []
    for line in lines:
        head, planned = f"{times.show(line.at)[:16]}  {line.domain:<{names}}  {_what(line)}".rstrip(), line.planned
        if planned and len(head) + 2 + len(planned) <= width:
            head, planned = f"{head}  {planned}", ""
        by = "  ".join(filter(None, (line.who, line.commit[:7], f"#{line.pr}" if line.pr else "", _seconds(line))))
        if by and len(head) + 2 + len(by) <= width:
            head, by = f"{head}  {by}", ""
        shown.append(head)
        said = "; ".join(filter(None, (planned, line.said, by, *(counted(line) if evidence else ()))))
        shown += textwrap.wrap(
            said, width, initial_indent=INDENT, subsequent_indent=f"{INDENT}  ", break_on_hyphens=False
        )
    return shown


def _what(line: Line) -> str:
    """What brings traffic down, or holds it, stands out without colour: in capitals."""
    kind = line.kind.upper() if line.kind in LOUD else line.kind
    if line.new is None:
        return kind
    old = "?" if line.old is None else line.old
    return f"{kind:<11}  {old:>3} -> {line.new:>3} %"


def _seconds(line: Line) -> str:
    return f"{line.seconds:.0f} s" if line.seconds else ""  # the engine keeps whole seconds


@click.command("log")
@options.stack
@click.option("--domain", multiple=True, metavar="D", help="Only this domain; may be given again.")
@click.option("--kind", multiple=True, type=click.Choice(KINDS), metavar="K", help=f"Only these: {', '.join(KINDS)}.")
@click.option("--since", metavar="DATE", help="Only what happened from then on (UTC).")
@click.option("-n", "--newest", default=NEWEST, show_default=True, help="So many at most; 0: all.")
@click.option("--all", "every", is_flag=True, help="Runs that changed nothing, too.")
@click.option("--evidence", is_flag=True, help="The counts that a raise was let through by, too.")
@options.json("Print one JSON object a line, newest first.")
def command(
    stack: str | None, domain: tuple[str, ...], kind: tuple[str, ...], since: str | None, newest: int, every: bool,
    evidence: bool, json_: bool,
) -> None:  # fmt: skip
    """Show what happened, newest first: raises, rollbacks, stops, freezes, waivers, and what was refused.

    Out of the stack's history (any backend) and each flag's own record. Exit code 0; 1 where the engine can't tell.
    """
    from_then = files.moment("--since", since)
    known = files.read_catalogue()
    for name in domain:
        place.domain(known, name, "--domain")
    try:
        story = history.load(files.need_stack(stack))
    except pulumi.EngineFailed as error:
        click.echo(f"the stack's history can't be read: {error}", err=True)
        sys.exit(1)
    found = chosen(list(story.lines), domain, kind, from_then, every)[::-1]
    shown = found[:newest] if newest > 0 else found
    if json_:
        click.echo("".join(f"{json.dumps(history.plain(line), ensure_ascii=False)}\n" for line in shown), nl=False)
        return
    width = terminal.columns(WIDEST)
    click.echo("\n".join(table(shown, width, evidence=evidence)) if shown else "nothing of that kind has happened")
    if len(found) > len(shown):
        click.echo(f"({len(found) - len(shown)} older: -n 0)")
