"""`pulumi destroy`: refused while traffic flows, with both ways out named; afterwards the flags stay in the store."""

from __future__ import annotations

from tests import days
from tests.harness import Sandbox

NOW = 30.0
ALL = dict.fromkeys(days.DOMAINS, 100)
NONE = dict.fromkeys(days.DOMAINS, 0)
CLOSED = 'why: "week 7, archived"\nby: Ana K.'


def _destroy(sandbox: Sandbox, *, works: bool) -> str:
    done = sandbox.pulumi("destroy", "--yes", check=False)
    said = done.stdout + done.stderr
    print(said)
    assert (done.returncode == 0) == works, said
    assert "Traceback" not in said, said
    if not works:
        assert "do:      bring every percent to 0; or, with all at 100 % for 7 days, write wa-rollout:closed" in said
    return said


def _flags_left(sandbox: Sandbox) -> set[str]:
    return {
        found["urn"].rpartition("::")[2]
        for found in sandbox.export_state().get("resources", [])
        if found["type"] == "rollout:index:TrafficFlag"
    }


def test_refused_above_0_and_works_at_0(sandbox: Sandbox) -> None:
    at = {**NONE, "ai-agents": 100, "jobs": 5}
    days.begin(sandbox, at, day=NOW)
    said = _destroy(sandbox, works=False)
    assert "destroy refused: ai-agents is at 100 %" in said
    assert "destroy refused: jobs is at 5 %" in said
    assert {"ai-agents-percent", "jobs-percent"} <= _flags_left(sandbox)
    assert days.live(sandbox) == days.wanted(at)
    sandbox.up()  # what was destroyed before the refusal comes back, and nothing is judged anew
    assert days.live(sandbox) == days.wanted(at)

    days.set_percents(sandbox, NONE)
    sandbox.up()
    _destroy(sandbox, works=True)
    assert not _flags_left(sandbox)
    assert days.live(sandbox) == days.wanted(NONE), "the flags stay in the store"


def test_a_value_above_0_that_only_the_store_knows_refuses_too(sandbox: Sandbox) -> None:
    days.begin(sandbox, NONE, day=NOW)
    days.put(sandbox, "jobs", "25")
    assert "destroy refused: jobs is at 25 %" in _destroy(sandbox, works=False)
    days.put(sandbox, "jobs", "abc")
    assert "destroy refused: jobs is at 'abc' (no percent)" in _destroy(sandbox, works=False)


def test_closed_but_not_stable_is_refused(sandbox: Sandbox) -> None:
    days.begin(sandbox, ALL, day=NOW, since=NOW - 6.9)  # 7 days less the slack of 2 hours end in 20 minutes
    days.set_entry(sandbox, "closed", CLOSED)
    assert "destroy refused: ai-agents is at 100 %" in _destroy(sandbox, works=False)  # not brought in by an `up` yet
    sandbox.up()
    said = _destroy(sandbox, works=False)
    assert "destroy refused: closed, but not stable for 7 days: ai-agents at 100 %, jobs at 100 %" in said
    assert days.live(sandbox) == days.wanted(ALL)


def test_closed_and_stable_leaves_the_flags_at_100(sandbox: Sandbox) -> None:
    days.begin(sandbox, ALL, day=NOW)
    days.set_entry(sandbox, "closed", CLOSED)
    sandbox.up()
    _destroy(sandbox, works=True)
    assert not _flags_left(sandbox)
    assert days.live(sandbox) == days.wanted(ALL)
    assert not sandbox.boto("cloudwatch").describe_alarms()["MetricAlarms"]
    assert not sandbox.boto("sns").list_topics()["Topics"]
