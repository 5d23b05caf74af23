"""`freeze`: writes into a stack config that nothing rises any more, or that one domain is held. A diff; no cloud."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click

from rollout.commands.project import files, options, place
from rollout.model.catalogue.domain import Catalogue
from rollout.model.stack_file import config, edit
from rollout.model.stack_file.forms import Why
from rollout.model.yaml_text import tree
from rollout.provider import shell, who


def rewrite(stack: str, change: Callable[[str], str]) -> tuple[Path, bool, Catalogue]:
    """Edits the stack's file; answers it, whether anything changed, and the catalogue. Raises `BadInput`, and writes nothing."""
    known = files.read_catalogue()
    path = files.stack_file(stack)
    with files.alone():
        text = tree.decode(files.read(path), files.name(path))
        edited = change(text)
        config.parse(edited.encode(), files.name(path), known)  # what is written can be read again
        if edited != text:
            files.write(path, edited.encode())
    return path, edited != text, known


def report(path: Path, changed: bool, what: str, stack: str, json_: bool) -> None:
    """What was written, and what comes next."""
    commit = f"git commit -m '{what}' -- {path.name}"
    following = f"{commit}; {shell.typed(stack).rollout('review')}" if changed else ""
    if json_:
        click.echo(json.dumps({"file": files.name(path), "written": changed, "what": what, "next": following or None}))
        return
    click.echo(f"written: {files.name(path)}: {what}" if changed else f"nothing to write: {what} already")
    if following:
        click.echo(f"next:    {following}")


@click.command("freeze")
@click.option("--why", required=True, metavar="TEXT", help="The reason, with an incident's number or a link.")
@click.option("--domain", metavar="D", help="Hold this domain alone (`held`); else everything (`freeze`).")
@options.by
@options.stack
@options.json()
def command(why: str, domain: str | None, by: str, stack: str | None, json_: bool) -> None:
    """Refuse every raise from now on, or those of one domain, by an entry in the stack config.

    From then on each preview and `up` from this file refuses; a rollback still goes. Exit code 0; 2: wrong use, nothing
    written.
    """
    chosen = files.need_stack(stack)
    if domain is not None:
        place.domain(files.read_catalogue(), domain)
    entry = Why(why, who.named(files.ROOT, by))
    path, changed, _ = rewrite(
        chosen, lambda text: edit.add_held(text, domain, entry) if domain else edit.add_freeze(text, entry)
    )
    report(path, changed, f"hold {domain}" if domain else "freeze", chosen, json_)
