"""User scripts on the real engine, with the real plug-in where it is on PATH: once for each move, and in nobody's way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import days, plugins
from tests.harness import Sandbox

AT = {"ai-agents": 100, "jobs": 50, "marketplace": 0, "property": 0}
CANARY = "canary-5d1f"
ENTRY = """smoke:
  run: {run}
  when: after-change
  timeout: 5
  env: ASKED_FOR"""


def said(done: Any) -> str:
    text = f"{done.stdout}{done.stderr}"
    assert "Traceback" not in text, text
    return text


class Desk:
    """A stack with one script, which is edited as a person would."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.ran = sandbox, folder / "ran"
        days.set_entry(sandbox, "commands", ENTRY.format(run=self.script("true")))
        days.begin(sandbox, AT, day=10, since=2)

    def script(self, rest: str) -> str:
        """A script that notes what it was told, and then does `rest`."""
        return f"""'echo "$DOMAIN $FROM $TO $DAY" >>{self.ran}; {rest}'"""

    def edit(self, rest: str) -> None:
        text = self.sandbox.read_config()
        edited = re.sub(r"(?m)^      run: .*$", lambda _: f"      run: {self.script(rest)}", text)
        assert edited != text
        self.sandbox.write_config(edited)

    def move(self, to: int, domain: str = "ai-agents") -> Any:
        days.set_percents(self.sandbox, {domain: to})
        return self.sandbox.up(check=False, timeout=120)

    def lines(self) -> list[str]:
        """What ran since the last look."""
        found = self.ran.read_text().splitlines() if self.ran.exists() else []
        self.ran.unlink(missing_ok=True)
        return found


def earlier(sandbox: Sandbox, file: Path) -> None:
    """The state's scripts under an earlier program's names and inputs, of an earlier version of the plug-in."""
    whole = sandbox.pulumi("stack", "export").stdout
    state = json.loads(re.sub(r"(pulumi:providers:command::default_)[0-9_]+", r"\g<1>1_0_1", whole))
    found = 0
    for one in state["deployment"]["resources"]:
        if one["type"] == "pulumi:providers:command":
            one["inputs"]["version"] = one["outputs"]["version"] = "1.0.1"
        if one["type"] == "command:local:Command":
            head, _, name = one["urn"].rpartition("::")
            one["urn"] = f"{head}::{name.removeprefix('smoke-after-change-')}-smoke"
            one["inputs"] = {"update": "exit 9", "environment": {"DOMAIN": "jobs", "FROM": "", "TO": ""}}
            one["outputs"] = {**one["inputs"], "stdout": "", "stderr": ""}
            found += 1
    assert found == len(AT)
    file.write_text(json.dumps(state))
    sandbox.pulumi("stack", "import", "--file", str(file))


@pytest.mark.timeout(1800)
def test_scripts_with_the_plug_in(new_sandbox: Callable[..., Sandbox], tmp_path: Path) -> None:
    sandbox = new_sandbox()
    plugins.add(sandbox, tmp_path / "plugins")
    sandbox.env |= {"ASKED_FOR": "given", "DATABASE_URL": CANARY, "GITHUB_TOKEN": CANARY}
    desk = Desk(sandbox, tmp_path)
    assert not desk.lines(), "a first registration runs nothing"

    desk.edit(f"env >{tmp_path}/env; echo out-{CANARY}")
    assert said(sandbox.up()), "an edit of the text"
    text = sandbox.read_config()
    sandbox.write_config(text.replace("2026-12-01", "2026-11-30", 1).replace("after-change", "after-rollback", 1))
    sandbox.up()
    sandbox.write_config(text)
    sandbox.up()
    assert not desk.lines(), "an edit of text, date or occasion runs nothing"

    done = desk.move(50)
    assert done.returncode == 0, said(done)
    assert desk.lines() == ["ai-agents 100 50 10"], "the domain that moved, once"
    assert f"out-{CANARY}" in said(done), "what it says is seen"
    kept = Path(tmp_path, "env").read_text()
    assert "ASKED_FOR=given" in kept
    assert "VERDICT=rollback" in kept
    assert CANARY not in kept
    assert "AWS_" not in kept
    assert "PULUMI" not in kept
    assert CANARY not in json.dumps(sandbox.export_state())

    desk.edit("exit 7")
    done = desk.move(25)
    assert done.returncode != 0
    assert "ai-agents is live at 25 %: only the script smoke failed (exit 7)" in said(done)
    assert desk.lines() == ["ai-agents 50 25 10"]
    assert json.loads(sandbox.pulumi("stack", "output", "--json").stdout)["ai-agents"]["percent"] == 25
    assert sandbox.up().returncode == 0
    assert not desk.lines(), "it failed its own run and no later one"
    done = sandbox.rollout("rollback", "ai-agents", "--to", "previous", "--wait", "0", "--no-commit", check=False)
    assert done.returncode == 0, said(done)
    assert desk.lines() == ["ai-agents 25 10 10"]

    desk.edit('head -c 300000 /dev/zero | tr "\\000" x; seq 1 100000')
    done = desk.move(5)
    assert done.returncode == 0, said(done)[-2000:]
    assert len(json.dumps(sandbox.export_state())) < 400_000
    desk.edit("sleep 600 & sleep 600")
    done = desk.move(25, "jobs")
    assert "jobs is live at 25 %: only the script smoke failed (ended after 5 s, its timeout)" in said(done)
    assert desk.lines() == ["ai-agents 10 5 10", "jobs 50 25 10"]

    # A raise that waits, beside a rollback.
    desk.edit("true")
    days.set_percents(sandbox, {"jobs": 100, "ai-agents": 0})
    sandbox.up(check=False)
    assert desk.lines() == ["ai-agents 5 0 10"]

    # Another version takes its place, which doesn't know a property; and the rows are as an earlier program made them.
    plugins.remove(sandbox)
    plugins.add(sandbox, tmp_path / "older", unknown="logging")
    earlier(sandbox, tmp_path / "state")
    days.set_percents(sandbox, {"jobs": 25})
    done = sandbox.preview()
    assert "doesn't know all that is asked of it" in said(done)
    done = sandbox.rollout("rollback", "jobs", "--to", "previous", "--wait", "0", "--no-commit", check=False)
    assert done.returncode == 0, said(done)

    # The plug-in goes, and its resources are in the state.
    plugins.remove(sandbox)
    done = sandbox.preview()
    assert "pulumi plugin install resource command 1.2.1" in said(done)
    done = sandbox.rollout("rollback", "jobs", "--to", "previous", "--wait", "0", "--no-commit", check=False)
    assert done.returncode == 0, said(done)
    text = sandbox.read_config()
    sandbox.write_config(re.sub(r"(?m)^  wa-rollout:commands:\n(    .*\n)+", "", text))
    sandbox.preview()
    sandbox.up()
    assert "command:local" not in json.dumps(sandbox.export_state())
    assert not desk.lines()
