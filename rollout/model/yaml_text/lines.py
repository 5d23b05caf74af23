"""The lines of a text file as an editor sees them: where one begins and ends, and how YAML is written into them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from rollout.model.problem import BadInput, Problem, visible
from rollout.model.yaml_text.scalars import classify

_WORDS: Final = re.compile(r"[A-Za-z][A-Za-z0-9 ._-]{0,60}")
_LINE: Final = re.compile(r"[ \t]*[^\s:]+[ \t]*:(?P<value>(?:[ \t]+(?!#)[^\s]+)*)[ \t]*(#|\r|\n|$)")
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")


class Quoted(str):
    """Text that is always written in quotes."""

    __slots__ = ()


@dataclass(frozen=True)
class Change:
    """`text[start:end]` becomes `new`."""

    start: int
    end: int
    new: str


def apply(text: str, changes: Iterable[Change]) -> str:
    """`text` with all the changes, which must not overlap. At one place they come in the order given."""
    parts: list[str] = []
    done = 0
    for change in sorted(changes, key=lambda change: (change.start, change.end)):
        parts += [text[done : change.start], change.new]
        done = change.end
    return "".join([*parts, text[done:]])


def line_break(text: str) -> str:
    """The file's own line end: that of its first line."""
    found = re.search(r"\r\n|\n|\r", text)
    return found.group() if found else "\n"


def start_of_line(text: str, place: int) -> int:
    """Where the line of `place` begins."""
    return max(text.rfind("\n", 0, place), text.rfind("\r", 0, place)) + 1


def end_of_line(text: str, place: int) -> int:
    """Where the line after that of `place` begins, or the end of the text."""
    found = re.compile(r"\r\n|\n|\r").search(text, place)
    return found.end() if found else len(text)


def indent(text: str, place: int) -> str:
    """The blanks before `place` on its line; as many as its column where something stands before it."""
    before = text[start_of_line(text, place) : place]
    return before if not before.strip() else " " * len(before)


def insert_lines(text: str, place: int, block: str) -> Change:
    """A change that puts `block`, whole lines, at `place`, the begin of a line. A missing final line end stays so."""
    if place == len(text) and text and not text.endswith(("\n", "\r")):
        end = line_break(text)
        return Change(place, place, end + block.removesuffix(end))
    return Change(place, place, block)


def skip_comments(text: str, place: int) -> int:
    """Behind the last indented comment line that follows `place` (blank lines between are passed over)."""
    reached = place
    while place < len(text):
        end = end_of_line(text, place)
        line = text[place:end]
        if line.strip() and not re.match(r"[ \t]+#", line):
            break
        place = end
        if line.strip():
            reached = place
    return reached


def above_comments(text: str, place: int) -> int:
    """Above the comment lines that stand directly over `place`."""
    while place > 0:
        above = start_of_line(text, place - (2 if text[max(0, place - 2) : place] == "\r\n" else 1))
        if not re.match(r"[ \t]+#", text[above:place]):
            break
        place = above
    return place


def printable(text: str) -> str:
    """Text that a file can hold and a reader sees: half of a pair of surrogates, which UTF-8 can't write, becomes a question
    mark, and what isn't seen (an alarm's reason may hold it) is written out.
    """
    return visible(text.encode("utf-8", "replace").decode("utf-8"))


def scalar(value: object) -> str:
    """A value as YAML: whole numbers and booleans plain, simple words plain, all other text in double quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    text = printable(str(value))
    simple = not isinstance(value, Quoted) and _WORDS.fullmatch(text) and text == text.strip()
    if simple and classify(text)[0] == "text":
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() and c != "\ufeff" else _escape(c) for c in escaped) + '"'


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def block(body: Mapping[str, object], margin: str, step: int, end: str) -> str:
    """A map in block style, one key a line, each line begun by `margin` and ended by `end`."""
    out = []
    for key, value in body.items():
        name = key if _KEY.fullmatch(key) and classify(key)[0] == "text" else scalar(Quoted(key))
        if isinstance(value, Mapping):
            out.append(f"{margin}{name}:{end}{block(value, margin + ' ' * step, step, end)}")
        else:
            out.append(f"{margin}{name}: {scalar(value)}{end}")
    return "".join(out)


def set_values(text: str, path: tuple[str, ...], values: Mapping[str, int | bool]) -> str:
    """Sets single values by indentation alone, for a file that is no YAML: `path` leads to the map that holds them.

    Raises BadInput unless each key is found exactly once. What the file says otherwise isn't looked at.
    """
    changes = []
    for key, value in values.items():
        match = _value(text, path, key)
        changes.append(Change(match.start("value"), match.end("value"), f" {scalar(value)}"))
    return apply(text, changes)


def get_value(text: str, path: tuple[str, ...], key: str) -> str | None:
    """The text behind `key:` in the map that `path` leads to, found as `set_values` finds it; None where it isn't."""
    try:
        return _value(text, path, key)["value"]
    except BadInput:
        return None


def _value(text: str, path: tuple[str, ...], key: str) -> re.Match[str]:
    """The line of `key`; its group `value` is what stands between the colon and the comment, if there is one."""
    at = list(re.finditer(r"[^\r\n]*(?:\r\n|\n|\r|$)", text))
    low, high, depth = 0, len(at), -1
    for name in path:
        low = _find(at, low, high, depth, name)
        depth = _depth(at[low].group())
        low += 1
        high = next((i for i in range(low, high) if _says(at[i].group()) and _depth(at[i].group()) <= depth), high)
    line = at[_find(at, low, high, depth, key)]
    match = _LINE.match(text, line.start(), line.end())
    if match is None:
        raise _lost(key)
    return match


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _find(at: list[re.Match[str]], low: int, high: int, depth: int, key: str) -> int:
    """The one line from `low` to `high` that begins with `key:` and is indented deeper than `depth`."""
    form = re.compile(rf"\s*(['\"]?){re.escape(key)}\1\s*:(\s|$)")
    found = [i for i in range(low, high) if form.match(at[i].group()) and _depth(at[i].group()) > depth]
    if len(found) != 1:
        raise _lost(key)
    return found[0]


def _lost(key: str) -> BadInput:
    what = f"edit by hand: the file is no YAML, and {key} isn't found in it exactly once"
    return BadInput([Problem(what, do="write the change into the stack file yourself")])
