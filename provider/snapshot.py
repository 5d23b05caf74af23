"""One batched read of all flags of a run, so that API calls grow with pages and not with resources."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from provider.store import Entry, Store, StoreError


class Snapshot:
    """The flags as they were when the first of them was asked for.

    Each name is served once and then read singly: a read after a write is fresh.
    """

    def __init__(self, store: Store, names: Sequence[str]) -> None:
        self._store = store
        self._names = list(names)
        self._lock = Lock()
        self._found: dict[str, Entry | StoreError | None] | None = None
        self._empty = False

    def take(self, name: str) -> Entry | None:
        """The live entry of `name`. Raises `StoreError` for this name alone."""
        with self._lock:
            found = self._load()
            if name not in found:
                entry: Entry | StoreError | None = self._store.get(name)
            else:
                entry = found.pop(name)
        if isinstance(entry, StoreError):
            return self._store.get(name)  # what failed in the batch gets a call of its own
        return entry

    @property
    def was_empty(self) -> bool:
        """Whether the store held none of the stack's flags when this run first looked: a simulator that was restarted."""
        with self._lock:
            self._load()
            return self._empty

    def _load(self) -> dict[str, Entry | StoreError | None]:
        if self._found is None:
            self._found = self._store.get_many(self._names)
            self._empty = all(entry is None for entry in self._found.values())
        return self._found
