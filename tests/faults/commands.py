"""What runs as a process of its own, without an engine: rollback, watch, live, status, drill, each with a fault in one of its calls."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollout.model.stack_file import edit
from rollout.simulator.database import DATABASE
from tests import burning, days
from tests.faults.door import Call
from tests.faults.ledger import Outcome
from tests.faults.pg_world import PgWorld
from tests.faults.plays import OWN, beside, own_time, percent
from tests.faults.stack import BESIDE, MOVES, Stack
from tests.faults.worlds import AnyDoor, AwsWorld, Held, World
from tests.harness import Sandbox

#: Seconds after which a command is ended, and is broken: its calls alone may take minutes.
LIMIT: Final = 420.0
BEFORE: Final = 25


@dataclass(frozen=True)
class Command:
    """`to`: what it brings jobs down to; None: it looks, and moves nothing. `real`: as on AWS or in production, not simulated."""

    arguments: Sequence[str]
    to: int | None = None
    codes: Sequence[int] = (0,)  # where nothing is broken
    real: bool = False


_ROLLBACK: Final = ("rollback", MOVES, "--store-only", "--stack", "local", "--to")
COMMANDS: Final = {
    "rollback-zero": Command((*_ROLLBACK, "zero"), 0),
    "rollback-previous": Command((*_ROLLBACK, "previous"), 10),
    "rollback-because": Command((*_ROLLBACK, "zero", "--because", "errors"), 0),
    "watch": Command(("watch", "--stack", "local", "--no-commit"), 10, (4,)),
    "watch-dry": Command(("watch", "--stack", "local", "--dry-run"), None, (4,)),
    "live": Command(("live", "--stack", "local", "--traffic"), None),
    "status": Command(("status", "--stack", "local"), None),
    "drill": Command(("drill", MOVES, "--stack", "local", "--no-commit"), None, real=True),
}


class Place:
    """A copy of the project with its own store, in which one command runs at a time."""

    def __init__(self, folder: Path, store: str) -> None:
        self.box = Sandbox(folder / "project", store=store)
        self.box.write_config(edit.set_value(self.box.read_config(), edit.GATE, "required"))
        days.set_percents(self.box, burning.START)
        self.box.commit("begin")
        self._file = self.box.read_config()
        (folder / "certificates").mkdir()
        self.world: World = (
            AwsWorld(self.box.simulator)
            if self.box.database is None
            else PgWorld(self.box.database, DATABASE, self.box.simulator, folder / "certificates")
        )
        self.world.report(MOVES, BEFORE, Errors=50)
        self.world.report(BESIDE, burning.START[BESIDE])
        self.world.report("marketplace", burning.START["marketplace"])

    def begin(self, through: AnyDoor, command: Command) -> Stack:
        """The flags as at first, on the record of an engine that is played, and the files as at first."""
        self.box.write_config(self._file)
        subprocess.run(["rm", "-rf", str(self.box.folder / "records")], check=True)
        self.world.seed("drill", {})
        self.world.seed("local", days.wanted(burning.START))
        made = Stack("local", self.world.config, database=self.box.database is not None, beside=False)
        if command.to is not None:
            first = made.run(_percents(BEFORE), self.world.environ(through))
            assert first.code == 0, first.text()
        self.simulator(on=not command.real)
        through.taken()
        return made

    def simulator(self, *, on: bool) -> None:
        """Whether a database says that it only plays."""
        if self.box.database is not None:
            with self.box.database.connect(database=DATABASE) as hand:
                hand.execute("update rollout.meta set simulator = %s", [on])

    def environ(self, through: AnyDoor, command: Command, kind: str = "") -> dict[str, str]:
        """Of a command's process. A real one comes by this machine's own name, which isn't loopback's, and by the real clock."""
        found = {**self.box.env, **self.world.environ(through, kind)}
        if command.real:
            del found["ROLLOUT_NOW"], found["ROLLOUT_COUNT_PERIOD"]
            if self.box.database is None:
                found["AWS_ENDPOINT_URL"] = f"http://{socket.gethostname()}:{through.port}"
        return found

    def door(self, command: Command) -> AnyDoor:
        return self.world.door(everywhere=command.real)

    def run(self, command: Command, environ: Mapping[str, str]) -> tuple[int, str, list[int]]:
        """Exit code (None of a signal is negative), all that was printed, and the processes left of its group."""
        child = subprocess.Popen(
            ("python", "-m", "rollout", *command.arguments), cwd=self.box.folder, env=dict(environ),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            said, _ = child.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            said, _ = child.communicate()
            said += f"\n(not ended within {LIMIT:.0f} s)"
        left = []
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
            left = [child.pid]
        return child.returncode, said, left

    def files(self) -> str:
        """What it may have written: records, and the stack file."""
        found = sorted((self.box.folder / "records").rglob("*.yaml"))
        return "\n".join(path.read_text() for path in [*found, self.box.stack_file] if path.exists())


def _percents(percent: int) -> dict[str, int]:
    return {**burning.START, MOVES: percent}


@contextmanager
def places(folder: Path, store: str, number: int) -> Iterator[queue.Queue[Place]]:
    """So many places, each given to one case at a time."""
    free: queue.Queue[Place] = queue.Queue()
    made = []
    try:
        for one in range(number):
            (folder / str(one)).mkdir(parents=True)
            made.append(Place(folder / str(one), store))
            free.put(made[-1])
        yield free
    finally:
        for place in made:
            place.box.close()


@contextmanager
def taken(free: queue.Queue[Place]) -> Iterator[Place]:
    """A place for one case. It is given back whatever happens: who waits for the next one would wait for ever."""
    place = free.get()
    try:
        yield place
    finally:
        free.put(place)


def actions(place: Place, name: str) -> list[str]:
    """Every call that the command makes where nothing is broken, once each."""
    command = COMMANDS[name]
    through = place.door(command)
    try:
        place.begin(through, command)
        code, said, _ = place.run(command, place.environ(through, command))
        assert code in command.codes, f"{name} ended with {code}: {said}"
        return list(dict.fromkeys(call.action for call in through.taken() if call.action != "other"))
    finally:
        place.simulator(on=True)
        through.close()


def played(free: queue.Queue[Place], case: str) -> Outcome:
    """One case, `.../command/action/kind/always or once`."""
    with taken(free) as place:
        return _played(place, case)


def _played(place: Place, case: str) -> Outcome:
    _, name, action, kind, often = case.split("/")
    command = COMMANDS[name]
    through = place.door(command)
    try:
        stack = place.begin(through, command)
        before = place.world.live("local")
        through.breaks(action, kind, once=often == "once")
        began = time.monotonic()
        code, said, left = place.run(command, place.environ(through, command, kind))
        ended, hits = time.monotonic(), through.hits
        calls = through.taken()
        through.heal()
        place.simulator(on=True)
        outcome = Outcome(case, "command", bool(hits), code, round(ended - began, 2), said=said[:500])
        outcome.own = round(own_time(calls, began, ended), 2)
        if hits:
            _judged(outcome, place, command, said, left, calls, before)
        if hits and command.to is not None:
            _mended(outcome, place, command, stack, through)
        return outcome
    finally:
        place.simulator(on=True)
        through.close()


def _judged(
    outcome: Outcome, place: Place, command: Command, said: str, left: Sequence[int], calls: Sequence[Call],
    before: Mapping[str, Held],
) -> None:  # fmt: skip
    world, flag = place.world, days.PERCENT_FLAGS[MOVES]
    after = world.live("local")
    live, wrote = percent(after.get(flag)), world.wrote("local", calls)
    above = [value for name, value in wrote if name == flag and (not value.isdigit() or int(value) > BEFORE)]
    outcome.ask("ceiling", live <= BEFORE and not above, f"{wrote}, live {live}")
    clean = "Traceback" not in said and "a fault of rollout itself" not in said and outcome.code >= 0
    outcome.ask("traceback", clean, f"{outcome.code}: {said[-500:]}")
    outcome.ask("secret", not any(one in said + place.files() for one in world.secrets), said)
    outcome.ask("time", outcome.own <= OWN, f"{outcome.own} s")
    outcome.ask("process", not left, f"{left}")
    beside(outcome, before, after)
    if command.to is None:
        tried = [call.action for call in calls if world.writes(call.action)]
        outcome.ask("look", before == after and (command.real or not tried), f"{tried}")
        loud = outcome.code in (*command.codes, 1)
        outcome.ask("lowered", loud or not command.real, f"code {outcome.code}: {said}")
        return
    if command.arguments[0] == "rollback":
        loud = outcome.code == 3 and "NOT KNOWN TO BE DOWN" in said
        down = outcome.code in (0, 1) and live <= command.to
    else:
        loud = outcome.code in (1, 3) and ("not " in said or "FAILED" in said or "NOT KNOWN" in said)
        down = outcome.code in (1, 4) and live <= command.to
    outcome.ask("lowered", loud or down, f"code {outcome.code}, live {live}: {said}")


def _mended(outcome: Outcome, place: Place, command: Command, stack: Stack, through: AnyDoor) -> None:
    """The way back: the same rollback again, where it wasn't done, and one `up`."""
    if outcome.code not in command.codes:
        again = COMMANDS["rollback-zero" if command.to == 0 else "rollback-previous"]
        to = "zero" if command.to == 0 else str(command.to)
        again = Command((*_ROLLBACK, to), command.to)
        code, said, _ = place.run(again, place.environ(through, again))
        outcome.ask("converges", code == 0, f"again: {code} {said}")
    live = percent(place.world.live("local").get(days.PERCENT_FLAGS[MOVES]))
    outcome.ask("converges", command.to is not None and live <= command.to, f"live {live} after the second rollback")
    run = stack.run(_percents(live), place.world.environ(through))
    outcome.ask(
        "converges", run.code == 0 and stack.percent() == live, f"state {stack.percent()}, live {live}: {run.text()}"
    )
