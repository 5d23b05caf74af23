"""Engines killed by -9 at random moments, and what brings the stack back. A few in `make test`, 100 in the bench.

The documented way back (docs/runbooks/stuck-lock.md) is `python -m rollout unlock` and one `pulumi up`.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from dataclasses import dataclass

from tests import burning, days, races
from tests.burning import Burning
from tests.harness import Sandbox

LATENCY = 0.1  # seconds each answer of the store takes: a kill falls between two calls more often
BEHIND = 1.5  # the latest moment of a kill, as a part of the time until the `up` has written its raise
#: What docs/production.md gives a first `up` of many resources: the engine saves its state once, at the end.
AT_ONCE = {"PULUMI_SKIP_CHECKPOINTS": "true", "PULUMI_EXPERIMENTAL": "true"}
WHOM = ("group", "engine", "provider")
LEAVE = 10.0  # seconds that a provider may take to notice that its engine is gone (it looks every 2)
FIRST = {"ai-agents": 5, "jobs": 0, "marketplace": 0, "property": 0}  # day 1: what a killed first `up` was to create
AFTER = {"ai-agents": 100, "jobs": 10, "marketplace": 0, "property": 0}  # what a killed later one was to reach


@dataclass(frozen=True)
class Kill:
    """One kill: of which kind of `up`, when, and what it left."""

    created: bool  # a first `up` that creates everything; else one that raises one domain and lowers two
    whom: str  # `engine`: the `pulumi` process alone; `group`: its whole process group; `provider`: ours alone
    moment: float
    locked: bool
    pending: int  # operations that the state said were under way
    left: int  # language hosts still alive when provider and program had gone, before `unlock`
    at_once: bool = False  # a first `up` that saves its state only at the end

    def line(self) -> str:
        """For a report."""
        kind = "create" if self.created else "update"
        kind += ", state saved at its end" if self.at_once else ""
        return (
            f"{kind}, {self.whom} killed after {self.moment:.2f} s: {'a lock' if self.locked else 'no lock'}, "
            f"{self.pending} pending, {self.left} language hosts left"
        )


def kill(stack: Burning, n: int, seed: int = 1) -> list[Kill]:
    """`n` kills in turn of create and update, and of `WHOM`. After each, the way back must end in FIRST or AFTER."""
    chance = random.Random(seed)
    longest = latest(stack)
    made = [
        one(stack.again(), i % 2 == 0, WHOM[i // 2 % 3], chance.uniform(0.2, longest), at_once=i % 4 == 0)
        for i in range(n)
    ]
    return [found for found in made if found is not None]


def latest(stack: Burning) -> float:
    """The latest moment of a kill, in seconds from the start of an `up`."""
    return BEHIND * races.until_written(stack.again())


def one(sandbox: Sandbox, create: bool, whom: str, moment: float, *, at_once: bool = False) -> Kill | None:
    """One kill, and the way back; None where there was nobody to kill. Raises `AssertionError` where that isn't the way.

    `at_once`: whether a create saves its state only at the end; what it made by then is found and taken over.
    """
    wanted = FIRST if create else AFTER
    if create:
        _forget(sandbox)
    else:
        days.set_percents(sandbox, AFTER)
        sandbox.commit("raise")
    before = {} if create else {domain: burning.moves(sandbox, domain) for domain in days.DOMAINS}
    races.slow(sandbox, LATENCY)
    up = sandbox.start(*races.UP, env=AT_ONCE if create and at_once else {})
    time.sleep(moment)
    hit = _provider(sandbox) if whom == "provider" else [up.pid] if up.poll() is None else []
    if whom == "provider":
        for pid in hit:
            os.kill(pid, signal.SIGKILL)
    if whom == "provider" or not hit:
        races.ended(up)
    else:
        races.killed(up, group=whom == "group")
    races.slow(sandbox, 0)
    remaining = left(sandbox)
    locked = any(sandbox.state.glob(".pulumi/locks/**/*.json"))
    pending = len(sandbox.export_state().get("pending_operations") or [])  # the stack loads
    found = Kill(create, whom, moment, locked, pending, remaining, create and at_once)

    cleared = sandbox.rollout("unlock", "--stack", "local", check=False)
    if "nothing here tells whether it lives" in cleared.stderr:  # killed before its provider could leave a note
        cleared = sandbox.rollout("unlock", "--stack", "local", "--force", check=False)
    assert cleared.returncode == 0, f"{found.line()}\n{cleared.stdout}{cleared.stderr}"
    assert not sandbox.export_state().get("pending_operations"), found.line()
    done = sandbox.up(check=False)
    assert done.returncode == 0, f"{found.line()}\n{cleared.stdout}\n{done.stdout}\n{done.stderr}"
    for domain, percent in wanted.items():
        burning.recorded(sandbox, domain, percent)
        kept = before.get(domain, [])
        assert burning.moves(sandbox, domain)[: len(kept)] == kept, f"{found.line()}: {domain} lost a move"
    assert days.live(sandbox) == days.wanted(wanted), found.line()
    sandbox.pulumi("preview", "--expect-no-changes")
    assert not sandbox.processes(), f"{found.line()}\n{sandbox.processes()}"
    return found if hit else None


def _provider(sandbox: Sandbox) -> list[int]:
    """The provider of the engine under way, if it has one yet."""
    return [pid for pid, line in sandbox.processes().items() if "rollout.provider" in line]


def _forget(sandbox: Sandbox) -> None:
    """A new stack: an empty store, an empty state, and day 1 in the file."""
    sandbox.simulator.call("POST", "/moto-api/reset")
    if sandbox.database is not None:
        sandbox.by_hand("delete from rollout.flags where name <> 'rollout/canary'")
        sandbox.by_hand("truncate rollout.policies, rollout.policy_changes")
    days.set_percents(sandbox, FIRST)
    shutil.rmtree(sandbox.state)
    sandbox.state.mkdir()
    sandbox.pulumi("stack", "select", "--create", "local")


def left(sandbox: Sandbox) -> int:
    """Processes that a killed engine leaves: a language host at most, since provider and program go by themselves."""
    until = time.monotonic() + LEAVE
    while any("pulumi-language-python 127." not in line for line in sandbox.processes().values()):
        assert time.monotonic() < until, f"still there after {LEAVE:.0f} s: {sandbox.processes()}"
        time.sleep(0.1)
    return len(sandbox.processes())
