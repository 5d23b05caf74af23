"""What is played on the whole engine: kills of it, of its group and of its provider, and many `up`s of one stack at once."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests import burning, days, kills, races
from tests.burning import Burning
from tests.faults import door
from tests.faults.ledger import Ledger, Outcome, Say
from tests.faults.plays import OWN, own_time
from tests.faults.worlds import CANARIES, CREDENTIALS, PATIENCE, AwsWorld
from tests.harness import Sandbox
from tests.kills import Kill

#: So many `up`s are alive at most.
ALIVE: Final = 16
#: What they are all asked for: one domain goes up, two come down.
WANTED: Final = {"ai-agents": 100, "jobs": 10, "marketplace": 0, "property": 0}


def killed(folder: Path, kept: Ledger, number: int, say: Say, until: float) -> None:
    """`number` kills of each that hit somebody; each in turn of a first `up` and a later one."""
    stack = Burning(folder / "killed")
    try:
        longest = kills.latest(stack)
        cases = kept.left([f"engine/{whom}/{one}" for one in range(number) for whom in kills.WHOM])
        kept.play(cases, until, say, lambda case: _killed(stack, case, longest))
    finally:
        _closed(stack, say)


def _killed(stack: Burning, case: str, longest: float) -> Outcome:
    _, whom, one = case.split("/")
    outcome = Outcome(case, "engine")
    moment = random.Random(case).uniform(0.2, longest)
    began = time.monotonic()
    try:
        _told(outcome, kills.one(stack.again(), int(one) % 2 == 0, whom, moment))
    except AssertionError as error:
        outcome.ask("converges", False, str(error))
    outcome.wall = round(time.monotonic() - began, 1)
    return outcome


def _closed(stack: Burning, say: Say) -> None:
    left = stack.sandbox.close()
    say(f"left behind at the end: {left}" if left else "nothing left behind")


ROLLBACK: Final = (*races.ROLLBACK, "jobs", "--to", "10")


def rolled(folder: Path, kept: Ledger, number: int, say: Say, until: float) -> None:
    """`number` kills each of a whole rollback, its engine's run included: of the command alone, and of its process group."""
    stack = Burning(folder / "rolled")
    try:
        sandbox = stack.again()
        began = time.monotonic()
        sandbox.run(*ROLLBACK)
        longest = time.monotonic() - began
        cases = kept.left([f"engine/rollback-{whom}/{one}" for one in range(number) for whom in ("alone", "group")])
        kept.play(
            cases, until, say,
            lambda case: _rolled(stack.again(), case, random.Random(case).uniform(0.1, 1.0) * longest),
        )  # fmt: skip
    finally:
        _closed(stack, say)


def _rolled(sandbox: Sandbox, case: str, moment: float) -> Outcome:
    child = sandbox.start(*ROLLBACK)
    time.sleep(moment)
    alive = child.poll() is None
    one = Outcome(case, "engine", alive, wall=round(moment, 2))
    if not alive:
        races.ended(child)
        return one
    races.killed(child, group="group" in case)
    live = int(burning.live(sandbox, "jobs") or 0)
    one.ask("ceiling", live <= burning.START["jobs"], f"live {live}")
    # A command that was killed alone leaves its engine at work, which ends by itself.
    one.ask("process", not _lingering(sandbox.processes, 60), f"{sandbox.processes()}")
    cleared = sandbox.rollout("unlock", "--stack", "local", check=False)
    if "nothing here tells whether it lives" in cleared.stderr:  # killed before its provider could leave a note
        sandbox.rollout("unlock", "--stack", "local", "--force", check=False)
    again = sandbox.run(*ROLLBACK, check=False)
    one.code = again.returncode
    said = again.stdout + again.stderr
    one.ask("converges", again.returncode == 0, said[-900:])
    one.ask("traceback", "Traceback" not in said, said[-900:])
    try:
        burning.recorded(sandbox, "jobs", 10)
        wanted = {domain: str(percent) for domain, percent in burning.START.items()} | {"jobs": "10"}
        one.ask("lost", burning.lives(sandbox) == wanted, f"{burning.lives(sandbox)}")
    except AssertionError as error:
        one.ask("converges", False, str(error))
    one.ask("process", not _lingering(sandbox.processes), f"{sandbox.processes()}")
    return one


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


#: Calls of an `up` of WANTED.
CALLS: Final = (
    "secretsmanager.BatchGetSecretValue", "secretsmanager.GetSecretValue", "secretsmanager.DescribeSecret",
    "secretsmanager.PutSecretValue", "secretsmanager.TagResource", "secretsmanager.UntagResource",
    "cloudwatch.DescribeAlarms", "cloudwatch.ListDashboards", "sns.ListSubscriptionsByTopic",
)  # fmt: skip
UP: Final = ("pulumi", "--non-interactive", "--color", "never", "up", "--yes", "--skip-preview", "--continue-on-error")


def faulted(folder: Path, kept: Ledger, say: Say, until: float) -> None:
    """An `up` on the whole engine that raises one domain and lowers two, with a fault in one of its calls, and the way back."""
    stack = Burning(folder / "faulted")
    through = door.Door(int(stack.sandbox.url.rpartition(":")[2]))
    try:
        every = [
            f"engine/{call}/{kind}/{often}" for call in CALLS for kind in door.KINDS for often in ("always", "once")
        ]
        cases = sorted(kept.left(every), key=lambda one: random.Random(one).random())
        kept.play(cases, until, say, lambda case: _faulted(stack.again(), through, case))
    finally:
        through.close()
        stack.sandbox.close()


def _faulted(sandbox: Sandbox, through: door.Door, case: str) -> Outcome:
    _, action, kind, often = case.split("/")
    days.set_percents(sandbox, WANTED)
    sandbox.commit("faulted")
    world = AwsWorld(sandbox.simulator)
    environ = {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{through.port}", "ROLLOUT_CALL_TIMEOUT": PATIENCE}
    through.taken()
    through.breaks(action, kind, once=often == "once")
    began = time.monotonic()
    done = sandbox.run(*UP, env=environ, check=False, timeout=600)
    ended, hits, calls = time.monotonic(), through.hits, through.taken()
    through.heal()
    said = done.stdout + done.stderr
    one = Outcome(case, "engine", bool(hits), done.returncode, round(ended - began, 2), said=said[-500:])
    one.own = round(own_time(calls, began, ended), 2)
    if not hits:
        return one
    ceiling = {days.PERCENT_FLAGS[name]: max(percent, burning.START[name]) for name, percent in WANTED.items()}
    wrote = [(flag, int(value)) for flag, value in world.wrote("local", calls) if flag in ceiling]
    lives = {days.PERCENT_FLAGS[name]: int(text or 0) for name, text in burning.lives(sandbox).items()}
    above = [(flag, value) for flag, value in [*wrote, *lives.items()] if value > ceiling[flag]]
    one.ask("ceiling", not above, f"{above}")
    lowered = all(lives[days.PERCENT_FLAGS[name]] <= WANTED[name] for name in ("jobs", "marketplace"))
    one.ask("lowered", lowered or done.returncode != 0, f"{lives} {said[-400:]}")
    one.ask("traceback", "Traceback" not in said and "Unexpected <class" not in said, said[-900:])
    one.ask("secret", not any(canary in said + json.dumps(sandbox.export_state()) for canary in CANARIES), said[-500:])
    one.ask("time", one.own <= OWN, f"{one.own} s")
    one.ask("process", not _lingering(sandbox.processes), f"{sandbox.processes()}")
    sandbox.rollout("unlock", "--stack", "local", check=False)
    again = sandbox.up(check=False)
    try:
        assert again.returncode == 0, again.stdout[-500:] + again.stderr[-300:]
        for name, percent in WANTED.items():
            burning.recorded(sandbox, name, percent)
        one.ask("converges", True)
        one.ask("lost", days.live(sandbox) == days.wanted(WANTED), f"{days.live(sandbox)}")
    except AssertionError as error:
        one.ask("converges", False, str(error))
    return one


def _lingering(processes: Callable[[], dict[int, str]], patience: float = kills.LEAVE) -> bool:
    """Whether something is still there some seconds later."""
    until = time.monotonic() + patience
    while processes() and time.monotonic() < until:
        time.sleep(0.2)
    return bool(processes())
