"""Edits of a stack file's text that leave every other byte as it was: comments, line ends, quotes, indentation.

The place of an edit is a mark of the YAML parser, never a guess; afterwards the text is read again, and an edit
that changed anything else is given up ("edit by hand"). Entries of other domains may be malformed: a rollback must
be written into the file all the same. Text goes in and out as it stands in the file, so read and write it with
`newline=""`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from rollout.model.ladder import parse_percent
from rollout.model.problem import BadInput
from rollout.model.stack_file.conditions import plain_breach
from rollout.model.stack_file.forms import Attempt, Breach, Why
from rollout.model.yaml_text import lines, spots
from rollout.model.yaml_text.lines import Change, Quoted, line_break, start_of_line
from rollout.model.yaml_text.spots import by_hand
from rollout.model.yaml_text.tree import Map, Node, Scalar, compose

#: A tree without places: of a scalar its kind and text.
Plain: TypeAlias = "tuple[str, str] | dict[str, Plain] | list[Plain]"

FLAGS: Final = "wa-rollout:flags"
BREACH: Final = "wa-rollout:breach"
ATTEMPT: Final = "wa-rollout:attempt"
FREEZE: Final = "wa-rollout:freeze"
HELD: Final = "wa-rollout:held"
WAIVERS: Final = "wa-rollout:waivers"
NOTES: Final = "wa-rollout:notes"
#: Asked for before a raise (README, "Config"); `off` on a simulator alone.
GATE: Final = "wa-rollout:gate"
DRILL: Final = "wa-rollout:drill"


def set_flag(text: str, domain: str, percent: int, enabled: bool | None = None) -> str:
    """`text` with the domain's percent, and `enabled` where it is given, in `wa-rollout:flags`.

    Where the file is no YAML at all, its lines are searched instead. Raises BadInput where the place isn't found.
    """
    wanted: dict[str, int | bool] = (
        {"percent": percent} if enabled is None else {"enabled": enabled, "percent": percent}
    )
    try:
        config = _config(text)
    except BadInput:
        return lines.set_values(text, (FLAGS, domain), wanted)
    entry = _walk(config, FLAGS, domain)
    if not isinstance(entry, Map) or not entry.keys:
        raise by_hand(f"{FLAGS}.{domain} is no map")
    changes = [spots.set_scalar(text, entry, key, value) for key, value in wanted.items()]
    expected = _plain_map(config)
    _inner(_inner(expected, FLAGS), domain).update({key: _scalar(value) for key, value in wanted.items()})
    return _checked(lines.apply(text, changes), text, expected)


def set_value(text: str, key: str, value: str) -> str:
    """`text` with `config: KEY` as that word, new or in the place of the one that stands there. Raises BadInput."""
    config = _config(text)
    expected = _plain_map(config)
    expected[key] = _scalar(value)
    if key not in config.values:
        return _checked(spots.new_key(text, config, FLAGS, {key: value}), text, expected)
    if not isinstance(config.values[key], Scalar):
        raise by_hand(f"{key} is no single value")
    return _checked(lines.apply(text, [spots.set_scalar(text, config, key, value)]), text, expected)


def percent_of(text: str, domain: str) -> int | None:
    """The whole number that `text` has as the domain's percent, on the ladder or not; None where it can't be read.

    Where the file is no YAML, its lines are searched. Never raises.
    """
    try:
        node = _walk(_config(text), FLAGS, domain, "percent")
    except BadInput:
        return parse_percent(lines.get_value(text, (FLAGS, domain), "percent"))
    return node.value if isinstance(node, Scalar) and type(node.value) is int else None


def add_breach(text: str, domain: str, breach: Breach) -> str:
    """`text` with the domain's entry in `wa-rollout:breach`, which overtakes an earlier one (its `cleared`, too)."""
    fields = {key: Quoted(value) if key in ("at", "seen") else value for key, value in plain_breach(breach).items()}
    return _add_named(text, BREACH, domain, {key: value for key, value in fields.items() if key != "cleared"})


def add_attempt(text: str, domain: str, attempt: Attempt) -> str:
    """`text` with the domain's entry in `wa-rollout:attempt`, which overtakes an earlier one."""
    return _add_named(text, ATTEMPT, domain, {"number": attempt.number, "why": Quoted(attempt.why), "by": attempt.by})


def add_held(text: str, domain: str, held: Why) -> str:
    """`text` with the domain's entry in `wa-rollout:held`, which overtakes an earlier one."""
    return _add_named(text, HELD, domain, {"why": Quoted(held.why), "by": held.by})


def add_waiver(text: str, name: str, fields: Mapping[str, str | int]) -> str:
    """`text` with the entry `name` in `wa-rollout:waivers`, its fields as given; an earlier one is overtaken."""
    return _add_named(text, WAIVERS, name, {key: Quoted(value) if isinstance(value, str) and " " in value else value
                                            for key, value in fields.items()})  # fmt: skip


def add_note(text: str, day: str, note: str) -> str:
    """`text` with what was observed on `day` (`2026-12-03`) in `wa-rollout:notes`; that day's earlier note is overtaken."""
    config, body = _config(text), {day: Quoted(note)}
    expected = _plain_map(config)
    map_ = config.values.get(NOTES)
    if map_ is None:
        expected[NOTES] = _scalars(body)
        return _checked(spots.new_key(text, config, FLAGS, {NOTES: body}), text, expected)
    spots.once(config, NOTES)
    if not isinstance(map_, Map) or map_.flow or not map_.keys:
        raise by_hand(f"{NOTES} is no map, one key a line")
    _inner(expected, NOTES).update(_scalars(body))
    there = isinstance(map_.values.get(day), Scalar)
    change = spots.set_scalar(text, map_, day, body[day]) if there else spots.append(text, config, NOTES, body)
    return _checked(lines.apply(text, [change]), text, expected)


def _add_named(text: str, key: str, name: str, fields: Mapping[str, object]) -> str:
    """`text` with the entry `name` of the map `key`. Raises BadInput where the place isn't found."""
    config = _config(text)
    expected = _plain_map(config)
    map_ = config.values.get(key)
    if map_ is None:
        expected[key] = {name: _scalars(fields)}
        return _checked(spots.new_key(text, config, FLAGS, {key: {name: fields}}), text, expected)
    spots.once(config, key)
    empty = isinstance(map_, Scalar) and map_.kind == "null"
    listed = isinstance(map_, Map) and not map_.flow and name not in map_.values
    place = spots.slot(text, config.keys[key].start, label(key, name)) if empty or listed else None
    if place is not None:
        expected[key] = {**(_plain_map(map_) if isinstance(map_, Map) else {}), name: _scalars(fields)}
        return _checked(lines.apply(text, [spots.fill(text, place, {name: fields})]), text, expected)
    if isinstance(map_, Map) and map_.keys and not map_.flow:
        spots.once(map_, name)
        old = map_.values.get(name)
        if old is None:
            changes = [spots.append(text, config, key, {name: fields})]
        elif isinstance(old, Map) and old.keys and not old.flow:
            changes = spots.overtake(text, old, fields)
        else:
            changes = spots.replace(text, map_, name, fields)
        _inner(expected, key)[name] = _scalars(fields)
        return _checked(lines.apply(text, changes), text, expected)
    if (isinstance(map_, Map) and not map_.keys) or (isinstance(map_, Scalar) and map_.kind == "null"):
        expected[key] = {name: _scalars(fields)}
        return _checked(lines.apply(text, spots.replace(text, config, key, {name: fields})), text, expected)
    raise by_hand(f"{key} is no map, one key a line")


def add_freeze(text: str, freeze: Why) -> str:
    """`text` with `wa-rollout:freeze`; one that stands there is overtaken."""
    config = _config(text)
    fields: Mapping[str, object] = {"why": Quoted(freeze.why), "by": freeze.by}
    expected = _plain_map(config)
    expected[FREEZE] = _scalars(fields)
    if FREEZE not in config.values:
        place = spots.slot(text, _begin(text, config), label(FREEZE))
        if place is not None:
            return _checked(lines.apply(text, [spots.fill(text, place, {FREEZE: fields})]), text, expected)
        return _checked(spots.new_key(text, config, FLAGS, {FREEZE: fields}), text, expected)
    spots.once(config, FREEZE)
    return _checked(lines.apply(text, spots.replace(text, config, FREEZE, fields)), text, expected)


def remove_entry(text: str, key: str, name: str | None = None) -> str:
    """`text` without `config: KEY`, or without its entry `name`; a map that has no entry left goes with its last one.

    Comments on lines of their own above the entry stay. Raises BadInput where there is nothing to remove.
    """
    config = _config(text)
    parent, gone = config, key
    expected = _plain_map(config)
    if name is not None:
        inner = _walk(config, key)
        if not isinstance(inner, Map) or inner.flow or name not in inner.keys:
            raise by_hand(f"there is no {key}.{name}, or it is written in braces")
        kept = spots.slot(text, config.keys[key].start, label(key, name)) is not None
        if len(inner.keys) > 1 or kept:
            parent, gone = inner, name
            del _inner(expected, key)[name]
            if len(inner.keys) == 1:
                expected[key] = ("null", "")  # the key stays, with the lines that its entries are written under
    if gone not in parent.keys:
        raise by_hand(f"there is no {key}")
    if parent is config:
        del expected[key]
    spots.once(parent, gone)
    change = Change(start_of_line(text, parent.keys[gone].start), spots.after(text, parent.values[gone]), "")
    edited = lines.apply(text, [change])
    if not text.endswith(("\n", "\r")):
        edited = edited.removesuffix(line_break(text))
    return _checked(edited, text, expected)


def label(key: str, name: str = "") -> str:
    """The comment that an entry is written under, where the file has it: `held: jobs`, `freeze`."""
    short = key.removeprefix("wa-rollout:")
    return f"{short}: {name}" if name else short


def _begin(text: str, config: Map) -> int:
    """A place on the line of `config:`, above its first key."""
    return max(0, start_of_line(text, next(iter(config.keys.values())).start) - 1)


def _config(text: str) -> Map:
    """The `config:` map. Raises BadInput where the text is no YAML, or has no such map in block style."""
    root, _ = compose(text, "the stack file")
    spots.once(root, "config")
    config = root.values.get("config")
    if not isinstance(config, Map) or config.flow or not config.keys:
        raise by_hand("there is no config: with one key a line")
    return config


def _walk(map_: Map, *path: str) -> Node:
    node: Node = map_
    for key in path:
        if not isinstance(node, Map) or key not in node.values:
            raise by_hand(f"there is no {'.'.join(path)}")
        spots.once(node, key)
        node = node.values[key]
    return node


def _scalar(value: object) -> tuple[str, str]:
    """A value as `_plain` shows it once it stands in the file."""
    if isinstance(value, bool):
        return "bool", str(value).lower()
    return ("int", str(value)) if isinstance(value, int) else ("text", lines.printable(str(value)))


def _scalars(fields: Mapping[str, object]) -> dict[str, Plain]:
    return {key: _scalar(value) for key, value in fields.items()}


def _plain(node: Node) -> Plain:
    """Everything a tree says, without places: what must be equal where nothing was meant to change."""
    if isinstance(node, Scalar):
        return node.kind, node.text
    return _plain_map(node) if isinstance(node, Map) else [_plain(item) for item in node.items]


def _plain_map(map_: Map) -> dict[str, Plain]:
    return {key: _plain(value) for key, value in map_.values.items()}


def _inner(plain: dict[str, Plain], key: str) -> dict[str, Plain]:
    """The map under `key`. Raises BadInput where there is none."""
    found = plain.get(key)
    if not isinstance(found, dict):
        raise by_hand(f"{key} is no map")
    return found


def _checked(edited: str, before: str, config: dict[str, Plain]) -> str:
    """`edited`, if it reads as `before` with `config` as its config map; else the edit is given up."""
    old, old_problems = compose(before, "the stack file")
    try:
        new, new_problems = compose(edited, "the stack file")
    except BadInput as error:
        raise by_hand("the edit would not be read again") from error
    if _plain_map(new) != _plain_map(old) | {"config": config} or len(new_problems) > len(old_problems):
        raise by_hand("the edit would change more than it should")
    return edited
