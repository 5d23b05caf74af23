"""`plan`: the days with their dates, whether each raise can be decided in time, and what in them breaks a rule."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterable
from datetime import date
from typing import Final

import click

from rollout.commands.plan import decidable
from rollout.commands.project import files, options, terminal
from rollout.commands.reading import days
from rollout.model.catalogue.domain import Catalogue
from rollout.model.plan import days as plan
from rollout.model.plan import written
from rollout.model.stack_file import config

WIDTH: Final = 80
EXIT_BROKEN: Final = 1


@click.command("plan")
@options.stack
@click.option("--from", "first", metavar="DATE", help="Lay what is left anew from then on, by what is live.")
@click.option("--write", is_flag=True, help="Write stacks/day-NN.yaml from ladders, soaks and prerequisites.")
@options.json()
def command(stack: str | None, first: str | None, write: bool, json_: bool) -> None:
    """Show the plan with its dates, whether the gate can decide each raise in time, and what breaks a rule.

    With --from DATE: what is left, from what is live, on the earliest days that no rule forbids; nothing is written.
    With --write: the days are laid anew from the catalogue, a raise as early as its rules let it; a diff to be reviewed.
    Exit code 1 where a rule is broken, 0 where there are only notes, 2 where a file can't be read.
    """
    if first is not None:
        _laid_anew(files.need_stack(stack), first, json_)
        return
    catalogue = files.read_catalogue()
    if write:
        _write(catalogue)
    the_plan = days.read_plan(catalogue)
    start = _start(files.find_stack(stack), catalogue)
    rows = plan.table(the_plan, start, catalogue.domains)
    findings = plan.check(the_plan, catalogue)
    click.echo(
        _json(rows, findings, catalogue)
        if json_
        else "\n".join(_text(rows, findings, catalogue, start, terminal.columns()))
    )
    if any(finding.severity == "broken" for finding in findings):
        sys.exit(EXIT_BROKEN)


def _write(catalogue: Catalogue) -> None:
    """Every day's file; one of a longer plan before is taken away."""
    folder, laid = files.ROOT / "stacks", written.days(catalogue)
    folder.mkdir(exist_ok=True)
    with files.alone():
        for number, percents in laid.items():
            files.write(folder / f"day-{number:02d}.yaml", written.text(number, percents, catalogue).encode())
        for path in folder.glob("day-[0-9][0-9].yaml"):
            if int(path.stem[-2:]) not in laid:
                path.unlink()
    click.echo(f"stacks/day-00.yaml to day-{max(laid):02d}.yaml written", err=True)


def _laid_anew(stack: str, first: str, json_: bool) -> None:
    from rollout.commands.plan import anew  # it reads what is live; the plan alone needs no AWS

    seen, laid, notes = anew.lay(stack, first)
    shown = anew.text(laid, notes, seen.known.domains, anew.planned_end(seen))
    click.echo(json.dumps(anew.as_json(laid, notes), indent=2) if json_ else "\n".join(shown))


def _start(stack: str | None, catalogue: Catalogue) -> date | None:
    if stack is None:
        return None
    path = files.stack_file(stack)
    return config.parse(files.read(path), files.name(path), catalogue).start


def _text(
    rows: list[plan.Row], findings: list[plan.Finding], catalogue: Catalogue, start: date | None, width: int = WIDTH
) -> Iterable[str]:
    names = list(catalogue.domains)
    for some in _beside(names, width):
        yield "  ".join(["day", "date      ", *(f"{name:>9}" for name in some)])
        for row in rows:
            cells = (f"{row.percents[name]}{'*' if name in row.changed else ' '}" for name in some)
            day = str(row.date) if row.date else "-"
            columns = (f"{cell:>{max(9, len(name))}}" for cell, name in zip(cells, some, strict=True))
            yield "  ".join([f"{row.number:>3}", f"{day:<10}", *columns]).rstrip()
    yield from textwrap.wrap("per cent of each domain's traffic on the unified service; * moves on this day", width)
    if start is None:
        yield from textwrap.wrap(
            "no dates: no stack is chosen, or it has no wa-rollout:start (--stack, PULUMI_STACK)", width
        )
    yield ""
    planned = {name: row.number for row in reversed(rows) for name in row.changed if row.percents[name]}
    yield from decidable.text(catalogue, planned, width)
    for finding in findings:
        yield ""
        label = "BROKEN" if finding.severity == "broken" else "note"
        yield from textwrap.wrap(f"{label}: {finding.text}", width, subsequent_indent="  ", break_on_hyphens=False)
        if finding.where:
            yield f"  {finding.where}"
    yield ""
    yield _summary(sum(finding.severity == "broken" for finding in findings), len(findings))


def _beside(names: list[str], width: int) -> Iterable[list[str]]:
    """The domains in as many tables as fit beside each other, one at least in each."""
    some: list[str] = []
    for name in names:
        if some and sum(2 + max(9, len(one)) for one in [*some, name]) > width - len("day  0000-00-00"):
            yield some
            some = []
        some = [*some, name]
    yield some


def _summary(broken: int, findings: int) -> str:
    notes = findings - broken
    said = f"{broken} rule{'s' * (broken != 1)} broken, {notes} note{'s' * (notes != 1)}"
    return f"{said} (where the plan contradicts itself)" if notes else said


def _json(rows: list[plan.Row], findings: list[plan.Finding], catalogue: Catalogue) -> str:
    shown = [
        {
            "day": row.number,
            "date": str(row.date) if row.date else None,
            "percent": row.percents,
            "changed": row.changed,
        }
        for row in rows
    ]
    found = [{"severity": finding.severity, "text": finding.text, "where": finding.where} for finding in findings]
    return json.dumps({"days": shown, "gate": decidable.as_json(catalogue), "findings": found}, indent=2)
