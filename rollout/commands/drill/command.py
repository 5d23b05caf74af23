"""`drill`: a timed rollback where nothing is lost by it, kept in records/drills: a week's first raise asks for one."""

from __future__ import annotations

import json
import sys
from typing import Any, Final

import click
import yaml

from rollout.commands.drill import play as drilling
from rollout.commands.drill.play import Drilled, DrillFailed
from rollout.commands.project import commit as gitlog
from rollout.commands.project import files, options, place, progress
from rollout.commands.reading import around
from rollout.model import times
from rollout.model.catalogue.domain import Domain
from rollout.model.flag.moves import Kind, classify
from rollout.model.judge import drill
from rollout.model.problem import BadInput, Problem
from rollout.provider.git import GitFailed
from rollout.provider.judging import on_record
from rollout.provider.settings import Settings
from rollout.provider.stores.choose import DEFAULT

EXIT_FAILED: Final = 1


def due(stack: str) -> list[Domain]:
    """The domains that the stack file raises, and whose raise asks for a drill."""
    seen = around.look(stack)
    found = []
    for domain in seen.known.domains.values():
        live, record = seen.live[domain.name], seen.records.get(domain.name)
        wanted = seen.config.flags[domain.name].percent
        if live is None or classify(live, wanted, record.percent if record else None) is not Kind.RAISE:
            continue
        if drill.refusals(seen.ask(domain, live, wanted), on_record.drills(files.ROOT)):
            found.append(domain)
    return found


def play(domain: Domain, stack: str, settings: Settings) -> Drilled:
    """One drill. Raises `DrillFailed`."""
    with progress.shown(f"drilling {domain.name}"):
        if settings.simulator:
            return drilling.on_simulator(domain, stack, settings.now(), settings.store or DEFAULT)
        return drilling.on_store(domain, stack, settings, settings.now())


def keep(found: Drilled, commit: bool) -> str:
    """Writes the record; answers where, and in which commit."""
    one = found.drill
    path = files.ROOT / drill.RECORDS / f"{times.iso(one.at).replace(':', '')}-{one.stack}-{one.domain}.yaml"
    text = yaml.safe_dump(found.record(), sort_keys=False, allow_unicode=True, width=110).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, text)
    if not commit or one.endpoint == "simulator":  # a simulator's drill is worth nothing to anybody else
        return files.name(path)
    made = gitlog.commit_edit(path, lambda _: text, f"drill: {path.stem}", new=True)
    return f"{files.name(path)} committed, {made}"


@click.command("drill")
@click.argument("domain", required=False)
@options.stack
@click.option(
    "--due", "all_due", is_flag=True, help="Each domain that the stack file raises, and whose raise asks for one."
)
@click.option("--no-commit", is_flag=True, help="Write the record, but commit nothing.")
@options.json("Print one JSON list.")
def command(domain: str | None, stack: str | None, all_due: bool, no_commit: bool, json_: bool) -> None:
    """Roll DOMAIN back where nothing is lost by it, and measure: command -> value read back -> traffic back.

    A simulator's stack: a copy of the project with traffic, and the whole rollback. Against AWS: a scratch secret, lowered
    and read back. Nothing that is live is touched. Exit code 0: passed; 1: failed, or couldn't be played; 2: wrong use.
    """
    if bool(domain) == all_due:
        raise BadInput([Problem("which domain?", allowed="a DOMAIN, or --due", do="rollout drill jobs")])
    chosen = files.need_stack(stack)
    settings = place.settings(chosen)
    wanted = due(chosen) if all_due else [place.domain(files.read_catalogue(), domain or "")]
    shown, failed = list[dict[str, Any]](), False
    for one in wanted:
        try:
            found = play(one, chosen, settings)
            kept = keep(found, not no_commit)
        except (DrillFailed, GitFailed) as error:
            click.echo(f"drill of {one.name} FAILED: {error}", err=True)
            failed = True
            continue
        failed = failed or not found.drill.passed
        shown.append({**found.record(), "file": kept})
        if not json_:
            click.echo(f"drill of {one.name}: {'passed' if found.drill.passed else 'FAILED'}, {found.drill.show()}")
            if not found.drill.passed:
                click.echo("".join(f"  {at:5.1f} s  {text}\n" for at, text in found.steps), nl=False)
            click.echo(f"  record   {kept}")
    if json_:
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    sys.exit(EXIT_FAILED if failed else 0)
