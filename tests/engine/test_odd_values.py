"""An odd or secret value beside the flags, on the real engine: the lowering goes, the raise is refused with what to write."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests import days
from tests.harness import Sandbox

ODD = {
    "a phone number": (lambda text: text.replace('reach: "this terminal"', "reach: 0788123456"), 'write "0788123456"'),
    "a date in breach": (
        lambda text: text.replace(
            "  wa-rollout:breach:\n",
            "  wa-rollout:breach:\n    jobs:\n      attempt: 1\n      at: 2026-12-02T02:14:00Z\n      metric: errors\n"
            '      seen: "3 of 4"\n      from: 5\n      to: 0\n      by: watch\n',
        ),
        'write "2026-12-02T02:14:00Z"',
    ),
    "a date as a note's key": (
        lambda text: f"{text}  wa-rollout:notes:\n    2026-12-03: one asked twice\n",
        'write "2026-12-03"',
    ),
    "start": (lambda text: text.replace('start: "2026-12-01"', "start: 2026-12-01"), 'write "2026-12-01"'),
    "a number for gate": (lambda text: re.sub("gate: .*", "gate: 1", text), "allowed required or off"),
}


@pytest.mark.parametrize("case", ODD)
def test_a_lowering_goes_and_a_raise_does_not(sandbox: Sandbox, case: str) -> None:
    change, write = ODD[case]
    days.begin(sandbox, {**days.percents(0), "ai-agents": 10}, day=6)
    days.set_percents(sandbox, {"ai-agents": 5})
    _lowered(sandbox, change, write)
    days.turn_clock(sandbox, 9)
    days.set_percents(sandbox, {"ai-agents": 10, "jobs": 5} if "breach" in case else {"ai-agents": 10})
    if "breach" in case:  # which is of jobs alone, and forbids nobody else's raise
        days.set_percents(sandbox, {"ai-agents": 5})
    said = days.refused(sandbox)
    assert write.replace("allowed required or off", "none of the words allowed") in said, said


def _lowered(sandbox: Sandbox, change: Callable[[str], str], write: str) -> None:
    text = change(sandbox.read_config())
    assert text != sandbox.read_config()
    sandbox.write_config(text)
    done = sandbox.up()
    assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == "5"
    said = done.stdout + done.stderr
    assert "warning: Pulumi.local.yaml:" in said
    assert write in said, said


def test_a_value_made_secret_by_pulumi(sandbox: Sandbox) -> None:
    days.begin(sandbox, {**days.percents(0), "ai-agents": 10}, day=6)
    for path, value in {
        "wa-rollout:on-call.reach": "+250 788 11",
        "wa-rollout:checked.jobs.dashboard": "Ben, so",
    }.items():
        sandbox.pulumi("config", "set", "--secret", "--path", path, value)
    days.set_percents(sandbox, {"ai-agents": 5})
    done = sandbox.up()
    said = done.stdout + done.stderr
    assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == "5"
    assert "write the value itself" in said
    assert "+250 788 11" not in said
    days.turn_clock(sandbox, 9)
    days.set_percents(sandbox, {"ai-agents": 10})
    assert "write the value itself" in days.refused(sandbox)


def test_another_config_file_lowers_and_does_not_raise(sandbox: Sandbox) -> None:
    """Of the flags, another file than the stack's own is an error; of what stands beside them it forbids raises."""
    days.begin(sandbox, {**days.percents(0), "ai-agents": 10}, day=6)
    days.set_percents(sandbox, {"ai-agents": 5})
    other = sandbox.folder / "Other.yaml"
    other.write_text(sandbox.read_config().replace("who: you", "who: somebody else"))
    said = sandbox.up("--config-file", "Other.yaml")
    assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == "5"
    assert "wa-rollout:on-call in the file is not what Pulumi was given" in said.stdout + said.stderr
    days.turn_clock(sandbox, 9)
    days.set_percents(sandbox, {"ai-agents": 10})
    other.write_text(sandbox.read_config().replace("who: you", "who: somebody else"))
    assert "is not what Pulumi was given" in days.refused(sandbox, "--config-file", "Other.yaml")
    other.write_text(other.read_text().replace("percent: 10", "percent: 0"))
    assert "wa-rollout:flags in the file is not what Pulumi was given" in days.refused(
        sandbox, "--config-file", "Other.yaml"
    )
