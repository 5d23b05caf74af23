"""A rollback against a raise in flight, at random moments. A few in `make test`, 50 in the bench."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from dataclasses import dataclass

from tests import burning, days
from tests.burning import Burning
from tests.harness import Sandbox

UP = ("pulumi", "--non-interactive", "--color", "never", "up", "--yes", "--skip-preview", "--stack", "local")
ROLLBACK = ("python", "-m", "rollout", "rollback", "--stack", "local", "--wait", "0")
LATENCY = 0.15  # seconds each answer of the store takes: widens what lies between two calls of a raise
AROUND = (0.2, 1.3)  # when the rollback starts, as a part of the time until the raise is written: before it and after


@dataclass(frozen=True)
class Race:
    """One race: the moment the rollback was started, what each said, and what was live when both had ended."""

    moment: float
    raise_code: int
    rollback_code: int
    down_after: float  # seconds, as the rollback printed it
    why: str  # what the raise said, where it didn't end with 0
    live: str | None

    @property
    def overtaken(self) -> bool:
        """Whether the raise found the stop, and gave way."""
        return "stopped meanwhile" in self.why or "changed while the raise was judged" in self.why

    def line(self) -> str:
        """For a report."""
        return (
            f"rollback {self.moment:.2f} s into the up: live {self.live} %, down after {self.down_after:.1f} s; "
            f"raise ended with {self.raise_code}, rollback with {self.rollback_code}{self.why and ': '}{self.why}"
        )


def race(stack: Burning, n: int, seed: int = 1) -> list[Race]:
    """`n` raises of ai-agents 50 -> 100, each met by a rollback to 10. Every one must end with a live, recorded 10."""
    chance = random.Random(seed)
    longest = until_written(stack.again())
    return [_one(stack.again(), chance.uniform(*AROUND) * longest) for _ in range(n)]


def until_written(sandbox: Sandbox) -> float:
    """The same raise alone; answers the seconds until its value is written, which depend on the machine and its load."""
    days.set_percents(sandbox, {"ai-agents": 100})
    slow(sandbox, LATENCY)
    started = time.monotonic()
    up = sandbox.start(*UP)
    while not sandbox.api_calls().get("secretsmanager.PutSecretValue") and up.poll() is None:
        time.sleep(0.02)
    took = time.monotonic() - started
    said = ended(up)
    assert up.returncode == 0, said
    slow(sandbox, 0)
    return took


def _one(sandbox: Sandbox, moment: float) -> Race:
    days.set_percents(sandbox, {"ai-agents": 100})
    sandbox.commit("raise")
    slow(sandbox, LATENCY)
    up = sandbox.start(*UP)
    time.sleep(moment)
    down = sandbox.start(*ROLLBACK, "ai-agents", "--to", "10")
    said_down, said_up = ended(down), ended(up)
    slow(sandbox, 0)
    took = re.search(r"^live 10 %, (\d+\.\d) s", said_down, re.M)
    assert took, said_down
    said = re.findall(r"^ +(?:error|warning): (.*)", said_up, re.M)
    why = [text for text in said if text != "update failed" and "awaiting" not in text and " OFF: " not in text]
    found = Race(
        moment,
        up.returncode,
        down.returncode,
        float(took[1]),
        why[-1] if why else "",
        burning.live(sandbox, "ai-agents"),
    )
    assert found.live == "10", f"{found.line()}\n{said_down}\n{said_up}"
    assert found.rollback_code == 0, f"{found.line()}\n{said_down}\n{said_up}"
    burning.recorded(sandbox, "ai-agents", 10)
    wanted = {domain: str(percent) for domain, percent in burning.START.items()} | {"ai-agents": "10"}
    assert burning.lives(sandbox) == wanted
    assert "      percent: 10\n" in sandbox.read_config()
    return found


def slow(sandbox: Sandbox, latency: float, domain: str = "") -> None:
    """Every answer about a flag, or about that domain's percent, takes that many seconds."""
    flag = days.PERCENT_FLAGS.get(domain, "")
    sandbox.slow(latency, days.secret(flag))


def ended(running: subprocess.Popen[str], timeout: float = 180) -> str:
    """Waits for a started command; answers what it printed."""
    said, _ = running.communicate(timeout=timeout)
    return said


def killed(running: subprocess.Popen[str], *, group: bool = False) -> None:
    """Ends a started engine by -9, alone or with its process group, and doesn't wait for what it leaves behind."""
    if group:
        os.killpg(running.pid, signal.SIGKILL)
    else:
        os.kill(running.pid, signal.SIGKILL)
    running.wait()
    if running.stdout is not None:
        running.stdout.close()
