"""Where the engine keeps a stack's state, found without the engine: its folder, where the backend is one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from rollout.commands.project import files
from rollout.model.ladder import parse_percent
from rollout.provider import notes


def folder() -> Path | None:
    """The `.pulumi` folder of a `file://` backend; None where it is another one, or nobody knows."""
    return notes.state(os.environ, files.ROOT)


def is_locked(stack: str) -> bool | None:
    """Whether somebody holds the stack's lock; None where only the engine could tell."""
    found = folder()
    if found is None:
        return None
    try:
        return any(found.joinpath("locks", "organization", files.PROJECT, stack).glob("*.json"))
    except OSError:
        return None


def state(stack: str) -> Path | None:
    """The file of a stack's state; None where there is none, or only the engine could tell."""
    where = folder()
    if where is None:
        return None
    path = where / "stacks" / files.PROJECT / f"{stack}.json"
    try:
        return path if path.exists() else None
    except OSError:
        return None


def resources(path: Path) -> list[dict[str, Any]]:
    """The resources in a stack's state, or in a run's checkpoint, which has the same form; none where it can't be read."""
    try:
        found = json.loads(path.read_bytes())["checkpoint"]["latest"]["resources"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def percent(stack: str, domain: str) -> int | None:
    """The percent of a domain that the stack's state has; None where it has none, or can't be read from a file."""
    path = state(stack)
    if path is None:
        return None
    try:
        return next((found for row in resources(path) if (found := _percent(row, domain)) is not None), None)
    except (ValueError, AttributeError):
        return None


def _percent(row: dict[str, Any], domain: str) -> int | None:
    outputs = row.get("outputs") or {}
    if row.get("type") != "rollout:index:TrafficFlag" or outputs.get("domain") != domain:
        return None
    value = outputs.get("percent")
    return parse_percent(str(int(value))) if isinstance(value, (int, float)) else None
