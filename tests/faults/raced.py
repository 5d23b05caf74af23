"""Stops against raises: a raise by the provider in this process, and `rollback --store-only` as a process, at random moments."""

from __future__ import annotations

import queue
import random
import threading
import time

from tests import days
from tests.faults.commands import COMMANDS, Place, taken
from tests.faults.ledger import Outcome
from tests.faults.plays import beside, percent, values
from tests.faults.stack import BESIDE, MOVES, Run, Stack

LATENCY = 0.1
#: The raise takes about as many seconds as a command takes until its first call: it is started so much later.
AROUND = (0.0, 1.2)


def cases(store: str, number: int) -> list[str]:
    return [f"{store}/{('rollback-zero', 'rollback-previous')[one % 2]}/{one}" for one in range(number)]


def played(free: queue.Queue[Place], case: str) -> Outcome:
    """One race of a raise of jobs, 5 to 10, and a rollback to 0: by zero, or by previous of 5."""
    with taken(free) as place:
        return _played(place, case)


def _played(place: Place, case: str) -> Outcome:
    _, name, _ = case.split("/")
    command, chance = COMMANDS[name], random.Random(case)
    world, slow, quick = place.world, place.door(command), place.door(command)
    try:
        place.begin(quick, COMMANDS["live"])
        world.seed("local", values(5))
        stack = Stack("local", world.config, database=place.box.database is not None, beside=False)
        first = stack.run({MOVES: 5, BESIDE: 100}, world.environ(slow))
        assert first.code == 0, first.text()
        before = world.live("local")
        slow.latency = LATENCY
        slow.taken()
        runs: list[Run] = []
        raising = threading.Thread(target=lambda: runs.append(stack.run({MOVES: 10, BESIDE: 100}, world.environ(slow))))
        began = time.monotonic()
        late = threading.Timer(chance.uniform(*AROUND), raising.start)
        late.start()
        code, said, left = place.run(command, place.environ(quick, command))
        down_after = time.monotonic() - began
        late.join()
        raising.join()
        slow.latency = 0
        (run,) = runs
        outcome = Outcome(case, "provider", True, code, round(down_after, 2), said=f"{said}{run.text()}"[:500])
        flag, after = days.PERCENT_FLAGS[MOVES], world.live("local")
        live = percent(after.get(flag))
        # A raise that was over before the stop began is judged before it: previous of 10 is 5.
        asked = 0 if name == "rollback-zero" else 5
        outcome.ask("lowered", code == 0 and live <= asked, f"code {code}, live {live}: {said}{run.text()}")
        wrote = [*world.wrote("local", slow.taken()), *world.wrote("local", quick.taken())]
        outcome.ask("ceiling", max([0, *(int(value) for key, value in wrote if key == flag)]) <= 10, f"{wrote}")
        outcome.ask("traceback", not run.faults and "Traceback" not in said, f"{run.faults}{said}")
        outcome.ask("secret", not any(one in said + run.text() for one in world.secrets), said)
        outcome.ask("process", not left, "left")
        beside(outcome, before, after)
        settled = stack.run({MOVES: live, BESIDE: 100}, world.environ(quick))
        outcome.ask(
            "converges", settled.code == 0 and stack.percent() == live, f"{stack.percent()}, {live}: {settled.text()}"
        )
        outcome.note = "gave way" if run.code else "came after" if live == 5 else "was overruled"
        return outcome
    finally:
        slow.close()
        quick.close()
