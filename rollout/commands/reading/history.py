"""Reads what the log and the reports are made of: the engine's history, the flags' records, the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

from rollout.commands.engine import pulumi
from rollout.commands.project import files
from rollout.commands.reading import deployed, waited
from rollout.commands.reading.days import read_plan
from rollout.model import times
from rollout.model.catalogue.domain import Catalogue
from rollout.model.log import awaited, journal, runs
from rollout.model.log.awaited import Awaited
from rollout.model.log.journal import Line
from rollout.model.log.runs import Update
from rollout.model.plan.days import Plan
from rollout.model.problem import BadInput
from rollout.model.stack_file import config
from rollout.model.yaml_text import tree
from rollout.provider import notes


@dataclass(frozen=True)
class Journal:
    """One stack's story. `lines`: oldest first; `start`: the date of day 1, from the newest run that has one."""

    stack: str
    known: Catalogue
    plan: Plan
    start: date | None
    updates: Sequence[Update]
    moves: Mapping[str, Sequence[Mapping[str, Any]]]
    lines: Sequence[Line]


def load(stack: str) -> Journal:
    """The story of `stack`. Raises `EngineFailed` where the engine can't tell it, `BadInput` for a broken catalogue."""
    known = files.read_catalogue()
    with ThreadPoolExecutor() as pool:  # two starts of the engine, side by side
        past = pool.submit(updates, stack)
        flags, exported = deployed.flags_and_outputs(stack)
        records = {name: flag.moves for name, flag in flags.items()}
        switched = {name: flag.switched for name, flag in flags.items()}
        found = past.result()
        return tell(
            stack, known, found, records,
            switched=switched, waits=awaited.read(exported), earlier=waited.past(stack, found),
        )  # fmt: skip


def tell(
    stack: str, known: Catalogue, past: Sequence[Update], records: Mapping[str, Sequence[Mapping[str, Any]]],
    read: Plan | None = None, switched: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    waits: Mapping[str, Awaited] | None = None, earlier: Mapping[int, Mapping[str, Awaited]] | None = None,
) -> Journal:  # fmt: skip
    """The story out of what was read; the plan, too, where the caller has `read` it."""
    plan = read or read_plan(known)
    moves = {name: records.get(name, ()) for name in known.domains}
    start = _start(stack, known, past)
    return Journal(
        stack, known, plan, start, past, moves, journal.lines(past, moves, plan, start, switched, waits, earlier)
    )


def updates(stack: str) -> list[Update]:
    """Every run that the backend keeps, oldest first. Raises `EngineFailed`."""
    found = pulumi.read_json("stack", "history", "--stack", stack, "--json", "--full-dates", "--page-size", "0")
    return runs.read(found if isinstance(found, list) else [], notes.played(project=files.ROOT))


def applied(past: Sequence[Update], outputs: Callable[[], Mapping[str, Any] | None]) -> Update | None:
    """The newest run that went through, or in which nothing but raises waited; None without any.

    `outputs`: what the stack's newest run exported, asked for only where that run didn't go through; None: it can't be
    told, and so which run it is can't either.
    """
    past = [one for one in past if one.config]
    if past and not past[-1].done:
        exported = outputs()
        if exported is None:
            return None
        if any(one.within(past[-1]) for one in awaited.read(exported).values()):
            return past[-1]
    return next((one for one in reversed(past) if one.done), None)


def written(stack: str) -> dict[str, Any]:
    """The stack file's `wa-rollout:` keys, plain, as the history keeps those of a run. Raises `BadInput`."""
    path = files.stack_file(stack)
    found = tree.read(files.read(path), files.name(path)).values.get("config")
    keys = found.values if isinstance(found, tree.Map) else {}
    return {
        key.removeprefix(config.PREFIX): _value(node) for key, node in keys.items() if key.startswith(config.PREFIX)
    }


def _value(node: tree.Node) -> Any:
    """A node's plain value; of a scalar that readers disagree on what is written."""
    if isinstance(node, tree.Map):
        return {key: _value(inner) for key, inner in node.values.items()}
    return [_value(inner) for inner in node.items] if isinstance(node, tree.Seq) else node.value


def _start(stack: str, known: Catalogue, past: Sequence[Update]) -> date | None:
    """Day 1's date: the stack file's, else that of the newest run that had one."""
    try:
        path = files.stack_file(stack)
        return config.parse(files.read(path), files.name(path), known).start
    except BadInput:
        dates = [str(update.config["start"]) for update in past if "start" in update.config]
    try:
        return date.fromisoformat(dates[-1]) if dates else None
    except ValueError:
        return None


def plain(line: Line) -> dict[str, Any]:
    """One line of the log in JSON's types; `at` as `2026-12-09T02:14:00Z`."""
    found = {**vars(line), "at": times.iso(line.at), "from": line.old, "to": line.new}
    return {key: value for key, value in found.items() if key not in ("old", "new")}
