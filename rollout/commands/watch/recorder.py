"""What comes after a stop of the watch: state, stack file, commit and the record of the incident."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import yaml

from rollout.commands.engine import pulumi
from rollout.commands.project import commit as gitlog
from rollout.commands.project import files
from rollout.commands.rollback import down as rollback
from rollout.commands.rollback.order import LOCK_PATIENCE, Down, Order, say
from rollout.commands.rollback.stop import EXIT_LEFT_TO_DO, EXIT_NOT_DOWN, NotDown
from rollout.model.gate import fire
from rollout.model.gate.fire import Fire
from rollout.model.problem import BadInput
from rollout.provider import shell
from rollout.provider.errors import StoreError

NAME: Final = "watch"
#: Seconds that another run's lock is waited for once the watch is asked to end: whoever stops it waits, too.
LAST_PATIENCE: Final = 30.0
#: Seconds that an engine gets to end by itself, once nobody waits for the record any more.
GRACE: Final = 5.0


@dataclass(eq=False)
class Case:
    """One fire, and how far it is with it. `down`: None until the flag is known to be down."""

    burning: Fire
    order: Order
    began: float = field(default_factory=time.monotonic)
    steps: list[tuple[float, str]] = field(default_factory=list)
    down: Down | None = None

    def age(self) -> float:
        """Seconds since it was seen."""
        return time.monotonic() - self.began

    def say(self, text: str, *, err: bool = False) -> None:
        """Says a line, and keeps it with its time."""
        self.steps.append((self.age(), text))
        say(text, err=err)

    def path(self, down: Down) -> Path:
        """The incident's file."""
        return files.ROOT / fire.RECORDS / fire.file_name(self.burning, down.now)

    def write(self, down: Down, code: int | None) -> bytes:
        """Writes the incident as far as it goes (`code`: None until it is over), and answers what it wrote."""
        record = fire.incident(
            self.burning, self.order.stack, NAME, down.now, down.done.was, down.done.to, self.steps, code
        )
        text = yaml.safe_dump(record, sort_keys=False, allow_unicode=True, width=110).encode()
        path = self.path(down)
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, text)
        return text

    def left(self) -> str:
        """What is left to do where nobody goes on with it, and the command that does it."""
        domain, because, typed = self.burning.domain, self.burning.metric, shell.typed(self.order.stack)
        if self.down is None:
            return f"{domain} is NOT KNOWN TO BE DOWN\n  do:      {typed.rollback(domain, self.order.to, because)}"
        to, name = self.down.done.to, files.name(self.path(self.down))
        run = typed.rollback(domain, str(to), because)
        return f"{domain} is down at {to} %, and not all of it is on record\n  do:      {run}; then commit {name}"


class Recorder:
    """What comes after the flags are down, one domain after the other, beside the next looks."""

    def __init__(self, stack: str, commit: bool) -> None:
        self._stack = stack
        self._commit = commit
        self._todo: queue.Queue[tuple[Case, Down]] = queue.Queue()
        self._open: list[Case] = []
        self._not_down: set[str] = set()
        self._left = False
        self._ending = False
        threading.Thread(target=self._work, daemon=True).start()

    @property
    def code(self) -> int:
        """3: a domain isn't known to be down, by the last that was tried; 1: a step is left to do; else 0."""
        return EXIT_NOT_DOWN if self._not_down else EXIT_LEFT_TO_DO if self._left else 0

    def stop(self, fires: Sequence[tuple[Fire, int]]) -> None:
        """Brings them all down, and leaves the rest to the thread. Where one isn't known to be down, `code` says so.

        With each the percent that was judged: the rung before it, and not before whatever another watch has made of
        it since.
        """
        cases = [Case(burning, self._order(burning, percent)) for burning, percent in fires]
        self._open += cases
        for case in cases:
            self._bring_down(case)
        for case in cases:
            if case.down is None:
                self._open.remove(case)
                continue
            with contextlib.suppress(Exception):  # the first of two: what ends this process can't take the record along
                case.write(case.down, None)
            self._todo.put((case, case.down))

    def wait(self) -> None:
        """Until everything is recorded."""
        self._todo.join()

    def last(self) -> str:
        """Nothing comes after what is begun; answers what that is, or nothing. Safe in a signal handler."""
        self._ending = True
        names = ", ".join(dict.fromkeys(case.burning.domain for case in self._open))
        return f"{names} is brought down and recorded" if names else ""

    def abandon(self) -> tuple[list[str], int]:
        """What is left to do where nobody waits any more, and the exit code. Safe in a signal handler."""
        lines = [case.left() for case in self._open]
        if any(case.down is None for case in self._open):
            return lines, EXIT_NOT_DOWN
        return lines, self.code or (EXIT_LEFT_TO_DO if lines else 0)

    def _order(self, burning: Fire, percent: int) -> Order:
        because = None if burning.metric == fire.SET_BACK else burning.metric
        to = str(burning.ladder.previous(percent)) if burning.to == "previous" else burning.to
        return Order(burning.domain, self._stack, to, because, NAME, 0, LOCK_PATIENCE, self._commit, burning.seen)

    def _bring_down(self, case: Case) -> None:
        say(f"ROLLBACK {case.burning.reason}")
        try:
            case.down = rollback.bring_down(case.order, case.say, case.age)
            self._not_down.discard(case.burning.domain)
        except (NotDown, BadInput, StoreError) as error:
            say(str(error), err=True)
            self._not_down.add(case.burning.domain)

    def _work(self) -> None:
        while True:
            case, down = self._todo.get()
            try:
                code = rollback.carry_on(self._patient(case.order), down, case.say)
                self._left = self._left or code != 0
                if code == EXIT_NOT_DOWN:
                    self._not_down.add(case.burning.domain)
                self._finish(case, down, code)
            except Exception as error:  # noqa: BLE001 - the next domain's record is still to be made
                say(f"  incident FAILED: {type(error).__name__} {error}", err=True)
                self._left = True
            finally:
                self._open.remove(case)
                self._todo.task_done()

    def _patient(self, order: Order) -> Order:
        return replace(order, patience=LAST_PATIENCE) if self._ending else order

    def _finish(self, case: Case, down: Down, code: int) -> None:
        text, path = case.write(down, code), case.path(down)
        made = (
            f" committed, {gitlog.commit_edit(path, lambda _: text, f'incident: {path.stem}', new=True)}"
            if case.order.commit
            else ""
        )
        say(f"  incident {files.name(path)}{made}")


def part_with_engines() -> None:
    """Lets an engine under way end by itself, for a moment: one that is killed leaves its lock behind."""
    pulumi.interrupt(GRACE)
