"""The parts of the fault matrix, what is known of each (.local/faults), and the closing table over all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from rollout.home import HOME
from rollout.simulator import env
from tests.faults import commands, config, engines, killed, ledger, matrix, plays, raced, worlds
from tests.faults.ledger import Ledger, Say
from tests.faults.pg_world import PgWorld

#: Where what is known is kept between two runs.
KNOWN: Final = HOME / ".local" / "faults"
#: Copies of the project in which commands run at the same time.
PLACES: Final = 3


@dataclass(frozen=True)
class Bench:
    """What every part is played with."""

    folder: Path
    say: Say
    until: float
    workers: int


def provider(store: str, bench: Bench, kept: Ledger) -> None:
    """Create, raise, lower and preview: the provider in this process, its calls over real sockets."""
    with matrix.worlds(bench.folder / store, store) as found:
        world = found[store]
        play = partial(plays.played, world)
        wanted = matrix.in_one_process(world)
        matrix.run(kept, wanted, play, bench.say, workers=bench.workers, until=bench.until)


def command(store: str, bench: Bench, kept: Ledger) -> None:
    """Rollback, watch, live, status and drill: processes of their own, without an engine."""
    with commands.places(bench.folder / store, store, min(bench.workers, PLACES)) as free:
        wanted = []
        with commands.taken(free) as place:
            for name in commands.COMMANDS:
                wanted += matrix.cases(place.world, name, commands.actions(place, name))
        play = partial(commands.played, free)
        matrix.run(kept, wanted, play, bench.say, workers=min(bench.workers, PLACES), until=bench.until)


def kill(store: str, number: int, bench: Bench, kept: Ledger) -> None:
    """kill -9 of a rollback and of a watch."""
    with commands.places(bench.folder / store, store, min(bench.workers, PLACES)) as free:
        with commands.taken(free) as place:
            lasts = {name: killed.lifetime(place, name) for name in killed.KILLED}
        play = partial(killed.played, free, lasts)
        wanted = killed.cases(store, number)
        matrix.run(kept, wanted, play, bench.say, workers=min(bench.workers, PLACES), until=bench.until)


def race(store: str, number: int, bench: Bench, kept: Ledger) -> None:
    """Stops against raises."""
    with commands.places(bench.folder / store, store, min(bench.workers, PLACES)) as free:
        wanted = raced.cases(store, number)
        play = partial(raced.played, free)
        matrix.run(kept, wanted, play, bench.say, workers=min(bench.workers, PLACES), until=bench.until)


def kill_engines(number: int, bench: Bench, kept: Ledger) -> None:
    """kill -9 of an engine, of its group, and of its provider."""
    bench.folder.mkdir(parents=True)
    engines.killed(bench.folder, kept, number, bench.say, bench.until)


def faulted(bench: Bench, kept: Ledger) -> None:
    """An `up` on the whole engine, with a fault in one of its calls."""
    bench.folder.mkdir(parents=True)
    engines.faulted(bench.folder, kept, bench.say, bench.until)


def kill_rollbacks(number: int, bench: Bench, kept: Ledger) -> None:
    """kill -9 of whole rollbacks, with the engine's run that records them."""
    bench.folder.mkdir(parents=True)
    engines.rolled(bench.folder, kept, number, bench.say, bench.until)


def many(number: int, bench: Bench, kept: Ledger) -> None:
    """Many `up`s of one stack at once."""
    bench.folder.mkdir(parents=True)
    engines.ups(bench.folder, kept, number, bench.say)


def configs(bench: Bench, kept: Ledger) -> None:
    """Stack files that are wrong."""
    bench.folder.mkdir(parents=True)
    config.played(bench.folder, kept, bench.say, bench.until)


AWS, PG = worlds.AwsWorld.name, PgWorld.name
PARTS: Final[dict[str, Callable[[Bench, Ledger], None]]] = {
    "aws-provider": partial(provider, AWS),
    "postgres-provider": partial(provider, PG),
    "aws-commands": partial(command, AWS),
    "postgres-commands": partial(command, PG),
    "kills-aws": partial(kill, AWS, 40),
    "kills-postgres": partial(kill, PG, 34),
    "kills-engine": partial(kill_engines, 40),
    "kills-rollback": partial(kill_rollbacks, 30),
    "stops-aws": partial(race, AWS, 100),
    "stops-postgres": partial(race, PG, 100),
    "aws-engine": faulted,
    "ups": partial(many, 200),
    "config": configs,
}


def play(
    names: Sequence[str], folder: Path, say: Say, *, until: float, workers: int, anew: bool = False, play: bool = True
) -> int:
    """Plays the parts as far as the time goes, and shows the table; answers 1 where something in it is broken."""
    env.isolate(os.environ)
    os.environ.update(worlds.CREDENTIALS)
    if anew:
        for name in names:
            (KNOWN / f"{name}.jsonl").unlink(missing_ok=True)
    known = {name: Ledger(KNOWN / f"{name}.jsonl") for name in PARTS}
    for name in names if play else ():
        say(f"\n== {name}")
        PARTS[name](Bench(folder / name, say, until, workers), known[name])
    say("")
    return 1 if ledger.table(known, say) else 0
