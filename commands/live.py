"""What is live: every flag of a stack, read back from the store in one batch."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

import click

from commands import files, place
from provider.context import Context
from provider.secrets_manager import SecretsManager
from provider.store import Entry, StoreError, secret_name
from rollout import schedule, tags
from rollout.problem import masked


def rows(stack: str) -> list[dict[str, Any]]:
    """Per domain: `percent`, `enabled` (as stored; None where absent) and `since`; `error` where a value can't be read."""
    settings = place.settings(stack)
    known = place.known()
    store = SecretsManager(settings)
    context = Context(settings, store)
    flags = {flag: secret_name(stack, flag) for domain in known.domains.values() for flag in domain.flags}
    found = store.get_many(flags.values())
    result = []
    for domain in known.domains.values():
        entry = found[flags[domain.percent_flag]]
        row: dict[str, Any] = {"domain": domain.name, "flag": domain.percent_flag}
        if isinstance(entry, StoreError):
            row["error"] = str(entry)
        else:
            row["percent"] = _percent(entry)
            row["since"] = _since(context, entry)
        if domain.enable_flag is not None:
            switch = found[flags[domain.enable_flag]]
            row["enabled"] = str(switch) if isinstance(switch, StoreError) else _enabled(switch)
        result.append(row)
    return result


def _enabled(entry: Entry | None) -> str | None:
    return None if entry is None or entry.text is None else masked(entry.text)


def _percent(entry: Entry | None) -> int | str | None:
    if entry is None or entry.text is None:
        return None
    return int(entry.text) if entry.text.isdigit() else masked(entry.text)


def _since(context: Context, entry: Entry | None) -> datetime | None:
    if entry is None or entry.text is None:
        return None
    found = context.store.tags(entry.name) if context.settings.virtual else {}
    since: datetime | None = context.since(entry, found, ())
    return since


def table(found: list[dict[str, Any]], stack: str) -> str:
    """The rows for a terminal, under 80 columns."""
    lines = [f"live on {stack}", f"{'domain':<13}{'percent':>8}  {'enabled':<9}{'since':<22}"]
    for row in found:
        if "error" in row:
            lines.append(f"{row['domain']:<13}{'?':>8}  {row['error']}")
            continue
        percent = "absent" if row["percent"] is None else f"{row['percent']} %"
        enabled = row.get("enabled", "-") or "absent"
        since = schedule.show(row["since"]) if row["since"] else "-"
        lines.append(f"{row['domain']:<13}{percent:>8}  {enabled:<9}{since:<22}".rstrip())
    return "\n".join(lines)


@click.command("live")
@click.option("--stack", metavar="S", help="The stack (else PULUMI_STACK, else the selected one).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def command(stack: str | None, as_json: bool) -> None:
    """Show what is live now, read back from the store."""
    chosen = files.need_stack(stack)
    found = rows(chosen)
    if as_json:
        click.echo(json.dumps([{**row, "since": tags.iso(row["since"]) if row.get("since") else None} for row in found], indent=2))
    else:
        click.echo(table(found, chosen))
    if any("error" in row for row in found):
        sys.exit(1)
