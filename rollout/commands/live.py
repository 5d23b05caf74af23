"""What is live: every flag of a stack, read back from the store in one batch."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import click

from rollout.commands.project import files, options, place
from rollout.commands.reading import shown
from rollout.model import times
from rollout.model.flag.name import secret_name
from rollout.model.gate.window import MINUTE, Window, floor
from rollout.model.ladder import parse_percent
from rollout.model.problem import masked
from rollout.provider import shell
from rollout.provider.errors import StoreError
from rollout.provider.judging.context import Context
from rollout.provider.sources import choose as sources
from rollout.provider.sources.source import Found
from rollout.provider.stores import choose as stores
from rollout.provider.stores.store import Entry

#: How far back the traffic is shown.
LATELY: Final = timedelta(minutes=10)
NOT_READ: Final = "not read: "
#: Columns of a domain's name; the rest makes tables of 60.
WIDE: Final = 14


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
            if (word := shown.word(entry)) == shown.DELETED:
                row["gone"] = word
            try:
                row["since"] = _since(context, entry)
            except StoreError as error:  # the value is known all the same
                row.update(since=None, error=str(error))
        if domain.enable_flag is not None:
            switch = found[flags[domain.enable_flag]]
            row["enabled"] = None if isinstance(switch, StoreError) else _enabled(switch)
            if isinstance(switch, StoreError):
                row.setdefault("error", str(switch))
        result.append(row)
    return result


def _enabled(entry: Entry | None) -> str | None:
    word = shown.word(entry)
    return None if word == shown.ABSENT else word


def _cell(value: object) -> str:
    """A value on one line, whatever somebody put into a flag."""
    text = str(value)
    return "".join(char if char.isprintable() else "?" for char in text)


def _percent(entry: Entry | None) -> int | str | None:
    if entry is None or entry.text is None:
        return None
    share = parse_percent(entry.text)
    return masked(entry.text) if share is None else share


def _since(context: Context, entry: Entry | None) -> datetime | None:
    if entry is None or entry.text is None:
        return None
    found = context.store.tags(entry.name) if context.settings.virtual else {}
    return context.since(entry, found, ())


def table(found: list[dict[str, Any]], stack: str) -> str:
    """The rows for a terminal, under 80 columns."""
    lines = [f"{f'live on {stack}':<{WIDE}}{'percent':>8}  {'enabled':<9}since"]
    everybodys = unread(found)
    for row in found:
        if "percent" not in row:
            why = "not read" if everybodys else _cell(row["error"])
            lines.append(f"{row['domain']:<{WIDE}}{shown.UNKNOWN:>8}  {why}")
            continue
        share = row["percent"]
        percent = (
            row.get("gone", shown.ABSENT)
            if share is None
            else f"{share} %"
            if isinstance(share, int)
            else f"'{_cell(share)}'"
        )
        missing = shown.UNKNOWN if "error" in row else shown.ABSENT
        enabled = "-" if "enabled" not in row else _cell(row["enabled"] or missing)
        since = times.show(row["since"]) if row["since"] else "-"
        error = f"  {_cell(row['error'])}" if "error" in row else ""
        lines.append(f"{row['domain']:<{WIDE}}{percent:>8}  {enabled:<9}{since:<22}{error}".rstrip())
        if share is not None and not isinstance(share, int):
            lines.append(f"    no percent: people get 0 %; do: {shell.typed(stack).rollback(row['domain'], 'zero')}")
    return "\n".join(lines)


def unread(found: list[dict[str, Any]]) -> str:
    """Why no value at all could be read, where it is one and the same reason: said once. Else nothing."""
    why = {row.get("error") for row in found if "percent" not in row}
    return str(why.pop()) if len(why) == 1 and all("percent" not in row for row in found) else ""


def traffic(stack: str) -> list[str]:
    """Lines for a terminal: what both services of each domain reported lately. One call a domain."""
    settings, known = place.settings(stack), place.known()
    source = sources.source(settings, attempts=1)
    end = floor(settings.now(), MINUTE)
    window = Window(end - LATELY, end, MINUTE)
    lines = [f"{f'traffic of {LATELY // MINUTE} min':<{WIDE}}{'unified':>23}{'legacy':>23}"]
    for domain in known.domains.values():
        series = [(service, name) for service in (known.unified, domain.legacy) for name in ("Requests", "Errors")]
        try:
            found = source.read(domain.name, series, window)
        except StoreError as error:
            return [*lines, f"{NOT_READ}{error}"]
        counted = [_counted(found, service) for service in (known.unified, domain.legacy)]
        lines.append(f"{domain.name:<{WIDE}}{counted[0]:>23}{counted[1]:>23}")
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
    """Show what is live now, read back from the store.

    Exit code 0; 1 where something couldn't be read.
    """
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
        if why := unread(found):
            click.echo(_cell(why), err=True)
    lines = traffic(chosen) if with_traffic and not json_ else []
    if lines:
        click.echo("\n".join(lines))
    if any("error" in row for row in found) or any(line.startswith(NOT_READ) for line in lines):
        sys.exit(1)
