"""One rollback as it is asked for, what it has once the flag is down, and how it speaks to the operator."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import click

from rollout.commands.rollback.stop import Stop
from rollout.provider.settings import Settings
from rollout.provider.stores.store import Store

#: The seed: "Wait 5 minutes, verify traffic back".
TRAFFIC_WAIT: Final = 300.0
LOCK_PATIENCE: Final = 600.0  # seconds an `up` waits for another run's lock; the flag is down meanwhile
FIRST_WORD: Final = 3.0  # seconds of silence after which the operator is told that it is still being tried


@dataclass(frozen=True)
class Order:
    """One rollback as asked for. `wait` and `patience` in seconds."""

    domain: str
    stack: str
    to: str  # previous, zero, a rung, or empty: what the metric asks
    because: str | None
    by: str  # empty: whom git knows, asked once the domain is down
    wait: float
    patience: float
    commit: bool
    seen: str = "reported by hand"
    news: bool = True  # whether who has to know is told
    read_first: bool = False  # a value that is down already is written by nobody; else 0 is put before any read
    freeze: str = ""  # why nothing may rise any more; empty: no freeze


@dataclass(frozen=True)
class Down:
    """A domain that is down, and what the steps after that need."""

    done: Stop
    settings: Settings
    store: Store
    now: datetime


class Say(Protocol):
    """Where the lines go; `err`: for the operator to act on."""

    def __call__(self, text: str, *, err: bool = False) -> None: ...


def say(text: str, *, err: bool = False) -> None:
    """A line for the operator. A terminal that is gone must not end the steps that are still to come."""
    with contextlib.suppress(OSError, ValueError):
        click.echo(text, err=err)
        (sys.stderr if err else sys.stdout).flush()
