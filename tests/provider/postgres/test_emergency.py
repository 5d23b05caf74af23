"""A database in every trouble: what a lowering does then, what is said, and that nothing is believed that isn't so."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rollout.model.flag.name import FlagName
from rollout.model.problem import BadInput
from rollout.provider.errors import StoreError
from rollout.provider.postgres import address, link
from rollout.provider.postgres.link import Link
from rollout.provider.settings import POSTGRES, Settings
from rollout.provider.stores import writing
from rollout.provider.stores.postgres import Postgres
from tests.provider.shelf import BOTH, PostgresShelf, Shelf
from tests.wire import Fault

NAME = FlagName("test", "jobs", "JOBS_ROLLOUT_PERCENT")
CANARY = "CANARY-7c1d-p%40ss"


@pytest.fixture
def shelf(shelf_of: Callable[[str], Shelf]) -> PostgresShelf:
    found = shelf_of(BOTH[1])
    assert isinstance(found, PostgresShelf)
    return found


@pytest.fixture
def store(shelf: PostgresShelf) -> Postgres:
    database = shelf.settings(None).database
    assert database is not None
    made = Postgres(Link(replace(database)))
    writing.lower(made, NAME, "50", pause=0)
    return made


def lowered(store: Postgres, to: str = "0") -> str | None:
    return writing.lower(store, NAME, to, make=False, pause=0).text


@pytest.mark.parametrize("how", ["cut", "lost", "error"])
@pytest.mark.parametrize("function", ["lower", "read", ""])
def test_one_failed_call_stops_no_lowering(shelf: PostgresShelf, store: Postgres, function: str, how: str) -> None:
    shelf.door.faults.append(Fault(function, how, times=1))
    assert lowered(store) == "0"


def test_a_pooler_that_drops_every_session(shelf: PostgresShelf, store: Postgres) -> None:
    before, found = store.get(NAME.secret), store.tags(NAME.secret)
    shelf.door.drop()
    assert writing.raise_to(store, NAME, "100", before=before, judged_tags=found, pause=0).text == "100"
    shelf.door.drop()
    assert lowered(store) == "0"


def test_a_server_that_never_answers(shelf: PostgresShelf, store: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "ANSWER", 0.5)
    monkeypatch.setattr(writing, "TRIES", 2)
    shelf.door.faults.append(Fault("lower", "hang"))
    began = time.monotonic()
    with pytest.raises(StoreError):
        lowered(store)
    assert time.monotonic() - began < 5
    shelf.door.faults.clear()
    assert lowered(store) == "0"


def test_the_second_address_is_tried_where_the_first_is_away(shelf: PostgresShelf, store: Postgres) -> None:
    url = shelf.url
    nowhere = "postgresql://rollout_deployer:x@127.0.0.1:9/rollout?sslmode=disable"
    both = Postgres(Link(address.read({address.URL: nowhere, address.SECOND: url})))
    assert lowered(both, "10") == "10"
    full = Postgres(Link(address.read({address.URL: url, address.SECOND: shelf.past_the_door})))
    shelf.door.drop()
    shelf.door.faults.append(Fault(how="refuse"))
    assert lowered(full, "5") == "5"
    with pytest.raises(StoreError, match=r"ROLLOUT_DATABASE_URL_2: .*127\.0\.0\.1:9"):
        Postgres(Link(address.read({address.URL: nowhere, address.SECOND: nowhere}))).get(NAME.secret)


def test_read_only_is_written_once_in_read_write(shelf: PostgresShelf, store: Postgres) -> None:
    with shelf.connect() as admin:
        admin.execute("alter role rollout_deployer set default_transaction_read_only = on")
        try:
            shelf.door.drop()
            with pytest.raises(StoreError, match="takes no writes now"):
                store.tag(NAME.secret, {"a": "b"})
            assert lowered(store) == "0"
        finally:
            admin.execute("alter role rollout_deployer reset default_transaction_read_only")


TROUBLE: dict[str, tuple[str, str, str]] = {
    "a grant is missing": (
        "revoke execute on function rollout.lower(text, text, text, jsonb, boolean, timestamptz) from rollout_deployer",
        "grant execute on function rollout.lower(text, text, text, jsonb, boolean, timestamptz) to rollout_deployer",
        "42501 .* lacks a right; do: python -m rollout setup --check",
    ),
    "a policy hides the rows": (
        "alter policy owner on rollout.flags using (false)",
        "alter policy owner on rollout.flags using (true)",
        "policy|canary row isn't seen",
    ),
    "another database": (
        "update rollout.meta set stacks = '{prod}'",
        "update rollout.meta set stacks = '{test}'",
        "is this the database of test.* serves prod",
    ),
    "no stack said yet": (
        "update rollout.meta set stacks = '{}'",
        "update rollout.meta set stacks = '{test}'",
        r"serves no stack; where it is: update rollout.meta set stacks = array_append\(stacks, 'test'\)",
    ),
    "older migrations": (
        "update rollout.meta set version = 0",
        "update rollout.meta set version = 1",
        "migrations of version 0 are applied",
    ),
    "somebody deleted the row": (
        "delete from rollout.flags where name like 'wa-%/JOBS_ROLLOUT_PERCENT'",
        "select 1",
        "no such flag here: is this the database of test",
    ),
    "nobody may connect": (
        "alter role rollout_deployer nologin",
        "alter role rollout_deployer login",
        "lets this user not in",
    ),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_what_is_said_and_nothing_is_believed(shelf: PostgresShelf, store: Postgres, trouble: str) -> None:
    break_it, mend, says = TROUBLE[trouble]
    with shelf.connect() as admin:
        admin.execute(break_it)
        try:
            shelf.door.drop()
            began = time.monotonic()
            with pytest.raises(StoreError, match=says) as caught:
                lowered(store)
            assert time.monotonic() - began < 5, "what would fail again isn't tried for long"
            assert shelf.password not in str(caught.value)
            if trouble != "a grant is missing" and trouble != "somebody deleted the row":
                with pytest.raises(StoreError):
                    store.get(NAME.secret)
                assert all(isinstance(found, StoreError) for found in store.get_many([NAME.secret]).values()), (
                    "never absent"
                )
        finally:
            admin.execute(mend)


def test_too_many_connections(shelf: PostgresShelf, store: Postgres) -> None:
    with shelf.connect() as admin:
        admin.execute("alter role rollout_deployer connection limit 0")
        try:
            shelf.door.drop()
            with pytest.raises(StoreError, match=r"53300 .*no connection left"):
                store.get(NAME.secret)
        finally:
            admin.execute("alter role rollout_deployer connection limit -1")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://user:{CANARY}@127.0.0.1:9/db?sslmode=disable",
        f"postgresql://user:{CANARY}@[::1:9/db",
        f"user:{CANARY}@127.0.0.1/db",
        f"postgresql://user:{CANARY}@127.0.0.1:port/db",
        f"postgresql://user:{CANARY}@/db",
        f"postgresql://user:{CANARY}@127.0.0.1:9/db?sslmode={CANARY}",
        f"postgresql://user:{CANARY}@127.0.0.1:9/db?{CANARY}",
        f"postgresql://user@127.0.0.1:9/db?password={CANARY}&sslmode=disable",
        f"postgresql://user:x@127.0.0.1:9/db?sslmode=disable&{CANARY}=1",
    ],
)
def test_a_password_is_in_no_text(url: str) -> None:
    said: list[Any] = []
    try:
        settings = Settings.read({address.URL: url}, store=POSTGRES)
        said += [settings, settings.database, settings.database and settings.database.ways]
        assert settings.database is not None
        Postgres(Link(settings.database)).get(NAME.secret)
    except (BadInput, StoreError) as error:
        said += [error, repr(error)]
    text = " ".join(map(str, said))
    assert said
    assert "CANARY" not in text, text


def root(found: address.Addresses) -> str | None:
    return dict(found.ways[0].parameters).get("sslrootcert")


def test_an_address_that_does_not_say_is_verified() -> None:
    plain = address.read({address.URL: "postgresql://u:p@db.example:5432/postgres"})
    assert (plain.ways[0].mode, root(plain), plain.warnings) == ("verify-full", "system", ())
    own = address.read(
        {address.URL: "postgresql://u:p@db.example/postgres", address.ROOT_CERTIFICATE: "/etc/prod-ca.crt"}
    )
    assert root(own) == "/etc/prod-ca.crt"
    less = address.read({address.URL: "postgresql://u:p@db.example/postgres?sslmode=require"})
    assert "sslmode=require" in less.warnings[0]


def test_a_server_without_a_certificate_is_not_trusted(shelf: PostgresShelf) -> None:
    strict = Postgres(Link(address.read({address.URL: shelf.past_the_door.replace("?sslmode=disable", "")})))
    with pytest.raises(StoreError, match="SSL"):
        strict.get(NAME.secret)


def test_a_tunnel_on_loopback_is_no_simulator(shelf: PostgresShelf) -> None:
    from rollout.provider.postgres import answer

    environ = {address.URL: shelf.url, "ROLLOUT_NOW": "2026-12-01T08:00:00Z", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    assert Settings.read(environ, store=POSTGRES).virtual
    with shelf.connect() as admin:
        admin.execute("update rollout.meta set simulator = false")
        answer.simulator.cache_clear()
        try:
            settings = Settings.read(environ, store=POSTGRES)
            assert not settings.virtual
            assert not settings.simulator
            assert "ROLLOUT_NOW is left out" in settings.warnings[0]
        finally:
            admin.execute("update rollout.meta set simulator = true")
            answer.simulator.cache_clear()
