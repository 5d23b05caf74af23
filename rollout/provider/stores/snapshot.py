"""One batched read of all things of one kind in a run, so that API calls grow with pages and not with resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Generic, Protocol, TypeVar

from rollout.provider.errors import StoreError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Source(Protocol[T_co]):
    """What can be read by name, one or many. Both may raise `StoreError`."""

    def get(self, name: str) -> T_co | None: ...
    def get_many(self, names: Iterable[str]) -> Mapping[str, T_co | StoreError | None]: ...


class Snapshot(Generic[T]):
    """Everything as it was when the first of it was asked for.

    Each name is served once and then read singly: a read after a write is fresh. With `again`, what failed in the
    batch gets a call of its own; without, its page's error is its answer (30 alarms must not try a dead API 30 times).
    """

    def __init__(self, store: Source[T], names: Sequence[str], *, again: bool = True) -> None:
        self._store = store
        self._names = list(names)
        self._again = again
        self._lock = Lock()
        self._found: dict[str, T | StoreError | None] | None = None
        self._first: dict[str, T | StoreError | None] = {}

    def take(self, name: str) -> T | None:
        """The live entry of `name`. Raises `StoreError` for this name alone."""
        with self._lock:
            found = self._load()
            fresh = name not in found
            entry: T | StoreError | None = None if fresh else found.pop(name)
        if fresh:
            return self._store.get(name)
        if isinstance(entry, StoreError):
            if not self._again:
                raise entry
            return self._store.get(name)
        return entry

    def first(self, name: str) -> T | StoreError | None:
        """What the batch found of `name`, whoever has read it since; None also where it wasn't asked for."""
        with self._lock:
            self._load()
            return self._first.get(name)

    @property
    def was_empty(self) -> bool:
        """Whether the store held none of them when this run first looked: a simulator that was restarted."""
        with self._lock:
            self._load()
            return all(entry is None for entry in self._first.values())

    def _load(self) -> dict[str, T | StoreError | None]:
        if self._found is None:
            self._found = dict(self._store.get_many(self._names))
            self._first = dict(self._found)
        return self._found
