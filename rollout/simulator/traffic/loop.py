"""The live loop: publishes each period when it has ended, in a daemon thread, and never gives up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any, Final

from rollout.model import times

#: Published at once on start, so that a gate sees data without a wait.
AT_START: Final = timedelta(minutes=10)
#: Seconds until a failed period is tried again, and the longest sleep: a clock that was set, or a laptop that
#: slept, is noticed within this time.
PAUSE: Final = 5.0
#: Seconds that `stop` waits for a call under way: longer than one call of `rollout.simulator.traffic.publish` may take.
STOPPING: Final = 8.0


def first_start(now: datetime, period: timedelta) -> datetime:
    """Where a loop that starts `now` begins: the whole periods of the last ten minutes, one at least."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ended = midnight + (now - midnight) // period * period
    return ended - max(1, AT_START // period) * period


class Loop:
    """Calls `publish(start, end)` for one period after the other, from `first` on, each after its end.

    What `publish` raises is kept as the last error, and the same period is tried again. `clock` answers the time,
    aware.
    """

    def __init__(
        self,
        publish: Callable[[datetime, datetime], object],
        first: datetime,
        period: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._publish = publish
        self._next = first
        self._period = period
        self._clock = clock
        self._published = 0
        self._error = ""
        self._over = Event()
        self._thread = Thread(target=self._run, name="traffic", daemon=True)

    def start(self) -> None:
        """Starts the thread. Once."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it, after the call that is under way; waits for that, `STOPPING` seconds at most."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(STOPPING)

    def status(self) -> dict[str, Any]:
        """How far it is: times as text in UTC; `published_up_to` is None before the first period."""
        return {
            "published_up_to": times.iso(self._next) if self._published else None,
            "minutes_published": int(self._published * self._period / timedelta(minutes=1)),
            "last_error": self._error,
        }

    def step(self) -> float:
        """Publishes every period that has ended and isn't published; answers the seconds to wait before the next look."""
        while not self._over.is_set():
            end = self._next + self._period
            left = (end - self._clock()).total_seconds()
            if left > 0:
                return min(left, PAUSE)
            try:
                self._publish(self._next, end)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next try may do; the page shows it
                reason = " ".join(str(error).split())[:300]
                self._error = (
                    f"{times.iso(self._clock())} period from {times.iso(self._next)}: {type(error).__name__} {reason}"
                )
                return PAUSE
            self._next = end
            self._published += 1
        return 0.0

    def _run(self) -> None:
        while not self._over.wait(self.step()):
            pass
