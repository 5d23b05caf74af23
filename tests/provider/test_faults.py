"""A sample of the fault matrix over both stores (`make bench ARGS=faults` plays all of it), and that it sees what is broken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout.provider.stores import lowering, one_write, raising
from rollout.provider.stores.store import Store
from rollout.simulator.database import Database
from rollout.simulator.simulator import Simulator
from tests.faults import ledger, matrix, plays, worlds
from tests.faults.ledger import Ledger, Outcome
from tests.faults.pg_world import PgWorld
from tests.faults.worlds import AwsWorld, World
from tests.wire import Wire

#: Of each store the cases that tell most: a call whose answer is lost, that fails always, or that answers what is no answer.
AWS = (
    "create/sns.CreateTopic/denied/always",
    "create/secretsmanager.CreateSecret/reset after/once",
    "raise/secretsmanager.PutSecretValue/reset after/always",
    "raise/secretsmanager.DescribeSecret/denied/always",
    "climb/secretsmanager.PutSecretValue/cut body/once",
    "climb/cloudwatch.GetMetricData/HTML with 200/always",
    "lower/secretsmanager.GetSecretValue/expired/always",
    "lower/secretsmanager.BatchGetSecretValue/invalid JSON/once",
    "lower-zero/secretsmanager.TagResource/reset before/always",
    "preview/secretsmanager.BatchGetSecretValue/503/always",
)
POSTGRES = (
    "raise/raise/reset after commit/once",
    "raise/raise/untrusted TLS/always",
    "climb/read/wrong password/always",
    "climb/raise/serialization/once",
    "lower/lower/reset before commit/once",
    "lower/lower/read-only/once",
    "lower-zero/lower/shutdown/once",
    "preview/counted/no connections/always",
)


@pytest.fixture
def aws(moto: Simulator, monkeypatch: pytest.MonkeyPatch) -> World:
    for key, value in worlds.CREDENTIALS.items():
        monkeypatch.setenv(key, value)
    return _reported(AwsWorld(moto))


@pytest.fixture
def postgres(moto: Simulator, _database: tuple[Database, Wire, str], tmp_path: Path) -> Iterator[World]:
    server, _, base = _database
    yield _reported(PgWorld(server, base, moto, tmp_path))
    with server.connect(database=base) as hand:
        hand.execute("truncate rollout.minutes, rollout.policies, rollout.policy_changes")
        hand.execute("update rollout.meta set stacks = '{test}'")
        hand.execute("delete from rollout.flags where name <> 'rollout/canary'")


def _reported(world: World) -> World:
    world.report("jobs", 5)
    world.report("ai-agents", 100)
    return world


def held(found: Outcome) -> None:
    assert found.met, f"{found.case}: the call isn't made any more: choose another one"
    assert not found.broken, f"{found.case}: {found.broken}\n{found.said}"


def test_what_holds_on_secrets_manager(aws: World) -> None:
    for case in AWS:
        held(plays.played(aws, f"{aws.name}/{case}"))


def test_what_holds_on_postgres(postgres: World) -> None:
    for case in POSTGRES:
        held(plays.played(postgres, f"{postgres.name}/{case}"))


def test_a_raise_that_wrote_above_its_percent_is_seen(aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = one_write.write

    def twice(store: Store, name: object, value: str, **how: object) -> str:
        honest(store, name, "50", **how)  # type: ignore[arg-type] # what it was called with
        return honest(store, name, value, **{**how, "before": store.get(name.secret)})  # type: ignore[arg-type,attr-defined]

    monkeypatch.setattr(raising, "write", twice)
    found = plays.played(aws, f"{aws.name}/climb/secretsmanager.TagResource/500/once")
    assert "ceiling" in found.broken


def test_a_lowering_that_says_done_and_is_not_is_seen(aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lowering._Lowering, "_put", lambda *_: None)
    monkeypatch.setattr(lowering, "low", lambda *_: True)
    found = plays.played(aws, f"{aws.name}/lower/secretsmanager.TagResource/500/once")
    assert {"lowered", "converges"} & found.broken.keys()


def test_what_is_known_is_kept_and_what_was_broken_is_played_again(tmp_path: Path) -> None:
    said = list[str]()
    kept = Ledger(tmp_path / "part.jsonl")
    good, bad, unmet = (Outcome(f"a/b/{name}/500/once", "provider") for name in ("good", "bad", "unmet"))
    for one in (good, bad):
        one.ask("ceiling", one is good, "50 over 10")
    unmet.met = False
    wanted = [good.case, bad.case, unmet.case]
    answers = {one.case: one for one in (good, bad, unmet)}
    matrix.run(kept, wanted, answers.__getitem__, said.append, workers=2, until=float("inf"))
    again = Ledger(tmp_path / "part.jsonl")
    assert again.left(wanted) == [bad.case]
    assert ledger.table({"part": again}, said.append) == 1
    assert any("1 cases more never met their fault" in line for line in said)
    assert any(line.startswith("live never above") and line.endswith("asked     2  broken   1") for line in said), said
