"""What is live: every flag of a stack, read back from the store in one batch."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import click

from rollout.commands.project import files, options, place
from rollout.model import times
from rollout.model.flag.name import secret_name
from rollout.model.gate.window import MINUTE, Window, floor
from rollout.model.problem import masked
from rollout.provider.errors import StoreError
from rollout.provider.judging.context import Context
from rollout.provider.sources import choose as sources
from rollout.provider.sources.source import Found
from rollout.provider.stores import choose as stores
from rollout.provider.stores.store import Entry

#: How far back the traffic is shown.
LATELY: Final = timedelta(minutes=10)


def rows(stack: str) -> list[dict[str, Any]]:
    """Per domain: `percent`, `enabled` (as stored; None where absent) and `since`; `error` where a value can't be read."""
    settings = place.settings(stack)
    known = place.known()
    store = stores.store(settings)
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
    return context.since(entry, found, ())


def table(found: list[dict[str, Any]], stack: str) -> str:
    """The rows for a terminal, under 80 columns."""
    lines = [f"live on {stack}", f"{'domain':<13}{'percent':>8}  {'enabled':<9}since"]
    for row in found:
        if "error" in row:
            lines.append(f"{row['domain']:<13}{'?':>8}  {row['error']}")
            continue
        percent = "absent" if row["percent"] is None else f"{row['percent']} %"
        enabled = row.get("enabled", "-") or "absent"
        since = times.show(row["since"]) if row["since"] else "-"
        lines.append(f"{row['domain']:<13}{percent:>8}  {enabled:<9}{since:<22}".rstrip())
    return "\n".join(lines)


def traffic(stack: str) -> list[str]:
    """Lines for a terminal: what both services of each domain reported lately. One call a domain."""
    settings, known = place.settings(stack), place.known()
    source = sources.source(settings, attempts=1)
    end = floor(settings.now(), MINUTE)
    window = Window(end - LATELY, end, MINUTE)
    lines = [f"traffic of the last {LATELY // MINUTE} min", f"{'domain':<13}{'unified':>24}{'legacy':>24}"]
    for domain in known.domains.values():
        series = [(service, name) for service in (known.unified, domain.legacy) for name in ("Requests", "Errors")]
        try:
            found = source.read(domain.name, series, window)
        except StoreError as error:
            return [*lines, f"not read: {error}"]
        shown = [_counted(found, service) for service in (known.unified, domain.legacy)]
        lines.append(f"{domain.name:<13}{shown[0]:>24}{shown[1]:>24}")
    return lines


def _counted(found: Found, service: str) -> str:
    requests, errors = (found[service, name] for name in ("Requests", "Errors"))
    if not requests or not errors:
        return "no data"
    return f"{_sum(requests):,} requests, {_sum(errors):,} bad"


def _sum(periods: Mapping[datetime, tuple[float, float]]) -> int:
    return int(sum(value for value, _ in periods.values()))


@click.command("live")
@options.stack
@options.json("Print one JSON list.")
@click.option("--traffic", "with_traffic", is_flag=True, help="Show the last minutes of traffic too.")
def command(stack: str | None, json_: bool, with_traffic: bool) -> None:
    """Show what is live now, read back from the store."""
    chosen = files.need_stack(stack)
    found = rows(chosen)
    if json_:
        click.echo(
            json.dumps(
                [{**row, "since": times.iso(row["since"]) if row.get("since") else None} for row in found], indent=2
            )
        )
    else:
        click.echo(table(found, chosen))
    if with_traffic and not json_:
        click.echo("\n".join(traffic(chosen)))
    if any("error" in row for row in found):
        sys.exit(1)
