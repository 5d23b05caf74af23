"""The audit: every flag as it is live, as the stack file wants it, and as the stack's state has it, side by side."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

import click

from rollout.commands.engine import pulumi
from rollout.commands.project import files, options, place
from rollout.commands.reading import deployed, shown
from rollout.model.flag.name import secret_name
from rollout.model.problem import BadInput
from rollout.model.stack_file import config
from rollout.provider import alerts
from rollout.provider.errors import StoreError
from rollout.provider.stores import choose as stores


@dataclass(frozen=True)
class Line:
    """One flag. Each value is as text; `?` where its source can't be read, `absent` where it has none, `deleted` where it is to go."""

    domain: str
    flag: str
    live: str
    file: str
    state: str

    @property
    def agrees(self) -> bool:
        """Whether all three are known and say the same; an absent secret is what the service takes for off."""
        return len({self.live, self.file, self.state}) == 1 and self.live != shown.UNKNOWN


def lines(stack: str) -> tuple[list[Line], list[str]]:
    """Every flag of a stack, and what couldn't be read."""
    known, wrong = place.known(), list[str]()
    flags = {flag: secret_name(stack, flag) for domain in known.domains.values() for flag in domain.flags}
    found = stores.store(place.settings(stack)).get_many(flags.values())
    wanted: dict[str, config.Flag] = {}
    path = files.stack_file(stack)
    try:
        wanted = config.parse(files.read(path), path.name, known).flags
    except BadInput as error:
        wrong.append(str(error))
    state: dict[str, dict[str, object]] = {}
    try:
        state = deployed.inputs(stack)
    except pulumi.EngineFailed as error:
        wrong.append(str(error))
    result = []
    for domain in known.domains.values():
        for flag in domain.flags:
            key = "percent" if flag == domain.percent_flag else "enabled"
            entry = found[flags[flag]]
            if isinstance(entry, StoreError):
                wrong.append(str(entry))
            flag_wanted = wanted.get(domain.name)
            in_file = shown.UNKNOWN if flag_wanted is None else _text(getattr(flag_wanted, key))
            in_state = _text(state[domain.name].get(key, shown.UNKNOWN)) if domain.name in state else shown.UNKNOWN
            result.append(Line(domain.name, flag, shown.word(entry), in_file, in_state))
    return result, wrong


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def table(found: list[Line]) -> str:
    """For a terminal, under 80 columns."""
    rows = [f"{'flag':<33}{'live':>8}{'file':>8}{'state':>8}"]
    rows += [
        f"{line.flag:<33}{line.live:>8}{line.file:>8}{line.state:>8}{'' if line.agrees else '   differ'}"
        for line in found
    ]
    return "\n".join(rows)


@click.command("audit")
@options.stack
@options.json("Print one JSON list.")
def command(stack: str | None, json_: bool) -> None:
    """Compare what is live with the stack file and the stack's state, flag by flag.

    Exit code 0: all agree; 1: something differs or can't be read.
    """
    chosen = files.need_stack(stack)
    found, wrong = lines(chosen)
    settings = place.settings(chosen)
    if silence := alerts.silence(settings, chosen):
        if settings.simulator:  # nobody watches over a play
            click.echo(silence, err=True)
        else:
            wrong.append(silence)
    if json_:
        click.echo(json.dumps([{**vars(line), "agrees": line.agrees} for line in found], indent=2))
    else:
        click.echo(table(found))
    for text in dict.fromkeys(wrong):
        click.echo(text, err=True)
    sys.exit(0 if not wrong and all(line.agrees for line in found) else 1)
