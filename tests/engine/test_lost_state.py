"""The runbook of a lost state: what is live is adopted as it stands, and nothing rises by it."""

from __future__ import annotations

import json
import shutil

from tests import days
from tests.harness import Sandbox


def test_a_lost_state_begins_anew_over_what_is_live(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, days.percents(0))
    sandbox.up("-m", "day 0")
    days.set_percents(sandbox, {"ai-agents": 5})
    sandbox.up("-m", "ai-agents to 5")
    before = json.loads(sandbox.rollout("live", "--stack", "local", "--json").stdout)

    shutil.rmtree(sandbox.state)
    sandbox.state.mkdir()
    sandbox.pulumi("stack", "select", "--create", "local")
    days.set_percents(sandbox, {"ai-agents": 10})
    refused = sandbox.up(check=False)
    assert "live 5 %, stack 10 %, changed outside: a repair never raises" in refused.stdout

    days.set_percents(sandbox, {"ai-agents": 5})
    sandbox.api_calls(reset=True)
    sandbox.up("-m", "begun anew")
    assert "secretsmanager.PutSecretValue" not in sandbox.api_calls(), "an equal value keeps its soak"
    assert json.loads(sandbox.rollout("live", "--stack", "local", "--json").stdout) == before
    sandbox.preview("--expect-no-changes")
    told = [json.loads(line) for line in sandbox.rollout("log", "--stack", "local", "--json").stdout.splitlines()]
    moves = {line["domain"]: (line["kind"], line["to"]) for line in told if line["domain"]}
    assert moves["ai-agents"] == ("outside", 5)
    assert moves["jobs"] == ("start", 0)


def test_the_command_on_path_works_on_the_copy_it_was_found_in(sandbox: Sandbox) -> None:
    """A scratch copy's `.venv` is a link to the real one's: `rollout` there must not work on the real project."""
    path = sandbox.folder / "stacks" / "day-03.yaml"
    path.write_text(path.read_text().replace("percent: 10", "percent: 25"))
    done = sandbox.run("rollout", "plan", "--stack", "local", check=False)
    assert done.returncode == 1
    assert "BROKEN: day 3: ai-agents skips a rung" in done.stdout
    assert sandbox.run("rollout", "--version", check=False).returncode == 2
    assert "Usage: rollout" in sandbox.run("rollout", "--help").stdout
    assert "BROKEN: day 3" in sandbox.run(".venv/bin/rollout", "plan", "--stack", "local", check=False).stdout
