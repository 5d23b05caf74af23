"""Says what is being waited for, on stderr, once it takes longer than a person likes a silent terminal."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Final

import click

#: Seconds of silence before the first word, and between two.
SILENCE: Final = 2.0


@contextlib.contextmanager
def shown(what: str) -> Iterator[None]:
    """`what` and the seconds so far, every two seconds, until the block ends."""
    ended, began = threading.Event(), time.monotonic()

    def speak() -> None:
        while not ended.wait(SILENCE):
            click.echo(f"{what}: {time.monotonic() - began:.0f} s", err=True)

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    try:
        yield
    finally:
        ended.set()
        speaker.join()
