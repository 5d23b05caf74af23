"""How what stands outside fails: a store, a source of counters, AWS. The tree of all types is in `rollout.model.problem`."""

from __future__ import annotations

from rollout.model.problem import RolloutError


class StoreError(RolloutError):
    """It didn't do what it was asked. The text names operation, thing and code, and holds no credentials."""

    lasting = False  # whether the same call would fail again, so that it isn't worth a second try


class Absent(StoreError):
    """There is no such thing."""


class Exists(StoreError):
    """There is such a thing already."""


class Scheduled(StoreError):
    """The secret is waiting for its deletion and has to be restored first."""
