"""The incident's record of a rollback by hand because of a metric: the same file that the watch writes of one of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import yaml

from rollout.commands.engine import process
from rollout.commands.project import commit as gitlog
from rollout.commands.project import files
from rollout.commands.rollback.order import Down, Order, Say
from rollout.commands.rollback.stop import EXIT_LEFT_TO_DO
from rollout.model.gate import fire
from rollout.model.gate.fire import Fire


def recorded(order: Order, down: Down, carry_on: Callable[[Say], int], tell: Say) -> int:
    """Carries on, and keeps the incident on record; answers the exit code. Of a rollback without a metric nothing is kept.

    The flag is down. The file is written before the steps begin, so that a run that is killed leaves one, and again after
    them; where it can't be, that is said, the code is 1, and every step was tried all the same.
    """
    if order.because is None:
        return carry_on(tell)
    steps: list[tuple[float, str]] = []

    def keep(text: str, *, err: bool = False) -> None:
        steps.append((process.age(), text))
        tell(text, err=err)

    burning = _fire(order, down)
    path = files.ROOT / fire.RECORDS / fire.file_name(burning, down.now)
    with contextlib.suppress(Exception):  # the second try says what is wrong
        _write(path, burning, order, down, steps, None)
    code = carry_on(keep)
    try:
        text = _write(path, burning, order, down, steps, code)
        made = ""
        if order.commit:
            made = gitlog.commit_edit(path, lambda _: text, f"incident: {path.stem}", new=True)
        tell(f"  incident {files.name(path)}{f' committed, {made}' if made else ''}")
    except Exception as error:  # noqa: BLE001 - a record that can't be written undoes no stop
        tell(
            f"  incident FAILED: {type(error).__name__} {error}\n  do:      write {files.name(path)} by hand", err=True
        )
        return code or EXIT_LEFT_TO_DO
    return code


def _fire(order: Order, down: Down) -> Fire:
    was = f" at {down.done.was}" if down.done.before else ""
    reason = f"{order.domain}{was}: brought down by hand because of {order.because}, {order.seen}"
    return Fire(order.domain, order.because or "", "zero" if down.done.to == 0 else "previous", order.seen, reason)


def _write(
    path: Path, burning: Fire, order: Order, down: Down, steps: list[tuple[float, str]], code: int | None
) -> bytes:
    record = fire.incident(burning, order.stack, order.by, down.now, down.done.was, down.done.to, steps, code)
    text = yaml.safe_dump(record, sort_keys=False, allow_unicode=True, width=110).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, text)
    return text
