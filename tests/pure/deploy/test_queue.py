"""Every order of what merges, deploys, locks and stops do at the same time: when the queue is empty, main and live agree.

The steps of a deploy are its own programs (`deploy/ci/up.py`, `lower.py`, `main_now.py`), run as deploy.yml orders them;
hosting, engine and store are a few lines here that hand on the turn at each call. A bug that is planted is found.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from deploy.ci import actions, lower, main_now, up
from tests.provider.memory import Stage, every_order

#: How often somebody who could go on is interrupted, in the enumerations.
BREAKS: Final = 5
STACK_FILE: Final = "Pulumi.prod.yaml"
#: The same question, as deploy.ci.approval asks it before a run has the lock.
AT_ITS_START: Final = main_now.overtaken
ONE_LOCK: Final = "the stack is currently locked by another run"
Choose = Callable[[Sequence[int]], int]


class _Mine(threading.local):
    """What each runner has of its own: its checkout, and the file that hands on from step to step."""

    commit = 0
    file = ""

    def write_text(self, text: str) -> None:
        self.file = text

    def read_text(self) -> str:
        return self.file


@dataclass
class World:
    """`main`: the percent that each commit's stack file has; `live`: the flag's; `rises`: each, with main at its lock.

    `lost`: a hand stopped the domain; from then on a raise that was decided before is refused, as the provider does.
    """

    stage: Stage = field(default_factory=Stage)
    main: list[int] = field(default_factory=lambda: [10])
    live: int = 10
    version: int = 0
    locked: bool = False
    stopped: int = -1  # the newest commit when somebody stopped it
    busy: bool = False  # the group up-prod
    waiting: int | None = None  # the newest commit that waits for it
    rises: list[tuple[int, int]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def turn(self, what: str) -> None:
        self.stage.turn(what)

    def put(self, value: int) -> None:
        self.live, self.version = value, self.version + 1


MINE: Final = _Mine()
WORLD: Final[list[World]] = [World()]


def world() -> World:
    return WORLD[0]


def _ask(path: str, *_: str) -> Any:
    """The hosting's comparison of a commit with main."""
    world().turn("compare")
    commit = int(path.rpartition("/")[2].partition("...")[0])
    differs = world().main[commit] != world().main[-1]
    return {"files": [{"filename": STACK_FILE}] if differs else []}


def _run_locked(prepare: Callable[[], object], *_: object, **__: object) -> Any:
    """The engine: the lock, then `prepare`, then the provider's judged write; a lock from elsewhere is waited for, and lost."""
    now = world()
    now.turn("lock")
    if now.locked:
        return subprocess.CompletedProcess([], 255, ONE_LOCK, "")
    now.locked = True
    try:
        prepare()
        wanted, seen = now.main[MINE.commit], now.main[-1]
        now.turn("read")
        live, version = now.live, now.version
        raised = wanted > live
        if raised and MINE.commit <= now.stopped:
            return subprocess.CompletedProcess([], 10, "HOLD stopped, and nothing younger asks for it", "")
        now.turn("put")
        if raised and now.version != version:
            return subprocess.CompletedProcess([], 10, "HOLD changed while the raise was judged", "")
        if raised:
            now.rises.append((wanted, seen))
        if wanted != now.live and (raised or wanted < now.live):
            now.put(wanted)
        return subprocess.CompletedProcess([], 0, "", "")
    finally:
        now.locked = False


def _command(words: Sequence[str], **_: object) -> Any:
    """`rollout review --lowerings` and `rollout rollback`, of the checkout that the runner has."""
    now = world()
    now.turn(words[3])
    if words[3] == "review":
        wanted = now.main[MINE.commit]
        due = {"jobs": wanted} if wanted < now.live else {}
        return SimpleNamespace(returncode=0, stdout=json.dumps({"lower": due}))
    to = int(words[words.index("--to") + 1])
    if now.live > to:
        now.put(to)
    return SimpleNamespace(returncode=0, stdout=json.dumps({"told": False}))


@pytest.fixture(autouse=True)
def _runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.setenv(key, str(tmp_path / key))
    (tmp_path / "approval.json").write_text(actions.NOTHING)
    monkeypatch.setattr(actions, "APPROVAL", tmp_path / "approval.json")
    monkeypatch.setattr(actions, "ask", _ask)
    monkeypatch.setattr(actions, "output", lambda *_: None)
    monkeypatch.setattr(actions, "summary", lambda *_: None)
    monkeypatch.setattr(actions, "warn", lambda *_, **__: None)
    monkeypatch.setattr(lower, "DUE", MINE)
    monkeypatch.setattr(lower, "subprocess", SimpleNamespace(run=_command, PIPE=None))
    monkeypatch.setattr(up, "pulumi", SimpleNamespace(
        run_locked=_run_locked, EXIT_WAITS=10, waiting=lambda _: [], failure=lambda _: "", EngineFailed=RuntimeError,
    ))  # fmt: skip
    for step in (up, lower):
        monkeypatch.setattr(step, "os", SimpleNamespace(environ=_Environ()))


class _Environ(dict[str, str]):
    """The runner's own: the commit that it was started for."""

    def get(self, key: str, default: str | None = None) -> Any:  # type: ignore[override]
        return {"GITHUB_SHA": str(MINE.commit), "REPO": "o/r"}.get(key, default)

    def __getitem__(self, key: str) -> str:
        return str(self.get(key, ""))


def queues(_commit: int) -> bool:
    """Always, also where `lower` had nothing to do (deploy.yml)."""
    return True


def pushed(commit: int) -> None:
    """A deploy of one commit: `lower` at once, then `up`, one at a time; a newer one that waits takes an older's place."""
    now, MINE.commit = world(), commit
    lower.main("now", "prod")
    if not queues(commit):
        return
    if now.busy:
        now.waiting = max(commit, now.waiting or 0)
        return
    now.busy = True
    following: int | None = commit
    while following is not None:
        _up(following)
        following, now.waiting = now.waiting, None
    now.busy = False


def _up(commit: int) -> None:
    now, MINE.commit = world(), commit
    if not AT_ITS_START("o/r", str(commit)):  # what deploy.ci.approval asks
        up.main("prod")
    now.turn("checkout")
    MINE.commit = len(now.main) - 1
    lower.main("settle", "prod")


def merge(percent: int) -> Callable[[], None]:
    """A merge, and the deploy that it starts."""

    def act() -> None:
        world().turn("merge")
        world().main.append(percent)
        pushed(len(world().main) - 1)

    return act


def again(commit: int) -> Callable[[], None]:
    """A run that somebody runs again."""
    return lambda: pushed(commit)


def stop() -> None:
    """A stop by anybody: the store first; its own commit comes after that."""
    now = world()
    now.turn("stop")
    now.put(0)
    now.stopped = len(now.main) - 1
    now.turn("merge")
    now.main.append(0)
    pushed(len(now.main) - 1)


def elsewhere() -> None:
    """Somebody's lock, of a run that touches nothing here; it comes and goes between other runs."""
    now = world()
    now.turn("lock")
    if now.locked:
        return
    now.locked = True
    now.turn("unlock")
    now.locked = False


def played(
    actors: Sequence[Callable[[], None]], check: Callable[[World], str], main: Sequence[int] = (10,)
) -> tuple[int, set[str]]:
    """How many orders there are, and what is wrong in any."""
    wrong: set[str] = set()

    def once(choose: Choose) -> None:
        now = WORLD[0] = World(main=[*main], live=main[-1])
        results = now.stage.play(actors, choose)
        failed = [repr(one) for one in results if isinstance(one, Exception)]
        assert not failed, failed
        if said := check(now):
            wrong.add(said)

    return every_order(once, lambda: world().stage.going_on, BREAKS), wrong


def above(now: World) -> str:
    """Nothing stands above main when all is over, and nothing rose to what main didn't say when the lock was had."""
    if now.live > now.main[-1]:
        return f"live {now.live} over main {now.main[-1]}, and nothing lowers it"
    late = [wanted for wanted, main in now.rises if wanted != main]
    return f"a run raised to {late[0]}, which main had taken back" if late else ""


def agree(now: World) -> str:
    return above(now) or ("" if now.live == now.main[-1] else f"live {now.live}, main {now.main[-1]}")


@pytest.mark.parametrize(
    ("percents", "why"),
    [
        ([25, 10], "a raise, and its revert"),
        ([25, 0], "a raise, and a rollback to 0"),
        ([5, 25], "a lowering, and a raise"),
        ([25, 5], "in the other order"),
    ],
)
def test_two_merges_in_any_order_end_with_main(percents: list[int], why: str) -> None:
    orders, wrong = played([merge(one) for one in percents], above)
    assert not wrong, (why, wrong)
    assert orders > 90, "nothing was interleaved"


def test_a_lone_merge_is_live_when_it_is_over() -> None:
    for percent in (0, 5, 25):
        orders, wrong = played([merge(percent)], agree)
        assert (orders, wrong) == (1, set())


def test_an_older_run_that_is_run_again_puts_nothing_back() -> None:
    """Main is at 10 again; the run of the raise is started once more beside a new merge."""
    for percent in (5, 10):
        orders, wrong = played([again(1), merge(percent)], above, main=(10, 25, 10))
        assert not wrong, wrong
        assert orders > 10


def test_a_stop_by_anybody_beside_a_merge() -> None:
    """No value rises again by what was merged before the stop."""

    def check(now: World) -> str:
        return above(now) or ("" if now.live == 0 or now.main[-1] > 0 else f"live {now.live} after a stop")

    for percent in (5, 25):
        orders, wrong = played([merge(percent), stop], check)
        assert not wrong, wrong
        assert orders > 90


def test_two_merges_a_stop_and_a_lock_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "BREAKS", 2)
    for percents in ([25, 10], [5, 25]):
        orders, wrong = played([*map(merge, percents), stop, elsewhere], above)
        assert not wrong, wrong
        assert orders > 500


def test_a_lock_from_elsewhere_holds_up_no_lowering() -> None:
    for percent in (0, 5):
        orders, wrong = played([merge(percent), elsewhere], agree)
        assert not wrong, wrong
        assert orders > 5


# --- planted bugs


@pytest.mark.parametrize(("settles", "queues"), [(False, True), (True, False), (False, False)])
def test_a_revert_that_is_lost_is_found(monkeypatch: pytest.MonkeyPatch, settles: bool, queues: bool) -> None:
    """As it once was: merged while its raise was being applied, with both runs green. Either of two things is enough."""
    real = lower.main
    if not settles:
        monkeypatch.setattr(lower, "main", lambda step, stack: 0 if step == "settle" else real(step, stack))
    if not queues:
        monkeypatch.setattr(sys.modules[__name__], "queues", lambda commit: world().main[commit] > world().main[0])
    _, wrong = played([merge(25), merge(10)], above)
    assert wrong == (set() if settles or queues else {"live 25 over main 10, and nothing lowers it"})


def test_a_run_that_asks_main_only_at_its_start_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it once was: what main said before the lock was waited for is an hour old."""
    monkeypatch.setattr(main_now, "overtaken", lambda *_: False)
    _, wrong = played([merge(25), merge(10)], above)
    assert wrong == {"a run raised to 25, which main had taken back"}


def test_a_stop_that_is_forgotten_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A raise that takes no notice of when it was decided."""
    monkeypatch.setattr(World, "stopped", property(lambda _: -1, lambda *_: None))
    monkeypatch.setattr(main_now, "overtaken", lambda *_: False)

    def check(now: World) -> str:
        risen = [wanted for wanted, _ in now.rises if wanted]
        return "a value rose after the stop" if now.main[-1] == 0 and risen and now.version > 2 else ""

    _, wrong = played([merge(25), stop], check)
    assert wrong == {"a value rose after the stop"}
