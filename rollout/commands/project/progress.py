"""Says what is being waited for, on stderr, once it takes longer than a person likes a silent terminal.

On a terminal it is one line that is drawn again and goes when there is something to read; in a pipe a line now and then.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

import click

from rollout.commands.project import terminal
from rollout.model.problem import visible

#: Seconds of silence before the first word; between two on a terminal; and between two in a pipe.
SILENCE: Final = 2.0
REDRAWN: Final = 1.0
PLAIN: Final = 20.0
_CLEAR: Final = "\r\033[K"


@contextlib.contextmanager
def shown(what: str) -> Iterator[None]:
    """`what` and the seconds so far, until the block ends."""
    if sys.stderr.isatty():
        with waiting(what):
            yield
        return
    began, said = time.monotonic(), [0.0]

    def say() -> None:
        seconds = time.monotonic() - began
        if not said[0] or seconds - said[0] >= PLAIN:
            said[0] = seconds
            click.echo(f"{what}: {seconds:.0f} s", err=True)

    with repeated(SILENCE, say):
        yield


@contextlib.contextmanager
def waiting(what: str) -> Iterator[Callable[[], None]]:
    """The redrawn line alone, for what prints by itself; nothing in a pipe. Yields what clears it before other text."""
    began, drawn, alone = time.monotonic(), threading.Event(), threading.Lock()

    def clear() -> None:
        nonlocal began
        with alone:
            began = time.monotonic()
            if drawn.is_set():
                terminal.inner(sys.stderr).write(_CLEAR)
                sys.stderr.flush()
                drawn.clear()

    def draw() -> None:
        seconds = time.monotonic() - began
        with alone:
            if seconds >= SILENCE:
                terminal.inner(sys.stderr).write(f"{_CLEAR}{visible(what)}: {seconds:.0f} s")
                sys.stderr.flush()
                drawn.set()

    if not sys.stderr.isatty():
        yield lambda: None
        return
    try:
        with repeated(REDRAWN, draw):
            yield clear
    finally:
        clear()


@contextlib.contextmanager
def repeated(every: float, say: Callable[[], None]) -> Iterator[None]:
    """Calls `say` every so many seconds, from a thread, until the block ends; a block that ends before says nothing."""
    ended = threading.Event()

    def speak() -> None:
        while not ended.wait(every):
            say()

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    try:
        yield
    finally:
        ended.set()
        speaker.join()
