"""Reads what the log and the reports are made of: the engine's history, the flags' records, the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

from commands import deployed, engine, files
from commands.plan import read_plan
from rollout import config, history, journal
from rollout.catalogue import Catalogue
from rollout.history import Update
from rollout.journal import Line
from rollout.plan import Plan
from rollout.problem import BadInput


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
        past = pool.submit(_history, stack)
        records = deployed.moves(stack)
        updates = history.read(past.result())
    return tell(stack, known, updates, records)


def tell(
    stack: str, known: Catalogue, updates: Sequence[Update], records: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Journal:
    """The story out of what was read."""
    plan = read_plan(known)
    moves = {name: records.get(name, ()) for name in known.domains}
    start = _start(stack, known, updates)
    return Journal(stack, known, plan, start, updates, moves, journal.lines(updates, moves, plan, start))


def _history(stack: str) -> list[dict[str, Any]]:
    found = engine.read_json("stack", "history", "--stack", stack, "--json", "--full-dates", "--page-size", "0")
    return found if isinstance(found, list) else []


def _start(stack: str, known: Catalogue, updates: Sequence[Update]) -> date | None:
    """Day 1's date: the stack file's, else that of the newest run that had one."""
    try:
        path = files.stack_file(stack)
        return config.parse(files.read(path), files.name(path), known).start
    except BadInput:
        dates = [str(update.config["start"]) for update in updates if "start" in update.config]
    try:
        return date.fromisoformat(dates[-1]) if dates else None
    except ValueError:
        return None


def plain(line: Line) -> dict[str, Any]:
    """One line of the log in JSON's types; `at` as `2026-12-09T02:14:00Z`."""
    found = {**vars(line), "at": line.at.strftime("%Y-%m-%dT%H:%M:%SZ"), "from": line.old, "to": line.new}
    return {key: value for key, value in found.items() if key not in ("old", "new")}
