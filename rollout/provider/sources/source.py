"""Where counts come from: the protocol alone. `choose` knows which sources there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from rollout.model.gate.window import Series, Window

#: Per series and period: the sum, and how many data it is of. A period without data isn't there.
Found: TypeAlias = "dict[Series, dict[datetime, tuple[float, float]]]"


class Counters(Protocol):
    """A source of counters. Another one (a log table, Prometheus) comes behind the same question."""

    def read(self, domain: str, series: Sequence[Series], window: Window) -> Found:
        """Per series, the periods of `window` that have data: their sum and how many data. Raises `StoreError`.

        What is empty is no data, never zero; nothing is divided or filled in.
        """


@runtime_checkable
class Together(Counters, Protocol):
    """A source that answers any number of questions by one call, as a table does."""

    def read_all(self, asked: Sequence[tuple[str, Sequence[Series], Window]]) -> list[Found]:
        """Of each question (domain, series, window) what `read` answers. Raises `StoreError`, of all of them."""
