"""What came, changed or went in a stack config beside the percents: the marks of the log, and lines of the review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rollout.model.catalogue.reading import NOBODY
from rollout.model.stack_file import off
from rollout.model.stack_file.config import BESIDE
from rollout.model.stack_file.keys import Key

#: An entry, or all of a key, in plain values.
Plain = Mapping[str, object]

#: The order in which an entry's fields are read out; others come after, by name.
_FIRST: Final = ("why", "metric", "seen", "number", "accepts", "from", "to", "attempt", "worst", "at", "until", "by")


@dataclass(frozen=True)
class Mark:
    """One entry that changed. `change`: `new`, `changed` or `gone`; `text` says it in a line."""

    kind: str
    change: str
    text: str
    domain: str = ""


def between(old: Plain, new: Plain) -> list[Mark]:
    """The marks from one config to the next (keys without `wa-rollout:`), in the order of the keys; what stands once comes first.

    An empty `old` is a first run: what stands in it then is where it began, no change.
    """
    if not old or not new:
        return []
    found: list[Mark] = []
    for name, key in sorted(BESIDE.items(), key=lambda item: bool(item[1].per)):  # what stands once comes first
        before, after = (off.plain(name, one.get(name)) for one in (old, new))
        found += _each(name, key, _map(before), _map(after)) if key.per else _one(key.said, name, "", before, after, "")
    return found


def _each(name: str, key: Key, before: Plain, after: Plain) -> list[Mark]:
    found: list[Mark] = []
    for one in dict.fromkeys([*before, *after]):
        if one == NOBODY:
            continue
        said = str(_map(after.get(one) or before.get(one)).get("domain", ""))
        domain = {"domain": one, "its domain": said}.get(key.per, "")
        found += _one(key.said, name, one, before.get(one), after.get(one), domain)
    return found


def _one(kind: str, key: str, name: str, old: object, new: object, domain: str) -> list[Mark]:
    if old == new:
        return []
    change = "new" if old is None else "gone" if new is None else "changed"
    what = key if not name or name == domain else f"{key} {name}"
    said = {"new": "set", "changed": "changed", "gone": "lifted" if kind in ("freeze", "held") else "removed"}[change]
    text = f"{what} {said}: {words(old if new is None else new)}"
    return [Mark(kind, change, f"{name}: {words(new)}" if kind == "note" and change == "new" else text, domain)]


def words(entry: object) -> str:
    """An entry in a line: `INC-7: duplicates; by Ana K.`"""
    if not isinstance(entry, Mapping):
        return str(entry)
    keys = [key for key in _FIRST if key in entry] + sorted(key for key in entry if key not in _FIRST)
    return "; ".join(_field(key, entry[key]) for key in keys)


def _field(key: str, value: object) -> str:
    if isinstance(value, Mapping):
        return f"{key} ({words(value)})"
    if key in ("from", "to") and isinstance(value, int):
        return f"{key} {value} %"
    return str(value) if key == "why" else f"{key} {value}"


def _map(value: object) -> Plain:
    return value if isinstance(value, Mapping) else {}
