"""Fixtures of the provider tier: a store and the resource kinds on the session's simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from rollout.provider.judging.context import Context
from rollout.provider.settings import Settings
from rollout.provider.stores import secrets_manager
from rollout.provider.stores.secrets_manager import SecretsManager
from rollout.simulator.database import Database
from rollout.simulator.simulator import Simulator
from tests import postgres
from tests.provider.desk import Desk
from tests.provider.shelf import BOTH, PostgresShelf, SecretsManagerShelf, Shelf
from tests.wire import Wire

NOW = datetime(2026, 12, 9, 9, 0, tzinfo=UTC)
CANARY = "CANARY-5f3a-never-shown"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that no text may ever show, and one try a call, so that each fault is seen."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    monkeypatch.setattr(secrets_manager, "ATTEMPTS", 1)


@pytest.fixture(scope="session")
def _database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Wire, str]]:
    with postgres.server(tmp_path_factory.mktemp("database")) as server:
        door = Wire(server.port)
        yield server, door, postgres.fresh(server, "test")
        door.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module that says `SHELVES` has each of its tests run over each of these stores: what is promised, is of both."""
    stores = getattr(metafunc.module, "SHELVES", None)
    if stores and "shelf" in metafunc.fixturenames:
        metafunc.parametrize("shelf", stores, indirect=True)


@pytest.fixture
def shelf(request: pytest.FixtureRequest, moto: Simulator) -> Shelf:
    """The store under test; Secrets Manager where the module names none."""
    return request.getfixturevalue("shelf_of")(getattr(request, "param", BOTH[0]))  # type: ignore[no-any-return]


@pytest.fixture
def shelf_of(request: pytest.FixtureRequest, moto: Simulator) -> Callable[[str], Shelf]:
    """The shelf of a store by its name in `rollout:store`, empty. A database is started when the first asks for one."""

    def make(name: str) -> Shelf:
        if name == BOTH[0]:
            return SecretsManagerShelf(moto)
        server, door, base = request.getfixturevalue("_database")
        return PostgresShelf(server, door, base, moto)

    return make


@pytest.fixture
def settings(shelf: Shelf) -> Settings:
    return shelf.settings(NOW)


@pytest.fixture
def store(moto: Simulator) -> SecretsManager:
    """Secrets Manager alone, for what is its own."""
    return SecretsManager(SecretsManagerShelf(moto).settings(NOW))


@pytest.fixture
def desk(shelf: Shelf, settings: Settings) -> Desk:
    """The resource kinds, as a fresh provider process has them."""
    return Desk(Context(settings, shelf.fresh(settings)))


@pytest.fixture
def fault(shelf: Shelf) -> Callable[..., None]:
    """`fault("write", status=500, ...)`: see `tests.provider.shelf`; several add up."""
    return shelf.fault


@pytest.fixture
def written(shelf: Shelf) -> Callable[[], dict[str, int]]:
    """The write calls since the test began (or the last ask), by action."""
    return shelf.written
