"""Server, engine and rollback killed by -9 at random moments of a stack on PostgreSQL. A few in the tests, 100 in the bench.

After each, one documented command brings everything back, and nothing is lost that was answered:

| killed | the way back |
|---|---|
| the engine, alone or with its group | `python -m rollout unlock`, and the next `pulumi up` (docs/runbooks/stuck-lock.md) |
| the database's server, under an `up` or a rollback | it is started again, as a project's own does by itself; then the same command once more |
| the rollback, alone or with its group | the same rollback once more (docs/runbooks/rollback.md) |
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final

from tests import burning, days, kills, races
from tests.burning import Burning
from tests.harness import Sandbox

DOMAIN: Final = "ai-agents"
TO: Final = "10"
LATENCY: Final = 0.05  # seconds each answer takes: a kill falls between two calls more often
DOWN: Final = f"live {TO} %"  # what a rollback prints when the value was read back
#: What is killed, in turn, and under what.
TURNS: Final = ("engine", "server: up", "rollback", "engine, group", "server: rollback", "rollback, group")


@dataclass(frozen=True)
class Found:
    """One kill: of what, when, and whether the command under way had answered, or ended well in spite of it."""

    what: str
    moment: float
    answered: bool
    well: bool

    def line(self) -> str:
        """For a report."""
        said = "after it had answered" if self.answered else "before it had answered"
        return f"{self.what} killed after {self.moment:.2f} s, {said}{', which ended well' if self.well else ''}"


def kill(stack: Burning, n: int, seed: int = 1) -> Iterator[Found]:
    """`n` kills, in turn of each kind; each is checked, and told when it is."""
    chance = random.Random(seed)
    up = kills.BEHIND * races.until_written(stack.again())
    down = _rollback_takes(stack.again())
    for number, what in zip(range(n), cycle(TURNS), strict=False):
        sandbox = stack.again()
        before = history(sandbox)
        moment = chance.uniform(0.0, down if "rollback" in what else up)
        if what.startswith("engine"):
            whom = "group" if "group" in what else "engine"
            done = kills.one(sandbox, number % 4 == 0, whom, max(0.2, moment))
            found = Found(what, moment, done is None or done.pending == 0, well=done is None)
        elif what == "server: up":
            found = _server_under_up(sandbox, moment, at_once=chance.random() < 0.5)
        elif what == "server: rollback":
            found = _server_under_rollback(sandbox, moment, at_once=chance.random() < 0.5)
        else:
            found = _rollback(sandbox, moment, group="group" in what)
        after = history(sandbox)
        assert after[: len(before)] == before, f"{found.line()}: the history lost a line"
        yield found


def told(found: list[Found]) -> str:
    """One line of many kills."""
    by = Counter(one.what for one in found)
    return (
        f"kill -9 on PostgreSQL: n = {len(found)} ({', '.join(f'{what} {number}' for what, number in sorted(by.items()))}), "
        f"0 lost; {sum(one.answered for one in found)} after the answer, {sum(one.well for one in found)} commands ended well"
    )


def history(sandbox: Sandbox) -> list[Any]:
    """Every version that a flag had, in order."""
    assert sandbox.database is not None
    with sandbox.database.connect(database="rollout") as hand:
        return list(hand.execute("select id, name, value, version from rollout.history order by id").fetchall())


def _rollback_takes(sandbox: Sandbox) -> float:
    """Seconds that one takes which nobody disturbs."""
    races.slow(sandbox, LATENCY)
    started = time.monotonic()
    done = sandbox.run(*races.ROLLBACK, DOMAIN, "--to", TO)
    assert DOWN in done.stdout
    return time.monotonic() - started


def _server_under_up(sandbox: Sandbox, moment: float, *, at_once: bool) -> Found:
    days.set_percents(sandbox, kills.AFTER)
    sandbox.commit("raise")
    moves = {domain: burning.moves(sandbox, domain) for domain in days.DOMAINS}
    races.slow(sandbox, LATENCY)
    up = sandbox.start(*races.UP)
    time.sleep(moment)
    _server_killed(sandbox, at_once)
    said = races.ended(up)
    _server_back(sandbox)
    found = Found("server: up", moment, "raised" in said, well=up.returncode == 0)
    assert "Traceback" not in said, f"{found.line()}\n{said}"
    again = sandbox.up(check=False)
    assert again.returncode == 0, f"{found.line()}\n{said}\n{again.stdout}{again.stderr}"
    for domain, percent in kills.AFTER.items():
        burning.recorded(sandbox, domain, percent)
        assert burning.moves(sandbox, domain)[: len(moves[domain])] == moves[domain], (
            f"{found.line()}: {domain} lost a move"
        )
    _at_rest(sandbox, found)
    return found


def _server_under_rollback(sandbox: Sandbox, moment: float, *, at_once: bool) -> Found:
    races.slow(sandbox, LATENCY)
    down = sandbox.start(*races.ROLLBACK, DOMAIN, "--to", TO)
    time.sleep(moment)
    _server_killed(sandbox, at_once)
    if not at_once:
        time.sleep(1.0)
        sandbox.heal()
    said = races.ended(down)
    _server_back(sandbox)
    found = Found("server: rollback", moment, DOWN in said, well=down.returncode == 0)
    _down_again(sandbox, found, said)
    return found


def _rollback(sandbox: Sandbox, moment: float, *, group: bool) -> Found:
    races.slow(sandbox, LATENCY)
    down = sandbox.start(*races.ROLLBACK, DOMAIN, "--to", TO)
    time.sleep(moment)
    said = _killed(down, group=group)
    races.slow(sandbox, 0)
    found = Found("rollback, group" if group else "rollback", moment, DOWN in said, well=False)
    _down_again(sandbox, found, said)
    return found


def _down_again(sandbox: Sandbox, found: Found, said: str) -> None:
    """What was answered as down is down; the same command again, and all of it is on record."""
    assert "Traceback" not in said, f"{found.line()}\n{said}"
    live = burning.live(sandbox, DOMAIN)
    assert live in ((TO,) if found.answered else (TO, str(burning.START[DOMAIN]))), (
        f"{found.line()}: live {live} %\n{said}"
    )
    again = sandbox.rollout("rollback", DOMAIN, "--to", TO, "--stack", "local", "--wait", "0", check=False)
    assert (again.returncode, DOWN in again.stdout) == (0, True), (
        f"{found.line()}\n{said}\n{again.stdout}{again.stderr}"
    )
    burning.recorded(sandbox, DOMAIN, int(TO))
    wanted = {domain: str(percent) for domain, percent in burning.START.items()} | {DOMAIN: TO}
    assert burning.lives(sandbox) == wanted, found.line()
    assert f"      percent: {TO}\n" in sandbox.read_config(), found.line()
    assert not sandbox.git("status", "--porcelain").stdout.strip(), found.line()
    _at_rest(sandbox, found)


def _at_rest(sandbox: Sandbox, found: Found) -> None:
    """Nothing is under way any more, and nothing is left to do."""
    state = sandbox.export_state()
    assert not state.get("pending_operations"), found.line()
    left = sandbox.pulumi("preview", "--expect-no-changes", check=False)
    assert left.returncode == 0, f"{found.line()}\n{left.stdout}{left.stderr}"
    hosts = kills.left(sandbox)  # language hosts alone: they would leave by themselves, after 5 minutes
    for pid in sandbox.processes() if hosts else ():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _server_killed(sandbox: Sandbox, at_once: bool) -> None:
    assert sandbox.database is not None
    sandbox.database.kill()
    if at_once:
        sandbox.database.start(database=False)


def _server_back(sandbox: Sandbox) -> None:
    sandbox.heal()
    races.slow(sandbox, 0)


def _killed(running: Any, *, group: bool) -> str:
    """Ends a command by -9; answers what it had printed by then."""
    out = running.stdout
    running.stdout = None
    races.killed(running, group=group)
    with out:
        return re.sub(r"\x1b\[[0-9;]*m", "", out.read())
