"""Calls that are under way at the same moment, each for as long as somebody has patience for it.

A thread that hangs is left alone: it ends with its own time-outs, and keeps no process from ending.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from rollout.provider.errors import StoreError

T = TypeVar("T")

#: Seconds between the failure of a call and its next try.
PAUSE: Final = 0.1


class Pending(Generic[T]):
    """A call under way in a thread of its own. `answered` is set when it has ended, well or not."""

    def __init__(self, call: Callable[[], T]) -> None:
        self.answered = threading.Event()
        self._call = call
        self._began = time.monotonic()
        self._answer: tuple[bool, T | Exception] | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._answer = (True, self._call())
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            self._answer = (False, error)
        self.answered.set()

    def wait(self, budget: float) -> bool:
        """Whether it has ended within `budget` seconds of its begin."""
        return self.answered.wait(max(0.0, self._began + budget - time.monotonic()))

    def result(self) -> T:
        """What it answered; raises what it raised. Raises `StoreError` where it hasn't ended."""
        if self._answer is None:
            raise StoreError(f"no answer in {time.monotonic() - self._began:.0f} s")
        good, found = self._answer
        if good:
            return found  # type: ignore[return-value] # the pair says which of the two it is
        raise found  # type: ignore[misc]


def begin(call: Callable[[], T]) -> Pending[T]:
    """Starts a call, and doesn't wait for it."""
    return Pending(call)


def first(
    ways: Sequence[Callable[[], T]], *, budget: float, apart: float = 0.0, again: int = 1,
    final: tuple[type[Exception], ...] = (), spare: bool = False,
) -> T:  # fmt: skip
    """The first good answer of several ways to the same thing, at most `budget` seconds from now.

    Each way is begun `apart` seconds after the one before, at once where that one has failed, unless the further ones are a
    `spare`, for one that hangs alone; one that failed is tried `again` more times. Raises the last failure where all have ended badly, `StoreError` where the budget is over, and at
    once what is one of `final`: a failure that is an answer.
    """
    return _First(ways, again, final, spare).answer(budget, apart)


class _First(Generic[T]):
    """The ways that are under way, and what came of them."""

    def __init__(
        self, ways: Sequence[Callable[[], T]], again: int, final: tuple[type[Exception], ...], spare: bool
    ) -> None:
        self._waiting = [(way, again) for way in ways]
        self._final, self._spare = final, spare
        self._answers: queue.Queue[tuple[Callable[[], T], int, tuple[bool, T | Exception]]] = queue.Queue()
        self._under_way = 0
        self._failed: Exception | None = None

    def answer(self, budget: float, apart: float) -> T:
        until = time.monotonic() + budget
        next_at = time.monotonic()
        while (now := time.monotonic()) < until:
            while self._waiting and (now >= next_at or not self._under_way) and not self._over:
                self._start(*self._waiting.pop(0), pause=0.0)
                next_at = now + apart
            if self._over or (not self._under_way and self._failed is not None):
                break
            try:
                way, tries, (good, found) = self._answers.get(
                    timeout=max(0.001, (min(until, next_at) if self._waiting else until) - now)
                )
            except queue.Empty:
                continue
            if good:
                return found  # type: ignore[return-value] # the pair says which of the two it is
            self._ended_badly(way, tries, found)  # type: ignore[arg-type]
        raise self._failed or StoreError(f"no answer in {budget:.0f} s")

    @property
    def _over(self) -> bool:
        """Whether all that was begun has failed, and the rest is there for what hangs."""
        return self._spare and not self._under_way and self._failed is not None

    def _ended_badly(self, way: Callable[[], T], tries: int, error: Exception) -> None:
        self._under_way -= 1
        self._failed = error
        if isinstance(error, self._final):
            raise error
        if tries and not getattr(error, "lasting", False):
            self._start(way, tries - 1, pause=PAUSE)

    def _start(self, way: Callable[[], T], tries: int, *, pause: float) -> None:
        self._under_way += 1

        def run() -> None:
            time.sleep(pause)
            try:
                self._answers.put((way, tries, (True, way())))
            except Exception as error:  # noqa: BLE001 - raised by `answer`, where it is the last one
                self._answers.put((way, tries, (False, error)))

        threading.Thread(target=run, daemon=True).start()
