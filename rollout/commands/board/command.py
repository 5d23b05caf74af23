"""`board`: one page that says where everything stands, for people who have no shell."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from rollout.commands.board import making
from rollout.commands.project import files, options
from rollout.model.board.curves import DAYS
from rollout.model.problem import BadInput, Problem

PAGE: Final = ".local/board/index.html"


@click.command("board")
@options.stack
@click.option("--out", type=click.Path(path_type=Path), metavar="PATH", help=f"Where to write (else {PAGE}).")
@click.option(
    "--days", type=click.IntRange(1, 400), default=DAYS, show_default=True, help="How far back curves go at most."
)
@click.option("--repository", default="", metavar="URL", help="Where commits are seen (else CI's, else git's origin).")
@click.option("--serve", is_flag=True, help="Serve it on loopback, written anew every 30 s, until Ctrl-C.")
@click.option(
    "--start", "start_", is_flag=True, help="The same in the background; where one runs, only its address is said."
)
@click.option("--stop", "stop_", is_flag=True, help="End the one in the background.")
@click.option(
    "--while", "while_", type=click.Path(path_type=Path), metavar="PATH",
    help="Of --serve and --start: leave when that file is gone.",
)  # fmt: skip
@options.json("Write nothing; print what the page says.")
def command(
    stack: str | None,
    out: Path | None,
    days: int,
    repository: str,
    serve: bool,
    start_: bool,
    stop_: bool,
    while_: Path | None,
    json_: bool,
) -> None:
    """Write the board: one page with everything, to open from a disk or put on any web space.

    Headline, domains, flight strip, curves, what happened. It asks nothing of anybody; where something can't be read it
    says so. Exit code 0; 1 where something couldn't be read (the page is written), 2 where nothing was written.
    """
    if sum((serve, start_, stop_, json_)) > 1:
        raise BadInput([Problem("one at a time", "--serve, --start, --stop, --json", "at most one of them")])
    if stop_:
        from rollout.commands.board import server

        click.echo(server.stop())
        return
    chosen = files.need_stack(stack)
    if serve or start_:
        from rollout.commands.board import server

        until = while_.absolute() if while_ else None
        sys.exit(server.start(chosen, until) if start_ else server.serve(chosen, repository, days, while_=until))
    text, wrong = making.made(chosen, repository, days, as_json=json_)
    if json_:
        click.echo(text)
    else:
        path = (out if out is not None else files.ROOT / PAGE).absolute()
        making.write(path, text)
        click.echo(f"written: {files.name(path)}")
    for one in wrong:
        click.echo(one, err=True)
    sys.exit(1 if wrong else 0)
