"""Reading one map of a file, key by key: each getter returns a typed value or notes a problem and goes on.

So one run names everything that is wrong with a file. A getter's answer counts only where no problem was noted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, TypeVar

from rollout.model.problem import Problem, shown, unseen
from rollout.model.yaml_text.tree import Map, Node, Scalar, Seq

T = TypeVar("T", date, datetime)

#: What is wrong with a text that says something else than it shows, and what to do.
UNSEEN: Final = "a character that no reader sees"
RETYPE: Final = "type the line anew: what was copied brought it along"
#: Days and weeks are counted from a date: behind this year the calendar has too few.
LAST_YEAR: Final = 9000

_PERCENT: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z")


def written(node: Node | None) -> str:
    """What stands in the file, for a message's `given`."""
    match node:
        case None:
            return "nothing"
        case Scalar(plain=True, text=""):
            return "nothing (null)"
        case Scalar(plain=True):
            return shown(node.text)
        case Scalar():
            return shown(f'"{node.text}"')
        case Seq():
            return "a list"
        case Map() if is_secret(node):
            return "a secret (secure: ...)"
        case Map(flow=True):
            return "a map in braces"
    return "a map"


def is_secret(node: Node | None) -> bool:
    """Whether this is what `pulumi config set --secret` writes: a map of `secure` and the ciphertext."""
    return isinstance(node, Map) and list(node.values) == ["secure"] and isinstance(node.values["secure"], Scalar)


def instead(node: Node | None) -> str:
    """What to write in place of a scalar that isn't what it looks like, or of a secret; nothing where nobody can know."""
    if is_secret(node):
        return "write the value itself: what stands here is no secret, and a review has to read it"
    if isinstance(node, Scalar) and node.plain and node.kind in ("odd", "int", "float", "bool") and node.text:
        return f'write "{shown(node.text)}", with the quotes'
    return ""


def closest(name: str, names: Iterable[str]) -> str:
    """The one of `names` that looks most like `name`; "" where none does."""
    from difflib import get_close_matches  # imported here: 5 ms that only a typing error is worth

    return next(iter(get_close_matches(name[:80], list(names), n=1, cutoff=0.6)), "")


def nearest(name: str, names: Iterable[str]) -> str:
    """`did you mean jobs?` where one of `names` looks like `name`, else nothing."""
    close = closest(name, names)
    return f"did you mean {close}?" if close else ""


class Fields:
    """One map that is being read. `path` is its key for messages, `file` its file."""

    def __init__(self, node: Map, file: str, path: str, problems: list[Problem]) -> None:
        self.node = node
        self.file = file
        self.path = path
        self.problems = problems
        self._known: set[str] = set()

    def place(self, key: str = "") -> str:
        """`file:line path.key`, the line of the key where it stands in the file, else of the map."""
        path = ".".join(part for part in (self.path, key) if part)
        line = self.node.keys[key].line if key in self.node.keys else self.node.line
        return f"{self.file}:{line} {path}".rstrip()

    def bad(self, key: str, what: str, allowed: str = "", do: str = "", *, given: str | None = None) -> None:
        """Notes a problem of `key`; `given` is what stands there, if not said otherwise."""
        node = self.node.values.get(key)
        if is_secret(node):
            do = instead(node)
        elif isinstance(node, Scalar) and node.reason and not do:
            do = node.reason
        given = written(node) if given is None else given
        self.problems.append(Problem(what, self.place(key), allowed, given, do))

    def get(self, key: str) -> Node | None:
        """The node under `key`, which counts as a known key from now on; None where it is absent."""
        self._known.add(key)
        return self.node.values.get(key)

    def _missing(self, key: str, allowed: str, required: bool) -> None:
        if required:
            self.bad(key, f"{key} is missing", allowed)

    def text(self, key: str, *, required: bool = True, allowed: str = "text") -> str:
        """Text that says something, stripped; empty where it is absent or wrong."""
        node = self.get(key)
        if node is None:
            self._missing(key, allowed, required)
        elif isinstance(node, Scalar) and node.kind == "text" and node.text.strip():
            if not (hidden := unseen(node.text)):
                return node.text.strip()
            self.bad(key, f"{key} has {UNSEEN} ({hidden})", allowed, RETYPE)
        else:
            self.bad(key, f"{key} is not text", allowed, instead(node))
        return ""

    def choice(self, key: str, allowed: Iterable[str], *, required: bool = True) -> str:
        """One of the words `allowed`, with or without quotes (`off` is such a word); empty where it is none."""
        words = tuple(allowed)
        node = self.get(key)
        if node is None:
            self._missing(key, " or ".join(words), required)
        elif isinstance(node, Scalar) and node.kind in ("text", "odd") and node.text in words:
            return node.text
        else:
            hint = nearest(node.text, words) if isinstance(node, Scalar) else ""
            self.bad(key, f"{key} is none of the words allowed", " or ".join(words), hint or "write one of them")
        return ""

    def integer(self, key: str, low: int, high: int, *, required: bool = True, default: int = 0) -> int:
        """A plain whole number from `low` to `high`, `default` where it is absent or wrong."""
        node = self.get(key)
        allowed = f"a whole number from {low} to {high}"
        if node is None:
            self._missing(key, allowed, required)
        elif (
            isinstance(node, Scalar)
            and isinstance(node.value, int)
            and node.kind == "int"
            and low <= node.value <= high
        ):
            return node.value
        else:
            self.bad(key, f"{key} is not {allowed}", allowed)
        return default

    def fraction(self, key: str, *, required: bool = True) -> float:
        """A rate written as `0.1%`, as a fraction (0.001); 0 where it is absent or wrong."""
        node = self.get(key)
        allowed = "a rate such as 0.1%, from 0% to 100%"
        if node is None:
            self._missing(key, allowed, required)
        elif isinstance(node, Scalar) and node.kind == "text" and (match := _PERCENT.fullmatch(node.text)):
            rate = float(Decimal(match[1]) / 100)
            if rate <= 1:
                return rate
            self.bad(key, f"{key} is over 100%", allowed)
        else:
            self.bad(key, f"{key} is not a rate", allowed)
        return 0.0

    def moment(self, key: str) -> datetime | None:
        """A quoted time in UTC such as `"2026-12-09T02:14:00Z"`, aware; None where it is absent or wrong."""
        allowed = 'a quoted time in UTC, "2026-12-09T02:14:00Z"'
        return self._time(key, _TIME, allowed, lambda text: datetime.fromisoformat(text).astimezone(UTC))

    def day(self, key: str, *, required: bool = True) -> date | None:
        """A quoted date such as `"2026-12-01"`; None where it is absent or wrong, and where no plan fits behind it."""
        found = self._time(key, _DATE, 'a quoted date, "2026-12-01"', date.fromisoformat, required=required)
        if found is None or found.year < LAST_YEAR:
            return found
        self.bad(key, f"{key} is too far ahead", f"a date before the year {LAST_YEAR}")
        return None

    def _time(
        self, key: str, form: re.Pattern[str], allowed: str, parse: Callable[[str], T], *, required: bool = True
    ) -> T | None:
        node = self.get(key)
        if node is None:
            self._missing(key, allowed, required)
            return None
        if isinstance(node, Scalar) and node.kind == "text" and form.fullmatch(node.text):
            try:
                return parse(node.text)
            except ValueError:  # the 31st of November
                pass
        quoted = isinstance(node, Scalar) and form.fullmatch(node.text)
        self.bad(key, f"{key} is not {allowed.partition(',')[0]}", allowed, instead(node) if quoted else "")
        return None

    def section(self, key: str, *, required: bool = True, block: bool = False) -> Fields | None:
        """The map under `key`; None where it is absent or no map. `block` refuses one written in braces."""
        node = self.get(key)
        if node is None:
            self._missing(key, "a map", required)
        elif not isinstance(node, Map):
            self.bad(key, f"{key} is not a map", "a map, one key a line")
        elif block and node.flow:
            do = "write each key on a line of its own: a diff in braces conflicts when it is reverted"
            self.bad(key, f"{key} is written in braces", "block style, one key a line", do)
        else:
            return self.sub(key, node)
        return None

    def sub(self, key: str, node: Map) -> Fields:
        """The fields of the map `node` that stands under `key`."""
        return Fields(node, self.file, ".".join(part for part in (self.path, key) if part), self.problems)

    def names(self) -> list[str]:
        """Every key of the map, in the file's order; all count as known."""
        self._known.update(self.node.values)
        return list(self.node.values)

    def finish(self) -> None:
        """Notes every key that nobody asked for."""
        known = sorted(self._known)
        for key in self.node.values:
            if key not in self._known:
                self.bad(key, f"unknown key {shown(key)}", ", ".join(known), nearest(key, known) or "delete it")
