"""Says what is being waited for, on stderr, once it takes longer than a person likes a silent terminal."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Final

import click

#: Seconds of silence before the first word, and between two.
SILENCE: Final = 2.0


def shown(what: str) -> AbstractContextManager[None]:
    """`what` and the seconds so far, every two seconds, until the block ends."""
    began = time.monotonic()
    return repeated(SILENCE, lambda: click.echo(f"{what}: {time.monotonic() - began:.0f} s", err=True))


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
