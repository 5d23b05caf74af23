"""The flag store behind the provider: the protocol alone. `choose` knows which stores there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from rollout.provider.errors import StoreError


@dataclass(frozen=True)
class Entry:
    """One stored value. `text` is None where the value can't be read as text; `scheduled` is one waiting for deletion."""

    name: str
    text: str | None
    version: str
    created: datetime | None = None
    scheduled: bool = False


@dataclass(frozen=True)
class Abilities:
    """What a store can, so that nobody finds out in an emergency that it can't.

    `versions`: each write makes a version of its own, also of an old value. Without, `Entry.version` is a digest of the
    value, and a return to an old value has the old version. `tags`: marks stand beside the value; without, a raise
    can't see a stop, and is refused. `times`: `Entry.created` says when the live version was written; without, nobody
    knows how long a value has soaked.

    `own_clock`: the store's times follow the virtual clock by themselves. `judges`: it is a `JudgingStore`.
    `absence`: a flag that isn't there is an answer, 0. Without, it may be the wrong database, or one that hides rows:
    a lowering over it is not known to be down. `traces`: it is a `TracingStore`.
    """

    versions: bool = True
    tags: bool = True
    times: bool = True
    own_clock: bool = False
    judges: bool = False
    absence: bool = True
    traces: bool = False


class Store(Protocol):
    """What a flag store must do. Every method may raise `StoreError`; none waits longer than its time-outs."""

    @property
    def can(self) -> Abilities:
        """What this store can. Known without a call."""

    def warm(self) -> None:
        """Makes ready, in this thread, what the first call needs. Calls nothing outside."""

    def get(self, name: str) -> Entry | None:
        """The live value now, or None where there is no such secret."""

    def get_many(self, names: Iterable[str]) -> dict[str, Entry | StoreError | None]:
        """The same for many names in few calls. One bad item is its own error and fails no other."""

    def tags(self, name: str) -> dict[str, str]:
        """The tags of a secret; empty where there is none."""

    def put(self, name: str, value: str, token: str) -> str:
        """Writes a new version over an existing secret; answers the version. Raises `Absent` where there is none.

        The same token twice answers the same version and changes nothing. Raises `Scheduled` for one waiting for deletion.
        """

    def create(self, name: str, value: str, token: str, tags: Mapping[str, str]) -> str:
        """Makes the secret with its first version. Raises `Exists` where there is one already, `Scheduled` as `put`."""

    def restore(self, name: str) -> None:
        """Takes a secret back from its scheduled deletion."""

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        """Adds or overwrites tags. Raises `Absent` where there is no such secret."""

    def untag(self, name: str, keys: Iterable[str]) -> None:
        """Removes tags; those that aren't there are fine."""


@dataclass(frozen=True)
class Trace:
    """What stands beside a value: its tags, the version that is live, and the one that its write replaced (None: not told)."""

    tags: Mapping[str, str]
    live: str | None = None
    replaced: str | None = None


class TracingStore(Store, Protocol):
    """A store that tells which version a write replaced: whoever wrote sees what came between his look and his write."""

    def trace(self, name: str) -> Trace:
        """Tags and versions, in the one call that `tags` makes. Of an absent secret: nothing."""

    def text_of(self, name: str, version: str) -> str | None:
        """The text of a version that was live before; None where it isn't kept any more."""


class JudgingStore(Store, Protocol):
    """A store that compares and writes in one: no order of two calls is to be kept, and no stop can come in between."""

    def lower_to(self, name: str, value: str, stop: str, marks: Mapping[str, str], *, make: bool) -> Entry | None:
        """Writes `value` unless a lower one stands there, with the stop's tag, unconditionally; answers what stands then.

        None where there is no such flag, and `make` doesn't ask for one.
        """

    def raise_over(
        self,
        name: str,
        value: str,
        before: Entry | None,
        stopped: str | None,
        marks: Mapping[str, str],
        *,
        drop: Iterable[str],
    ) -> Entry | None:
        """Writes `value` and tags over this version and this stop's tag, without the tags `drop`; None where either moved."""


def judges(store: Store) -> JudgingStore | None:
    """The store as one that judges and writes in one, where it says that it is."""
    return cast(JudgingStore, store) if store.can.judges else None


def traces(store: Store) -> TracingStore | None:
    """The store as one that tells what a write replaced, where it says that it does."""
    return cast(TracingStore, store) if store.can.traces else None
