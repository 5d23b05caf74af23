"""What is played on the whole engine: kills of it, of its group and of its provider, and many `up`s of one stack at once."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests import burning, days, kills, races
from tests.burning import Burning
from tests.faults.ledger import Ledger, Outcome
from tests.kills import Kill

WHOM: Final = ("engine", "group", "provider")
#: So many `up`s are alive at most.
ALIVE: Final = 16
#: What they are all asked for: one domain goes up, two come down.
WANTED: Final = {"ai-agents": 100, "jobs": 10, "marketplace": 0, "property": 0}
Say = Callable[[str], None]


def killed(folder: Path, kept: Ledger, number: int, say: Say, until: float) -> None:
    """`number` kills of each that hit somebody; each in turn of a first `up` and a later one."""
    stack = Burning(folder / "killed")
    try:
        longest = kills.latest(stack)
        for case in kept.left([f"engine/{whom}/{one}" for one in range(number) for whom in WHOM]):
            if time.monotonic() > until:
                break
            _, whom, one = case.split("/")
            outcome = Outcome(case, "engine")
            moment = random.Random(case).uniform(0.2, longest)
            began = time.monotonic()
            try:
                _told(outcome, kills.one(stack.again(), int(one) % 2 == 0, whom, moment))
            except AssertionError as error:
                outcome.ask("converges", False, str(error))
            outcome.wall = round(time.monotonic() - began, 1)
            kept.keep(outcome)
            if outcome.broken:
                say(f"BROKEN {case}: {outcome.broken}")
    finally:
        left = stack.sandbox.close()
        say(f"left behind at the end: {left}" if left else "nothing left behind")


def _told(outcome: Outcome, found: Kill | None) -> None:
    """What `kills.one` has asserted: it ended well."""
    outcome.met = found is not None
    for key in ("converges", "lost", "process", "ceiling"):
        outcome.ask(key, True)
    outcome.note = found.line() if found else "nobody to kill"


def ups(folder: Path, kept: Ledger, number: int, say: Say) -> None:
    """`number` plain `up`s of one stack, `ALIVE` at a time. Each ends as done or as locked; at the end all is as the file says."""
    case = f"engine/ups/{number}"
    if not kept.left([case]):
        return
    stack = Burning(folder / "ups")
    sandbox = stack.again()
    outcome = Outcome(case, "engine")
    began = time.monotonic()
    try:
        days.set_percents(sandbox, WANTED)
        sandbox.commit("many")
        running = list[tuple[float, subprocess.Popen[str]]]()
        codes, said, longest, started = dict[str, int](), list[str](), 0.0, 0
        highest = dict.fromkeys(WANTED, 0)
        while running or started < number:
            while started < number and len(running) < ALIVE:
                running.append((time.monotonic(), sandbox.start(*races.UP)))
                started += 1
            for begun, child in list(running):
                if child.poll() is None:
                    continue
                running.remove((begun, child))
                text = races.ended(child)
                longest = max(longest, time.monotonic() - begun)
                kind = (
                    "done" if child.returncode == 0 else "locked" if "locked" in text else f"ended {child.returncode}"
                )
                codes[kind] = codes.get(kind, 0) + 1
                said += [text] if kind.startswith("ended") or "Traceback" in text else []
            for domain, live in burning.lives(sandbox).items():
                highest[domain] = max(highest[domain], int(live or 0))
            time.sleep(0.05)
        outcome.note = ", ".join(f"{value} {key}" for key, value in sorted(codes.items()))
        say(f"{number} ups: {outcome.note}; the longest {longest:.0f} s")
        for one in said[:3]:
            say(one[-1500:])
        outcome.ask("traceback", not any("Traceback" in one for one in said), "".join(said)[-900:])
        ceiling = {domain: max(percent, burning.START[domain]) for domain, percent in WANTED.items()}
        outcome.ask("ceiling", all(highest[name] <= most for name, most in ceiling.items()), f"{highest}")
        outcome.ask("lowered", codes.get("done", 0) > 0 and set(codes) <= {"done", "locked"}, outcome.note)
        outcome.ask("process", not _lingering(sandbox.processes), f"{sandbox.processes()}")
        sandbox.rollout("unlock", "--stack", "local", check=False)
        sandbox.up()
        try:
            for domain, percent in WANTED.items():
                burning.recorded(sandbox, domain, percent)
            sandbox.pulumi("preview", "--expect-no-changes")
            outcome.ask("converges", True)
        except AssertionError as error:
            outcome.ask("converges", False, str(error))
        outcome.wall = round(time.monotonic() - began, 1)
        kept.keep(outcome)
    finally:
        stack.sandbox.close()


def _lingering(processes: Callable[[], dict[int, str]]) -> bool:
    """Whether something is still there some seconds after the last `up`."""
    until = time.monotonic() + kills.LEAVE
    while processes() and time.monotonic() < until:
        time.sleep(0.2)
    return bool(processes())
