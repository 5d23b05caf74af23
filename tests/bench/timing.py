"""Timing two things in turns (A B A B), so that a ratio holds on a machine whose speed drifts."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Action = Callable[[], object]


@dataclass(frozen=True)
class Compared:
    """Wall seconds of A and B, pair by pair."""

    name: str
    a: tuple[float, ...]
    b: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        return [first / second for first, second in zip(self.a, self.b, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the pairs' ratios."""
        return statistics.median(self.ratios)

    def line(self, limit: float | None = None, aim: float | None = None) -> str:
        """One row: ratio with its extremes, both medians, and what it is held against."""
        low, high = min(self.ratios), max(self.ratios)
        held = ""
        if limit is not None:
            said = (
                "over the limit"
                if self.ratio > limit
                else "aim met"
                if aim and self.ratio <= aim
                else "within the limit"
            )
            held = f"  (at most {limit:g}, aim {aim:g}: {said})" if aim else f"  (at most {limit:g}: {said})"
        return (
            f"{self.name:<58} {self.ratio:5.2f}x  [{low:.2f}-{high:.2f}]  "
            f"{statistics.median(self.a):6.2f} s / {statistics.median(self.b):6.2f} s{held}"
        )


def in_turns(name: str, a: Action, b: Action, runs: int = 5, *, between: Action | None = None) -> Compared:
    """Runs A and B in turns, once each uncounted, then `runs` times. `between` isn't timed and comes before each A.

    An action that answers a float has timed itself, in seconds: what it goes on to do doesn't count.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for counted in [False] + [True] * runs:
        if between is not None:
            between()
        for kept, action in zip(times, (a, b), strict=True):
            started = time.perf_counter()
            own = action()
            took = own if isinstance(own, float) else time.perf_counter() - started
            if counted:
                kept.append(took)
    return Compared(name, tuple(times[0]), tuple(times[1]))


def machine() -> str:
    """One line about where this was measured."""
    model = "unknown processor"
    try:
        with Path("/proc/cpuinfo").open() as info:
            model = next((line.partition(":")[2].strip() for line in info if line.startswith("model name")), model)
    except OSError:
        pass
    return (
        f"{os.cpu_count()} cores, {model}, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def version(*command: str, env: dict[str, str] | None = None) -> str:
    """The first line a tool prints of its own version, or `not here`."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    except OSError:
        return "not here"
    return (done.stdout.strip().splitlines() or ["?"])[0]
