"""The flag store behind the provider: a protocol, so that another store needs another file and nothing else.

A store without versions (Supabase Edge Function secrets: digests only, one bulk call) answers a digest as
`version` and finds `text` by hashing the few legal values; one without times leaves `created` out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Entry:
    """One stored value. `text` is None where the value can't be read as text; `scheduled` is one waiting for deletion."""

    name: str
    text: str | None
    version: str
    created: datetime | None = None
    scheduled: bool = False


class StoreError(Exception):
    """The store didn't do what it was asked. The text names operation, secret and code, and holds no credentials."""


class Store(Protocol):
    """What a flag store must do. Every method may raise `StoreError`; none waits longer than its time-outs."""

    def get(self, name: str) -> Entry | None:
        """The live value now, or None where there is no such secret."""

    def get_many(self, names: Iterable[str]) -> dict[str, Entry | StoreError | None]:
        """The same for many names in few calls. One bad item is its own error and fails no other."""

    def tags(self, name: str) -> dict[str, str]:
        """The tags of a secret; empty where there is none."""

    def put(self, name: str, value: str, token: str) -> str:
        """Writes a new version over an existing secret; answers the version. Raises `Absent` where there is none."""

    def create(self, name: str, value: str, token: str, tags: Mapping[str, str]) -> str:
        """Makes the secret with its first version. Raises `Exists` where there is one already."""

    def restore(self, name: str) -> None:
        """Takes a secret back from its scheduled deletion."""

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        """Adds or overwrites tags. Raises `Absent` where there is no such secret."""

    def untag(self, name: str, keys: Iterable[str]) -> None:
        """Removes tags; those that aren't there are fine."""


class Absent(StoreError):
    """There is no such secret."""


class Exists(StoreError):
    """There is such a secret already."""


class Scheduled(StoreError):
    """The secret is waiting for its deletion and has to be restored first."""


def secret_name(stack: str, flag: str) -> str:
    """The name of a flag's secret, `wa-webhook-unified/<stack>/<FLAG>`: a contract with the service that reads it."""
    return f"wa-webhook-unified/{stack}/{flag}"
