"""A drill: a real rollback where nothing is lost by it, and how long it took.

On a simulator's stack it is played whole: a copy of the project with its own store, state and traffic, and there the
same `rollback` that an operator types. Against AWS it is a scratch stack's own secret, which no service reads: the value
is written, lowered by the same command and read back; whether traffic follows is the services' business, and not measured.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from rollout.commands.project import files
from rollout.commands.rollback import settle
from rollout.model import times
from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import Domain
from rollout.model.flag.name import FlagName
from rollout.model.gate.metric import Verdict
from rollout.model.gate.window import MINUTE, floor
from rollout.model.judge.drill import TRAFFIC_WITHIN, Drill, Endpoint
from rollout.model.problem import RolloutError
from rollout.model.stack_file import edit
from rollout.provider.errors import StoreError
from rollout.provider.settings import POSTGRES, Settings
from rollout.provider.sources import choose as sources
from rollout.provider.sources.source import Counters
from rollout.provider.stores import choose as stores

#: A rollback that takes longer from the command to the value read back has failed the drill: at 3 a.m. that is long.
WITHIN: Final = 30.0
#: The stack whose secrets are drilled against AWS. They stay: nobody here may delete a secret.
SCRATCH: Final = "drill"
#: Traffic before the rollback, so that there is some to come back.
BEFORE: Final = timedelta(minutes=10)
#: Seconds for the rollback that is drilled, its `up` and commit included.
PATIENCE: Final = 120.0


@dataclass(frozen=True)
class Drilled:
    """A drill and what was said in it, with seconds since its command was given."""

    drill: Drill
    steps: Sequence[tuple[float, str]]

    def record(self) -> dict[str, Any]:
        """What is kept of it."""
        return {**self.drill.plain(), "steps": [f"{seconds:.1f} s: {text}" for seconds, text in self.steps]}


class DrillFailed(RolloutError):
    """The drill couldn't be played at all; the text says at which step, and why."""


def on_simulator(domain: Domain, stack: str, now: datetime, store: str) -> Drilled:
    """The whole rollback, on a copy of the project. Raises `DrillFailed` where the copy can't be brought to traffic."""
    from rollout.simulator.scratch import Scratch  # the copy's machinery: for this command alone

    class Copy(Scratch):
        def prepare(self) -> None:
            file = self.stack_file
            text = file.read_text()
            for key in (edit.GATE, edit.DRILL):
                text = edit.set_value(text, key, "off")
            for other in catalogue.parse((self.folder / "domains.yaml").read_bytes(), "domains.yaml").domains.values():
                percent = domain.ladder.first if other.name == domain.name else 0
                text = edit.set_flag(text, other.name, percent, None if other.enable_flag is None else percent > 0)
            file.write_text(text)

    with tempfile.TemporaryDirectory(prefix="drill-", dir=files.passing()) as folder:
        try:
            copy = Copy(Path(folder, "project"), store=store)
        except (RolloutError, OSError, RuntimeError) as error:  # RuntimeError: the database of a second store
            raise DrillFailed(f"no copy of the project could be started: {error}") from None
        try:
            copy.env |= {"ROLLOUT_NOW": times.iso(now)}
            return _played(copy, domain, stack, now)
        except RolloutError as error:
            raise DrillFailed(str(error)) from None
        finally:
            copy.close()


def _played(copy: Any, domain: Domain, stack: str, now: datetime) -> Drilled:
    from rollout.simulator import env
    from rollout.simulator.traffic import publish, scenario

    env.isolate(os.environ)  # from here on this process speaks to the copy's simulator alone
    settings = copy.settings()
    known = files.read_catalogue()
    clients = publish.connect(settings)
    flag = FlagName(copy.name, domain.name, domain.percent_flag)
    clients.store.create(flag.secret, str(domain.ladder.first), _token(), {"stack": copy.name, "domain": domain.name})
    copy.up("--message", f"{domain.name} at {domain.ladder.first} %, as if it had climbed")
    healthy = scenario.load("healthy", known, now - BEFORE)

    def publish_minutes(start: datetime, end: datetime) -> None:
        publish.publish_period(clients, copy.name, healthy, 1, known, start, end)

    minute = floor(now, MINUTE)
    for ago in range(int(BEFORE / MINUTE), 0, -1):
        publish_minutes(minute - ago * MINUTE, minute - (ago - 1) * MINUTE)
    command = (
        "python", "-m", "rollout", "rollback", domain.name, "--to", "zero", "--stack", copy.name, "--wait", "0",
    )  # fmt: skip
    seconds, steps, code = _timed(command, copy.env, copy.folder)
    read = clients.store.get(flag.secret)
    down = read is not None and read.text == "0"
    unclocked = replace(settings, virtual_now=None)  # the minutes that come now are still ahead of the copy's clock
    back = _traffic_back(sources.source(unclocked, attempts=1), domain.name, minute, publish_minutes)
    steps.append(
        (
            steps[-1][0] if steps else seconds,
            f"traffic back after {back.total_seconds():.0f} s of the simulator's clock"
            if back
            else "traffic isn't back",
        )
    )
    passed = code == 0 and down and seconds <= WITHIN and back is not None and back <= TRAFFIC_WITHIN
    return _drilled(domain, stack, now, passed, "simulator", seconds, back.total_seconds() if back else None, steps)


def on_store(domain: Domain, stack: str, settings: Settings, now: datetime) -> Drilled:
    """A scratch secret in the stack's own store: lowered by the command's first step, and read back. Raises `DrillFailed`."""
    store, flag = stores.store(settings), FlagName(SCRATCH, domain.name, domain.percent_flag)
    try:
        if store.get(flag.secret) is None:
            store.create(
                flag.secret,
                str(domain.ladder.first),
                _token(),
                {"stack": SCRATCH, "domain": domain.name, "managed-by": "pulumi"},
            )
        else:
            store.put(flag.secret, str(domain.ladder.first), _token())
        before = store.get(flag.secret)
        if before is None or before.text != str(domain.ladder.first):
            raise DrillFailed(f"{flag.secret} doesn't read {domain.ladder.first} after it was written")
        command = (
            sys.executable, "-m", "rollout", "rollback", domain.name, "--to", "zero", "--stack", SCRATCH, "--store-only",
        )  # fmt: skip
        seconds, steps, code = _timed(
            command, {**os.environ, "AWS_REGION": settings.region, "ROLLOUT_STORE": settings.store or ""}, files.ROOT
        )
        read = store.get(flag.secret)
    except StoreError as error:
        raise DrillFailed(str(error)) from None
    passed = code == 0 and read is not None and read.text == "0" and seconds <= WITHIN
    endpoint: Endpoint = "database" if settings.store == POSTGRES else "aws"
    return _drilled(domain, stack, now, passed, endpoint, seconds, None, steps)


def _drilled(
    domain: Domain, stack: str, now: datetime, passed: bool, endpoint: Endpoint, seconds: float, back: float | None,
    steps: Sequence[tuple[float, str]],
) -> Drilled:  # fmt: skip
    return Drilled(Drill(domain.name, stack, now, passed, endpoint, round(seconds, 2), back), steps)


def _timed(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> tuple[float, list[tuple[float, str]], int]:
    """Seconds until the command said that the flag is down, every line with its time, and the exit code.

    The first line is printed when the value was read back (`rollout.commands.rollback.down`). A command that takes longer
    than `PATIENCE` is ended, and has failed.
    """
    began, steps = time.monotonic(), list[tuple[float, str]]()
    with subprocess.Popen(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as child:
        timer = threading.Timer(PATIENCE, child.kill)
        timer.start()
        try:
            for line in child.stdout or ():
                steps.append((time.monotonic() - began, " ".join(line.split())))
            code = child.wait()
        finally:
            timer.cancel()
    seconds = next((at for at, line in steps if line.startswith("live ")), float(PATIENCE))
    return seconds, steps, code


def _traffic_back(
    source: Counters, name: str, down: datetime, publish: Callable[[datetime, datetime], None]
) -> timedelta | None:
    """How long until sessions begin on legacy alone, as a rollback's own last step counts them, minute by minute."""
    for minutes in range(1, int(TRAFFIC_WITHIN / MINUTE) + 1):
        end = down + minutes * MINUTE
        publish(end - MINUTE, end)
        seen = settle.sessions(source, name, 0, end, down)
        if seen is not None and seen.verdict is Verdict.PASS:
            return end - down
    return None


def _token() -> str:
    import uuid

    return str(uuid.uuid4())
