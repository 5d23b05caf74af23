"""A raise that has to wait, on the real engine: nothing beside it stops, nothing of it is kept, and the next run asks again.

On an engine that doesn't know what awaiting is the same raise fails, as it always did: what it says is the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import burning, days, plugins
from tests.harness import Sandbox

AT = {"ai-agents": 100, "jobs": 5, "marketplace": 0, "property": 0}
#: A raise that skips a rung, beside a rollback.
BOTH = {"ai-agents": 50, "jobs": 25}
HOLD = "HOLD jobs 5 % -> 25 %: 5 -> 25 % skips a rung: the next one is 10 %"
WAITS = 10


def said(done: Any) -> str:
    text = f"{done.stdout}{done.stderr}"
    assert "Traceback" not in text, text
    return text


@pytest.mark.timeout(1200)
def test_a_rollback_beside_a_raise_that_waits(sandbox: Sandbox) -> None:
    knows = sandbox.knows_waiting
    days.begin(sandbox, AT, day=10, since=2)
    days.set_percents(sandbox, BOTH)
    sandbox.commit("both")

    done = sandbox.preview(check=False)
    assert done.returncode == (WAITS if knows else 1), said(done)
    assert HOLD in said(done)
    found = sandbox.preview_json(check=False)
    if knows:
        rows = {
            urn for urn in days.inputs(sandbox) if urn.split("::")[2].rpartition("$")[2].startswith("rollout:index:")
        }
        assert days.steps(found) == {"ai-agents-percent": "update", "jobs-percent": "update"}
        assert {step["urn"] for step in found["steps"]} >= rows, "every row stands"
        assert len(rows) == 20, "two flags, the alarms and a dashboard of each of four domains; four topics"
        assert "rollback 100 % -> 50 %" in said(done)
    done = sandbox.rollout("review", "--json", check=False)
    assert done.returncode == 3
    page = json.loads(done.stdout)
    assert [(row["domain"], row["verdict"]) for row in page["rows"] if row["kind"] == "raise"] == [("jobs", "HOLD")]
    assert not page["warnings"], "the raise's own row says it"

    done = sandbox.pulumi("up", "--yes", check=False)  # plain: with its own preview
    assert done.returncode == (WAITS if knows else 1), said(done)
    assert HOLD in said(done)
    if not knows:
        assert sandbox.up("--continue-on-error", check=False).returncode == 1
    assert "errored" not in done.stdout or not knows
    assert days.live(sandbox) == days.wanted({**AT, "ai-agents": 50})
    burning.recorded(sandbox, "ai-agents", 50)

    row = burning.row(sandbox, "jobs")
    assert (row["inputs"]["percent"], row["outputs"]["percent"]) == (5, 5), "it keeps its old inputs"
    for _ in range(2):  # tried again, and judged against those
        done = sandbox.up("--suppress-outputs", check=False)
        assert done.returncode == (WAITS if knows else 1)
        assert HOLD in said(done)
    assert days.live(sandbox)["JOBS_ROLLOUT_PERCENT"] == "5"
    text = sandbox.rollout("log", "--kind", "held").stdout
    assert "HELD           5 ->  25 %" in text
    assert HOLD[:40] in text
    days.set_percents(sandbox, {"jobs": 5})
    sandbox.pulumi("preview", "--expect-no-changes")


def test_a_new_domain_that_waits_leaves_no_state_and_rises_once_it_may(sandbox: Sandbox) -> None:
    days.turn_clock(sandbox, 1)
    days.set_percents(sandbox, {"ai-agents": 10})
    done = sandbox.up("--continue-on-error", check=False)
    assert done.returncode == (WAITS if sandbox.knows_waiting else 1), said(done)
    assert "0 -> 10 % skips a rung" in said(done)
    names = [found["urn"].rpartition("::")[2] for found in sandbox.export_state()["resources"]]
    assert "ai-agents-percent" not in names
    assert "jobs-percent" in names
    assert "UNIFIED_ROLLOUT_PERCENT" not in days.live(sandbox)
    days.set_percents(sandbox, {"ai-agents": 5})
    sandbox.up()
    burning.recorded(sandbox, "ai-agents", 5)


def test_broken_input_and_a_store_that_cannot_be_read_still_fail(sandbox: Sandbox) -> None:
    days.begin(sandbox, AT, day=10, since=2)
    days.set_percents(sandbox, {"jobs": 10})
    fault = {"target": "secretsmanager.GetSecretValue", "match": days.secret("JOBS_ROLLOUT_PERCENT"), "status": 500}
    sandbox.simulator.call("PUT", "/faults", {"fail": [fault]})
    done = sandbox.up("--continue-on-error", "--refresh=false", check=False)
    assert done.returncode == 1, said(done)
    assert "the live value can't be read" in said(done)
    sandbox.simulator.call("DELETE", "/faults")
    days.set_percents(sandbox, {"jobs": 7})
    assert sandbox.preview(check=False).returncode not in (0, WAITS)


COMMAND = """smoke:
  run: echo "$DOMAIN $FROM $TO" >>"{file}"
  when: after-change"""


@pytest.mark.timeout(1200)
def test_a_refused_flag_says_so_and_runs_no_script(sandbox: Sandbox, tmp_path: Path) -> None:
    plugins.add(sandbox, tmp_path / "plugins")
    ran = tmp_path / "ran"
    days.set_entry(sandbox, "commands", COMMAND.format(file=ran))
    days.begin(sandbox, AT, day=10, since=2)
    assert not ran.exists(), "a first registration runs nothing"
    days.set_percents(sandbox, BOTH)
    for step in ("preview", "up"):
        done = sandbox.pulumi(step, *(("--yes", "--skip-preview") if step == "up" else ()), check=False)
        assert done.returncode == (WAITS if sandbox.knows_waiting else 1), said(done)
        assert HOLD in said(done)
    outputs = json.loads(sandbox.pulumi("stack", "output", "--json").stdout)
    assert outputs["ai-agents"]["percent"] == 50
    assert outputs["jobs"]["percent"] == outputs["jobs"]["since"] == "not changed in this run: see the row"
    assert outputs["jobs"]["verdict"].startswith(HOLD)
    assert outputs["jobs"]["enabled"] is True
    assert ran.read_text() == "ai-agents 100 50\n", "the script of the domain that moved, and no other"
    assert "04da6b54-80e4-46f7-96ec-b56ff0331ba9" not in sandbox.pulumi("stack", "export").stdout, "an unknown's id"
    days.set_percents(sandbox, {"jobs": 5})
    sandbox.up()
    assert ran.read_text() == "ai-agents 100 50\n"
    sandbox.pulumi("preview", "--expect-no-changes")


def test_why_an_earlier_run_didnt_raise_is_kept(sandbox: Sandbox) -> None:
    """The outputs are the newest run's alone: what an older one said is read from its own checkpoint."""
    if not sandbox.knows_waiting:
        pytest.skip("an engine that doesn't know awaiting ends such a run before it exports anything")
    days.begin(sandbox, AT, day=10, since=2)
    days.set_percents(sandbox, {"jobs": 25})
    sandbox.commit("too far")
    assert sandbox.up(check=False).returncode == WAITS
    days.set_percents(sandbox, {"jobs": 5})
    sandbox.commit("back")
    sandbox.up()
    (line,) = map(json.loads, sandbox.rollout("log", "--json", "--kind", "held").stdout.splitlines())
    assert (line["domain"], line["from"], line["to"]) == ("jobs", 5, 25)
    assert line["verdict"].startswith(HOLD), line
    assert "skips a rung" in sandbox.rollout("log", "--domain", "jobs").stdout
