"""What a stack runs, as a config file: from its history and state, never from somebody's unreviewed file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from commands import engine

_SECRETS = re.compile(r"^(secretsprovider|encryptedkey|encryptionsalt):.*$", re.M)


def config(stack: str, file: Path) -> dict[str, Any] | None:
    """The whole stack file that is deployed, as plain data; None where nothing was ever deployed.

    The config is the newest history entry's; each domain's flags are what its resources were last given, since a
    run that was refused in part has a config that isn't true of every domain. The secrets provider's lines, which
    no history keeps, come out of `file` by text.
    """
    history = engine.read_json("stack", "history", "--stack", stack, "--json", "--page-size", "1", "--page", "1")
    if not history:
        return None
    found: dict[str, Any] = {}
    for key, entry in (history[0].get("config") or {}).items():
        if entry.get("secret"):
            continue
        found[key] = entry.get("objectValue", entry.get("value"))
        if isinstance(found[key], str) and found[key] in ("true", "false"):
            found[key] = found[key] == "true"
    flags = found.setdefault("wa-rollout:flags", {})
    for domain, inputs in _inputs(stack).items():
        flags[domain] = {**(flags.get(domain) or {}), **inputs}
    try:
        text = file.read_bytes().decode("utf-8", "replace")
    except OSError:
        text = ""
    top = {line.partition(":")[0]: line.partition(":")[2].strip() for line in map(str.strip, _lines(text))}
    return {**top, "config": found}


def _lines(text: str) -> list[str]:
    return [match.group(0) for match in _SECRETS.finditer(text)]


def _inputs(stack: str) -> dict[str, dict[str, Any]]:
    """Per domain the `percent` and `enabled` that the resources in the state were last given."""
    state = engine.read_json("stack", "export", "--stack", stack)
    found: dict[str, dict[str, Any]] = {}
    for resource in (state.get("deployment") or {}).get("resources") or []:
        inputs = resource.get("inputs") or {}
        kind = resource.get("type")
        if kind == "rollout:index:TrafficFlag" and "percent" in inputs:
            found.setdefault(inputs["domain"], {})["percent"] = int(inputs["percent"])
        elif kind == "rollout:index:FlagSecret" and "enabled" in inputs:
            found.setdefault(inputs["domain"], {})["enabled"] = bool(inputs["enabled"])
    return found


def text(data: dict[str, Any]) -> str:
    """The file's text, in the block style that the program reads."""
    quoted = json.loads(json.dumps(data))
    return yaml.safe_dump(quoted, sort_keys=False, default_flow_style=False, allow_unicode=True)
