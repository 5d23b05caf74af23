"""Runs `pulumi preview --json`, and reads from it what changes, what drifted and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rollout.commands.engine import pulumi
from rollout.commands.review import alarms, change
from rollout.commands.review.alarms import Step
from rollout.commands.review.change import Change
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
    mentioned = {service for step in steps if (service := _speaks_of(step, protected))}
    return Preview(
        changes=tuple(sorted(set(_changes(steps)), key=lambda one: (one.kind, one.row, one.what))),
        warnings=tuple(dict.fromkeys(warnings)),
        refused=("\n".join(dict.fromkeys(errors)) or otherwise.strip() or "the preview failed") if failed else "",
        complete=waits or not failed,
        rows=len({step.get("urn") for step in steps if ":index:" in str(step.get("urn"))}),
        protected=tuple(sorted(mentioned)),
    )


def _changes(steps: Sequence[Mapping[str, Any]]) -> list[Change]:
    found, of_alarms = list[Change](), list[Step]()
    for step in steps:
        urn = str(step.get("urn"))
        kind, row, op = KINDS.get(_type(urn), ""), urn.rpartition("::")[2], str(step.get("op"))
        old, new = step.get("oldState") or {}, step.get("newState") or {}
        asked, is_now, wanted = (
            side.get(key) or {} for side, key in ((old, "inputs"), (old, "outputs"), (new, "inputs"))
        )
        if not kind or op in _QUIET:
            continue  # a component, a provider: they are what their rows are
        if kind == "alarm":
            of_alarms.append(Step(op, row, asked, is_now, wanted))
        elif op != "update":
            found.append(Change(kind, row, op, "", ""))
        else:
            for path in step.get("detailedDiff") or {}:
                key = path.partition(".")[0].partition("[")[0]
                found += change.of(kind, row, path, asked.get(key), is_now.get(key), wanted.get(key))
    return [*found, *alarms.changes(of_alarms)]


def _type(urn: str) -> str:
    parts = urn.split("::")
    return parts[2].rpartition("$")[2] if len(parts) > 2 else ""


def _speaks_of(step: Mapping[str, Any], protected: tuple[str, ...]) -> str | None:
    state = step.get("newState") or step.get("oldState") or {}
    inputs = state.get("inputs") or {}
    named = [state.get("id"), *inputs.values(), *_texts(inputs.get("policies"))]
    return next(
        (service for text in named if isinstance(text, str) and (service := protected_by(text, protected))), None
    )


def _texts(value: Any) -> Iterator[str]:
    """Every text in a map, however deep: its keys, too."""
    if isinstance(value, str):
        yield value
    for one in [*value, *value.values()] if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _texts(one)


def _message(diagnostic: Mapping[str, Any]) -> str:
    return str(diagnostic.get("message") or "").strip().removeprefix("warning: ").removeprefix("error: ")
