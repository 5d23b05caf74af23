"""What an operator waits for: status, log, review, reports and a drill, on a stack with 300 runs in its history."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from tests import days
from tests.harness import Sandbox

RUNS_KEPT = 300
#: Command -> the seconds it may take, None where none was given.
COMMANDS = {
    ("status",): 1.5,
    ("log",): 1.5,
    ("log", "-n", "0", "--all"): 1.5,
    ("live",): None,
    ("plan", "--from", "2026-12-02"): None,
    ("review",): None,
    ("drill", "ai-agents"): None,
}
REPORT = (".venv-dev/bin/python", "-m", "rollout", "report", "--stack", "local")


def run(folder: Path, runs: int, say: Callable[[str], None]) -> None:
    """A line a command: median, fastest and slowest of `runs`. Raises `AssertionError` over a limit."""
    box = Sandbox(folder / "operator")
    try:
        box.env["ROLLOUT_NOW"] = "2026-12-01T08:00:00Z"
        days.set_percents(box, days.percents(0))
        box.commit("0")
        box.up("-m", "day 0")
        days.set_percents(box, {"ai-agents": 5})
        box.commit("5")
        box.up("-m", "day 1")
        fill(box)
        over = [
            text
            for command, limit in COMMANDS.items()
            if (
                text := timed(
                    box, ("python", "-m", "rollout", *command, "--stack", "local"), " ".join(command), runs, limit, say
                )
            )
        ]
        over += [timed(box, REPORT, "report", runs, 10.0, say)]
        assert not any(over), "; ".join(filter(None, over))
    finally:
        box.close()


def timed(
    box: Sandbox, command: tuple[str, ...], name: str, runs: int, limit: float | None, say: Callable[[str], None]
) -> str:
    """Says the line; answers it where the median is over the limit."""
    times = []
    for _ in range(runs):
        began = time.monotonic()
        box.run(*command)
        times.append(time.monotonic() - began)
    median = statistics.median(times)
    held = f"  (at most {limit:g} s)" if limit else ""
    line = f"{f'rollout {name}':<44} {median:6.2f} s  [{min(times):.2f}-{max(times):.2f}], n = {runs}{held}"
    say(line)
    return line if limit and median > limit else ""


def fill(box: Sandbox) -> None:
    """As many runs as a long migration has: the oldest one again and again, each with a time of its own."""
    kept = box.state / ".pulumi" / "history" / "wa-rollout" / "local"
    first = min(kept.glob("*.history.json"))
    stamp = int(first.name.removesuffix(".history.json").rpartition("-")[2])
    for number in range(RUNS_KEPT - len(list(kept.glob("*.history.json")))):
        shutil.copy(first, kept / f"local-{stamp - (number + 1) * 60_000_000_000}.history.json")
