"""Strict reading of YAML: bytes to a tree whose every node knows its line, its place and how it was written.

The one module of the model that imports yaml, and only its events are used: nothing is constructed, an alias is never
followed, nesting is bounded, so no file can cost more than its own length. What YAML allows and a stack file
must not have (tags, anchors, duplicate keys, a byte order mark, ...) is refused, each in its own words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol, cast

import yaml

from rollout.model import trouble
from rollout.model.problem import BadInput, Problem, shown
from rollout.model.yaml_text.scalars import Kind, Value, classify

#: The largest file that is parsed, in bytes. The longest stack file of a whole migration is under 50 kB.
MAX_BYTES: Final = 1024 * 1024
#: How deep maps and lists may stand in each other; the deepest entry of a stack file stands at 5.
MAX_DEPTH: Final = 32
#: Problems listed of one file; a hostile file must not fill the screen.
MAX_PROBLEMS: Final = 20

# libyaml's parser where PyYAML was built with it: the same events, about ten times faster.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


Opening = yaml.ScalarEvent | yaml.MappingStartEvent | yaml.SequenceStartEvent


class Mark(Protocol):
    """A place in the text: `line` and `column` from 0, `index` in characters."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def index(self) -> int: ...


def start(event: yaml.Event) -> Mark:
    """Where an event begins: each event of a text that is parsed has its marks."""
    return cast("Mark", event.start_mark)


def end(event: yaml.Event) -> Mark:
    """Where an event ends."""
    return cast("Mark", event.end_mark)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. `text` is what it says, `start:end` where it stands in the file's text (quotes included)."""

    text: str
    kind: Kind
    value: Value
    plain: bool
    reason: str  # of an odd scalar: what readers make of it
    line: int
    start: int
    end: int


@dataclass(slots=True)
class Seq:
    """A list."""

    flow: bool
    line: int
    start: int
    end: int
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Map:
    """A map; `keys` holds each key as it was written. `end` is where its last value ends."""

    flow: bool
    line: int
    start: int
    end: int
    keys: dict[str, Scalar] = field(default_factory=dict)
    values: dict[str, Node] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)  # keys written twice; the first one stands in `values`


Node = Scalar | Seq | Map


def read(raw: bytes, where: str, limit: int = MAX_BYTES) -> Map:
    """The tree of a YAML file whose top is a map; an empty file is an empty map.

    `where` is the file's name, for messages; `limit` is in bytes. Raises BadInput with every problem found.
    """
    root, problems = compose(decode(raw, where, limit), where)
    if problems:
        raise BadInput(problems)
    return root


def decode(raw: bytes, where: str, limit: int = MAX_BYTES) -> str:
    """The file's text, line ends as they are. Raises BadInput on size, a byte order mark, and invalid UTF-8."""
    if len(raw) > limit:
        what = "the file is too large to be read"
        raise BadInput([Problem(what, where, f"at most {limit:,} bytes", f"{len(raw):,} bytes")])
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        what = "the file begins with a byte order mark"
        do = "save it as plain UTF-8"
        raise BadInput([Problem(what, f"{where}:1", "UTF-8 without a mark", raw[:3].hex(" "), do)])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        given = f"byte 0x{raw[error.start]:02x} at offset {error.start:,}"
        problem = Problem("the file is not UTF-8", f"{where}:{line}", "UTF-8", given, "save it as UTF-8")
        raise BadInput([problem]) from None


def compose(text: str, where: str) -> tuple[Map, list[Problem]]:
    """The tree of `text`, and what a strict reader refuses in it (tags, anchors, aliases, repeated keys).

    Raises BadInput where there is no tree: a syntax error, a second document, too deep nesting, a top that is no map.
    """
    builder = _Builder(text, where)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.reader.ReaderError as error:
        raise BadInput([*builder.problems, _unreadable(error, text, where)]) from None
    except yaml.MarkedYAMLError as error:
        raise BadInput([*builder.problems, _syntax(error, text, where)]) from None
    root = builder.root
    if root is None or (isinstance(root, Scalar) and root.kind == "null"):
        return Map(flow=False, line=1, start=0, end=0), builder.problems
    if not isinstance(root, Map):
        raise BadInput([Problem("the file is not a map of keys", f"{where}:{root.line}", "key: value, one a line")])
    return root, builder.problems


class _Builder:
    """Makes a tree of events, without recursion."""

    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self.where = where
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.documents = 0
        self.open: list[Seq | Map] = []
        self.key: list[Scalar | None] = []  # per open node: the key that waits for its value

    def refuse(self, event: yaml.Event, what: str, allowed: str = "", given: str = "", do: str = "") -> None:
        if len(self.problems) < MAX_PROBLEMS:
            mark = start(event)
            self.problems.append(
                Problem(what, f"{self.where}:{mark.line + 1}, column {mark.column + 1}", allowed, given, do)
            )

    def stop(self, event: yaml.Event, what: str, allowed: str) -> None:
        """For what must not be read on: raises with what was found so far."""
        self.refuse(event, what, allowed)
        raise BadInput(self.problems)

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.stop(event, "a second document begins here (---)", "one document a file")
            if event.tags or event.version:
                self.refuse(event, "a %YAML or %TAG line", "plain YAML without directives")
        elif isinstance(event, yaml.AliasEvent):
            self.refuse(
                event, f"an alias: *{shown(event.anchor)}", "each value written out", do="write the value itself here"
            )
            self.add(self.scalar(event, "", plain=True), event)
        elif isinstance(event, Opening):
            self.node(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            node = self.open.pop()
            self.key.pop()
            if node.flow:
                node.end = self.end_of(event)
            self.grow(node.end)

    def node(self, event: Opening) -> None:
        if event.tag is not None:
            tag = shown(event.tag).replace("tag:yaml.org,2002:", "!!")
            self.refuse(event, f"a tag: {tag}", "values without a tag", do="delete the tag")
        if event.anchor is not None:
            self.refuse(event, f"an anchor: &{shown(event.anchor)}", "each value written out", do="delete the anchor")
        if self.text[start(event).index - 1 : start(event).index] == "\t":  # libyaml takes it, Pulumi's reader doesn't
            self.refuse(event, "a tab where spaces belong", "spaces", "a tab", "write a space")
        if isinstance(event, yaml.ScalarEvent):
            self.add(self.scalar(event, event.value, plain=not event.style), event)
            return
        if len(self.open) >= MAX_DEPTH:
            self.stop(event, "maps and lists stand too deep in each other", f"{MAX_DEPTH} levels")
        mark = start(event)
        kind = Map if isinstance(event, yaml.MappingStartEvent) else Seq
        opened = kind(flow=bool(event.flow_style), line=mark.line + 1, start=mark.index, end=end(event).index)
        self.add(opened, event)
        self.open.append(opened)
        self.key.append(None)

    @staticmethod
    def scalar(event: yaml.Event, text: str, *, plain: bool) -> Scalar:
        kind, value, reason = classify(text) if plain else ("text", text, "")
        begins, ends = start(event), end(event)
        return Scalar(text, kind, value, plain, reason, begins.line + 1, begins.index, ends.index)

    @staticmethod
    def end_of(event: yaml.Event) -> int:
        return int(end(event).index)

    def grow(self, end: int) -> None:
        if self.open:
            self.open[-1].end = max(self.open[-1].end, end)

    def add(self, node: Node, event: yaml.Event) -> None:
        """Puts a finished scalar, or a map or list just opened, where it belongs."""
        self.grow(node.end)
        if not self.open:
            self.root = node
            return
        parent, key = self.open[-1], self.key[-1]
        if isinstance(parent, Seq):
            parent.items.append(node)
        elif key is not None:
            self.key[-1] = None
            if key.text not in parent.values:
                parent.keys[key.text], parent.values[key.text] = key, node
        elif isinstance(node, Scalar):
            self.key[-1] = node
            if node.plain and node.text == "<<":
                self.refuse(event, "a merge key: <<", "each value written out", do="write the keys themselves here")
            elif node.text in parent.values:
                parent.repeated.add(node.text)
                first = parent.keys[node.text].line
                self.refuse(
                    event, f"the key {shown(node.text)} stands twice", "each key once", f"first on line {first}"
                )
        else:
            self.stop(event, "a map or list as a key", "text as a key")


def _unreadable(error: yaml.reader.ReaderError, text: str, where: str) -> Problem:
    """A character that YAML doesn't allow at all; the reader counts in bytes of UTF-8."""
    before = text.encode()[: error.position].decode(errors="ignore")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    code = error.character if isinstance(error.character, int) else ord(error.character)
    return Problem(
        "a control character", f"{where}:{line}, column {column}", "printable text", f"#x{code:04x}", "delete it"
    )


def _syntax(error: yaml.MarkedYAMLError, text: str, where: str) -> Problem:
    """A syntax error of YAML in one line; of a file in the middle of a merge, the merge."""
    merge = trouble.conflict(text, where)
    if merge is not None:
        return merge
    mark = error.problem_mark or error.context_mark
    place = f"{where}:{mark.line + 1}, column {mark.column + 1}" if mark else where
    problem = " ".join((error.problem or error.context or "not finished").split())
    if mark and text[mark.index : mark.index + 1] == "\t":
        return Problem("a tab where spaces belong", place, "spaces", "a tab", "indent with spaces")
    if "nesting depth" in problem:
        return Problem("maps and lists stand too deep in each other", place, f"{MAX_DEPTH} levels")
    if "tag" in problem:
        return Problem("a tag", place, "values without a tag", do="delete the tag")
    return Problem(f"not YAML: {problem}", place)
