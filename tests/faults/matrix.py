"""The cases of the matrix, and how they are run: some at a time, until all are known or the time is over."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rollout.simulator.simulator import Simulator
from tests import postgres
from tests.faults import plays
from tests.faults.ledger import Ledger, Outcome, Say
from tests.faults.pg_world import PgWorld
from tests.faults.worlds import AwsWorld, World

OFTEN = ("always", "once")


@contextmanager
def worlds(folder: Path, *names: str) -> Iterator[dict[str, World]]:
    """The stores of these names, with what the two domains report on them."""
    with ExitStack() as stack:
        for name in ("simulator", "database", "certificates"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        simulator = Simulator(folder / "simulator")
        simulator.start()
        stack.callback(simulator.stop)
        found: dict[str, World] = {}
        if AwsWorld.name in names:
            found[AwsWorld.name] = AwsWorld(simulator)
        if PgWorld.name in names:
            server = stack.enter_context(postgres.server(folder / "database"))
            found[PgWorld.name] = PgWorld(server, postgres.fresh(server, "test"), simulator, folder / "certificates")
        for world in found.values():
            world.report("jobs", 5)
            world.report("ai-agents", 100)
        yield found


def cases(world: World, what: str, actions: Sequence[str]) -> list[str]:
    """Each call, kind and how often, of one play or command."""
    return [
        f"{world.name}/{what}/{action}/{kind}/{often}" for action in actions for kind in world.kinds for often in OFTEN
    ]


def run(
    ledger: Ledger, wanted: Sequence[str], play: Callable[[str], Outcome], say: Say, *, workers: int, until: float
) -> None:
    """Plays what isn't known yet, `workers` at a time; begins nothing after `until` (monotonic)."""
    left = ledger.left(wanted)
    say(f"{len(wanted)} cases, {len(wanted) - len(left)} known already")

    def one(case: str) -> Outcome | None:
        if time.monotonic() > until:
            return None
        try:
            return play(case)
        except Exception:  # noqa: BLE001 - the bench's own fault is one case's, and is seen in the table
            return Outcome(case, "bench", broken={"bench": traceback.format_exc()[-900:]})

    done = 0
    with ThreadPoolExecutor(workers) as pool:
        again = [case for case in left if case in ledger.found]  # what was broken comes first
        order = [*again, *_mixed([case for case in left if case not in ledger.found])]
        for future in as_completed([pool.submit(one, case) for case in order]):
            found = future.result()
            if found is None:
                continue
            ledger.keep(found)
            done += 1
            if found.broken:
                say(f"BROKEN {found.case}: {found.broken}\n   said: {found.said[:400]}")
            if done % 100 == 0:
                say(f"  {done} played")
    say(f"  {done} played, {len(ledger.left(wanted))} left")


def _mixed(left: Sequence[str]) -> list[str]:
    """What hangs is spread among what doesn't: a case that waits costs nothing beside one that works."""
    order = sorted(left, key=lambda case: random.Random(case).random())  # a part of them is a sample of all
    slow = [case for case in order if "hang" in case]
    quick = [case for case in order if "hang" not in case]
    found, step = list[str](), max(1, len(quick) // (len(slow) + 1))
    for number, case in enumerate(quick):
        found.append(case)
        if slow and number % step == 0:
            found.append(slow.pop())
    return [*found, *slow]


def in_one_process(world: World) -> list[str]:
    """The cases of create, raise, lower and preview."""
    found = list[str]()
    for name, play in plays.PLAYS.items():
        found += cases(world, name, plays.actions(world, play))
    return found
