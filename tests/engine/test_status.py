"""The step that `status` names is typed, in each state that has one: it helps, and it never raises what somebody lowered."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest

from rollout.model.stack_file import edit
from tests import days
from tests.harness import Sandbox

AI: Final = "ai-agents"


def told(sandbox: Sandbox, domain: str = AI) -> dict[str, Any]:
    found = json.loads(sandbox.rollout("status", "--stack", "local", "--json").stdout)
    (row,) = [row for row in found if row["domain"] == domain]
    assert isinstance(row, dict)
    return row


def typed(sandbox: Sandbox, step: str) -> None:
    """Types the commands of a step, as its words say; where pulumi asks, the answer is yes."""
    for line in step.rpartition(": ")[0].split(", then "):
        words = line.split()
        no_wait = ["WAIT=0"] if words[0] == "make" else ["--wait", "0"]
        extra = ["--yes"] if words[:2] == ["pulumi", "up"] else no_wait if "rollback" in words else []
        sandbox.run(*words, *extra)


def head(sandbox: Sandbox) -> list[str]:
    return sandbox.rollout("status", "--stack", "local").stdout.splitlines()


def test_after_a_breach_of_data_the_audit_comes_first(sandbox: Sandbox) -> None:
    days.begin(sandbox, {**days.percents(0), AI: 10}, day=6)
    sandbox.rollout("rollback", AI, "--to", "zero", "--because", "data", "--stack", "local", "--wait", "0")
    row = told(sandbox)
    assert {"FROZEN", "LATCHED"} <= set(row["marks"])
    assert head(sandbox)[0].endswith(", FROZEN")
    assert any("LATCHED" in line for line in head(sandbox) if line.startswith(AI))
    step = re.search(r"write wa-rollout:checked (\S+): (\S+): (\".*\")", row["next_step"])
    assert step, row
    text = sandbox.read_config()
    sandbox.write_config(
        text.replace(f"checked:\n    {step[1]}:\n", f"checked:\n    {step[1]}:\n      {step[2]}: {step[3]}\n")
    )
    row = told(sandbox)
    assert "unfreeze" in row["next_step"], row  # the freeze that the rollback wrote
    typed(sandbox, row["next_step"])
    row = told(sandbox)
    assert "FROZEN" not in row["marks"]
    step = re.search(r"write wa-rollout:attempt (\S+) number: (\d+)", row["next_step"])
    assert step, row
    days.set_entry(sandbox, "attempt", f"{step[1]}:\n  number: {step[2]}\n  why: mended\n  by: Ana K.")
    days.turn_clock(sandbox, 8)
    row = told(sandbox)
    assert "LATCHED" not in row["marks"], row
    assert "promote" in row["next_step"], row


def test_a_freeze_beside_a_soak_and_what_lifts_it(sandbox: Sandbox) -> None:
    days.begin(sandbox, {**days.percents(0), AI: 10}, day=5, since=4.5)
    sandbox.rollout("freeze", "--why", "INC-1", "--by", "Ana", "--stack", "local")
    sandbox.rollout("freeze", "--domain", AI, "--why", "INC-2", "--by", "Ana", "--stack", "local")
    row = told(sandbox)
    assert row["marks"] == ["FROZEN", "HELD"]
    assert [text.split()[0] for text in row["reasons"][:2]] == ["frozen:", "held:"]
    assert any(text.startswith("soak at 10 %") for text in row["reasons"])
    typed(sandbox, row["next_step"])
    row = told(sandbox)
    assert row["marks"] == ["HELD"]
    typed(sandbox, row["next_step"])
    row = told(sandbox)
    assert row["marks"] == []
    days.turn_clock(sandbox, 7)
    row = told(sandbox)
    assert row["reasons"] == []
    typed(sandbox, row["next_step"])  # promote
    row = told(sandbox)
    assert (row["live"], row["stack"]) == ("10 %", 25)
    typed(sandbox, row["next_step"])  # preview, then up
    assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == "25"
    days.set_percents(sandbox, {AI: 5})
    typed(sandbox, told(sandbox)["next_step"])
    assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == "5"


@pytest.mark.parametrize("make", [False, True])
def test_live_under_the_stack_is_never_raised_again(sandbox: Sandbox, make: bool) -> None:
    if make and sandbox.database is not None:
        pytest.skip("make's stack on a database is another one than local")
    sandbox.env["ROLLOUT_TYPED"] = "make" if make else ""
    days.begin(sandbox, {**days.percents(0), AI: 10}, day=6)
    for value in ("5", "0", "nonsense"):
        days.put(sandbox, AI, value)
        step = told(sandbox)["next_step"]
        assert step.startswith("make rollback " if make else "python -m rollout rollback ")
        typed(sandbox, step)
        row = told(sandbox)
        wanted = "5" if value == "5" else "0"
        assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == wanted
        assert row["stack"] == int(wanted), row


def test_an_older_checkout_is_told_that_nothing_younger_asks_for_the_raise(sandbox: Sandbox) -> None:
    """The `up` would wait for a decision that is younger than the stop: so does what status names."""
    sandbox.git("config", "user.name", "test")
    days.begin(sandbox, {**days.percents(0), AI: 10}, day=6)
    sandbox.commit("as deployed")
    sandbox.git("branch", "older")
    sandbox.rollout("rollback", AI, "--to", "zero", "--stack", "local", "--wait", "0")
    assert told(sandbox)["reasons"] == [] or not any("nothing younger" in one for one in told(sandbox)["reasons"])
    sandbox.git("checkout", "-q", "older")
    sandbox.write_config(edit.set_flag(sandbox.read_config(), AI, 5))
    sandbox.commit("an older diff, as a merge of it would have it")
    old = "2020-01-01T00:00:00Z"
    sandbox.run("git", "commit", "-q", "--amend", "--no-edit", "--date", old, env={"GIT_COMMITTER_DATE": old})
    row = told(sandbox)
    assert any("and nothing younger asks for 5 %" in one for one in row["reasons"]), row
    assert "rollback ai-agents --to 0" in row["next_step"] or "decision" in row["next_step"], row
    before = days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"]
    sandbox.up(check=False)
    assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == before == "0", "and the up says the same"
