"""A rollback beside other runs: a raise in flight, a held lock, a dead one, another rollback, a destroy."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
import yaml

from rollout.commands.engine import lock
from tests import burning, days, postgres, races
from tests.burning import Burning
from tests.harness import Sandbox


@pytest.fixture(scope="module", params=["secrets-manager", "postgres"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burning]:
    made = Burning(postgres.entered(tmp_path_factory.mktemp("races")), store=request.param)
    yield made
    assert not made.sandbox.close()


@pytest.fixture
def sandbox(stack: Burning) -> Sandbox:
    """A deployed stack at burning.START."""
    return stack.again()


def locks(sandbox: Sandbox) -> list[str]:
    """The lock files of the stack."""
    return [str(path) for path in sandbox.state.glob(".pulumi/locks/**/*.json")]


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    """Until `what` is true."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.05)


def test_a_raise_in_flight_at_random_moments(stack: Burning) -> None:
    for found in races.race(stack, 5):
        print(found.line())


def test_an_up_that_holds_the_lock(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, {"ai-agents": 100})
    sandbox.commit("raise ai-agents")
    races.slow(sandbox, 3.0, "ai-agents")
    up = sandbox.start(*races.UP)
    wait_for(lambda: sandbox.api_calls(reads=True).get("secretsmanager.GetSecretValue"))  # the raise is under way
    down = sandbox.start(*races.ROLLBACK, "jobs")
    first = next(line for line in down.stdout or () if not line.startswith("still trying"))
    assert first.startswith("live 10 %, ")
    assert burning.live(sandbox, "jobs") == "10"
    assert up.poll() is None, "the up was to be still running:\n" + races.ended(up)
    said, said_up = races.ended(down), races.ended(up)
    races.slow(sandbox, 0)
    assert down.returncode == 0, said
    assert "  pulumi   locked by " in said
    assert f"pid {up.pid}, since " in said
    assert "ai-agents-percent updated" in said_up
    burning.recorded(sandbox, "jobs", 10)
    burning.recorded(sandbox, "ai-agents", 100)  # what the other run did isn't lost
    sandbox.pulumi("preview", "--expect-no-changes")


def test_a_lock_that_is_held_for_longer_than_is_waited(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, {"ai-agents": 100})
    races.slow(sandbox, 6.0, "ai-agents")
    up = sandbox.start(*races.UP)
    wait_for(lambda: sandbox.api_calls(reads=True).get("secretsmanager.GetSecretValue"))
    said = sandbox.rollout("rollback", "jobs", "--stack", "local", "--wait", "0", "--lock-wait", "0", check=False)
    races.slow(sandbox, 0)
    races.ended(up)
    assert said.returncode == 1, said.stdout + said.stderr
    assert said.stderr.endswith("jobs is down at 10 %. Left to do by hand: pulumi\n")
    assert "  pulumi   FAILED: still locked after 0 s by root@" in said.stderr
    assert f", pid {up.pid}, since " in said.stderr
    assert "pulumi cancel" not in said.stderr  # somebody lives behind it
    assert burning.live(sandbox, "jobs") == "10"


@pytest.mark.parametrize("moment", [0.0, 1.0])
def test_another_domains_raise_that_ends_meanwhile_is_not_taken_back(sandbox: Sandbox, moment: float) -> None:
    days.set_percents(sandbox, {"ai-agents": 100})
    sandbox.commit("raise ai-agents")
    races.slow(sandbox, 0.1)
    up = sandbox.start(*races.UP)
    wait_for(lambda: sandbox.api_calls().get("secretsmanager.PutSecretValue"))
    time.sleep(moment)
    down = sandbox.start(*races.ROLLBACK, "jobs")
    said, said_up = races.ended(down), races.ended(up)
    races.slow(sandbox, 0)
    assert down.returncode == 0, said + said_up
    assert up.returncode == 0, said_up
    burning.recorded(sandbox, "jobs", 10)
    burning.recorded(sandbox, "ai-agents", 100)


def test_a_lock_that_is_listed_and_gone_when_it_is_read(sandbox: Sandbox) -> None:
    """As where another run ends between the engine's two looks: its own words for it are the ones that are known."""
    folder = sandbox.state / ".pulumi/locks/organization/wa-rollout/local"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gone.json").symlink_to(sandbox.state / "nothing")
    done = sandbox.pulumi("refresh", "--yes", "--skip-preview", check=False)
    (folder / "gone.json").unlink()
    assert done.returncode != 0
    assert lock.went(done.stderr + done.stdout), done.stderr + done.stdout


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_killed_engine_left_its_lock(sandbox: Sandbox, at_once: int) -> None:
    days.set_percents(sandbox, {"ai-agents": 100})
    races.slow(sandbox, 1.0)
    up = sandbox.start(*races.UP)
    wait_for(lambda: sandbox.api_calls(reads=True).get("secretsmanager.BatchGetSecretValue"))
    races.killed(up)
    assert locks(sandbox)
    races.slow(sandbox, 0)
    sandbox.git("checkout", "--", "Pulumi.local.yaml")
    downs = [sandbox.start(*races.ROLLBACK, domain) for domain in ("jobs", "marketplace")[:at_once]]
    said = [races.ended(down) for down in downs]
    assert [down.returncode for down in downs] == [0] * at_once, "\n".join(said)
    assert any(
        "lock of a run that is dead removed (root@" in text and f", pid {up.pid}, since " in text for text in said
    )
    assert not locks(sandbox)
    burning.recorded(sandbox, "jobs", 10)
    burning.recorded(sandbox, "marketplace", 0 if at_once == 2 else 5)


@pytest.mark.parametrize("domains", [("jobs", "marketplace"), ("jobs", "jobs")])
def test_two_rollbacks_at_once(sandbox: Sandbox, domains: tuple[str, str]) -> None:
    downs = [sandbox.start(*races.ROLLBACK, domain, "--because", "sessions") for domain in domains]
    said = [races.ended(down) for down in downs]
    assert [down.returncode for down in downs] == [0, 0], "\n".join(said)
    for domain in set(domains):
        burning.recorded(sandbox, domain, 0)
    for text in (sandbox.read_config(), sandbox.git("show", "HEAD:Pulumi.local.yaml").stdout):  # neither lost a line
        config = yaml.safe_load(text)["config"]
        assert set(config["wa-rollout:breach"]) - {"none"} == set(domains)
        assert {config["wa-rollout:flags"][domain]["percent"] for domain in domains} == {0}


def test_two_rollbacks_at_once_to_different_values(sandbox: Sandbox) -> None:
    races.slow(sandbox, 0.2)
    downs = [sandbox.start(*races.ROLLBACK, "jobs", "--to", to) for to in ("10", "zero")]
    said = [races.ended(down) for down in downs]
    races.slow(sandbox, 0)
    assert [down.returncode for down in downs] == [0, 0], "\n".join(said)
    burning.recorded(sandbox, "jobs", 0)
    assert not sandbox.git("status", "--porcelain").stdout


def test_during_a_destroy(sandbox: Sandbox) -> None:
    races.slow(sandbox, 0.3)
    destroy = sandbox.start("pulumi", "--non-interactive", "--color", "never", "destroy", "--yes", "--skip-preview")
    wait_for(lambda: locks(sandbox))
    down = sandbox.start(*races.ROLLBACK, "jobs", "--to", "zero")
    said, said_destroy = races.ended(down), races.ended(destroy)
    races.slow(sandbox, 0)
    assert re.search("^live 0 %, ", said, re.M), said
    assert destroy.returncode != 0, said_destroy  # ai-agents carries traffic
    assert burning.live(sandbox, "jobs") == "0"
    assert burning.live(sandbox, "ai-agents") == "50"
    sandbox.up()
    burning.recorded(sandbox, "jobs", 0)
    burning.recorded(sandbox, "ai-agents", 50)
