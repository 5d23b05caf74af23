"""What came, changed or went in a stack config beside the percents: the marks of the log, and lines of the review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: Entries per domain or name, and what a line about one is called.
NAMED: Final = {
    "held": "held", "breach": "breach", "attempt": "attempt", "waivers": "waiver", "restore": "restore",
    "checked": "checked", "notes": "note", "notify": "notify", "commands": "settings",
}  # fmt: skip
#: Entries that stand once.
SINGLE: Final = {
    "freeze": "freeze", "closed": "closed", "on-call": "settings", "gate": "settings", "drill": "settings",
    "start": "settings",
}  # fmt: skip
#: The order in which an entry's fields are read out; others come after, by name.
_FIRST: Final = ("why", "metric", "seen", "number", "accepts", "from", "to", "attempt", "worst", "at", "until", "by")


@dataclass(frozen=True)
class Mark:
    """One entry that changed. `change`: `new`, `changed` or `gone`; `text` says it in a line."""

    kind: str
    change: str
    text: str
    domain: str = ""


def between(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Mark]:
    """The marks from one config to the next (keys without `wa-rollout:`), in the order of the keys above.

    An empty `old` is a first run: what stands in it then is where it began, no change.
    """
    if not old or not new:
        return []
    found: list[Mark] = []
    for key, kind in SINGLE.items():
        found += _one(kind, key, "", old.get(key), new.get(key), "")
    for key, kind in NAMED.items():
        before, after = _map(old.get(key)), _map(new.get(key))
        for name in dict.fromkeys([*before, *after]):
            entry = _map(after.get(name) or before.get(name))
            domain = str(entry.get("domain", "")) if key == "waivers" else name
            found += _one(kind, key, name, before.get(name), after.get(name), domain if key not in _FREE else "")
    return found


#: Entries whose names are no domains.
_FREE: Final = ("notes", "notify", "commands")


def _one(kind: str, key: str, name: str, old: Any, new: Any, domain: str) -> list[Mark]:
    if old == new:
        return []
    change = "new" if old is None else "gone" if new is None else "changed"
    what = key if not name or name == domain else f"{key} {name}"
    said = {"new": "set", "changed": "changed", "gone": "lifted" if kind in ("freeze", "held") else "removed"}[change]
    text = f"{what} {said}: {words(old if new is None else new)}"
    return [Mark(kind, change, f"{name}: {words(new)}" if kind == "note" and change == "new" else text, domain)]


def words(entry: Any) -> str:
    """An entry in a line: `INC-7: duplicates; by Ana K.`"""
    if not isinstance(entry, Mapping):
        return str(entry)
    keys = [key for key in _FIRST if key in entry] + sorted(key for key in entry if key not in _FIRST)
    return "; ".join(_field(key, entry[key]) for key in keys)


def _field(key: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{key} ({words(value)})"
    if key in ("from", "to") and isinstance(value, int):
        return f"{key} {value} %"
    return str(value) if key == "why" else f"{key} {value}"


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
