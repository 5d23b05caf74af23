"""`log` on the real engine's history."""

from __future__ import annotations

import json
from typing import Any

from tests import days
from tests.harness import Sandbox


def _log(sandbox: Sandbox, *arguments: str) -> list[dict[str, Any]]:
    done = sandbox.rollout("log", "--stack", "local", "--json", *arguments)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_raise_refusal_freeze_stop_and_a_hand_are_told(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, days.percents(0))
    sandbox.up("-m", "day 0")
    days.set_percents(sandbox, {"ai-agents": 5})
    raised = sandbox.commit("ai-agents to 5 (#3)")
    sandbox.up("-m", "ai-agents to 5 (#3)")
    days.set_percents(sandbox, {"ai-agents": 10})
    assert sandbox.up(check=False).returncode  # its soak isn't over
    days.set_percents(sandbox, {"ai-agents": 5})
    sandbox.rollout("rollback", "ai-agents", "--to", "zero", "--freeze", "INC-7", "--wait", "0", "--stack", "local")
    found = _log(sandbox)[::-1]
    seen = [(line["kind"], line["domain"], line["from"], line["to"]) for line in found if line["kind"] != "start"]
    assert seen == [
        ("raise", "ai-agents", 0, 5),
        ("held", "ai-agents", 5, 10),
        ("stop", "ai-agents", 5, 0),
        ("freeze", "", None, None),
    ]
    line = next(line for line in found if line["kind"] == "raise")
    assert (line["pr"], line["commit"]) == (3, raised)
    assert line["verdict"].startswith("PASS 0 -> 5 %")
    assert [line["kind"] for line in _log(sandbox, "--kind", "stop", "--domain", "ai-agents")] == ["stop"]
    assert _log(sandbox, "--since", "2100-01-01") == []
    text = sandbox.rollout("log", "--stack", "local", "-n", "2").stdout
    assert "FREEZE" in text
    assert "older: -n 0" in text


def test_a_plain_up_under_a_played_clock_is_told_by_it(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, days.percents(0))
    for shown in ("2026-12-03T08:00:00Z", "2026-12-04T08:00:00Z"):
        sandbox.env["ROLLOUT_NOW"] = shown
        sandbox.pulumi("up", "--yes", "--skip-preview", "--stack", "local", "-m", "typed by hand")
    assert "[at" not in sandbox.pulumi("stack", "history", "--stack", "local").stdout
    newest, *_, first = _log(sandbox, "--all")
    assert (newest["kind"], newest["at"]) == ("no change", "2026-12-04T08:00:00Z")
    assert first["at"] == "2026-12-03T08:00:00Z"


def test_a_stack_that_isnt_there_is_said_without_a_traceback(sandbox: Sandbox) -> None:
    done = sandbox.rollout("log", "--stack", "nowhere", check=False)
    assert done.returncode == 1
    assert "no stack named 'nowhere'" in done.stderr
    assert "Traceback" not in done.stderr
