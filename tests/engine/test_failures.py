"""A store that fails in the middle of an `up`: what is judged again, what is kept, and what the next `up` finishes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import burning, days
from tests.burning import Burning
from tests.harness import Sandbox

PUT = "secretsmanager.PutSecretValue"
#: One domain goes up, two come down, one stays.
WANTED = {"ai-agents": 100, "jobs": 10, "marketplace": 0, "property": 0}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burning]:
    """One deployed stack for all tests of this file."""
    made = Burning(tmp_path_factory.mktemp("failures"))
    yield made
    assert not made.sandbox.close()


@pytest.fixture
def sandbox(stack: Burning) -> Sandbox:
    """The stack at burning.START."""
    return stack.again()


def fail(sandbox: Sandbox, domain: str = "", **fault: Any) -> None:
    """A fault of every write of that domain's percent; without a domain, none."""
    faults = [{"target": PUT, "match": days.secret(days.PERCENT_FLAGS[domain]), **fault}] if domain else []
    sandbox.simulator.call("PUT", "/faults", {"fail": faults})


def versions(sandbox: Sandbox, domain: str) -> int:
    """How many versions a domain's percent has."""
    name = days.secret(days.PERCENT_FLAGS[domain])
    found = sandbox.boto("secretsmanager").list_secret_version_ids(SecretId=name, IncludeDeprecated=True)
    return len(found["Versions"])


def test_after_a_failed_write_a_raise_is_judged_again(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, {"ai-agents": 100})
    fail(sandbox, "ai-agents", status=500)
    done = sandbox.up(check=False)
    assert done.returncode != 0
    assert "put_secret_value failed: InternalServiceError fault of a test" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    fail(sandbox)
    assert burning.live(sandbox, "ai-agents") == "50"
    assert burning.row(sandbox, "ai-agents")["inputs"]["percent"] == 50
    assert (50, 100, "PASS") not in [(a, b, verdict[:4]) for a, b, verdict in burning.moves(sandbox, "ai-agents")]

    days.set_entry(sandbox, "held", "ai-agents:\n  why: INC-9\n  by: Ana K.")
    assert "held: INC-9; Ana K." in days.refused(sandbox, command="up")  # the PASS of before counts for nothing
    assert burning.live(sandbox, "ai-agents") == "50"

    sandbox.git("checkout", "--", "Pulumi.local.yaml")
    days.set_percents(sandbox, {"ai-agents": 100})
    assert "PASS 50 -> 100 %" in sandbox.up().stdout
    burning.recorded(sandbox, "ai-agents", 100)


def test_a_write_whose_answer_is_lost_is_live_and_the_next_up_knows_it(sandbox: Sandbox) -> None:
    before = versions(sandbox, "ai-agents")
    days.set_percents(sandbox, {"ai-agents": 100})
    fail(sandbox, "ai-agents", status=500, after=True)
    assert sandbox.up(check=False).returncode != 0
    assert burning.live(sandbox, "ai-agents") == "100"
    assert burning.row(sandbox, "ai-agents")["inputs"]["percent"] == 50
    fail(sandbox)
    sandbox.api_calls(reset=True)
    sandbox.up()
    burning.recorded(sandbox, "ai-agents", 100)
    assert PUT not in sandbox.api_calls()
    assert versions(sandbox, "ai-agents") == before + 1  # written once, however often it was asked for
    sandbox.pulumi("preview", "--expect-no-changes")


def test_a_write_whose_answer_is_lost_once_succeeds(sandbox: Sandbox) -> None:
    before = versions(sandbox, "ai-agents")
    days.set_percents(sandbox, {"ai-agents": 100})
    fail(sandbox, "ai-agents", status=500, after=True, times=2)
    sandbox.up()
    burning.recorded(sandbox, "ai-agents", 100)
    assert versions(sandbox, "ai-agents") == before + 1


@pytest.mark.parametrize("status", [500, 0])
def test_one_domains_api_fails_and_the_others_are_applied(sandbox: Sandbox, status: int) -> None:
    days.set_percents(sandbox, WANTED)
    fail(sandbox, "ai-agents", status=status)
    done = sandbox.up("--continue-on-error", check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    fail(sandbox)
    burning.recorded(sandbox, "ai-agents", 50)
    for domain in ("jobs", "marketplace", "property"):
        burning.recorded(sandbox, domain, WANTED[domain])
    sandbox.up()
    for domain, percent in WANTED.items():
        burning.recorded(sandbox, domain, percent)


def test_a_plain_up_starts_nothing_new_after_a_failure_and_the_next_one_finishes(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, WANTED)
    fail(sandbox, "ai-agents", status=500)
    done = sandbox.pulumi("up", "--yes", check=False)  # its own preview passes: it writes nothing
    assert done.returncode != 0
    fail(sandbox)
    burning.recorded(sandbox, "ai-agents", 50)
    for domain in ("jobs", "marketplace"):  # begun before the failure or not at all: never half
        burning.recorded(sandbox, domain, int(burning.live(sandbox, domain) or -1))
        assert burning.live(sandbox, domain) in (str(burning.START[domain]), str(WANTED[domain]))
    sandbox.up()
    for domain, percent in WANTED.items():
        burning.recorded(sandbox, domain, percent)


def test_a_lowering_that_fails_is_tried_until_it_is_read_back(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, {"jobs": 10})
    fail(sandbox, "jobs", status=500, times=5)
    sandbox.up()
    burning.recorded(sandbox, "jobs", 10)
