"""How a process that stays is ended: the first signal asks it to finish what it has begun, a second one ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Final

#: Ctrl-C, what systemd and a container's runtime send, and the terminal that is closed.
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(BaseException):
    """Raised inside `Ending.may_leave` by the first signal. No `Exception`: whoever goes on after one mustn't here."""


@dataclass
class Ending:
    """What the signals have asked for. `waits_for`: what is begun, in words; `abandon` says what is left, and a code.

    Both are called inside the signal handler: they must take no lock, and print nothing by themselves.
    """

    waits_for: Callable[[], str]
    abandon: Callable[[], tuple[Sequence[str], int]]
    last_word: Callable[[], None]  # what is done between the second signal's lines and the end
    asked: bool = False
    _leaves: bool = False

    def install(self) -> None:
        """Listens from now on. A signal that this process was told to ignore (nohup, a shell's `&`) stays ignored."""
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._heard)

    @contextlib.contextmanager
    def may_leave(self) -> Iterator[None]:
        """A block that the first signal leaves at once, by `Ended`, wherever it is."""
        self._leaves = True
        try:
            if self.asked:
                raise Ended
            yield
        finally:
            self._leaves = False

    def _heard(self, number: int, _: FrameType | None) -> None:
        name = signal.Signals(number).name
        if not self.asked:
            self.asked = True
            begun = self.waits_for()
            _print(f"{name}: no more looks{f'; first {begun}. A second signal ends it at once' if begun else ''}")
            if self._leaves:
                raise Ended
            return
        lines, code = self.abandon()
        _print("\n".join([f"{name} again: ended at once", *lines]))
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)  # a third one waits for nothing
        self.last_word()
        os._exit(code)  # neither threads nor buffers are waited for


def _print(text: str) -> None:
    """Past Python's own buffers, which the interrupted code may be in the middle of."""
    with contextlib.suppress(OSError):
        os.write(2, f"{text}\n".encode())
