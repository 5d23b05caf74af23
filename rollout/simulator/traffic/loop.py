"""The live loop: publishes each period when it has ended, in a daemon thread, and never gives up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from threading import Event, RLock, Thread
from typing import Any, Final

from rollout.model import times
from rollout.model.gate.window import HOUR

#: Published at once on start, so that a gate sees data without a wait.
AT_START: Final = timedelta(minutes=10)
#: Seconds until a failed period is tried again, and the longest sleep: a clock that was set, or a laptop that
#: slept, is noticed within this time.
PAUSE: Final = 5.0
#: Where the clock is set ahead, the newest hours are published by the period and the time before in longer pieces, as a
#: reporter that sends sums would: a gate reads 3 to 4 of them finely (`rollout.model.gate.window.FINE`).
FINE: Final = timedelta(hours=4, minutes=15)
PIECE: Final = timedelta(minutes=15)
#: So many pieces are published before the next look at whether it is over.
AT_ONCE: Final = 240
#: Beyond so much time a piece is an hour, and what is older than the second isn't published: no window reaches there.
LONG: Final = timedelta(days=5)
LONGEST: Final = timedelta(days=60)
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
    aware. `whole`: the source takes a long period as one sum; else every period is published for itself.
    """

    def __init__(
        self,
        publish: Callable[[datetime, datetime], object],
        first: datetime,
        period: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        whole: bool = True,
    ) -> None:
        self._publish = publish
        self._next = first
        self._period = period
        self._clock = clock
        self._whole = whole
        self._alone = RLock()  # one period at a time, by the thread or by whoever sets the clock
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

    @property
    def next(self) -> datetime:
        """Where the next period begins."""
        return self._next

    def until(self, now: datetime, publish: Callable[[Sequence[tuple[datetime, datetime]]], None]) -> None:
        """Publishes all that has ended by `now`, by many periods at once, before it answers.

        Raises what `publish` raises; what isn't published can be tried again.
        """
        with self._alone:
            self._next = max(self._next, self._next + (now - LONGEST - self._next) // self._period * self._period)
            while not self._over.is_set() and self._next + self._period <= now:
                pieces, end = list[tuple[datetime, datetime]](), self._next
                while end + self._period <= now and len(pieces) < AT_ONCE:
                    pieces.append((end, end := end + self._piece(end, now)))
                publish(pieces)
                self._published += (end - self._next) // self._period
                self._next = end

    def _piece(self, start: datetime, now: datetime) -> timedelta:
        """How much is published as one sum: up to a whole piece of the day, while that is older than what is read finely."""
        piece = PIECE if now - start <= LONG else HOUR
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        left = piece - (start - midnight) % piece
        whole = self._whole and not left % self._period and start + left <= now - FINE
        return left if whole else self._period

    def step(self) -> float:
        """Publishes every period that has ended and isn't published; answers the seconds to wait before the next look."""
        while not self._over.is_set():
            with self._alone:
                wait = self._one()
            if wait is not None:
                return wait
        return 0.0

    def _one(self) -> float | None:
        """Publishes the next period if it has ended; else, and after a failure, the seconds to wait."""
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
        return None

    def _run(self) -> None:
        while not self._over.wait(self.step()):
            pass
