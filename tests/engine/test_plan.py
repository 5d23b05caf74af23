"""The seed's 21 days on the real engine: one promotion and one `up` a day, by the virtual clock, and back again."""

from __future__ import annotations

import pytest

from tests import days
from tests.harness import Sandbox

DIFFED = (1, 9, 15)  # days whose `preview --diff` is read too: one domain moves, none, two
STILL = (2, 14)  # days without a move whose previews are read too


def _review(sandbox: Sandbox, day: int) -> None:
    """The previews of a day name the domains that move, and no other row."""
    moved = days.moved(day)
    if not moved and day not in STILL:
        return  # its `up` expects no changes
    expected = {f"{name}-percent": "update" for name in moved}
    if day in (8, 15):  # enabled with the first 5 %
        expected |= {f"{name}-enabled": "update" for name in moved}
    found = sandbox.preview_json()
    assert days.steps(found) == expected, f"day {day}"
    changed = {
        step["urn"].rpartition("::")[2]: set(step["detailedDiff"] or {})
        for step in found["steps"]
        if step["op"] == "update"
    }
    assert changed == {name: {name.rpartition("-")[2]} for name in expected}, f"day {day}"
    if day in DIFFED:
        text = sandbox.preview().stdout
        rows = {name for name in (*expected, *_rows()) if f"::{name}]" in text}
        assert rows == set(expected), f"day {day}:\n{text}"
        for name in moved:
            before, after = days.percents(day - 1)[name], days.percents(day)[name]
            assert f"~ percent: {before} => {after}" in text
    if day in STILL:
        sandbox.pulumi("preview", "--expect-no-changes")


def _rows() -> list[str]:
    return [f"{name}-percent" for name in days.DOMAINS] + [f"{name}-enabled" for name in days.ENABLE_FLAGS]


@pytest.mark.timeout(1800)  # 70 commands: 2 minutes on a machine of its own, five times that on a busy one
def test_21_days_forward_and_back(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, days.percents(0))
    days.turn_clock(sandbox, 0)
    sandbox.up("-m", "day 0")
    sandbox.commit("day 0")
    assert days.live(sandbox) == days.wanted(days.percents(0))

    versions = {}
    for day in range(1, days.LAST + 1):
        days.turn_clock(sandbox, day)
        sandbox.rollout("promote", str(day), "--stack", "local")
        before = sandbox.git("status", "--porcelain").stdout.split()
        assert before == (["M", "Pulumi.local.yaml"] if days.moved(day) else []), f"day {day}"
        _review(sandbox, day)
        if days.moved(day):
            versions[day] = sandbox.commit(f"day {day}")
        sandbox.api_calls(reset=True)
        sandbox.up("-m", f"day {day}", *(() if days.moved(day) else ("--expect-no-changes",)))
        puts = sandbox.api_calls().get("secretsmanager.PutSecretValue", 0)
        assert puts == len(days.moved(day)) * (2 if day in (8, 15) else 1), f"day {day}"
        assert days.live(sandbox) == days.wanted(days.percents(day)), f"day {day}"

    # Down again within an hour of the last day: no soak, no order of domains, no hours stand in the way.
    days.turn_clock(sandbox, days.LAST + 0.04)
    for day in sorted(versions, reverse=True):
        sandbox.git("revert", "--no-edit", versions[day])
        sandbox.up("-m", f"revert of day {day}")
        assert days.live(sandbox) == days.wanted(days.percents(day - 1)), f"revert of day {day}"
    sandbox.pulumi("preview", "--expect-no-changes")
