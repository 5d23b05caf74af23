"""Reads the records of a folder: incidents, drills."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import yaml

from rollout.commands.project import files
from rollout.model import times
from rollout.model.problem import BadInput, Problem


def records(folder: str, stack: str) -> dict[str, Mapping[str, Any]]:
    """The records of a folder that are this stack's, by file name. Raises `BadInput` with every one that can't be read."""
    found: dict[str, Mapping[str, Any]] = {}
    problems: list[Problem] = []
    for path in sorted((files.ROOT / folder).glob("*.yaml")):
        try:
            record = yaml.safe_load(files.read(path))
        except yaml.YAMLError as error:
            problems.append(
                Problem("no YAML", files.name(path), given=str(error).splitlines()[0], do="mend it: it is evidence")
            )
            continue
        if not isinstance(record, dict):
            problems.append(Problem("no record", files.name(path), "keys and values", do="mend it: it is evidence"))
        elif record.get("stack", stack) == stack:
            found[path.stem] = {str(key): _plain(value) for key, value in record.items()}
    if problems:
        raise BadInput(problems)
    return found


def _plain(value: Any) -> Any:
    """YAML reads an unquoted time as one; the model takes text."""
    return times.iso(value) if isinstance(value, datetime) else value
