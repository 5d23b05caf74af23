"""`report`: the daily log, the comparison, the incidents and the final report, from the record alone."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from rollout.commands.engine import pulumi
from rollout.commands.project import files, options, progress
from rollout.commands.reading import history
from rollout.commands.reading.records import records
from rollout.commands.report import fonts, markdown
from rollout.model.gate import fire
from rollout.model.judge import drill
from rollout.model.problem import BadInput, Problem
from rollout.model.reports import daily, final, incidents, parts, performance
from rollout.model.reports.parts import Report
from rollout.model.reports.story import Story

PAGE: Final = "index.html"


def tell(story: Story) -> list[Report]:
    """Every report, the final one first on the page."""
    makers: list[Callable[[Story], Report]] = [
        final.report, performance.report, incidents.report, daily.report,
    ]  # fmt: skip
    return [make(story) for make in makers]


def load(stack: str, as_of: datetime | None = None) -> Story:
    """The story of `stack`. Raises `EngineFailed`, and `BadInput` for a broken catalogue or record."""
    found = history.load(stack)
    return Story(
        stack, found.known, found.plan, found.start, found.updates, found.moves, found.lines,
        records(fire.RECORDS, stack), records(drill.RECORDS, stack), as_of,
    )  # fmt: skip


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Each file whole or not at all; the folder is made. Raises `BadInput` where it can't be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            files.write(folder / name, text.encode())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadInput([Problem("the reports can't be written", f"--out {folder}", given=reason)]) from None


@click.command("report")
@options.stack
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Where to write (else reports/<stack>).")  # fmt: skip
@click.option("--as-of", "as_of", metavar="DATE", help="Judge as of then (else as of the newest entry of the record).")
@options.json("Write nothing; print the reports and each figure's source.")
def command(stack: str | None, out: Path | None, as_of: str | None, json_: bool) -> None:
    """Write the reports: daily log, performance, incidents, final; as Markdown, and as one page with pictures.

    From the stack's history, the flags' own records and records/ alone: the same record gives the same bytes again.
    Exit code 0; 1 where the engine can't tell, or the page's libraries aren't there (then the Markdown is written).
    """
    at = files.moment("--as-of", as_of)
    chosen = files.need_stack(stack)
    try:
        with progress.shown("reading history and records"):
            story = load(chosen, at)
    except pulumi.EngineFailed as error:
        click.echo(f"the stack's history can't be read: {error}", err=True)
        sys.exit(1)
    reports = tell(story)
    if json_:
        click.echo(json.dumps([parts.plain(one) for one in reports], ensure_ascii=False, indent=1))
        return
    texts = {f"{one.name}.md": markdown.render(one) for one in reports}
    drawn = all(importlib.util.find_spec(name) for name in ("matplotlib", "jinja2"))
    if drawn:
        with fonts.alone():
            from rollout.commands.report import web_page  # its libraries aren't in the run-time environment

        with progress.shown("drawing the page"):
            texts[PAGE] = web_page.render(story, reports)
    folder = out if out is not None else files.ROOT / "reports" / chosen
    write(folder, texts)
    for name in texts:
        click.echo(f"written: {files.name(folder / name)}")
    if not drawn:
        click.echo(f"not written: {PAGE}: its libraries are in .venv-dev alone: make report STACK={chosen}", err=True)
        sys.exit(1)
