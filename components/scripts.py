"""The user's own scripts, started by pulumi-command after a flag has changed: `wa-rollout:commands`.

A script is a `local.Command` whose environment names the domain's last move, and nothing else: another move runs it, and
neither an edit of its text nor another date does. It has no `create`, so its first registration runs nothing. What it starts
is `rollout.provider.script.run`, which always ends well for the plug-in: a script that failed fails this run, once.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pulumi

from rollout import private
from rollout.model import times
from rollout.model.stack_file.config import Command, StackConfig
from rollout.provider import script as plugin
from rollout.provider.script import door
from rollout.provider.script import run as running

from .domain_rollout import Moves

#: Where the orders for a run are, below the project's folder; the plug-in runs there. The text is part of the state, and the
#: same on every machine and for every script: another one would run them all.
FOLDER: Final = ".local/commands"
UPDATE: Final = f'test ! -f {FOLDER}/run.sh || exec /bin/sh {FOLDER}/run.sh "$ORDER"'


@dataclass(frozen=True)
class _Ordered:
    """A script of a domain in this run: its resource, and where its result will be."""

    script: Command
    domain: str
    to: str
    command: Any
    done: Path
    token: str


async def run_after(moves: Mapping[str, Moves | None], config: StackConfig, home: Path) -> None:
    """Registers the scripts, given what the flags of every domain answered, and tells how those ended that ran.

    Without scripts in the config nothing is imported. A flag that waits, or failed, answers no new move, and so runs none.
    A script that failed is an error of this run and no other; of a rollback's (ROLLOUT_ONLY_LOWER) it is a warning.
    """
    if not config.commands:
        return
    only_lower = os.environ.get("ROLLOUT_ONLY_LOWER") == "1"
    if refused := [name for name, found in moves.items() if found is None]:
        text = f"no script was run: {', '.join(refused)} didn't change (see the row); every other flag is live"
        raise pulumi.RunError(text)  # a resource that isn't registered would be deleted
    if door.find(os.environ) is None:
        version, other = plugin.wanted(), next(door.there(os.environ), None)
        why = f"{door.NAME} {version} isn't there" + (
            f", and {other} doesn't know all that is asked of it" if other else ""
        )
        pulumi.log.warn(
            f"wa-rollout:commands: no script runs, for {why}; do: pulumi plugin install resource command {version}"
        )
    ordered = await _registered(moves, config, home)
    if pulumi.runtime.is_dry_run():
        return
    failed = [text for one in ordered if await _ended(one.command) and (text := _told(one))]
    if failed and not only_lower:
        raise pulumi.RunError("\n".join(failed))
    for text in failed:
        pulumi.log.warn(text)


async def _registered(moves: Mapping[str, Moves | None], config: StackConfig, home: Path) -> list[_Ordered]:
    """A resource a domain and script, and on file what it would have to run."""
    from pulumi_command import local

    token, played = str(uuid.uuid4()), not pulumi.runtime.is_dry_run()
    if played:
        _runner(home)
    ordered = []
    for script in config.commands.values():
        for name, found in moves.items():
            last = last_move(found or (), script)
            told, stem = variables(name, last, config), quote(f"{name}-{script.name}-{script.when}", safe="")
            path = home / FOLDER / f"{stem}.json"
            if played:
                _order(path, script, told, token, home)
            command = local.Command(
                f"{script.name}-{script.when}-{name}", update=UPDATE, logging=local.Logging.NONE,
                add_previous_output_in_env=False, environment={"MOVE": moved(last), "ORDER": f"{FOLDER}/{stem}.json"},
            )  # fmt: skip
            ordered.append(_Ordered(script, name, told["TO"], command, path.with_suffix(".done"), token))
            await asyncio.sleep(0)
    return ordered


async def _ended(command: Any) -> bool:
    """Waits for the resource; whether the plug-in answered."""
    try:
        await command.environment.future()
    except Exception:  # noqa: BLE001 - its row says why
        return False
    return True


def _told(one: _Ordered) -> str:
    """Shows what a script said that ran in this run; answers how it failed, empty where it didn't."""
    try:
        found = json.loads(one.done.read_bytes())
    except (OSError, ValueError):
        return ""  # none ran
    if found.get("token") != one.token:
        return ""
    for line in found["end"]:
        pulumi.log.info(f"{one.domain} {one.script.name}: {line}")
    if not found["code"]:
        return ""
    why = f"exit {found['code']}"
    if found["code"] == running.TIMED_OUT:
        why = f"ended after {one.script.timeout} s, its timeout"
    said = f"{one.domain} is live at {one.to} %: only the script {one.script.name} failed ({why})"
    return f"{said}; it isn't run again for this move; its output: {FOLDER}/{one.done.stem}.log"


def _runner(home: Path) -> None:
    """What the plug-in's shell starts: this run's own Python, whose path is nobody else's business."""
    folder = private.folder(home / FOLDER)
    text = f'exec {shlex.quote(sys.executable)} -I {shlex.quote(str(Path(running.__file__).resolve()))} "$1"\n'
    private.write(folder / "run.sh", text)


def _order(path: Path, script: Command, told: Mapping[str, str], token: str, home: Path) -> None:
    order = {
        "run": script.run, "env": list(script.env), "timeout": script.timeout, "told": dict(told), "token": token,
        "folder": str(home), "log": str(path.with_suffix(".log")),
    }  # fmt: skip
    private.write(path, json.dumps(order))


def last_move(moves: Moves, script: Command) -> Mapping[str, Any] | None:
    """The move that a script is about: the last one, or for `after-rollback` the last one down; None where there is none."""
    down = [move for move in moves if _down(move)] if script.when == "after-rollback" else list(moves)
    return down[-1] if down else None


def _down(move: Mapping[str, Any]) -> bool:
    before, after = move.get("from"), move.get("to")
    return isinstance(before, (int, float)) and isinstance(after, (int, float)) and after < before


def moved(move: Mapping[str, Any] | None) -> str:
    """What tells one move from another, and never changes of one; empty where there is none."""
    if move is None:
        return ""
    return f"{move.get('version') or move.get('at') or ''} {_shown(move.get('from'))} -> {_shown(move.get('to'))}"


def variables(domain: str, move: Mapping[str, Any] | None, config: StackConfig) -> dict[str, str]:
    """DOMAIN, FROM, TO (per cent), DAY (of the plan; empty before it) and VERDICT of a move, as text."""
    if move is None:
        return {"DOMAIN": domain, "FROM": "", "TO": "", "DAY": "", "VERDICT": ""}
    return {
        "DOMAIN": domain,
        "FROM": _shown(move.get("from")),
        "TO": _shown(move.get("to")),
        "DAY": _day(str(move.get("at")), config.start),
        "VERDICT": str(move.get("verdict", "")),
    }


def _shown(percent: object) -> str:
    return str(int(percent)) if isinstance(percent, (int, float)) else ""


def _day(at: str, start: date | None) -> str:
    moment = times.moment(at)
    return str((moment.date() - start).days + 1) if moment and start and moment.date() >= start else ""
