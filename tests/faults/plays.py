"""What runs in one process over the provider's own code: create, raise, lower and preview, each with a fault in one of its calls."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rollout.model.ladder import parse_percent
from tests import days
from tests.faults.door import Call
from tests.faults.ledger import Outcome
from tests.faults.stack import BESIDE, MOVES, Run, Stack
from tests.faults.worlds import AnyDoor, Held, World

#: Seconds that a command may take beside what its calls took.
OWN: Final = 30.0
_number: Final = itertools.count()


@dataclass(frozen=True)
class Play:
    """One way of `up` or `preview`. `before`: percents as they are live and on record (None: nothing is); `to`: the one of jobs."""

    name: str
    before: int | None
    to: int
    gate: str = "required"
    preview: bool = False
    beside: bool = False  # alarms, a topic and a dashboard too

    @property
    def ceiling(self) -> int:
        return max(self.before or 0, self.to)

    @property
    def lowers(self) -> bool:
        return self.before is not None and self.to < self.before


PLAYS: Final = {
    one.name: one
    for one in (
        Play("create", None, 0, beside=True),
        Play("raise", 0, 5),
        Play("climb", 5, 10),
        Play("lower", 25, 10),
        Play("lower-zero", 25, 0),
        Play("preview", 5, 10, preview=True, beside=True),
    )
}


def values(percent: int) -> dict[str, str]:
    """The flags of a stack as they stand before."""
    return {
        days.PERCENT_FLAGS[MOVES]: str(percent),
        days.PERCENT_FLAGS[BESIDE]: "100",
        days.ENABLE_FLAGS[MOVES]: "true" if percent else "false",
    }


def begun(world: World, play: Play, name: str, through: AnyDoor) -> Stack:
    """A stack at what the play begins with, adopted by a run without a fault."""
    made = Stack(name, world.config, database=world.name == "postgres", beside=play.beside)
    world.seed(name, {} if play.before is None else values(play.before))
    if play.before is not None:
        first = made.run({MOVES: play.before, BESIDE: 100}, world.environ(through), gate=play.gate)
        assert first.code == 0, first.text()
    through.taken()
    return made


def wanted(play: Play) -> dict[str, int]:
    return {MOVES: play.to, BESIDE: 0 if play.before is None else 100}


def actions(world: World, play: Play) -> list[str]:
    """Every call that the play makes where nothing is broken, once each."""
    through = world.door()
    try:
        stack = begun(world, play, f"calls-{play.name}", through)
        done = stack.run(wanted(play), world.environ(through), gate=play.gate, preview=play.preview)
        assert done.code == 0, f"{play.name}: {done.text()}"
        return list(dict.fromkeys(call.action for call in through.taken() if call.action != "other"))
    finally:
        through.close()


def played(world: World, case: str) -> Outcome:
    """One case, `.../play/action/kind/always or once`."""
    _, name, action, kind, often = case.split("/")
    play, through = PLAYS[name], world.door()
    environ = world.environ(through, kind)
    try:
        own = f"c{next(_number)}"
        stack = begun(world, play, own, through)
        before, record = world.live(own), json.dumps(stack.state)
        through.breaks(action, kind, once=often == "once")
        began = time.monotonic()
        run = stack.run(wanted(play), environ, gate=play.gate, preview=play.preview)
        ended = time.monotonic()
        hits = through.hits
        through.heal()
        calls = through.taken()
        outcome = Outcome(case, "provider", bool(hits), run.code, round(ended - began, 2), said=run.text()[:500])
        outcome.own = round(own_time(calls, began, ended), 2)
        if not hits:
            return outcome
        _judged(outcome, world, play, stack, run, calls, before, record)
        if not play.preview:
            _mended(outcome, world, play, stack, environ, before)
        return outcome
    finally:
        through.close()
        for one in (environ, world.environ(through)):
            world.forget(one)


def own_time(calls: Sequence[Call], began: float, ended: float) -> float:
    """Seconds between the two in which no call was under way."""
    covered, until = 0.0, began
    for call in sorted(calls, key=lambda one: one.began):
        start, end = max(call.began, until), min(call.ended or ended, ended)
        if end > start:
            covered += end - start
            until = end
    return ended - began - covered


def _judged(
    outcome: Outcome, world: World, play: Play, stack: Stack, run: Run, calls: Sequence[Call], before: Mapping[str, Held],
    record: str,
) -> None:  # fmt: skip
    after, flag = world.live(stack.name), days.PERCENT_FLAGS[MOVES]
    wrote = world.wrote(stack.name, calls)
    live = percent(after.get(flag))
    highest = max([live, *(parse_percent(value) or 0 for name, value in wrote if name == flag)])
    outcome.ask("ceiling", highest <= play.ceiling, f"{wrote}, live {live}")
    outcome.ask("traceback", not run.faults, "\n".join(run.faults))
    shown = f"{run.text()}\n{json.dumps(stack.state)}"
    outcome.ask("secret", not any(one in shown for one in world.secrets), shown)
    outcome.ask("time", outcome.own <= OWN, f"{outcome.own} s")
    if play.lowers:
        outcome.ask("lowered", live <= play.to or run.code != 0, f"live {live}, code {run.code}: {run.text()}")
    if play.preview:
        tried = [call.action for call in calls if world.writes(call.action)]
        outcome.ask(
            "look", not tried and after == before and json.loads(record).keys() == stack.state.keys(), f"{tried}"
        )
    beside(outcome, before, after)
    kept = json.loads(record).get(f"{MOVES}-percent", {}).get("moves") or []
    have = stack.state.get(f"{MOVES}-percent", {}).get("moves") or []
    outcome.ask("lost", have[: len(kept)] == kept, f"moves {kept} -> {have}")


def beside(outcome: Outcome, before: Mapping[str, Held], after: Mapping[str, Held]) -> None:
    """Asks whether other domains' flags are as they were, and what a hand marked on this one's."""
    moving = (days.PERCENT_FLAGS[MOVES], days.ENABLE_FLAGS[MOVES])
    other = {flag: held for flag, held in before.items() if flag not in moving}
    have = {flag: held for flag, held in after.items() if flag in other}
    outcome.ask("lost", other == have, f"{other} -> {have}")
    outcome.ask("lost", before.keys() <= after.keys(), f"gone: {before.keys() - after.keys()}")


def percent(held: Held | None) -> int:
    return (parse_percent(held.text) or 0) if held else 0


def _mended(
    outcome: Outcome, world: World, play: Play, stack: Stack, environ: Mapping[str, str], before: Mapping[str, Held]
) -> None:
    """The way back: one `up` of the same file, with nothing broken. A raise may be refused there, and is lowered then as it says."""
    again = stack.run(wanted(play), environ, gate=play.gate)
    after, flag = world.live(stack.name), days.PERCENT_FLAGS[MOVES]
    live = percent(after.get(flag))
    outcome.ask("traceback", not again.faults, "\n".join(again.faults))
    outcome.ask("ceiling", live <= play.ceiling, f"live {live} after the next up")
    if again.code and not play.lowers:
        outcome.note = f"the next up: {again.text()[:300]}"
        settled = stack.run({**wanted(play), MOVES: live}, environ, gate=play.gate)
        outcome.ask("converges", settled.code == 0, settled.text())
    else:
        outcome.ask("converges", live == play.to and again.code == 0, f"live {live}, {again.text()}")
    said = stack.state.get(f"{MOVES}-percent", {}).get("percent")
    outcome.ask("converges", said == live, f"state {said}, live {live}")
    switch = after.get(days.ENABLE_FLAGS[MOVES])
    enabled = stack.state.get(f"{MOVES}-enabled", {}).get("enabled")
    outcome.ask(
        "converges", switch is not None and (switch.text == "true") == enabled, f"state {enabled}, live {switch}"
    )
    beside(outcome, before, after)
