"""The stack's own file, read as text: Pulumi's reader comes first, and silently takes `012` as 10, and more."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pulumi

from rollout.model.catalogue.domain import Catalogue
from rollout.model.problem import BadInput, Problem
from rollout.model.stack_file import config, odd
from rollout.model.yaml_text.tree import Map, read

#: Set by `rollback`, whose `pulumi up` runs on a file of its own (`--config-file`).
CONFIG_FILE = "ROLLOUT_CONFIG_FILE"
FLAGS = f"{config.PREFIX}flags"
#: What a raise by another config than the file's would do: what was reviewed, what is done and what the history keeps
#: must be one. Of the flags it is an error; of what stands beside them it forbids raises, and a lowering goes.
OWN = "the stack's own file, without --config-file"


def load(home: Path, stack: str, catalogue: Catalogue) -> config.StackConfig:
    """The typed config of `stack`. Raises `BadInput`, also where Pulumi was given other flags than the file's."""
    path = Path(os.environ.get(CONFIG_FILE) or home / f"Pulumi.{stack}.yaml")
    try:
        raw = path.read_bytes()
    except OSError as error:
        problem = Problem(f"the stack's config can't be read: {error.strerror}", where=path.name, do="create it")
        raise BadInput([problem]) from None
    parsed = config.parse(raw, path.name, catalogue)
    section = read(raw, path.name).values.get("config")
    others = _others(section, path.name) if isinstance(section, Map) else {}
    if FLAGS in others:
        raise BadInput([others[FLAGS]])
    if not others:
        return parsed
    warnings = tuple(f"{problem.where}: {problem.what}; {problem.do}: {odd.EFFECT}" for problem in others.values())
    reasons = tuple(f"{problem.what}\n{problem.do}" for problem in others.values())
    return replace(
        parsed,
        warnings=(*parsed.warnings, *warnings),
        malformed={name: (*parsed.malformed.get(name, ()), *warnings) for name in catalogue.domains},
        odd={name: (*parsed.odd.get(name, ()), *reasons) for name in catalogue.domains},
    )


def _others(written: Map, where: str) -> dict[str, Problem]:
    """By key: what Pulumi was given and the file doesn't say, or the other way round."""
    given = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    found = {}
    for key in sorted({*written.values, *given}):
        if not key.startswith(config.PREFIX):
            continue
        node = written.values.get(key)
        if node is None or key not in given or not odd.same(node, given[key]):
            line = f"{where}:{written.keys[key].line} {key}" if key in written.keys else f"{where} {key}"
            do = f"run again if {where} was edited just now (a rollback does); else put it into {where}"
            found[key] = Problem(f"{key} in the file is not what Pulumi was given", line, OWN, do=do)
    return found
