"""`rehearse`: the plan played on a copy of the project, day by day, with simulated traffic and a virtual clock."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rollout.commands.project import files, options
from rollout.model import times
from rollout.model.problem import BadInput, Problem

if TYPE_CHECKING:
    from rollout.simulator.rehearsal.player import Morning

WIDTH: Final = 100
#: The last day of the seed's plan (`rollout.simulator.rehearsal.player`, which is imported when it is played).
LAST_DAY: Final = 21
REPORTS: Final = ".local/reports/story"
EXIT_FAILED: Final = 1


def line(morning: Morning) -> str:
    """One day, for a terminal."""
    percents = "  ".join(f"{name} {percent:>3}" for name, percent in morning.live.items())
    lines = [f"day {morning.day:>2}  {morning.at:%Y-%m-%d}  {percents}  {morning.seconds:4.1f} s"]
    lines += [f"        {text}" for text in morning.moved]
    for text in morning.said:
        lines += textwrap.wrap(text, WIDTH, initial_indent="          ", subsequent_indent="            ")
    return "\n".join(lines)


def outcome(mornings: list[Morning], incidents: list[Path], seconds: float, at_end: bool) -> str:
    """The end of the story."""
    raises = sum(text.startswith("PASS") for morning in mornings for text in morning.said)
    holds = sum(text.startswith("HOLD") for morning in mornings for text in morning.said)
    burnt = sum(len(morning.burnt) for morning in mornings)
    end = "all four domains are at 100 %" if at_end else "not all domains are at 100 %"
    lines = [f"{end} after {len(mornings)} days: {raises} raises, {holds} held, {burnt} rolled back; {seconds:.0f} s"]
    return "\n".join([*lines, *(f"  incident {path.stem}" for path in incidents)])


def as_json(morning: Morning) -> str:
    """One day as one line of JSON."""
    return json.dumps({**vars(morning), "at": times.iso(morning.at)}, ensure_ascii=False)


@click.command("rehearse")
@click.argument("scenario", default="healthy")
@click.option("--seed", default=1, show_default=True, help="Of the simulated traffic: the same seed, the same counts.")
@click.option("--days", default=LAST_DAY, show_default=True, help="So many mornings.")
@click.option("--story", is_flag=True, help="A whole migration with all that can happen, and its reports.")
@click.option("--out", default=REPORTS, metavar="DIR", show_default=True, help="Where the story's reports are written.")
@click.option(
    "--store", default="secrets-manager", type=click.Choice(["secrets-manager", "postgres"]), show_default=True,
    help="Where the copy's flags live: on a simulated AWS, or in a PostgreSQL server of its own.",
)  # fmt: skip
@options.json("Print one JSON object a day.")
def command(scenario: str, seed: int, days: int, story: bool, out: str, store: str, json_: bool) -> None:
    """Play the plan under a scenario of traffic (rollout/simulator/traffic/scenarios), on a copy: nothing here is touched.

    Exit code 0: played; 1: a command failed in a way that is no verdict; 2: wrong use.
    """
    from rollout.simulator import env
    from rollout.simulator.rehearsal import player as players
    from rollout.simulator.rehearsal import story as stories
    from rollout.simulator.scratch import CommandFailed
    from rollout.simulator.traffic import scenario as scenarios

    if story:
        scenario, days = stories.SCENARIO, stories.DAYS
    if scenario not in scenarios.names():
        raise BadInput([Problem("unknown scenario", "SCENARIO", ", ".join(scenarios.names()), scenario)])
    env.isolate(os.environ)
    began, mornings = time.monotonic(), list[players.Morning]()
    click.echo(f"rehearsal of {scenario}: a copy of the project, simulated traffic, a virtual clock", err=json_)
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=files.passing()) as folder:
        project = Path(folder, "project")
        player = (
            stories.Story(project, seed, store=store) if story else players.Player(project, scenario, seed, store=store)
        )
        failed = False
        try:
            try:
                for morning in player.play(days):
                    mornings.append(morning)
                    click.echo(as_json(morning) if json_ else line(morning))
                    sys.stdout.flush()
                at_end = all(percent == 100 for percent in player.live().values())
                click.echo(outcome(mornings, player.incidents(), time.monotonic() - began, at_end), err=json_)
            except CommandFailed as error:  # a command's whole output: what a rehearsal is for
                click.echo(f"FAILED on day {len(mornings) + 1}: {error}", err=True)
                failed = True
            if isinstance(player, stories.Story):  # one that was cut short, too, ends with the reports of what it has
                click.echo(player.report(files.ROOT / out), err=json_)
        finally:
            player.close()
    sys.exit(EXIT_FAILED if failed else 0)
