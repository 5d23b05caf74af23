"""`setup`: engine and simulator for this project; `setup --check`: what is missing or wrong where a stack's flags and counters are, each with the line that mends it."""

from __future__ import annotations

import json
import sys
from typing import Final

import click

from rollout.commands.project import files, options, place
from rollout.model.problem import BadInput, Problem
from rollout.provider.postgres import check as checks

EXIT_WRONG: Final = 1


@click.command("setup")
@click.option("--check", "check", is_flag=True, help="Look at the stack's database, and change nothing.")
@click.option("--engine-only", is_flag=True, help="The engine alone: what a runner of CI needs.")
@options.stack
@options.json("Print one JSON list.")
def command(check: bool, engine_only: bool, stack: str | None, json_: bool) -> None:
    """Set up what this project needs beside the package, or check the database of a stack.

    Without --check: the engine, and an environment for simulator and reports, in the project's folder; nothing where they
    are there. With --check: ways in, migrations, rights, row level security, whose it is; everything is only read, as the
    roles that the environment's addresses come as. Exit code 0: all is right; 1: something isn't, and is named with the
    line that mends it; 2: wrong use.
    """
    if not check:
        if json_ or stack:
            given = "--json" if json_ else "--stack"
            raise BadInput(
                [Problem("that is an option of --check", given, "--engine-only", do="rollout setup --check")]
            )
        from rollout.commands.init import tools

        tools.set_up(engine_only)
        return
    chosen = files.need_stack(stack)
    settings = place.settings(chosen)
    if settings.database is None:
        click.echo("[]" if json_ else f"{chosen} has nothing in a database (rollout:store, rollout:source)")
        return
    found = list(checks.check(settings.database, chosen))
    if json_:
        click.echo(json.dumps([{**vars(one), "right": one.right} for one in found], indent=2, ensure_ascii=False))
    else:
        for one in found:
            click.echo(
                f"{'ok   ' if one.right else 'WRONG'}  {one.what}" + ("" if one.right else f"\n       do: {one.mend}")
            )
    if not all(one.right for one in found):
        sys.exit(EXIT_WRONG)
