"""A rollback against a raise in flight, at random moments. A few in `make test`, 50 in the bench."""

from __future__ import annotations

import random
import re
import subprocess
import time
from dataclasses import dataclass

from tests import burning, days
from tests.burning import Burning
from tests.harness import Sandbox

UP = ("pulumi", "--non-interactive", "--color", "never", "up", "--yes", "--skip-preview", "--stack", "local")
ROLLBACK = ("python", "-m", "rollout", "rollback", "--stack", "local", "--wait", "0")
LATENCY = 0.15  # seconds each answer of the store takes: widens what lies between two calls of a raise
LONGEST = 5.0  # seconds into the `up` at which the rollback starts at the latest: later the raise is long done


@dataclass(frozen=True)
class Race:
    """One race: the moment the rollback was started, what each said, and what was live when both had ended."""

    moment: float
    raise_code: int
    rollback_code: int
    down_after: float  # seconds, as the rollback printed it
    overtaken: bool  # the raise found the stop and gave way
    live: str | None

    def line(self) -> str:
        """For a report."""
        gave = ", gave way" if self.overtaken else ""
        return (
            f"rollback {self.moment:.2f} s into the up: live {self.live} %, down after {self.down_after:.1f} s; "
            f"raise ended with {self.raise_code}{gave}, rollback with {self.rollback_code}"
        )


def race(stack: Burning, n: int, seed: int = 1) -> list[Race]:
    """`n` raises of jobs 25 -> 50, each met by a rollback to 10. Every one must end with a live, recorded 10."""
    chance = random.Random(seed)
    return [_one(stack.again(), chance.uniform(0, LONGEST)) for _ in range(n)]


def _one(sandbox: Sandbox, moment: float) -> Race:
    days.set_percents(sandbox, {"jobs": 50})
    sandbox.commit("raise")
    slow(sandbox, LATENCY)
    up = sandbox.start(*UP)
    time.sleep(moment)
    down = sandbox.start(*ROLLBACK, "jobs", "--to", "10")
    said_down, said_up = ended(down), ended(up)
    slow(sandbox, 0)
    took = re.search(r"^live 10 %, (\d+\.\d) s", said_down, re.M)
    assert took, said_down
    found = Race(
        moment, up.returncode, down.returncode, float(took[1]), "stopped meanwhile" in said_up, burning.live(sandbox, "jobs")
    )
    assert found.live == "10", f"{found.line()}\n{said_down}\n{said_up}"
    assert found.rollback_code == 0, f"{found.line()}\n{said_down}\n{said_up}"
    burning.recorded(sandbox, "jobs", 10)
    assert {domain: live for domain, live in burning.lives(sandbox).items() if domain != "jobs"} == burning.OTHERS
    assert "percent: 10\n" in sandbox.read_config()
    return found


def slow(sandbox: Sandbox, latency: float) -> None:
    """Every answer of the store takes that many seconds."""
    sandbox.simulator.call("PUT", "/faults", {"latency": latency})


def ended(running: subprocess.Popen[str], timeout: float = 180) -> str:
    """Waits for a started command; answers what it printed."""
    said, _ = running.communicate(timeout=timeout)
    return said
