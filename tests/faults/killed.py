"""kill -9 of what runs without an engine: a rollback and a watch, at random moments of their lives, and the way back."""

from __future__ import annotations

import contextlib
import os
import queue
import random
import signal
import subprocess
import time
from typing import Final

from tests import burning, days
from tests.faults.commands import BEFORE, COMMANDS, Command, Place, taken
from tests.faults.ledger import Outcome
from tests.faults.plays import beside, percent
from tests.faults.stack import MOVES
from tests.faults.worlds import AnyDoor

#: Seconds that each answer takes: a kill falls between two calls more often.
LATENCY: Final = 0.05
#: Seconds that what a killed command has started may take to end by itself.
LEAVE: Final = 15.0
KILLED: Final = ("rollback-zero", "rollback-previous", "watch")


def cases(store: str, number: int) -> list[str]:
    """So many of each."""
    return [f"{store}/{name}/{one}" for one in range(number) for name in KILLED]


def lifetime(place: Place, name: str) -> float:
    """Seconds that the command takes when nobody kills it."""
    command = COMMANDS[name]
    through = place.door(command)
    through.latency = LATENCY
    try:
        place.begin(through, command)
        began = time.monotonic()
        place.run(command, place.environ(through, command))
        return time.monotonic() - began
    finally:
        through.close()


def played(free: queue.Queue[Place], lasts: dict[str, float], case: str) -> Outcome:
    """One kill. `met`: it hit a living process."""
    with taken(free) as place:
        return _played(place, lasts, case)


def _played(place: Place, lasts: dict[str, float], case: str) -> Outcome:
    _, name, _ = case.split("/")
    command, chance = COMMANDS[name], random.Random(case)
    through = place.door(command)
    try:
        stack = place.begin(through, command)
        before = place.world.live("local")
        through.latency = LATENCY
        child = subprocess.Popen(
            ("python", "-m", "rollout", *command.arguments), cwd=place.box.folder,
            env=place.environ(through, command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        moment = chance.uniform(0.1, 1.0) * lasts[name]
        time.sleep(moment)
        alive = child.poll() is None
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
        left = _left(child.pid)
        said, _ = child.communicate()
        through.latency = 0
        outcome = Outcome(case, "command", alive, child.returncode, round(moment, 2), said=said[:300])
        if not alive:
            return outcome
        outcome.ask("process", not left, "something of its group is still there")
        outcome.ask("traceback", "Traceback" not in said, said[-500:])
        outcome.ask("secret", not any(one in said + place.files() for one in place.world.secrets), said)
        after, calls = place.world.live("local"), through.taken()
        live, flag = percent(after.get(days.PERCENT_FLAGS[MOVES])), days.PERCENT_FLAGS[MOVES]
        wrote = [int(value) for name, value in place.world.wrote("local", calls) if name == flag]
        outcome.ask("ceiling", max([live, *wrote]) <= BEFORE, f"{wrote}, live {live}")
        beside(outcome, before, after)
        _again(outcome, place, command, through)
        now = percent(place.world.live("local").get(flag))
        outcome.ask("converges", command.to is not None and now <= command.to, f"live {now}")
        percents = {**burning.START, MOVES: now}
        run = stack.run(percents, place.world.environ(through))
        outcome.ask(
            "converges", run.code == 0 and stack.percent() == now, f"state {stack.percent()}, live {now}: {run.text()}"
        )
        return outcome
    finally:
        through.close()


def _again(outcome: Outcome, place: Place, command: Command, through: AnyDoor) -> None:
    """The documented way: the same command again; of a watch, whose next look finds the fire out or still there, a look."""
    code, said, left = place.run(command, place.environ(through, command))
    # A watch that was killed after its stop finds nothing above the rung that it went to, or goes one further: both are down.
    good = (0,) if command.arguments[0] == "rollback" else (0, 1, 4)
    outcome.ask("converges", code in good, f"again: {code} {said}")
    outcome.ask("traceback", "Traceback" not in said, said[-500:])
    outcome.ask("process", not left, "left by the second command")


def _left(group: int) -> bool:
    """Whether something of the process group lives on; the killed one itself is a zombie until it is waited for."""
    until = time.monotonic() + LEAVE
    while time.monotonic() < until:
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, group, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        living = subprocess.run(["pgrep", "-g", str(group), "-r", "R,S,D"], capture_output=True, text=True, check=False)
        if not living.stdout.strip():
            return False
        time.sleep(0.2)
    return True
