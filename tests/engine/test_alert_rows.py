"""From a row an alarm, as versions before had it, to a row a domain, and back: in one `up`, without a call that writes."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from rollout.home import HOME
from rollout.model.alarms import alarm as alarms
from rollout.model.catalogue import reading as catalogue
from rollout.simulator.database import DATABASE
from tests import days
from tests.harness import Sandbox

AT = {"ai-agents": 100, "jobs": 5, "marketplace": 0, "property": 0}
ERRORS: Final = "wa-webhook-unified-local-jobs-errors"
#: The last commit whose program and provider know a row an alarm only.
OLDER: Final = "e77bc6a"
CODE: Final = ("rollout", "components")
TOKEN: Final = "rollout:index:AlertPolicy"


@pytest.fixture
def begun(sandbox: Sandbox) -> Sandbox:
    days.begin(sandbox, AT, day=10, since=2)
    sandbox.boto("cloudwatch").set_alarm_state(AlarmName=ERRORS, StateValue="ALARM", StateReason="a test says so")
    return sandbox


def standing(sandbox: Sandbox) -> dict[str, tuple[Any, ...]]:
    """Every alarm with its state, since when it has it, and when it was last written (of a database: by which transaction)."""
    if sandbox.database is not None:
        with sandbox.database.connect(database=DATABASE) as hand:
            found = hand.execute("select name, inputs, state, since, xmin::text from rollout.policies").fetchall()
        return {name: tuple(rest) for name, *rest in found}
    found = sandbox.boto("cloudwatch").describe_alarms()["MetricAlarms"]
    keys = ("StateValue", "StateReason", "StateUpdatedTimestamp", "AlarmConfigurationUpdatedTimestamp")
    return {one["AlarmName"]: tuple(one[key] for key in keys) for one in found}


def rows(sandbox: Sandbox) -> set[str]:
    found = sandbox.export_state()["resources"]
    return {row["urn"].rpartition("::")[2] for row in found if row["type"] == TOKEN}


def old_rows(sandbox: Sandbox, *, beside: bool = False) -> None:
    """Puts the rows of an older version into the state, in place of those of today, or `beside` them."""
    state = json.loads(sandbox.pulumi("stack", "export").stdout)
    kept = [row for row in state["deployment"]["resources"] if beside or row["type"] != TOKEN]
    (example, *_) = [row for row in state["deployment"]["resources"] if row["type"] == TOKEN]
    known = catalogue.parse((sandbox.folder / "domains.yaml").read_bytes(), "domains.yaml")
    for domain, policy, alarm in alarms.wanted(known, "local"):
        own = {"stack": "local", "domain": domain.name, "policy": policy.name, **alarms.properties(alarm)}
        name = f"{domain.name}-{policy.name}"
        urn = f"{example['urn'].rpartition('::')[0]}::{name}"
        kept.append({**example, "urn": urn, "id": alarm.name, "inputs": own, "outputs": own})
    state["deployment"]["resources"] = kept
    file = sandbox.folder / ".local" / "older.json"
    file.write_text(json.dumps(state))
    sandbox.pulumi("stack", "import", "--file", str(file))


@pytest.mark.parametrize("flag_store", ["postgres"], indirect=True)
def test_the_policies_of_a_database_are_taken_over_as_they_stand(sandbox: Sandbox) -> None:
    days.begin(sandbox, AT, day=10, since=2)
    sandbox.by_hand("update rollout.policies set state = 'alarm', reason = 'a test' where name = %s", ERRORS)
    before = standing(sandbox)
    assert len(before) == 30
    old_rows(sandbox)
    assert sandbox.door is not None
    sandbox.door.calls.clear()
    seen = sandbox.preview()
    assert "8 alarms of jobs stand already, adopted: nothing is written" in seen.stdout + seen.stderr
    sandbox.up()
    assert not {"rollout.policy_write", "rollout.policy_delete"} & set(sandbox.door.calls)
    assert standing(sandbox) == before
    assert rows(sandbox) == of_every_domain()
    sandbox.pulumi("preview", "--expect-no-changes")


def of_every_domain() -> set[str]:
    return {f"{name}-alerts" for name in AT}


WAYS: Final = {
    "refreshed within the program": ((), "true"),
    "refreshed before it": ((), "false"),
    "not refreshed": (("--refresh=false",), "true"),
}


@pytest.mark.parametrize("way", WAYS)
def test_one_up_takes_over_every_alarm_as_it_stands(begun: Sandbox, way: str) -> None:
    (more, within), before = WAYS[way], standing(begun)
    env = {"PULUMI_RUN_PROGRAM": within}
    old_rows(begun)
    assert len(rows(begun)) == 30
    days.set_percents(begun, {"jobs": 0})  # a rollback beside it
    begun.api_calls(reset=True)
    seen = begun.preview(*more, env=env)
    said = seen.stdout + seen.stderr
    assert "8 alarms of jobs stand already, adopted: nothing is written (a row of one alarm, " in said
    assert begun.api_calls() == {}
    done = begun.up(*more, env=env)
    assert "another row of it stands: this one alone goes, and nothing is touched" in done.stdout + done.stderr
    written = begun.api_calls()
    assert not [name for name in written if name.startswith("cloudwatch.")], written
    assert standing(begun) == before
    assert rows(begun) == of_every_domain()
    assert days.live(begun) == days.wanted({**AT, "jobs": 0})
    begun.pulumi("preview", "--expect-no-changes")


def test_the_review_of_it_names_what_changes_and_no_alarm_that_only_gets_another_row(begun: Sandbox) -> None:
    old_rows(begun)
    cloudwatch = begun.boto("cloudwatch")
    takes = cloudwatch.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    (found,) = cloudwatch.describe_alarms(AlarmNames=[ERRORS])["MetricAlarms"]
    cloudwatch.put_metric_alarm(**{**{key: value for key, value in found.items() if key in takes}, "Threshold": 0.5})
    page = json.loads(begun.rollout("review", "--json", env={"PULUMI_RUN_PROGRAM": "false"}).stdout)
    assert page["drift"] == ["alarm jobs-errors threshold: 0.5 -> 0.01"]
    within = json.loads(begun.rollout("review", "--json", env={"PULUMI_RUN_PROGRAM": "true"}).stdout)
    assert "jobs-errors: threshold 0.5 -> 0.01" in within["warnings"], "such a refresh reads no row that goes"
    assert [text for text in page["beside"] if text.startswith("alarm")] == [
        f"alarm {name}-alerts rows: {count}, one an alarm -> one of all"
        for name, count in (("ai-agents", 4), ("jobs", 8), ("marketplace", 9), ("property", 9))
    ]


def test_a_rollback_is_the_first_run_of_the_new_version(begun: Sandbox) -> None:
    """The value is down first; its `up`, of the whole stack, takes the alarms over."""
    before = standing(begun)
    old_rows(begun)
    done = begun.rollout("rollback", "jobs", "--to", "zero", "--wait", "0")
    assert done.stdout.startswith("live 0 %, ")
    assert rows(begun) == of_every_domain()
    assert standing(begun) == before


def test_a_take_over_that_fails_half_way_is_finished_by_the_next_up(begun: Sandbox) -> None:
    cloudwatch = begun.boto("cloudwatch")
    cloudwatch.delete_alarms(AlarmNames=[ERRORS])
    before = standing(begun)
    old_rows(begun)
    fault = {"target": "cloudwatch.PutMetricAlarm", "match": ERRORS, "status": 400}
    begun.simulator.call("PUT", "/faults", {"fail": [fault]})
    failed = begun.up(check=False)
    assert failed.returncode != 0
    assert f"{ERRORS}: put_metric_alarm failed" in failed.stdout + failed.stderr
    assert standing(begun) == before
    begun.simulator.call("DELETE", "/faults")
    begun.up()
    assert rows(begun) == of_every_domain()
    after = standing(begun)
    assert set(after) == {*before, ERRORS}
    assert before == {name: found for name, found in after.items() if name != ERRORS}
    begun.pulumi("preview", "--expect-no-changes")


@pytest.mark.parametrize("more", [(), ("--refresh=false",)], ids=["refreshed", "not refreshed"])
def test_one_that_was_killed_between_the_new_rows_and_the_old_is_finished(
    begun: Sandbox, more: tuple[str, ...]
) -> None:
    before = standing(begun)
    old_rows(begun, beside=True)
    assert len(rows(begun)) == 34
    begun.api_calls(reset=True)
    begun.up(*more)
    assert begun.api_calls() == {}
    assert (rows(begun), standing(begun)) == (of_every_domain(), before)
    begun.pulumi("preview", "--expect-no-changes")


def test_a_destroy_of_old_rows_is_judged_by_each(begun: Sandbox) -> None:
    old_rows(begun)
    done = begun.pulumi("destroy", "--yes", "--skip-preview", "--continue-on-error", check=False)
    assert f"alarm {ERRORS} stays: jobs is at 5 %" in done.stdout + done.stderr
    left = standing(begun)
    assert len([name for name in left if "-jobs-" in name]) == 8
    assert len(left) == 12, "those of the two domains without traffic are gone"


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the older version, where the history has it."""
    folder = tmp_path_factory.mktemp("older")
    done = subprocess.run(["git", "archive", OLDER, *CODE], cwd=HOME, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"the history here has no {OLDER}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as found:
        found.extractall(folder, filter="data")
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_the_older_version_itself_goes_there_and_back(
    new_sandbox: Callable[..., Sandbox], older: Path, way: str
) -> None:
    """Its program and provider as they were: a release is taken back by its `up`, too."""
    more, within = WAYS[way]
    env, sandbox = {"PULUMI_RUN_PROGRAM": within}, new_sandbox()

    def version(tree: Path) -> None:
        for name in CODE:
            shutil.rmtree(sandbox.folder / name)
            shutil.copytree(tree / name, sandbox.folder / name, ignore=shutil.ignore_patterns("__pycache__"))

    version(older)
    days.begin(sandbox, AT, day=10, since=2)
    sandbox.boto("cloudwatch").set_alarm_state(AlarmName=ERRORS, StateValue="ALARM", StateReason="a test says so")
    before, old = standing(sandbox), rows(sandbox)
    assert len(old) == 30
    for tree, expected in ((HOME, of_every_domain()), (older, old)):
        version(tree)
        sandbox.api_calls(reset=True)
        sandbox.preview(*more, env=env)
        sandbox.up(*more, env=env)
        assert sandbox.api_calls() == {}
        assert (rows(sandbox), standing(sandbox)) == (expected, before)
        sandbox.pulumi("preview", "--expect-no-changes")
