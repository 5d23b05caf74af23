"""A project's database with the service's tables in it, as Supabase's projects are, on every PostgreSQL that is here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from rollout.provider.stores import migrations
from rollout.simulator.database import Database
from tests import data_api, edge, postgres

SECRET = "a-secret-of-32-characters-or-more"  # of the old keys


@dataclass(frozen=True)
class Project:
    """`name`: the database. `owner`: who applied the files, no superuser."""

    server: Database
    name: str

    def connect(self, role: str = "") -> Any:
        """As the owner of the project's tables, or as another role, in autocommit."""
        made = self.server.connect("project", self.name)
        if role:
            made.execute(f"set role {role}")
        return made

    def api(self) -> data_api.DataApi:
        """The Data API in front of it. It comes as a superuser, and acts as the key's role in each transaction."""
        return data_api.DataApi(self.server.url("postgres", self.name), SECRET)


@pytest.fixture(
    scope="session", params=range(len(postgres.places())), ids=lambda number: postgres.places()[number].parts[-3]
)
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with postgres.server(tmp_path_factory.mktemp("edge"), postgres.places()[request.param]) as made:
        yield made


def prepared(server: Database, *, old_defaults: bool) -> Project:
    """With the flag store's migrations, then the service's own two files, all applied by the project's owner."""
    made = Project(server, postgres.supabase(server, old_defaults=old_defaults))
    with made.connect() as own:
        for text in migrations.texts():
            own.execute(text)
        for name in ("ledger", "people"):
            own.execute((edge.CODE / f"{name}.sql").read_text())
    with server.connect(database=made.name) as admin:
        admin.execute("update rollout.meta set stacks = '{prod}'")
    return made


@pytest.fixture(scope="session", params=[True, False], ids=["old-defaults", "new-defaults"])
def project(request: pytest.FixtureRequest, servers: Database) -> Project:
    return prepared(servers, old_defaults=request.param)
