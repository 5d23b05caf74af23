"""What drawing and foretelling take: the board over 60 days of counters in memory, and the plan's chances."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from rollout.commands.board import command
from rollout.model.plan import chances
from tests.provider.board_desk import Desk
from tests.pure.plan.test_chances import played
from tests.pure.samples import CATALOGUE

DAYS = 60
#: Domains -> the CPU seconds that their board may take.
LIMITS = {4: 1.5, 50: 4.0}
#: CPU seconds of every raise's chance and of the end's, for the four domains.
CHANCES = 2.0


def run(folder: Path, runs: int, say: Callable[[str], None]) -> None:
    """A line each: median, fastest and slowest of `runs`. Raises `AssertionError` over a limit.

    Reading, judging and drawing are counted, the making of the counters by `Desk` isn't: its whole is done beforehand.
    """
    over = []
    for domains, limit in LIMITS.items():
        page = folder / f"board-{domains}.html"
        times = []
        for number in range(runs):
            with pytest.MonkeyPatch.context() as patch:
                place = folder / f"{domains}-{number}"
                place.mkdir(parents=True)
                Desk(patch, place, domains, DAYS)
                times.append(cpu(partial(draw, page)))
        over += said(f"board of {domains} domains, {DAYS} days", times, limit, say)
        say(f"   {page.stat().st_size / 1000:.0f} kB; peak memory so far {peak():.0f} MB")
    over += said(
        "chances of every raise", [cpu(lambda: played(CATALOGUE, chances.RUNS)) for _ in range(runs)], CHANCES, say
    )
    assert not over, "; ".join(over)


def draw(page: Path) -> None:
    done = CliRunner().invoke(command.command, ["--stack", "local", "--out", str(page)])
    assert done.exit_code == 0, done.output


def cpu(action: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    began = time.process_time()
    action()
    return time.process_time() - began


def said(name: str, times: list[float], limit: float, say: Callable[[str], None]) -> list[str]:
    """Says the line; answers it where the median is over the limit."""
    line = f"{name:<40} {statistics.median(times):5.2f} s  [{min(times):.2f}-{max(times):.2f}]  n = {len(times)}, at most {limit:g} s"
    say(line)
    return [line] if statistics.median(times) > limit else []


def peak() -> float:
    """Megabytes that this process has used at most (Linux counts `ru_maxrss` in kB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
