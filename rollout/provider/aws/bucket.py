"""A token bucket: AWS takes a few writes a second, and a run that has more of them waits, and says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

SHOWN = 0.05  # seconds; shorter waits aren't worth a line


class Bucket:
    """`rate` tokens a second, `burst` of them at once after a pause. None: no limit (a simulator has none)."""

    def __init__(
        self,
        rate: float | None,
        burst: int = 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate, self._burst, self._clock, self._sleep = rate, burst, clock, sleep
        self._lock = Lock()
        self._free_at = clock()  # when the next token is there, if the bucket is empty by then

    def take(self, say: Callable[[str], None]) -> float:
        """Waits for a token, outside the lock; answers the seconds waited. `say` gets the line before the wait."""
        if self._rate is None:
            return 0.0
        with self._lock:
            now = self._clock()
            self._free_at = max(self._free_at, now - (self._burst - 1) / self._rate)
            wait = self._free_at - now
            self._free_at += 1 / self._rate
        if wait > SHOWN:
            say(f"waits {wait:.1f} s: AWS takes {self._rate:g} writes of alarms a second")
            self._sleep(wait)
        return max(wait, 0.0)
