"""Why earlier runs didn't raise: each run's own checkpoint, which a backend in a folder keeps, has its outputs.

The engine's history holds no rows, and the stack's outputs are those of the newest run alone. Another kind of backend
keeps no checkpoint that a file could be read of: there the newest refusal is all that is known.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from rollout.commands.engine import backend
from rollout.commands.project import files
from rollout.commands.reading import deployed
from rollout.model.log import awaited
from rollout.model.log.awaited import Awaited
from rollout.model.log.runs import Update

#: Seconds around a run in which its checkpoint is written: after its start, by the name's own clock.
AROUND: Final = 5.0
#: So many runs that didn't go through are looked up, the newest: a checkpoint is half a megabyte.
MOST: Final = 200


def past(stack: str, updates: Sequence[Update]) -> dict[int, dict[str, Awaited]]:
    """By the number of a run that didn't go through, the raises that it left waiting. Never raises."""
    folder = backend.folder()
    if folder is None:
        return {}
    kept = dict(_times(folder / "history" / files.PROJECT / stack))
    found: dict[int, dict[str, Awaited]] = {}
    told = functools.cache(_awaited)  # two runs close together look at the same checkpoint
    for update in [one for one in updates if not one.done and one.begun is not None][-MOST:]:
        begun = update.begun.timestamp() if update.begun else 0.0
        for at, path in kept.items():
            if begun - AROUND <= at <= begun + update.seconds + AROUND:
                mine = {name: one for name, one in told(path).items() if one.within(update)}
                if mine:
                    found[update.number] = mine
    return found


def _times(folder: Path) -> Iterator[tuple[float, Path]]:
    """The checkpoints with the time in their names: `local-1795847731371579460.checkpoint.json`, nanoseconds."""
    for path in folder.glob("*.checkpoint.json"):
        number = path.name.partition(".")[0].rpartition("-")[2]
        if number.isdecimal():
            yield int(number) / 1e9, path


def _awaited(checkpoint: Path) -> Mapping[str, Awaited]:
    return awaited.read(deployed.exported(backend.resources(checkpoint)))
