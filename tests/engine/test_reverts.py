"""A change that is taken back leaves nothing behind: on the engine for some days, in git for every promotion."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable

import pytest

from tests import days, reverts
from tests.harness import Sandbox

SOME_DAYS = (0, 7, 12, 14, 19)  # the first raise of a domain alone and of two at once, the middle, the last rung


@pytest.mark.timeout(1800)  # 30 commands
def test_up_up_revert_up_ends_as_after_the_first(sandbox: Sandbox) -> None:
    assert reverts.there_and_back(sandbox, SOME_DAYS) == len(SOME_DAYS)


def test_every_promotion_of_the_plan_reverts_after_other_domains_moved(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(stack=False)
    days.set_percents(sandbox, days.percents(0))
    commits = {0: sandbox.commit("day 0")}
    for day in range(1, days.LAST + 1):
        sandbox.rollout("promote", str(day), "--stack", "local")
        commits[day] = sandbox.commit(f"day {day}")
    pairs = 0
    for day, later in itertools.combinations(range(1, days.LAST + 1), 2):
        moved = days.moved(day)
        if not moved or any(moved & days.moved(between) for between in range(day + 1, later + 1)):
            continue
        sandbox.git("checkout", "--quiet", commits[later])
        sandbox.git("revert", "--no-edit", commits[day])
        assert _percents(sandbox) == {**days.percents(later), **{n: days.percents(day - 1)[n] for n in moved}}
        pairs += 1
    assert pairs > 20


def test_single_promotions_in_any_order_revert_without_conflict(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(stack=False)
    days.set_percents(sandbox, days.percents(0))
    sandbox.commit("day 0")
    dice = random.Random(4)
    rungs = (0, 5, 10, 25, 50, 100)
    for _ in range(4):
        at = dict.fromkeys(days.DOMAINS, 0)
        days.set_percents(sandbox, at)
        sandbox.commit("all at 0")
        last: dict[str, tuple[str, int]] = {}
        for _ in range(12):
            name = dice.choice([name for name in days.DOMAINS if at[name] < 100])
            before, at[name] = at[name], rungs[rungs.index(at[name]) + 1]
            days.set_percents(sandbox, {name: at[name]})
            last[name] = (sandbox.commit(f"{name} {before} -> {at[name]}"), before)
        tip = sandbox.git("rev-parse", "HEAD").stdout.strip()
        for name, (commit, before) in last.items():
            sandbox.git("revert", "--no-edit", commit)
            assert _percents(sandbox) == {**at, name: before}
            sandbox.git("reset", "--quiet", "--hard", tip)
        for name, (commit, before) in dice.sample(sorted(last.items()), len(last)):  # all of them, in any order
            sandbox.git("revert", "--no-edit", commit)
            at[name] = before
        assert _percents(sandbox) == at


def _percents(sandbox: Sandbox) -> dict[str, int]:
    """The percents in the stack file, found without this project's reader."""
    flags = sandbox.read_config().partition("  wa-rollout:flags:\n")[2]
    found = re.findall(r"(?m)^    ([a-z-]+):\n(?:      enabled: .*\n)?      percent: (\d+)$", flags)
    return {name: int(percent) for name, percent in found}
