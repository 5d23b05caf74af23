"""Every scenario of traffic rehearsed for 21 days, and what each came to."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from rollout.simulator.rehearsal.player import LAST_DAY
from tests import rehearsals


def run(folder: Path, say: Callable[[str], None]) -> None:
    """All of them, one after the other."""
    for name in rehearsals.EXPECTED:
        began = time.monotonic()
        mornings, live, incidents = rehearsals.play(folder / name, name, LAST_DAY)
        rehearsals.check(name, mornings, incidents)
        held = sum(text.startswith("HOLD") for one in mornings for text in one.said)
        end = ", ".join(f"{domain} {percent}" for domain, percent in live.items())
        say(f"{name}: {time.monotonic() - began:.0f} s; {len(incidents)} rolled back, {held} held; at the end {end}")
