"""What a stack runs, as a config file: from its history and state, never from somebody's unreviewed file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from rollout.commands.engine import pulumi
from rollout.model.catalogue.domain import Catalogue
from rollout.model.flag.move import Move, recorded
from rollout.model.problem import BadInput
from rollout.model.stack_file import config

FLAGS: Final = "wa-rollout:flags"
#: So many entries of the history are looked at for one whose config the program can read.
ENTRIES: Final = 10
_SECRETS: Final = re.compile(r"^(secretsprovider|encryptedkey|encryptionsalt):[ \t]*['\"]?(.*?)['\"]?[ \t]*$", re.M)


def find(stack: str, file: Path, catalogue: Catalogue | None) -> str | None:
    """The text of the stack file that is deployed; None where nothing was ever deployed. Raises `EngineFailed`.

    The config is the newest history entry's that can be read by `catalogue`'s rules. Each domain's flags are what
    its resources were last given, since a run that was refused in part has a config that isn't true of every
    domain. The lines of the secrets provider, which no history keeps, come out of `file` by text.
    """
    pages = ("--page-size", str(ENTRIES), "--page", "1")
    history = pulumi.read_json("stack", "history", "--stack", stack, "--json", *pages) or []
    given = inputs(stack)
    if not history and not given:
        return None
    try:
        now = file.read_bytes().decode("utf-8", "replace")
    except OSError:
        now = ""
    top = dict(_SECRETS.findall(now))
    if not history:  # only a first run that was killed has a state without a history
        return _text({**top, "config": _with(_plain(now), given)})
    found = [_text({**top, "config": _with(_config(entry), given)}) for entry in history]
    return next((text for text in found if catalogue is None or _reads(text, file.name, catalogue)), found[0])


def _config(entry: dict[str, Any]) -> dict[str, Any]:
    """One history entry's config as it stood in the file."""
    found: dict[str, Any] = {}
    for key, value in (entry.get("config") or {}).items():
        if not value.get("secret"):
            plain = value.get("objectValue", value.get("value")) or None  # a key without a value is "" in the history
            found[key] = {"true": True, "false": False}.get(plain, plain) if isinstance(plain, str) else plain
    return found


def _plain(text: str) -> dict[str, Any]:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    found = data.get("config") if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


def _with(found: dict[str, Any], inputs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """`found` with what the resources were last given as its flags."""
    flags = found.get(FLAGS)
    flags = dict(flags) if isinstance(flags, dict) else {}
    for domain, given in inputs.items():
        old = flags.get(domain)
        flags[domain] = {**(old if isinstance(old, dict) else {}), **given}
    return {**found, FLAGS: flags}


def inputs(stack: str) -> dict[str, dict[str, Any]]:
    """Per domain the `percent` and `enabled` that the resources in the state were last given."""
    found: dict[str, dict[str, Any]] = {}
    for resource in _resources(stack):
        inputs = resource.get("inputs") or {}
        kind = resource.get("type")
        if kind == "rollout:index:TrafficFlag" and "percent" in inputs:
            found.setdefault(inputs["domain"], {})["percent"] = int(inputs["percent"])
        elif kind == "rollout:index:FlagSecret" and "enabled" in inputs:
            found.setdefault(inputs["domain"], {})["enabled"] = bool(inputs["enabled"])
    return found


@dataclass(frozen=True)
class Flag:
    """A domain's percent flag in the state: the inputs it was last given, and its record, oldest move first.

    `switched`: the record of its enable flag, in the same order.
    """

    percent: int | None
    rules: str | None
    moves: list[Move]
    switched: Sequence[Mapping[str, object]] = ()


def flags_and_outputs(stack: str) -> tuple[dict[str, Flag], dict[str, Any]]:
    """Per domain its flag, as far as the stack has one, and what the newest run exported: of one state. Raises `EngineFailed`."""
    found = _resources(stack)
    return _flags(found), exported(found)


def outputs(stack: str) -> dict[str, Any]:
    """What the stack's newest run exported. Raises `EngineFailed`."""
    return exported(_resources(stack))


def exported(resources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the program exported: the outputs of the stack's own row among the resources of a state."""
    found = next((one for one in resources if one.get("type") == "pulumi:pulumi:Stack"), {}).get("outputs")
    return found if isinstance(found, dict) else {}


def _flags(resources: list[dict[str, Any]]) -> dict[str, Flag]:
    found, switched = {}, {}
    for resource in resources:
        given = resource.get("inputs") or {}
        if resource.get("type") == "rollout:index:FlagSecret" and "domain" in given:
            switched[given["domain"]] = (resource.get("outputs") or {}).get("switched") or ()
        if resource.get("type") == "rollout:index:TrafficFlag" and "domain" in given:
            percent = given.get("percent")
            moves = recorded((resource.get("outputs") or {}).get("moves"))
            found[given["domain"]] = Flag(None if percent is None else int(percent), given.get("rules"), moves)
    return {name: replace(flag, switched=switched.get(name, ())) for name, flag in found.items()}


def _resources(stack: str) -> list[dict[str, Any]]:
    state = pulumi.read_json("stack", "export", "--stack", stack) or {}
    return (state.get("deployment") or {}).get("resources") or []


def _reads(text: str, where: str, catalogue: Catalogue) -> bool:
    try:
        config.parse(text.encode(), where, catalogue)
    except BadInput:
        return False
    return True


def _text(data: dict[str, Any]) -> str:
    """The file's text, in the block style that the program reads."""
    return yaml.safe_dump(data, sort_keys=False, default_flow_style=False, allow_unicode=True)
