"""`notify`: tells the stack's topic what is about to rise, or what has happened. Changes nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

import click

from rollout.commands.engine import pulumi
from rollout.commands.project import files, options, place
from rollout.commands.reading import around, history
from rollout.commands.reading.on_call import on_call
from rollout.commands.review import gather
from rollout.model.flag.moves import Kind
from rollout.model.judge import approval
from rollout.model.problem import BadInput
from rollout.model.review import message
from rollout.model.review.message import Message
from rollout.provider import news
from rollout.provider.errors import Absent, StoreError
from rollout.provider.settings import POSTGRES

EXIT_UNTOLD: Final = 1


def coming(stack: str, approved: str | None) -> Message | None:
    """What the stack file raises, those of the approval where one is given; None where nothing rises."""
    named = None
    if approved is not None:
        try:
            given = approval.read(Path(approved).read_bytes(), approved)
        except OSError as error:
            raise BadInput([approval.unreadable(approved, error.strerror)]) from None
        except BadInput:
            return None  # what approves nothing raises nothing: `up` says which part is wrong
        named = {one.domain for one in given.raises}
    seen = around.look(stack)
    rows = [gather.row(seen, domain) for domain in seen.known.domains.values()]
    raised = [row for row in rows if row.kind in (Kind.RAISE, Kind.OUTSIDE) and (named is None or row.domain in named)]
    return message.before(stack, raised, on_call(stack)) if raised else None


def happened(stack: str, run: str | None = None) -> Message | None:
    """What the newest run of the stack did; with `run`, the run whose message names it. Raises `EngineFailed`.

    None where nothing moved, or where no such run is on record: an `up` that never began has done nothing, and what the one
    before it did was told then.
    """
    story = history.load(stack)
    named = [one.number for one in story.updates if run is None or run in one.message]
    number = named[-1] if named else None
    return message.after(stack, [line for line in story.lines if line.update == number and number], on_call(stack))


@click.command("notify")
@click.argument("when", type=click.Choice(["before", "after"]))
@options.stack
@click.option("--approval", "approved", metavar="FILE", help="With `before`: only the raises that were approved.")
@click.option("--run", "run_", metavar="TEXT", help="With `after`: only of the run whose message has this in it.")
@click.option("--dry-run", is_flag=True, help="Print the message, and send nothing.")
@options.json()
def command(when: str, stack: str | None, approved: str | None, run_: str | None, dry_run: bool, json_: bool) -> None:
    """Tell the topic `changes` what is about to rise (before), or what the newest run did (after), and who is on call.

    Exit code 0: told, or nothing to tell; 1: couldn't be told; 2: wrong use.
    """
    chosen = files.need_stack(stack)
    try:
        told = coming(chosen, approved) if when == "before" else happened(chosen, run_)
        sent = news.send(place.settings(chosen), chosen, told) if told and not dry_run else None
    except Absent as error:
        topic = "the stack has no topic for changes yet, `pulumi up` makes it"
        told_by_webhook = place.settings(chosen).source == POSTGRES
        click.echo(f"nobody was told: {error if told_by_webhook else f'{topic} ({error})'}", err=True)
        sys.exit(EXIT_UNTOLD)
    except (StoreError, pulumi.EngineFailed) as error:
        click.echo(f"nobody was told: {error}", err=True)
        sys.exit(EXIT_UNTOLD)
    if json_:
        click.echo(json.dumps({"sent": sent, **(vars(told) if told else {})}, indent=2, ensure_ascii=False))
    elif told is None:
        click.echo("nothing to tell")
    else:
        click.echo(f"{told.subject}\n\n{told.text}".rstrip() if dry_run else f"told {sent}: {told.subject}")
