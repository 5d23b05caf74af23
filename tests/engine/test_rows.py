"""Rows that come and go without a `destroy`: replaced, tainted, renamed, half made. There is one value and one alarm all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import burning
from tests.burning import Burning
from tests.harness import Sandbox


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burning]:
    made = Burning(tmp_path_factory.mktemp("rows"))
    yield made
    assert not made.sandbox.close()


@pytest.fixture
def sandbox(stack: Burning) -> Sandbox:
    """The stack at burning.START: jobs at 25 %."""
    return stack.again()


def urn(sandbox: Sandbox, name: str) -> str:
    found = [row["urn"] for row in sandbox.export_state()["resources"] if row["urn"].endswith(f"::{name}")]
    assert len(found) == 1, found
    return str(found[0])


def names(sandbox: Sandbox) -> list[str]:
    return sorted(row["urn"].rpartition("::")[2] for row in sandbox.export_state().get("resources") or [])


def unchanged(sandbox: Sandbox) -> None:
    """Values and record as before, no write to the flag, and nothing left to do."""
    assert burning.lives(sandbox) == {domain: str(percent) for domain, percent in burning.START.items()}
    assert "secretsmanager.PutSecretValue" not in sandbox.api_calls()
    assert sandbox.preview("--expect-no-changes").returncode == 0


@pytest.mark.parametrize("row", ["jobs-percent", "jobs-enabled", "jobs-alerts"])
@pytest.mark.parametrize("how", ["--replace", "taint", "rename"])
def test_a_row_that_is_made_anew_touches_nothing(sandbox: Sandbox, how: str, row: str) -> None:
    if row not in names(sandbox):
        pytest.skip(f"no row {row}")
    its, before, moves = urn(sandbox, row), names(sandbox), burning.moves(sandbox, "jobs")
    args: tuple[str, ...] = ()
    if how == "--replace":
        args = ("--replace", its)
    elif how == "taint":
        sandbox.pulumi("state", "taint", its, "--yes")
    else:
        sandbox.pulumi("state", "rename", its, "another-name", "--yes")
    if how != "rename" and row == "jobs-percent":
        refused = sandbox.preview(*args, check=False)
        said = refused.stdout + refused.stderr
        # An engine whose refresh writes the row anew forgets that it was tainted.
        assert (
            "a flag is never replaced" in said if refused.returncode else (how, " unchanged" in said) == ("taint", True)
        )
    done = sandbox.up(*args, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert names(sandbox) == before
    assert burning.moves(sandbox, "jobs") == moves
    unchanged(sandbox)


def test_a_tainted_flag_still_comes_down(sandbox: Sandbox) -> None:
    sandbox.pulumi("state", "taint", urn(sandbox, "jobs-percent"), "--yes")
    done = sandbox.rollout("rollback", "jobs", "--to", "10", "--wait", "0")
    assert done.stdout.startswith("live 10 %, ")
    burning.recorded(sandbox, "jobs", 10)


def test_an_alarm_whose_making_failed_is_found_by_destroy(sandbox: Sandbox) -> None:
    its, alarm = "property-alerts", "wa-webhook-unified-local-property-errors"
    sandbox.rollout("rollback", "ai-agents", "--to", "zero", "--wait", "0")
    for domain in ("jobs", "marketplace"):
        sandbox.rollout("rollback", domain, "--to", "zero", "--wait", "0")
    sandbox.boto("cloudwatch").delete_alarms(AlarmNames=[alarm])
    sandbox.pulumi("state", "delete", urn(sandbox, its), "--yes")
    fault = {"target": "cloudwatch.PutMetricAlarm", "match": alarm, "status": 500, "after": True}
    sandbox.simulator.call("PUT", "/faults", {"fail": [fault]})
    failed = sandbox.up(check=False)
    assert failed.returncode != 0, failed.stdout
    sandbox.simulator.call("DELETE", "/faults")
    assert its in names(sandbox), "its row stands"
    alarms = sandbox.boto("cloudwatch").describe_alarms
    assert alarms(AlarmNames=[alarm])["MetricAlarms"]
    sandbox.pulumi("destroy", "--yes", "--skip-preview")
    assert not alarms()["MetricAlarms"]
    assert not [name for name in names(sandbox) if "-" in name and name != "wa-rollout-local"], names(sandbox)
