"""`promote`: writes the next step into a stack config. Nothing outside changes: that is for `pulumi up`."""

from __future__ import annotations

import json

import click

from rollout.commands.project import files, options
from rollout.model.plan.promote import Step, promote
from rollout.model.stack_file import config, edit
from rollout.model.yaml_text import tree
from rollout.provider import shell


@click.command("promote")
@click.argument("day", type=click.IntRange(0, config.LAST_DAY), required=False)
@click.option("--domain", metavar="D", help="This domain alone.")
@options.stack
@options.json()
def command(day: int | None, domain: str | None, stack: str | None, json_: bool) -> None:
    """Write the next step into a stack config, to be reviewed.

    Per domain the lower of DAY's percent and its next rung; without DAY its next rung. Never down, never two rungs.
    It goes by the stack file and the plan alone: what else stands against a raise, a latch in the flag's record too,
    is said by the preview.
    """
    catalogue = files.read_catalogue()
    chosen = files.need_stack(stack)
    path = files.stack_file(chosen)
    raw = files.read(path)
    stack_config = config.parse(raw, files.name(path), catalogue)
    the_day = None
    if day is not None:
        day_path = files.ROOT / "stacks" / f"day-{day:02d}.yaml"
        the_day = config.parse_day(files.read(day_path), files.name(day_path), catalogue)
    steps = promote(stack_config, catalogue, the_day, domain)
    text = original = tree.decode(raw, files.name(path))
    for step in steps:
        if step.to is not None:
            text = edit.set_flag(text, step.domain, step.to, step.enabled)
    if text != original:
        data = text.encode()
        config.parse(data, files.name(path), catalogue)  # what is written can be read again
        files.write(path, data)
    for warning in stack_config.warnings:
        click.echo(f"warning: {warning}", err=True)
    review = shell.typed(chosen).preview() if text != original else ""
    click.echo(_json(steps, files.name(path), review) if json_ else _text(steps, files.name(path), review))


def _text(steps: list[Step], where: str, review: str) -> str:
    width = max(len(step.domain) for step in steps)
    lines = [
        f"{step.domain:<{width}}  {step.at:>3} % -> {step.to} %" if step.to is not None
        else f"{step.domain:<{width}}  {step.at:>3} %  skipped, {step.skipped}"
        for step in steps
    ]  # fmt: skip
    after = [f"written: {where}", f"next:    {review}"] if review else ["nothing to write"]
    return "\n".join([*lines, *after])


def _json(steps: list[Step], where: str, review: str) -> str:
    rows = [{"domain": s.domain, "from": s.at, "to": s.to, "skipped": s.skipped or None} for s in steps]
    return json.dumps({"file": where, "written": bool(review), "steps": rows, "next": review or None}, indent=2)
