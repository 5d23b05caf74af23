"""There and back: what a raise and the revert of its diff leave behind. A few days in `make test`, all in the bench."""

from __future__ import annotations

from collections.abc import Iterable

from tests import days
from tests.harness import Sandbox


def there_and_back(sandbox: Sandbox, numbers: Iterable[int]) -> int:
    """up(d), up(d+1), revert, up for each day d of `numbers`; answers how many of them had a move to take back.

    Each must end with the values and inputs of up(d). A sandbox that is new; days are jumped to, a week apart.
    """
    backs = 0
    now = 0.0
    for day in numbers:
        now += 8  # longer than any soak
        _jump(sandbox, day, now)
        values, inputs = days.live(sandbox), days.inputs(sandbox)
        assert values == days.wanted(days.percents(day)), f"day {day}"

        sandbox.rollout("promote", str(day + 1), "--stack", "local")
        if not days.moved(day + 1):
            assert not sandbox.git("status", "--porcelain").stdout, f"day {day + 1} moves nothing"
            continue
        sandbox.commit(f"day {day + 1}")
        sandbox.up()
        assert days.live(sandbox) == days.wanted(days.percents(day + 1)), f"day {day + 1}"

        sandbox.git("revert", "--no-edit", "HEAD")
        sandbox.up()
        assert days.live(sandbox) == values, f"values after the revert of day {day + 1}"
        assert days.inputs(sandbox) == inputs, f"inputs after the revert of day {day + 1}"
        sandbox.pulumi("preview", "--expect-no-changes")
        backs += 1
    return backs


def _jump(sandbox: Sandbox, day: int, now: float) -> None:
    """The stack at a day's percents, however it got there: by hand, and the stack set to what the hand wrote."""
    percent = days.percents(day)
    if not days.live(sandbox):
        days.begin(sandbox, percent, day=now)
        return
    store = sandbox.boto("secretsmanager")
    for name, value in percent.items():
        days.put(sandbox, name, str(value), since=now - 7.5)
        # The last way back was a rollback too, and left its mark: a hand that writes more would be taken for a stray raise.
        store.untag_resource(SecretId=days.secret(days.PERCENT_FLAGS[name]), TagKeys=["stopped"])
    days.set_percents(sandbox, percent)
    days.turn_clock(sandbox, now)
    sandbox.up()
    sandbox.commit(f"jumped to day {day}")
