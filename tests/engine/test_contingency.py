"""The seed's contingency scenarios 2 and 3, from the command to the day when the domain goes on. (1: test_rehearsal)."""

from __future__ import annotations

import re

from rollout.model.stack_file import edit
from tests import days
from tests.harness import Sandbox

NOW = 20.0
AT = {"ai-agents": 50, "jobs": 25, "marketplace": 0, "property": 0}


def test_inconsistent_data_by_one_command(sandbox: Sandbox) -> None:
    days.begin(sandbox, AT, day=NOW)
    done = sandbox.rollout("rollback", "jobs", "--because", "data", "--stack", "local", "--wait", "0", "--by", "Ana K.")
    print(done.stdout)
    said = done.stdout
    assert re.match(r"live 0 %, \d+\.\d s: jobs on local, was 25 %", said)
    assert "  freeze   nothing rises anywhere: data of jobs inconsistent" in said
    for row in ("JOBS_ROLLOUT_PERCENT", "UNIFIED_ROLLOUT_PERCENT"):
        assert re.search(rf"(?m)^ +{row} +(\d+) +\1 +\1$", said), "live, file and state agree"
    assert "differ" not in said
    committed = sandbox.git("show", "HEAD:Pulumi.local.yaml").stdout
    assert "wa-rollout:freeze:" in committed
    assert "metric: data" in committed
    assert sandbox.rollout("audit", "--stack", "local").returncode == 0

    days.turn_clock(sandbox, NOW + 3)
    days.set_percents(sandbox, {"ai-agents": 100})
    assert "frozen: data of jobs inconsistent" in days.refused(sandbox)
    sandbox.write_config(edit.remove_entry(sandbox.read_config(), edit.FREEZE))
    said = days.refused(sandbox)
    assert "the data of jobs were inconsistent, and no audit is attested" in said
    assert "wa-rollout:checked jobs: data-audit" in said

    text = sandbox.read_config()
    assert "    jobs:\n      support-staff:" in text
    sandbox.write_config(
        text.replace(
            "    jobs:\n      support-staff:", '    jobs:\n      data-audit: "Ben, link"\n      support-staff:', 1
        )
    )
    sandbox.up()
    assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == "100", "the others go on"
    days.set_percents(sandbox, {"jobs": 5})
    assert "latched by the breach of data" in days.refused(sandbox)


def test_the_audit_names_what_differs(sandbox: Sandbox) -> None:
    days.begin(sandbox, AT, day=NOW)
    days.put(sandbox, "jobs", "10")
    done = sandbox.rollout("audit", "--stack", "local", check=False)
    assert done.returncode == 1
    assert re.search(r"(?m)^JOBS_ROLLOUT_PERCENT +10 +25 +25 +differ$", done.stdout)
    assert done.stdout.count("differ") == 1


def test_a_degradation_is_held_and_goes_on_after(sandbox: Sandbox) -> None:
    days.begin(sandbox, AT, day=NOW)
    days.set_entry(sandbox, "held", 'ai-agents:\n  why: "INC-9: p95 1,900 ms"\n  by: Ana K.')
    days.set_percents(sandbox, {"ai-agents": 100})
    assert "held: INC-9: p95 1,900 ms" in days.refused(sandbox)
    assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == "50"
    sandbox.write_config(edit.remove_entry(sandbox.read_config(), "wa-rollout:held"))
    sandbox.up()
    assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == "100"
