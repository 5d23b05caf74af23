"""Values beside the flags that Pulumi and a reviewer read differently: odd scalars, secret ones, and what Pulumi was given.

An unquoted phone number, an unquoted date, a value made secret by `pulumi config set --secret`: Pulumi hands on something else
than the file says. Beside the flags that is a malformed entry: a warning, raises refused, lowerings go. Nothing here raises, and
no message repeats what Pulumi was given: it may be a secret in plain text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rollout.model.catalogue.domain import Catalogue
from rollout.model.problem import Problem, unseen, visible
from rollout.model.yaml_text.fields import RETYPE, UNSEEN, instead, is_secret, written
from rollout.model.yaml_text.tree import Map, Node, Scalar

#: Keys whose entries are named by a domain: an odd value there concerns that domain alone.
_PER_DOMAIN: Final = ("held", "breach", "attempt", "restore", "checked")
#: Words that readers disagree on, and that this project reads by their letters alone: `gate: off`.
_WORDS: Final = ("off",)
#: What an odd value means for whoever reads the warning.
EFFECT: Final = "no raise is allowed"


@dataclass(frozen=True)
class Odd:
    """One such value: `place` is `file:line key`, `domains` those that it concerns."""

    place: str
    problem: Problem
    domains: tuple[str, ...]

    @property
    def text(self) -> str:
        """The warning."""
        problem = self.problem
        parts = [problem.what, f"given {problem.given}" if problem.given else "", problem.do]
        return f"{self.place}: {'; '.join(filter(None, parts))}: {EFFECT}"


def values(config: Map, file: str, prefix: str, catalogue: Catalogue) -> list[Odd]:
    """The odd and secret values, and the odd keys, of every entry of `prefix` but `flags`, in the file's order."""
    found = []
    for key, node in config.values.items():
        if not key.startswith(prefix) or key == f"{prefix}flags":
            continue
        for path, line, odd, what in _odd_in(node, (key,), config.keys[key].line):
            where = f"{file}:{line} {visible('.'.join(path))}"
            problem = Problem(what, where, given=written(odd), do=RETYPE if UNSEEN in what else instead(odd))
            found.append(Odd(where, problem, _concerned(path, config, prefix, catalogue)))
    return found


def comments(text: str, file: str) -> list[Problem]:
    """The lines, comments too, in which something stands that no reader sees."""
    return [
        Problem(f"{UNSEEN} ({hidden})", f"{file}:{number}", do=RETYPE)
        for number, line in enumerate(text.split("\n"), 1)
        if (hidden := unseen(line.removesuffix("\r")))
    ]


def _odd_in(node: Node, path: tuple[str, ...], line: int) -> Iterator[tuple[tuple[str, ...], int, Node, str]]:
    """(path, the line of its key, the value or key, what is wrong). A file that nests deep isn't read (`tree.MAX_DEPTH`)."""
    if is_secret(node):
        yield path, line, node, "a secret value: what a review can't read, nobody can approve"
    elif isinstance(node, Scalar):
        if node.kind == "odd" and node.text not in _WORDS:
            yield path, line, node, f"not what Pulumi reads ({node.reason})"
        elif hidden := unseen(node.text):
            yield path, line, node, f"{UNSEEN} ({hidden})"
    elif isinstance(node, Map):
        for key, inner in node.values.items():
            name = node.keys[key]
            if name.kind == "odd":
                yield (*path, key), name.line, name, f"a key that isn't what Pulumi reads ({name.reason})"
            elif hidden := unseen(key):
                yield (*path, key), name.line, name, f"a key with {UNSEEN} ({hidden})"
            yield from _odd_in(inner, (*path, key), name.line)
    else:
        for item in node.items:
            yield from _odd_in(item, path, item.line)


def _concerned(path: tuple[str, ...], config: Map, prefix: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The domains that an entry is about; every one where that can't be told."""
    everyone = tuple(catalogue.domains)
    name = path[0].removeprefix(prefix)
    if name in _PER_DOMAIN and len(path) > 1:
        mentioned = path[1]
    elif name == "waivers" and len(path) > 1:
        mentioned = _waived(config.values[path[0]], path[1])
    else:
        return everyone
    return (mentioned,) if mentioned in everyone else everyone


def _waived(waivers: Node, name: str) -> str:
    entry = waivers.values.get(name) if isinstance(waivers, Map) else None
    domain = entry.values.get("domain") if isinstance(entry, Map) else None
    return domain.text if isinstance(domain, Scalar) else ""


def same(node: Node, given: str) -> bool:
    """Whether Pulumi was given what the file says: it hands scalars on as text, maps and lists as JSON.

    What is odd or secret is passed over: it has its own warning, and what Pulumi makes of it is no news.
    """
    if isinstance(node, Scalar):
        return node.kind == "odd" or node.text == given or (node.kind == "null" and given in ("", "null"))
    if is_secret(node):
        return True
    try:
        return _equal(node, json.loads(given))
    except (ValueError, RecursionError):
        return False


def _equal(node: Node, given: object) -> bool:
    if is_secret(node):
        return True
    if isinstance(node, Scalar):
        return node.kind == "odd" or ((type(node.value) is bool) == (type(given) is bool) and node.value == given)
    if isinstance(node, Map):
        odd = {key for key, scalar in node.keys.items() if scalar.kind == "odd"}  # Pulumi has rewritten these keys
        if not isinstance(given, Mapping) or not (node.values.keys() - odd) <= given.keys():
            return False
        plain = all(_equal(value, given[key]) for key, value in node.values.items() if key not in odd)
        return plain and len(given) == len(node.values)
    return isinstance(given, list) and len(given) == len(node.items) and all(map(_equal, node.items, given))
