"""What comes after a stop of the watch: state, stack file, commit and the record of the incident."""

from __future__ import annotations

import queue
import threading
import time
from typing import Final

import yaml

from commands import files, gitlog, rollback
from commands.rollback import Order
from commands.stop import EXIT_LEFT_TO_DO, EXIT_NOT_DOWN, NotDown
from provider.store import StoreError
from rollout import fire
from rollout.fire import Fire
from rollout.ladder import previous_rung
from rollout.problem import BadInput

RECORDS: Final = "records/incidents"
NAME: Final = "watch"


class Recorder:
    """What comes after the flags are down, one domain after the other, beside the next looks."""

    def __init__(self, stack: str, commit: bool) -> None:
        self._stack = stack
        self._commit = commit
        self._todo: queue.Queue[tuple[Fire, Order, rollback.Down, list[tuple[float, str]], float]] = queue.Queue()
        self.code = 0
        threading.Thread(target=self._work, daemon=True).start()

    def stop(self, burning: Fire, percent: int) -> None:
        """Brings one domain down, and leaves the rest to the thread. Where it isn't known to be down, `code` says so.

        `percent` is what was judged: the rung before it, and not before whatever another watch has made of it since.
        """
        began, steps = time.monotonic(), list[tuple[float, str]]()
        to = str(previous_rung(percent)) if burning.to == "previous" else burning.to
        order = Order(
            burning.domain, self._stack, to, burning.metric, NAME, 0, rollback.LOCK_PATIENCE, self._commit, burning.seen
        )
        rollback.say(f"ROLLBACK {burning.reason}")
        try:
            down = rollback.bring_down(order, _kept(steps, began))
        except (NotDown, BadInput, StoreError) as error:
            rollback.say(str(error), err=True)
            self.code = EXIT_NOT_DOWN
            return
        self._todo.put((burning, order, down, steps, began))

    def wait(self) -> None:
        """Until everything is recorded."""
        self._todo.join()

    def _work(self) -> None:
        while True:
            burning, order, down, steps, began = self._todo.get()
            try:
                code = rollback.carry_on(order, down, _kept(steps, began))
                self.code = max(self.code, code)
                self._write(burning, order, down, steps, code)
            except Exception as error:  # noqa: BLE001 - the next domain's record is still to be made
                rollback.say(f"  incident FAILED: {type(error).__name__} {error}", err=True)
                self.code = max(self.code, EXIT_LEFT_TO_DO)
            finally:
                self._todo.task_done()

    def _write(
        self, burning: Fire, order: Order, down: rollback.Down, steps: list[tuple[float, str]], code: int
    ) -> None:
        record = fire.incident(burning, order.stack, NAME, down.now, down.done.was, down.done.to, steps, code)
        text = yaml.safe_dump(record, sort_keys=False, allow_unicode=True, width=110).encode()
        path = files.ROOT / RECORDS / fire.file_name(burning, down.now)
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, text)
        made = (
            f" committed, {gitlog.commit_edit(path, lambda _: text, f'incident: {path.stem}', new=True)}"
            if order.commit
            else ""
        )
        rollback.say(f"  incident {files.name(path)}{made}")


def _kept(steps: list[tuple[float, str]], began: float) -> rollback.Say:
    """Says a line, and keeps it with its time."""

    def tell(text: str, *, err: bool = False) -> None:
        steps.append((time.monotonic() - began, text))
        rollback.say(text, err=err)

    return tell
