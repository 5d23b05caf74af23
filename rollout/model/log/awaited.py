"""The verdict on a raise that a run left waiting, as the stack's outputs keep it: the engine's history holds no rows.

A run that only waited stands there as `failed`, like any other. The outputs are those of the newest run alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from rollout.model import times

if TYPE_CHECKING:  # provider and program read this at every preview, and no history
    from rollout.model.log.runs import Update

#: The provider's function that answers the verdict.
FUNCTION: Final = "rollout:index:held"
#: The engine keeps whole seconds of a run's times.
CLOCKS: Final = timedelta(seconds=1)
_TEXT: Final = re.compile(r"((?:HOLD|ROLLBACK) \S+ .*?-> (\d+) %.*) \(asked at ([^()]+)\)", re.S)


@dataclass(frozen=True)
class Awaited:
    """A raise that waits. `to`: per cent; `at`: the machine's time at which it was judged."""

    verdict: str
    to: int
    at: datetime

    def within(self, update: Update) -> bool:
        """Whether that run judged it."""
        begun = update.begun
        return begun is not None and begun - CLOCKS <= self.at <= begun + timedelta(seconds=update.seconds) + CLOCKS


def text(said: str, at: datetime) -> str:
    """An output's text: the first line of what the row says, and the time."""
    return f"{said.splitlines()[0]} (asked at {times.iso(at)})"


def read(outputs: Mapping[str, object]) -> dict[str, Awaited]:
    """The raises that wait, by domain, out of a stack's outputs."""
    found = {}
    for domain, exported in outputs.items():
        verdict = exported.get("verdict") if isinstance(exported, Mapping) else None
        match = _TEXT.fullmatch(verdict) if isinstance(verdict, str) else None
        at = times.moment(match[3]) if match else None
        if match and at:
            found[domain] = Awaited(match[1], int(match[2]), at)
    return found
