"""What each scenario of traffic must come to when it is rehearsed: where the gate stops, and what burns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from rollout.simulator.rehearsal.player import Morning, Player


@dataclass(frozen=True)
class Expected:
    """`reached`: the highest percent of AI agents that is ever live; `burns`: the metric of each incident, or none."""

    reached: int
    burns: str = ""
    says: str = ""


#: From the first lines of each file in rollout/simulator/traffic/scenarios.
EXPECTED: Final[Mapping[str, Expected]] = {
    "healthy": Expected(100),
    "errors-at-50": Expected(50, "errors"),
    "broken-sessions": Expected(10, "sessions"),
    "latency": Expected(25, says="latency "),
    "late-fault": Expected(25, "errors"),
    "outage-of-both": Expected(5, says="legacy burns too"),
    "silence": Expected(0, says="has reported no"),
    "typo": Expected(0, says="has reported no Errors"),
    "complaint-burst": Expected(5, says="complaints: "),
    "straggler": Expected(100),
    "story": Expected(100, says="rentals "),  # its burst comes after day 21
}


def play(
    folder: Path, name: str, days: int, seed: int = 1, *, store: str = "secrets-manager"
) -> tuple[list[Morning], dict[str, int], list[Path]]:
    """The days of a rehearsal, what was live at its end, and the names of its incidents. Raises `AssertionError`."""
    with pytest.MonkeyPatch.context() as patch:
        for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(key, "testing")  # the simulator takes any
        player = Player(folder, name, seed, drills=False, store=store)
        try:
            mornings = list(player.play(days))
            return mornings, player.live(), [Path(path.name) for path in player.incidents()]
        finally:
            left = player.close()
            assert not left, left


def check(name: str, mornings: list[Morning], incidents: list[Path]) -> None:
    """Raises `AssertionError` where it came to something else."""
    wanted = EXPECTED[name]
    story = "\n".join(f"day {one.day}: {one.live} {one.said}" for one in mornings)
    assert max(one.live["ai-agents"] for one in mornings) == wanted.reached, story
    assert {path.stem.rpartition("-")[2] for path in incidents} == ({wanted.burns} if wanted.burns else set()), story
    assert wanted.says in story, story
    burnt = [one for one in mornings if one.burnt]
    assert len(incidents) == sum(len(one.burnt) for one in burnt), story
    assert all(one.live[domain] == 0 for one in burnt for domain in one.burnt), "a new start is from 0"
