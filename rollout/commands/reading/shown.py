"""A stored flag in one word, the same wherever it is shown: `status`, `live`, `audit`."""

from __future__ import annotations

from rollout.model.problem import masked
from rollout.provider.errors import StoreError
from rollout.provider.stores.store import Entry

UNKNOWN = "?"
ABSENT = "absent"
#: Waits for its deletion: 0 for the service, and nobody restores it.
DELETED = "deleted"


def word(entry: Entry | StoreError | None) -> str:
    """`25`, `true`, `absent`, `deleted`, `?`; of what is no value as much as may be shown."""
    if isinstance(entry, StoreError):
        return UNKNOWN
    if entry is None or entry.text is None:
        return DELETED if entry is not None and entry.scheduled else ABSENT
    return masked(entry.text)
