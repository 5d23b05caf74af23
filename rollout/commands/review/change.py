"""One property of one row that a preview would change, and the words for its values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Change:
    """One property of one row. `drift`: somebody changed it outside, and the `up` puts it back; `live`: what it is now."""

    kind: str
    row: str
    what: str  # create, update, delete, or the property's path
    old: str
    new: str
    drift: bool = False


def of(kind: str, row: str, what: str, asked: Any, live: Any, wanted: Any) -> Iterator[Change]:
    """What one property was asked to be, what it is, and what it is to be."""
    if live != asked:
        yield Change(kind, row, what, _text(live), _text(asked), drift=True)
    if asked != wanted:
        yield Change(kind, row, what, _text(asked), _text(wanted))


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
