"""`status`: where each domain stands, and what comes next. Reads the store, the counters and the stack's state."""

from __future__ import annotations

import json
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import click

from commands import deployed, engine, files, place
from commands.plan import read_plan
from provider import evidence
from provider.aws import Aws
from provider.context import Context
from provider.counters import CloudWatch
from provider.sdk import Sdk
from provider.secrets_manager import SecretsManager
from provider.store import Entry, StoreError
from rollout import conditions, config, schedule, standing
from rollout.catalogue import Catalogue, Domain
from rollout.conditions import Conditions
from rollout.config import StackConfig
from rollout.judge import Ask
from rollout.ladder import LADDER, next_rung
from rollout.moves import Live
from rollout.plan import Plan
from rollout.standing import Standing

WIDTH: Final = 80


def standings(stack: str) -> tuple[str, list[Standing], list[str]]:
    """The heading, every domain in the catalogue's order, and what couldn't be read."""
    known, settings, wrong = files.read_catalogue(), place.settings(stack), list[str]()
    path = files.stack_file(stack)
    stack_config = config.parse(files.read(path), files.name(path), known)
    the_plan, now = read_plan(known), settings.now()
    day = standing.day_of(stack_config.start, now)
    sdk = Sdk()
    counters = CloudWatch(Aws.brief(settings, sdk, attempts=1))
    context = Context(settings, SecretsManager(settings, sdk), counters=counters)
    with ThreadPoolExecutor() as pool:  # the engine tells the record meanwhile
        records = pool.submit(deployed.moves, stack)
        names = {name: context.percent_name(stack, name) for name in known.domains}
        entries = context.store.get_many(name.secret for name in names.values())
        found = {name: _live(context, entries[names[name].secret], wrong) for name in known.domains}
        try:
            history = records.result()
        except engine.EngineFailed as error:
            history = {}
            wrong.append(f"the stack's state: {error}")
        rows = [
            _row(context, known, domain, found, stack_config, history.get(domain.name, []), the_plan, day)
            for domain in known.domains.values()
        ]
    return f"{stack} at {schedule.show(now)}{_day(day)}", rows, wrong


def _day(day: int | None) -> str:
    if day is None:
        return ""
    return f", day {day} of the plan" if day > 0 else f", {1 - day} days before day 1"


def _live(context: Context, entry: Entry | StoreError | None, wrong: list[str]) -> Live | None:
    try:
        if isinstance(entry, StoreError):
            raise entry
        return context.live(entry, context.store.tags(entry.name) if entry else {})
    except StoreError as error:
        wrong.append(str(error))
        return None


def _row(
    context: Context, known: Catalogue, domain: Domain, found: dict[str, Live | None], stack: StackConfig,
    history: list[dict[str, Any]], the_plan: Plan, day: int | None,
) -> Standing:  # fmt: skip
    live = found[domain.name]
    planned = None if day is None else the_plan.percent(min(max(day, 0), the_plan.last), domain.name)
    flag = stack.flags.get(domain.name)
    if live is None:
        return Standing(domain.name, "?", flag.percent if flag else None, planned, 0, None, "not read", "read it again")
    percent = live.percent or 0
    ask = Ask(
        catalogue=known, domain=domain, live=live, wanted=next_rung(percent) or LADDER[-1], now=context.settings.now(),
        conditions=Conditions.from_inputs(conditions.conditions(stack, domain.name)), moves=history,
        others={name: other for name, other in found.items() if other is not None}, loopback=context.settings.loopback,
    )  # fmt: skip
    answer, unread = None, "" if stack.gate != "off" else "gate off"
    if stack.gate != "off" and percent and live.since is not None:
        try:
            look = evidence.look(context, domain, live, history, ask if percent < LADDER[-1] else None)
            answer, unread = (look.answer, "") if look.over.starts() else (None, "too young to judge")
        except StoreError as error:
            unread = f"not judged: {error}"
    behind = standing.behind(the_plan, day, domain.name, live.percent)
    return standing.stand(ask, flag.percent if flag else None, planned, behind, answer, unread)


def table(rows: list[Standing], heading: str) -> str:
    """For a terminal, under 80 columns: numbers first, then a line of verdict and one of what comes next."""
    lines = [heading, f"{'domain':<13}{'live':>6}{'stack':>7}{'plan':>6}{'behind':>10}{'soak left':>14}"]
    for row in rows:
        behind = f"{row.behind} d" if row.behind else "-"
        soak = "-" if row.soak_left is None else schedule.show_span(row.soak_left) if row.soak_left else "over"
        live = row.live.removesuffix(" %").replace("0 % (secret absent)", "absent")
        stack, planned = ("-" if value is None else str(value) for value in (row.stack, row.planned))
        lines.append(f"{row.domain:<13}{live:>6}{stack:>7}{planned:>6}{behind:>10}{soak:>14}")
        for text in filter(None, (row.verdict, f"next: {row.next_step}")):
            lines += textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="      ")
    return "\n".join(lines)


@click.command("status")
@click.option("--stack", metavar="S", help="The stack (else PULUMI_STACK, else the selected one).")
@click.option("--json", "json_", is_flag=True, help="Print one JSON list.")
def command(stack: str | None, json_: bool) -> None:
    """Show where each domain stands: live, stack, plan, what is left of its soak, the gate, and the next step.

    Exit code 0; 1 where something couldn't be read.
    """
    heading, rows, wrong = standings(files.need_stack(stack))
    if json_:
        shown = [
            {**vars(row), "soak_left": row.soak_left.total_seconds() if row.soak_left is not None else None}
            for row in rows
        ]
        click.echo(json.dumps(shown, indent=2))
    else:
        click.echo(table(rows, heading))
    for text in wrong:
        click.echo(text, err=True)
    sys.exit(1 if wrong else 0)
