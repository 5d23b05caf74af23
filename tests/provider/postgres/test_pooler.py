"""Through a real pooler, in both of its modes: what a Supabase project's ports 5432 and 6543 are."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from rollout.model.flag.name import FlagName
from rollout.provider.errors import StoreError
from rollout.provider.postgres import address, check, link
from rollout.provider.postgres.link import Link
from rollout.provider.stores import migrations, writing
from rollout.provider.stores.postgres import Postgres
from rollout.simulator.database import Database
from tests import pooler, postgres
from tests.pooler import Pooler

NAME = FlagName("test", "jobs", "JOBS_ROLLOUT_PERCENT")
MODES = ("session", "transaction")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with postgres.server(tmp_path_factory.mktemp("pooled")) as made:
        yield made


@pytest.fixture(scope="module", params=MODES)
def pooled(
    request: pytest.FixtureRequest, server: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pooler]:
    folder = postgres.entered(tmp_path_factory.mktemp("pooler"))
    with pooler.running(server, folder / request.param, request.param) as made:
        yield made


@pytest.fixture
def base(server: Database) -> str:
    return postgres.fresh(server, "test")


@pytest.fixture
def links(pooled: Pooler, base: str) -> Iterator[list[Link]]:
    """Two processes' links through the pooler, closed afterwards: in session mode what a link keeps is nobody else's."""
    made = [Link(address.read({address.URL: pooled.url("rollout_deployer", base)})) for _ in range(2)]
    yield made
    for one in made:
        one.close()


def test_a_raise_and_a_rollback(links: list[Link]) -> None:
    first, second = map(Postgres, links)
    assert writing.lower(first, NAME, "10", pause=0).text == "10"
    before, found = second.get(NAME.secret), second.tags(NAME.secret)
    assert writing.raise_to(second, NAME, "25", before=before, judged_tags=found, pause=0).text == "25"
    assert writing.lower(first, NAME, "0", make=False, pause=0).text == "0"
    assert second.get(NAME.secret) == first.get(NAME.secret)


def test_nothing_of_a_call_is_left_on_the_servers_connection(pooled: Pooler, server: Database) -> None:
    """The project's own user, who takes the role in each transaction: whoever gets that connection next has neither."""
    base = postgres.supabase(server, old_defaults=False)
    with server.connect("project", base) as own:
        for text in migrations.texts():
            own.execute(text)
        own.execute("update rollout.meta set stacks = '{test}'")
    url = pooled.url("project", base)
    asking = Link(address.read({address.URL: url, address.ROLE: "rollout_deployer"}))
    assert writing.lower(Postgres(asking), NAME, "5", pause=0).text == "5"
    with pytest.raises(StoreError, match="nowhere"):
        asking.ask("nowhere", "select rollout.nowhere()")
    asking.close()
    for _ in range(3):
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as other:
            assert other.execute("select current_user, current_setting('statement_timeout')").fetchone() == (
                "project",
                "0",
            )
            assert other.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_many_at_once_of_a_pool_of_eight(pooled: Pooler, base: str, server: Database) -> None:
    """In transaction mode twelve processes share eight connections; in session mode those that stay keep the others out, who say so."""
    ways = [Link(address.read({address.URL: pooled.url("rollout_deployer", base)})) for _ in range(12)]
    said: list[str] = []

    def ask(one: Link) -> None:
        try:
            for _ in range(5):
                Postgres(one).get(NAME.secret)
            said.append("read")
        except StoreError as error:
            said.append(str(error))

    threads = [threading.Thread(target=ask, args=(one,)) for one in ways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for one in ways:
        one.close()
    failed = [text for text in said if text != "read"]
    session = "pool_mode = session" in (pooled.log.parent / "pgbouncer.ini").read_text()
    assert len(said) == 12
    assert len(failed) == (4 if session else 0), said
    assert all("query_wait_timeout" in text and "no connection left" in text for text in failed), failed[:1]


def test_the_second_way_where_the_pooler_is_full(server: Database, base: str, tmp_path: Path) -> None:
    with pooler.running(server, postgres.entered(tmp_path) / "full", "session", connections=1, clients=1) as full:
        holds = Link(address.read({address.URL: full.url("rollout_deployer", base)}))
        # Its look at what stood there may have the one connection first: the next try takes that over.
        assert writing.lower(Postgres(holds), NAME, "10").text == "10"
        url = full.url("rollout_deployer", base)
        with pytest.raises(StoreError, match=r"53300.*no connection left"):
            Postgres(Link(address.read({address.URL: url}))).get(NAME.secret)
        both = Link(address.read({address.URL: url, address.SECOND: server.url(database=base)}))
        assert writing.lower(Postgres(both), NAME, "0", pause=0).text == "0"
        holds.close()
        both.close()


def test_a_pooler_and_a_server_that_go_and_come_back(pooled: Pooler, links: list[Link], server: Database) -> None:
    store = Postgres(links[0])
    writing.lower(store, NAME, "25", pause=0)
    pooled.kill()
    pooled.start()
    assert writing.lower(store, NAME, "10", pause=0).text == "10"
    server.kill()
    server.start(database=False)
    assert writing.lower(store, NAME, "5", pause=0.3).text == "5", "the pooler's own connections were gone"


def test_races_through_it_lose_no_stop(pooled: Pooler, links: list[Link]) -> None:
    chance, first, second = random.Random(4), *map(Postgres, links)
    for number in range(40):
        writing.lower(first, NAME, "0", pause=0)
        with_hand = first.get(NAME.secret), first.tags(NAME.secret)
        writing.raise_to(first, NAME, "25", before=with_hand[0], judged_tags=with_hand[1], pause=0)
        before, found = second.get(NAME.secret), second.tags(NAME.secret)
        go = threading.Event()

        def rise(before: object = before, found: dict[str, str] = found, go: threading.Event = go) -> None:
            go.wait(chance.uniform(0, 0.01))
            try:
                writing.raise_to(second, NAME, "50", before=before, judged_tags=found, pause=0)  # type: ignore[arg-type]
            except (StoreError, writing.StoppedMeanwhile):
                return

        thread = threading.Thread(target=rise)
        thread.start()
        go.wait(chance.uniform(0, 0.01))
        assert writing.lower(first, NAME, "5", make=False, pause=0).text == "5"
        thread.join(30)
        live = first.get(NAME.secret)
        assert live is not None
        assert live.text == "5", number


def test_the_check_goes_through_it(pooled: Pooler, base: str) -> None:
    told = list(check.check(address.read({address.URL: pooled.url("rollout_deployer", base)}), "test"))
    wrong = [one.what for one in told if not one.right]
    assert all("sslmode" in text or "drill" in text for text in wrong), wrong
    unknown = pooled.url("rollout_deployer", base).replace("rollout_deployer:", "nobody_known:")
    (only,) = check.check(address.read({address.URL: unknown}), "test")
    assert "28P01" in only.what or "doesn't know this user" in only.what, only
    assert "the pooler's as your" in only.mend


def test_a_server_that_is_away_behind_it(server: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pooler takes whoever comes, and finds out later: that is no connection either."""
    monkeypatch.setattr(link, "CONNECT", 3)
    gone = Database(postgres.entered(tmp_path) / "gone")
    gone.folder.mkdir(parents=True)
    (gone.folder / "password").write_text(server.password)
    with pooler.running(gone, tmp_path / "away", "transaction") as made:
        with pytest.raises(StoreError, match=r"127\.0\.0\.1"):
            Postgres(Link(address.read({address.URL: made.url("rollout_deployer", "x")}))).get(NAME.secret)
        second = server.url(database=postgres.fresh(server, "test"))
        both = Link(address.read({address.URL: made.url("rollout_deployer", "x"), address.SECOND: second}))
        assert writing.lower(Postgres(both), NAME, "0", pause=0).text == "0"
        both.close()
