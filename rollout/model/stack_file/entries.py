"""Tolerant reading of a stack config's entries: none of them may ever stand in the way of a rollback.

So nothing here raises. In an entry that can't be read, what permits counts as absent and what forbids as present,
and a warning names file, line and key. An entry that forbids something for a domain nobody knows forbids it
for every domain: whoever wrote it meant one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from typing import Final, TypeVar

from rollout.model.catalogue.domain import Catalogue
from rollout.model.catalogue.reading import NOBODY
from rollout.model.problem import Problem, shown
from rollout.model.stack_file import forms, odd
from rollout.model.stack_file.forms import (
    UNREADABLE_ATTEMPT,
    Attempt,
    Breach,
    Command,
    OnCall,
    Restore,
    Waiver,
    Why,
)
from rollout.model.yaml_text.fields import Fields, instead, nearest, written
from rollout.model.yaml_text.tree import Map, Node, Scalar

T = TypeVar("T")

PREFIX: Final = "wa-rollout:"


class Entries:
    """The entries of one config map. `malformed` holds the warnings again, by the domain they concern."""

    def __init__(self, config: Fields, catalogue: Catalogue) -> None:
        self.config = config
        self.catalogue = catalogue
        self.warnings: list[str] = []
        self.places: set[str] = set()  # what a warning has named
        self.malformed: dict[str, list[str]] = {}
        self.unread: dict[str, list[str]] = {}  # domain -> reasons against each of its raises

    def warn(self, domains: Iterable[str], key: str, node: Node, effect: str, problems: list[Problem]) -> str:
        """Notes a malformed entry and returns it as `malformed: ...`."""
        first = problems[0]
        where = first.where or f"{self.config.file}:{node.line} {key}"
        parts = [
            f"allowed {first.allowed}" if first.allowed else "",
            f"given {first.given}" if first.given else "",
            first.do,
        ]
        detail = "; ".join([first.what, *filter(None, parts)])
        text = f"{where}: {detail}: {effect}"
        self.places.add(where)
        self.warnings.append(text)
        for domain in domains:
            self.malformed.setdefault(domain, []).append(text)
        return f"malformed: {first.what} ({where})"

    def one(self, key: str, node: Node, build: Callable[[Fields], T]) -> tuple[T | None, list[Problem]]:
        """What `build` makes of the map `node`, with the problems it noted."""
        problems: list[Problem] = []
        if not isinstance(node, Map):
            where = f"{self.config.file}:{node.line} {key}"
            return None, [Problem("not a map", where, "a map, one key a line", written(node))]
        fields = Fields(node, self.config.file, key, problems)
        value = build(fields)
        fields.finish()
        return value, problems

    def single(
        self, name: str, build: Callable[[Fields], T], domains: Iterable[str], effect: str
    ) -> tuple[T | None, str]:
        """An entry that stands once: its value, or None and `malformed: ...` (nothing where it is absent)."""
        key = PREFIX + name
        node = self.config.get(key)
        if node is None:
            return None, ""
        value, problems = self.one(key, node, build)
        return (None, self.warn(domains, key, node, effect, problems)) if problems else (value, "")

    def each(
        self, name: str, build: Callable[[Fields], T], effect: str
    ) -> tuple[dict[str, T], dict[str, tuple[str, Node]]]:
        """Per domain: the entries that can be read, and for the others `malformed: ...` with the node."""
        key = PREFIX + name
        node = self.config.get(key)
        good: dict[str, T] = {}
        broken: dict[str, tuple[str, Node]] = {}
        if node is None or (isinstance(node, Map) and not node.values) or _empty(node):
            return good, broken
        everyone = tuple(self.catalogue.domains)
        if not isinstance(node, Map):
            _, problems = self.one(key, node, build)
            why = self.warn(everyone, key, node, effect, problems)
            return good, dict.fromkeys(everyone, (why, node))
        for domain, entry in node.values.items():
            if domain == NOBODY:
                continue
            place = f"{key}.{domain}"
            if domain not in everyone:
                where = f"{self.config.file}:{node.keys[domain].line} {place}"
                known = ", ".join(everyone)
                problem = Problem(f"unknown domain {shown(domain)}", where, known, do=nearest(domain, everyone))
                why = self.warn(everyone, place, entry, effect, [problem])
                for name_ in everyone:
                    broken.setdefault(name_, (why, entry))
                continue
            value, problems = self.one(place, entry, build)
            if problems:
                broken[domain] = (self.warn([domain], place, entry, effect, problems), entry)
            elif value is not None:
                good[domain] = value
        return good, broken

    def freeze(self) -> Why | None:
        value, broken = self.single("freeze", forms.read_why, self.catalogue.domains, "counts as a freeze")
        return Why(broken, "") if broken else value

    def held(self) -> dict[str, Why]:
        good, broken = self.each("held", forms.read_why, "counts as held")
        return {**{domain: Why(why, "") for domain, (why, _) in broken.items()}, **good}

    def breach(self) -> dict[str, Breach]:
        good, broken = self.each("breach", forms.read_breach, "counts as a breach")
        # Of a breach that can't be read, the readable parts stay: the attempt says which one is later.
        unreadable = {domain: self._unreadable(why, node) for domain, (why, node) in broken.items()}
        return {**unreadable, **good}

    def attempt(self) -> dict[str, Attempt]:
        return self.each("attempt", forms.read_attempt, "counts as absent")[0]

    def restore(self) -> dict[str, Restore]:
        good = self.each("restore", forms.read_restore, "counts as absent")[0]
        return {domain: restore for domain, restore in good.items() if restore is not None}

    def waivers(self) -> dict[str, Waiver]:
        found: dict[str, Waiver] = {}
        for name, node, key in self.named("waivers"):
            value, problems = self.one(key, node, partial(forms.read_waiver, name=name, catalogue=self.catalogue))
            if problems:
                domain = node.values.get("domain") if isinstance(node, Map) else None
                mentioned = domain.text if isinstance(domain, Scalar) else ""
                self.warn(
                    [d for d in self.catalogue.domains if d == mentioned], key, node, "counts as absent", problems
                )
            elif value is not None:
                found[name] = value
        return found

    def checked(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for domain, node, key in self.named("checked"):
            problems: list[Problem] = []
            if domain not in self.catalogue.domains:
                known = ", ".join(self.catalogue.domains)
                hint = nearest(domain, self.catalogue.domains)
                problems.append(Problem(f"unknown domain {shown(domain)}", allowed=known, do=hint))
            elif isinstance(node, Map):
                items = self._attestations(Fields(node, self.config.file, key, problems), domain)
                if items:
                    found[domain] = items
            else:
                _, problems = self.one(key, node, forms.read_why)
            for problem in problems:
                self.warn([domain], key, node, "counts as not attested", [problem])
        return found

    def notes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, node, key in self.named("notes"):
            if isinstance(node, Scalar) and node.kind == "text" and _is_date(name):
                found[name] = node.text
            else:
                place = f"{self.config.file}:{node.line} {key}"
                problem = Problem("not a note", place, '"2026-12-03": "text"', written(node), instead(node))
                self.warn([], key, node, "left out", [problem])
        return found

    def commands(self) -> dict[str, Command]:
        found: dict[str, Command] = {}
        for name, node, key in self.named("commands"):
            value, problems = self.one(key, node, partial(forms.read_command, name=name))
            if problems:
                self.warn([], key, node, "counts as absent", problems)
            elif value is not None:
                found[name] = value
        return found

    def closed(self) -> Why | None:
        return self.single("closed", forms.read_why, self.catalogue.domains, "counts as absent")[0]

    def start(self) -> date | None:
        return self._setting("start", lambda fields, key: fields.day(key, required=False), "counts as absent") or None

    def switch(self, name: str) -> str:
        """`gate` or `drill`: one that can't be read asks for everything."""
        words = ("required", "off")
        effect = "counts as required"
        return self._setting(name, lambda f, key: f.choice(key, words, required=False), effect) or "required"

    def _setting(self, name: str, read: Callable[[Fields, str], T], effect: str) -> T | None:
        """A single value that stands under its own key; None where it can't be read, and then nothing rises."""
        problems: list[Problem] = []
        fields = Fields(self.config.node, self.config.file, "", problems)
        key = PREFIX + name
        value = read(fields, key)
        if not problems:
            return value
        text = self.warn(self.catalogue.domains, key, self.config.node, f"{effect}, and no raise is allowed", problems)
        self.refuse(self.catalogue.domains, text.removeprefix("malformed: "), problems[0].do)
        return None

    def refuse(self, domains: Iterable[str], text: str, do: str) -> None:
        """Notes a reason against every raise of these domains."""
        for domain in domains:
            self.unread.setdefault(domain, []).append(f"{text}\n{do}" if do else text)

    def odd(self, text: str) -> dict[str, tuple[str, ...]]:
        """Per domain, the odd and secret values that concern it, as reasons against a raise. Asked last: a value that
        another warning names gets none of its own. `text`: the file's, whose comments are read by reviewers too.
        """
        for one in odd.values(self.config.node, self.config.file, PREFIX, self.catalogue):
            if one.place in self.places:
                for texts in (self.warnings, *self.malformed.values()):
                    texts[:] = [_also(text, one.place) for text in texts]
            else:
                self.warn(one.domains, "", self.config.node, odd.EFFECT, [one.problem])
            self.refuse(one.domains, f"{one.place}: {one.problem.what}", one.problem.do)
        named = {place.partition(" ")[0] for place in self.places}
        for problem in odd.comments(text, self.config.file):
            if problem.where not in named:
                self.warn(self.catalogue.domains, "", self.config.node, odd.EFFECT, [problem])
                self.refuse(self.catalogue.domains, f"{problem.where}: {problem.what}", problem.do)
        return {domain: tuple(texts) for domain, texts in self.unread.items()}

    def on_call(self) -> OnCall | None:
        key = PREFIX + "on-call"
        if self.config.get(key) is None:
            node = self.config.node
            problem = Problem("nobody is on call", f"{self.config.file} {key}", "who, reach, hours", "nothing")
            self.warn(self.catalogue.domains, key, node, "no raise is allowed", [problem])
            return None
        return self.single("on-call", forms.read_on_call, self.catalogue.domains, "no raise is allowed")[0]

    def region(self) -> str | None:
        problems: list[Problem] = []
        fields = Fields(self.config.node, self.config.file, "", problems)
        region = fields.text("rollout:region", required=False, allowed="a region such as eu-west-1")
        if problems:
            self.warn([], "rollout:region", self.config.node, "counts as absent", problems)
        return region or None

    def named(self, name: str) -> list[tuple[str, Node, str]]:
        """The entries of a map that permits or informs: name, node, key. One that is no map is warned of, and empty."""
        key = PREFIX + name
        node = self.config.get(key)
        if node is None or _empty(node):
            return []
        if not isinstance(node, Map):
            _, problems = self.one(key, node, forms.read_why)
            self.warn(self.catalogue.domains, key, node, "counts as absent", problems)
            return []
        return [(entry, value, f"{key}.{entry}") for entry, value in node.values.items()]

    def _attestations(self, fields: Fields, domain: str) -> dict[str, str]:
        items = {item.name: item.kind for item in self.catalogue.domains[domain].checklist}
        attested = [name for name, kind in items.items() if kind == "attested"] + [forms.DATA_AUDIT]
        found: dict[str, str] = {}
        for name in fields.names():
            if name in attested:
                text = fields.text(name, allowed="text: who, when, a link")
                if text:
                    found[name] = text
            elif name in items:
                fields.bad(name, f"{name} is probed, not attested", ", ".join(attested), "delete it")
            else:
                fields.bad(name, f"no checklist item {shown(name)}", ", ".join(attested), nearest(name, attested))
        return found

    def _unreadable(self, why: str, node: Node) -> Breach:
        parts = None
        if isinstance(node, Map):
            parts, _ = self.one("", node, forms.read_breach)
        attempt, at = (parts.attempt, parts.at) if parts else (UNREADABLE_ATTEMPT, None)
        return Breach(attempt, at, parts.metric if parts and parts.metric else "a malformed entry", why, None, None, "")


def _empty(node: Node) -> bool:
    """A key without a value: the place of entries that come and go, and of none now."""
    return isinstance(node, Scalar) and node.kind == "null"


def _also(text: str, place: str) -> str:
    """A warning of that place, which says too that nothing rises."""
    return text if not text.startswith(f"{place}:") or odd.EFFECT in text else f"{text}, and {odd.EFFECT}"


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
