"""Runs `pulumi preview --json`, and reads from it what changes, what drifted and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rollout.commands.engine import pulumi
from rollout.model.catalogue.domain import protected_by

#: How the row of a raise that waits begins, and how the engine's own words for it end.
_VERDICTS: Final = ("HOLD ", "ROLLBACK ")
_AWAITING: Final = ("resource is awaiting", "has awaiting resources")
#: Steps that change nothing.
_QUIET: Final = ("same", "refresh", "read")
#: Type token -> what a line of the review calls it.
KINDS: Final = {
    "rollout:index:TrafficFlag": "flag", "rollout:index:FlagSecret": "flag", "rollout:index:AlertPolicy": "alarm",
    "rollout:index:Topic": "topic", "rollout:index:Dashboard": "dashboard", "command:local:Command": "command",
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One property of one row. `drift`: somebody changed it outside, and the `up` puts it back; `live`: what it is now."""

    kind: str
    row: str
    what: str  # create, update, delete, or the property's path
    old: str
    new: str
    drift: bool = False


@dataclass(frozen=True)
class Preview:
    """What a preview said. `complete` is False where a refusal ended it before every row was seen."""

    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()
    refused: str = ""
    complete: bool = True
    rows: int = 0
    protected: tuple[str, ...] = ()  # protected services that a row's name or input speaks of


def run(stack: str, protected: tuple[str, ...], env: Mapping[str, str] | None = None, *more: str) -> Preview:
    """One preview. Raises `EngineFailed` where the engine prints no JSON at all."""
    done = pulumi.run("preview", "--json", "--stack", stack, *more, env=env)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise pulumi.EngineFailed(pulumi.failure(done)) from None
    waits = done.returncode == pulumi.EXIT_WAITS
    return read(found, protected, failed=done.returncode != 0, waits=waits, otherwise=done.stderr)


def read(
    found: Mapping[str, Any], protected: tuple[str, ...], *, failed: bool, waits: bool = False, otherwise: str = ""
) -> Preview:
    """The preview in the engine's JSON. `waits`: nothing but raises that wait made it fail, so every row was seen.

    `otherwise`: what it wrote to stderr, where no diagnostic says what failed.
    """
    steps = found.get("steps") or []
    said = [one for one in found.get("diagnostics") or [] if isinstance(one, dict)]
    errors = [_message(one) for one in said if one.get("severity") == ("warning" if waits else "error")]
    warnings = [_message(one) for one in said if one.get("severity") == "warning"]
    if waits:  # the engine's own two lines of it say nothing more
        errors = [text for text in errors if text.startswith(_VERDICTS)]
        warnings = [text for text in warnings if text not in errors and not text.endswith(_AWAITING)]
    changes = [change for step in steps if step.get("op") not in _QUIET for change in _changes(step)]
    mentioned = {service for step in steps if (service := _speaks_of(step, protected))}
    return Preview(
        changes=tuple(sorted(set(changes), key=lambda one: (one.kind, one.row, one.what))),
        warnings=tuple(dict.fromkeys(warnings)),
        refused=("\n".join(dict.fromkeys(errors)) or otherwise.strip() or "the preview failed") if failed else "",
        complete=waits or not failed,
        rows=len({step.get("urn") for step in steps if ":index:" in str(step.get("urn"))}),
        protected=tuple(sorted(mentioned)),
    )


def _changes(step: Mapping[str, Any]) -> list[Change]:
    urn = str(step.get("urn"))
    kind, row, op = KINDS.get(_type(urn), ""), urn.rpartition("::")[2], str(step.get("op"))
    if not kind:
        return []  # a component, a provider: they are what their rows are
    if op != "update":
        return [Change(kind, row, op, "", "")]
    old, new = step.get("oldState") or {}, step.get("newState") or {}
    found = []
    for path in step.get("detailedDiff") or {}:
        key = path.partition(".")[0].partition("[")[0]
        before, live = (old.get("inputs") or {}).get(key), (old.get("outputs") or {}).get(key)
        wanted = (new.get("inputs") or {}).get(key)
        if live != before:
            found.append(Change(kind, row, path, _text(live), _text(before), drift=True))
        if before != wanted:
            found.append(Change(kind, row, path, _text(before), _text(wanted)))
    return found


def _type(urn: str) -> str:
    parts = urn.split("::")
    return parts[2].rpartition("$")[2] if len(parts) > 2 else ""


def _speaks_of(step: Mapping[str, Any], protected: tuple[str, ...]) -> str | None:
    state = step.get("newState") or step.get("oldState") or {}
    named = [state.get("id"), *(value for value in (state.get("inputs") or {}).values() if isinstance(value, str))]
    return next((service for text in named if text and (service := protected_by(str(text), protected))), None)


def _message(diagnostic: Mapping[str, Any]) -> str:
    return str(diagnostic.get("message") or "").strip().removeprefix("warning: ").removeprefix("error: ")


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
