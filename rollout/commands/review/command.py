"""`review`: the page a reviewer decides from, as Markdown; the approval that binds it; and which lowerings are due."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from rollout.commands.project import files, options, progress
from rollout.commands.review import gather, lowerings
from rollout.model import times
from rollout.model.problem import BadInput, Problem, visible
from rollout.model.review import markdown
from rollout.model.review.decision import Page

EXIT_NO_PREVIEW = 1
EXIT_REFUSED = 3


def as_json(page: Page) -> dict[str, Any]:
    """The page's decision in plain values."""
    rows = [
        {
            "domain": row.domain, "live": row.live, "to": row.new, "kind": str(row.kind), "plan": row.planned,
            "behind": row.behind, "soak": row.soak, "verdict": row.verdict, "bounds": row.gist, "fire": row.fire,
            "refusals": [vars(one) for one in row.refusals], "lines": list(row.lines),
        }
        for row in page.rows
    ]  # fmt: skip
    return {
        "stack": page.stack, "at": times.iso(page.at), "may": page.may, "rows": rows,
        "beside": [one.text for one in page.beside], "drift": list(page.drift), "warnings": list(page.warnings),
        "frozen": page.frozen, "off": list(page.off), "digest": page.approval.digest if page.approval else None, "failure": page.failure,
    }  # fmt: skip


@click.command("review")
@options.stack
@click.option("--out", metavar="FILE", help="Write the page there instead of printing it.")
@click.option("--approval", "approval_", metavar="FILE", help="Write there what an approval binds (ROLLOUT_APPROVED).")
@click.option("--lowerings", "lower", is_flag=True, help="Only say which domains are to go down: no preview, no page.")
@options.json()
def command(stack: str | None, out: str | None, approval_: str | None, lower: bool, json_: bool) -> None:
    """Preview what the stack file asks for, as a page to decide from in two minutes.

    Exit code 0: it may be applied; 3: something in it is refused (the page says what, and what to do; a rollback in it
    goes all the same); 1: no preview could be made; 2: wrong use. Changes nothing.
    """
    chosen = files.need_stack(stack)
    if lower:
        if out or approval_:
            raise BadInput([Problem("--lowerings writes no page and no approval", do="leave --out and --approval out")])
        sys.exit(lowerings.show(chosen, json_))
    with progress.shown(f"previewing {chosen}"):
        page = gather.page(chosen)
    if approval_:
        _write(approval_, page.approval.text() if page.approval else "{}\n")
    text = json.dumps(as_json(page), indent=2, ensure_ascii=False) + "\n" if json_ else markdown.page(page)
    if out:
        _write(out, text)
    else:
        click.echo(text, nl=False)
    sys.exit(EXIT_NO_PREVIEW if page.failure else 0 if page.may else EXIT_REFUSED)


def _write(path: str, text: str) -> None:
    try:
        files.write(Path(path), visible(text).encode())
    except OSError as error:
        raise BadInput([Problem(f"can't be written: {error.strerror}", path)]) from None
