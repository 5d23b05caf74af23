"""Where in a stack file's text a change goes, by the marks of the YAML parser. `rollout.model.stack_file.edit` decides what changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rollout.model.problem import BadInput, Problem
from rollout.model.yaml_text import lines
from rollout.model.yaml_text.lines import Change, end_of_line, indent, line_break, start_of_line
from rollout.model.yaml_text.tree import Map, Node, Scalar

#: A step of indentation in a file that shows none.
STEP: Final = 2


def by_hand(why: str) -> BadInput:
    """An edit that is given up: the caller raises it, and nothing has changed."""
    return BadInput([Problem(f"edit by hand: {why}", do="write the change into the stack file yourself")])


def once(map_: Map, key: str) -> None:
    """Raises BadInput where the map has the key twice: nobody can say which one counts."""
    if key in map_.repeated:
        raise by_hand(f"{key} stands twice")


def after(text: str, node: Node) -> int:
    """Where the line after the value's last one begins. A block scalar ends there by itself."""
    return node.end if node.end and text[node.end - 1] in "\r\n" else end_of_line(text, node.end)


def set_scalar(text: str, map_: Map, key: str, value: int | bool | str) -> Change:
    """A change that gives `key` a single value; a key that is missing becomes the first of its map."""
    written = lines.scalar(value)
    once(map_, key)
    node = map_.values.get(key)
    if isinstance(node, Scalar):
        return Change(node.start, node.end, written if node.end > node.start else f" {written}")
    if node is not None:
        return Change(node.start, node.end, written)
    if map_.flow:
        raise by_hand(f"{key} is missing in braces")
    first = min(scalar.start for scalar in map_.keys.values())
    return Change(first, first, f"{key}: {written}{line_break(text)}{indent(text, first)}")


def _step(text: str, config: Map, flags: str) -> int:
    """By how much this file indents: flags under their key, or any other map under its own."""
    for key, node in sorted(config.values.items(), key=lambda item: item[0] != flags):
        if isinstance(node, Map) and node.keys and not node.flow:
            inner = next(iter(node.keys.values()))
            step = len(indent(text, inner.start)) - len(indent(text, config.keys[key].start))
            return step if step > 0 else STEP
    return STEP


def new_key(text: str, config: Map, flags: str, body: Mapping[str, object]) -> str:
    """`text` with a new key of the config map, at its end.

    Never on the line after a flag: a revert of that flag's own change would conflict with it. Then before the flags.
    """
    margin = indent(text, next(iter(config.keys.values())).start)
    block = lines.block(body, margin, _step(text, config, flags), line_break(text))
    last = list(config.values)[-1]
    place = after(text, config.values[last])
    after_comments = lines.skip_comments(text, place)
    if last == flags and after_comments == place:
        place = lines.above_comments(text, start_of_line(text, config.keys[flags].start))
    else:
        place = after_comments
    return lines.apply(text, [lines.insert_lines(text, place, block)])


def slot(text: str, under: int, label: str) -> int | None:
    """Where the line after the comment `# label` begins, in the lines below `under` that are indented deeper; None without one.

    Such a line stays whatever comes and goes: entries that each have their own never touch, and git reverts one without the
    other.
    """
    place, margin = end_of_line(text, under), _lead(text, under)
    while place < len(text):
        end = end_of_line(text, place)
        line = text[place:end].strip()
        if line and _lead(text, place) <= margin:
            return None
        if line == f"# {label}":
            return end
        place = end
    return None


def _lead(text: str, place: int) -> int:
    """By how many blanks the line of `place` is indented."""
    line = text[start_of_line(text, place) : end_of_line(text, place)]
    return len(line) - len(line.lstrip(" "))


def fill(text: str, place: int, body: Mapping[str, object]) -> Change:
    """A change that puts `body` below the comment line that ends at `place`, as far in as the comment is."""
    above = place - (2 if text[max(0, place - 2) : place] == "\r\n" else 1)
    return lines.insert_lines(text, place, lines.block(body, " " * _lead(text, above), STEP, line_break(text)))


def append(text: str, parent: Map, key: str, body: Mapping[str, object]) -> Change:
    """A change that puts `body` behind the last entry of the map under `key`."""
    map_ = parent.values[key]
    if not isinstance(map_, Map):
        raise by_hand(f"{key} is no map")
    margin = indent(text, next(iter(map_.keys.values())).start)
    step = max(len(margin) - len(indent(text, parent.keys[key].start)), STEP)
    return lines.insert_lines(text, after(text, map_), lines.block(body, margin, step, line_break(text)))


def replace(text: str, parent: Map, key: str, body: Mapping[str, object]) -> list[Change]:
    """Changes that put `body` in the place of whatever stands under `key`; a comment beside it stays."""
    node = parent.values[key]
    margin = indent(text, parent.keys[key].start)
    block = lines.block(body, margin + " " * STEP, STEP, line_break(text))
    if isinstance(node, Map) and not node.flow:
        if not text.endswith(("\n", "\r")) and after(text, node) == len(text):
            block = block.removesuffix(line_break(text))  # a missing final line end stays missing
        return [Change(start_of_line(text, node.start), after(text, node), block)]
    if text[node.end - 1] in "\r\n":  # a block scalar: its lines, and the sign on the key's line
        return [Change(node.start, node.end, f"{line_break(text)}{block}")]
    return [Change(node.start, node.end, ""), lines.insert_lines(text, end_of_line(text, node.end), block)]


def overtake(text: str, old: Map, fields: Mapping[str, object]) -> list[Change]:
    """Changes that give an entry new values one by one, so that comments beside the old ones stay. Other keys go."""
    margin = indent(text, next(iter(old.keys.values())).start)
    changes = []
    missing = {}
    for key, value in fields.items():
        once(old, key)
        node = old.values.get(key)
        if node is None:
            missing[key] = value
        elif isinstance(node, Scalar) and text[node.end - 1] not in "\r\n":
            space = "" if node.end > node.start else " "
            changes.append(Change(node.start, node.end, space + lines.scalar(value)))
        else:
            raise by_hand(f"{key} of the earlier entry is no single value")
    if missing:
        changes.append(lines.insert_lines(text, after(text, old), lines.block(missing, margin, STEP, line_break(text))))
    gone = old.keys.keys() - fields.keys()
    changes += [Change(start_of_line(text, old.keys[k].start), after(text, old.values[k]), "") for k in gone]
    return changes
