"""The stack's own file, read as text: Pulumi's reader comes first, and silently takes `012` as 10, and more."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pulumi

from rollout.model.catalogue.domain import Catalogue
from rollout.model.problem import BadInput, Problem
from rollout.model.stack_file import config
from rollout.model.yaml_text.tree import Map, Node, Scalar, read

#: Set by `rollback`, whose `pulumi up` runs on a file of its own (`--config-file`).
CONFIG_FILE = "ROLLOUT_CONFIG_FILE"
#: What Pulumi.yaml gives for a key that the file leaves out; the typed config has the same defaults.
DEFAULTS = {f"{config.PREFIX}gate": "required", f"{config.PREFIX}drill": "required"}


def load(home: Path, stack: str, catalogue: Catalogue) -> config.StackConfig:
    """The typed config of `stack`. Raises `BadInput`, also where Pulumi runs on another config than the file's."""
    path = Path(os.environ.get(CONFIG_FILE) or home / f"Pulumi.{stack}.yaml")
    try:
        raw = path.read_bytes()
    except OSError as error:
        problem = Problem(f"the stack's config can't be read: {error.strerror}", where=path.name, do="create it")
        raise BadInput([problem]) from None
    parsed = config.parse(raw, path.name, catalogue)
    _same_as_pulumi(raw, path.name)
    return parsed


def _same_as_pulumi(raw: bytes, where: str) -> None:
    """Refuses `--config-file` and its like: what was reviewed, what is done and what the history keeps must be one."""
    section = read(raw, where).values.get("config")
    written = section.values if isinstance(section, Map) else {}
    given = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    for key in sorted({*written, *given}):
        if not key.startswith(config.PREFIX) or (key not in written and given[key] == DEFAULTS.get(key)):
            continue
        if not (key in written and key in given and _equal(written[key], given[key])):
            raise BadInput(
                [
                    Problem(
                        f"{key} in the file is not what Pulumi was given",
                        where=where,
                        allowed="the stack's own file, without --config-file",
                        do=f"run again if {where} was edited just now (a rollback does); else put it into {where}",
                    )
                ]
            )


def _equal(written: Node, given: str) -> bool:
    """Pulumi hands scalars on as text and maps as JSON."""
    if isinstance(written, Scalar):
        return written.text == given or (written.kind == "null" and given in ("", "null"))
    try:
        return bool(json.loads(given) == _plain(written))
    except ValueError:
        return False


def _plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Map):
        return {key: _plain(value) for key, value in node.values.items()}
    return [_plain(item) for item in node.items]
