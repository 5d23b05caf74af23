"""The user's own scripts, run by pulumi-command after a flag has changed: `wa-rollout:commands`.

A script is a `local.Command` whose environment names the domain's last move: another move is another environment, and
that is what runs it again. It has no `create`, so its first registration runs nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import pulumi

from rollout.model import times
from rollout.model.stack_file.config import Command, StackConfig

from .domain_rollout import Moves

PLUGIN: Final = "pulumi-resource-command"


def run_after(moves: Mapping[str, Moves | None], config: StackConfig) -> None:
    """Registers the scripts, given what the flags of every domain answered. Raises `RunError` where they can't run.

    Without scripts in the config nothing is imported. A flag that waits answers the moves that it had, and so runs none. Where
    one failed the run ends here, with an error and not by leaving the scripts out: a resource that isn't registered would
    be deleted.
    """
    if not config.commands:
        return
    if refused := [name for name, found in moves.items() if found is None]:
        raise pulumi.RunError(
            f"no script was run: {', '.join(refused)} didn't change (see the row); every other flag is live"
        )
    if not _plugin_is_there():
        text = f"wa-rollout:commands needs {PLUGIN}, which isn't there: pulumi plugin install resource command"
        if pulumi.runtime.is_dry_run():
            pulumi.log.warn(text)  # a preview must not stand in the way of a rollback for want of a script
            return
        raise pulumi.RunError(f"{text}; the flags are live, no script was run")
    from pulumi_command import local

    for script in config.commands.values():
        for name, found in moves.items():
            last = last_move(found or (), script)
            environment = variables(name, last, config)
            local.Command(f"{name}-{script.name}", update=shell(script), environment=environment)


def shell(script: Command) -> str:
    """The script with its failure put in its place: it fails the `up`, and the flag is live all the same."""
    said = f"$DOMAIN is live at $TO %: only the script {script.name} failed"
    return f'( {script.run}\n) || {{ code=$?; echo "{said} (exit $code)" >&2; exit $code; }}'


def last_move(moves: Moves, script: Command) -> Mapping[str, Any] | None:
    """The move that a script is about: the last one, or for `after-rollback` the last one down; None where there is none."""
    down = [move for move in moves if _down(move)] if script.when == "after-rollback" else list(moves)
    return down[-1] if down else None


def _down(move: Mapping[str, Any]) -> bool:
    before, after = move.get("from"), move.get("to")
    return isinstance(before, (int, float)) and isinstance(after, (int, float)) and after < before


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


def _plugin_is_there() -> bool:
    """Whether the plug-in is installed, or the engine may fetch it by itself."""
    if os.environ.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "").lower() not in ("true", "1"):
        return True
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    return shutil.which(PLUGIN) is not None or any(home.glob("plugins/resource-command-v*/"))
