"""After a stop whose tag doesn't stand: the flag is read again until no raise can be under way that hasn't seen it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from rollout.commands.engine import backend
from rollout.commands.rollback.order import Down, Order
from rollout.commands.rollback.stop import Stop, stop
from rollout.model.ladder import parse_percent
from rollout.provider.errors import StoreError
from rollout.provider.stores import lowering
from rollout.provider.stores.raising import IN_FLIGHT

UNMARKED: Final = "the stop's tag wasn't written: not protected against a raise in flight"
POLL: Final = 1.0  # seconds between two looks


def hold(down: Down, order: Order, tell: Callable[..., None], *, ran: bool = False) -> None:
    """Reads the flag until no `up` can be under way that looked at it before the stop, and lowers it again where one wrote.

    An `up` holds the stack's lock: where that is a file, its absence is the end; else the time that a raise may take is.
    `ran`: an `up` of our own has held the lock since. Raises `NotDown` where it can't be lowered again, and `StoreError`
    where the last look failed.
    """
    done = down.done
    if done.marked:
        return
    while True:
        # The lock before the value: a raise that has ended by then is seen by the look after it.
        over = ran or backend.is_locked(order.stack) is False or time.monotonic() > done.at + IN_FLIGHT or _landed(done)
        failed: StoreError | None = None
        try:
            entry = lowering.read(down.store, done.name.secret)
            percent = 0 if entry is None or entry.text is None else parse_percent(entry.text)
            if percent is None or percent > done.to:
                again = stop(down.store, down.settings, done.name, str(done.rung), None, done.ladder)
                tell(f"a raise in flight wrote {again.was}: lowered again to {again.to} %", err=True)
                over = over or again.marked
        except StoreError as error:
            failed = error
        if over:
            if failed is not None:
                raise failed
            tell(f"no `up` can be under way any more that hasn't seen the stop: live {done.to} % or less")
            return
        time.sleep(POLL)


def _landed(done: Stop) -> bool:
    """Whether the tag that was late has been written after all."""
    if done.late is None or not done.late.answered.is_set():
        return False
    try:
        return done.late.result()
    except StoreError:
        return False
