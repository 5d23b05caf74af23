"""A sample of the fault matrix over whole commands: a broken call, a kill -9, a race with a raise (`make bench ARGS=faults`: all)."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import pytest

from tests.faults import commands, killed, raced, worlds
from tests.faults.commands import Place
from tests.faults.ledger import Outcome
from tests.postgres import entered

AWS = (
    "rollback-zero/secretsmanager.PutSecretValue/reset after/always",
    "rollback-previous/secretsmanager.GetSecretValue/denied/always",
    "watch/secretsmanager.PutSecretValue/expired/always",
    "watch-dry/cloudwatch.GetMetricData/HTML with 200/always",
    "live/secretsmanager.BatchGetSecretValue/invalid JSON/always",
    "drill/secretsmanager.PutSecretValue/500/once",
)
POSTGRES = (
    "rollback-zero/lower/untrusted TLS/always",
    "rollback-previous/read/no connections/once",
    "watch/looked/shutdown/always",
    "status/counted/wrong password/always",
)


@pytest.fixture(scope="module", params=["secrets-manager", "postgres"])
def free(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[queue.Queue[Place]]:
    """One place, of either store."""
    with pytest.MonkeyPatch.context() as patched:
        for key, value in worlds.CREDENTIALS.items():
            patched.setenv(key, value)
        with commands.places(entered(tmp_path_factory.mktemp("places")), request.param, 1) as made:
            yield made


def store(free: queue.Queue[Place]) -> str:
    with commands.taken(free) as place:
        return place.world.name


def held(found: Outcome) -> None:
    assert not found.broken, f"{found.case}: {found.broken}\n{found.said}"


def test_a_broken_call_of_a_command(free: queue.Queue[Place]) -> None:
    name = store(free)
    for case in POSTGRES if name == "postgres" else AWS:
        found = commands.played(free, f"{name}/{case}")
        assert found.met, f"{case}: the call isn't made any more: choose another one"
        held(found)


def test_a_killed_command(free: queue.Queue[Place]) -> None:
    name = store(free)
    with commands.taken(free) as place:
        lasts = {one: killed.lifetime(place, one) for one in ("rollback-previous",)}
    # Numbers whose moment is early, on either store: a machine that is faster this time is hit all the same.
    found = [killed.played(free, lasts, f"{name}/rollback-previous/{one}") for one in (0, 2, 3)]
    for one in found:
        held(one)
    assert any(one.met for one in found), "nobody was hit"


def test_a_stop_against_a_raise(free: queue.Queue[Place]) -> None:
    name = store(free)
    for case in ("rollback-zero/1", "rollback-previous/2"):
        held(raced.played(free, f"{name}/{case}"))
