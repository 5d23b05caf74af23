"""`setup --check` on a real server: all is right after the migrations, and each thing that is broken is named and mended."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rollout.provider.postgres import address, check
from tests.provider.shelf import BOTH, PostgresShelf, Shelf


@pytest.fixture
def shelf(shelf_of: Callable[[str], Shelf]) -> PostgresShelf:
    found = shelf_of(BOTH[1])
    assert isinstance(found, PostgresShelf)
    return found


def wrong(url: str, **environ: str) -> list[check.Finding]:
    """What isn't right, but for the certificate: a server on loopback has none."""
    found = list(check.check(address.read({address.URL: url, **environ}), "test"))
    return [one for one in found if not one.right and "sslmode" not in one.what]


def test_all_is_right_after_the_migrations(shelf: PostgresShelf) -> None:
    with shelf.connect() as admin:
        admin.execute("update rollout.meta set stacks = '{test,drill}'")
    assert wrong(shelf.url) == []


LOWER = "rollout.lower(text, text, text, jsonb, boolean, timestamptz)"
BROKEN = {
    f"revoke execute on function {LOWER} from rollout_watcher": "rollout_watcher may not call rollout.lower",
    f"grant execute on function {LOWER} to public": "anon may call rollout.lower",
    "grant execute on function public.rollout_flags(text[]) to authenticated": "authenticated may call public.rollout_flags",
    "grant select on rollout.flags to anon": "rollout.flags is open to anon",
    "alter table rollout.minutes disable row level security": "rollout.minutes: row level security is off",
    "drop policy owner on rollout.policies": "rollout.policies: no policy",
    "alter policy owner on rollout.flags using (false)": "canary row isn't seen",
    "update rollout.meta set stacks = '{prod,drill}'": "doesn't say that it serves this stack",
    "update rollout.meta set version = 0": "migrations of version 0",
}


@pytest.mark.parametrize("breaks", BROKEN)
def test_what_is_broken_is_named_and_the_line_mends_it(shelf: PostgresShelf, breaks: str) -> None:
    with shelf.connect() as admin:
        for role in ("anon", "authenticated"):
            if not admin.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
                admin.execute(f"create role {role} nologin")
        admin.execute("update rollout.meta set stacks = '{test,drill}', version = 1")
        admin.execute(breaks)
        try:
            found = wrong(shelf.url)
            assert BROKEN[breaks] in " ".join(one.what for one in found)
            for one in found:
                if "version" not in one.what:
                    admin.execute(one.mend)
            left = [one for one in wrong(shelf.url) if "version" not in one.what]
            assert left == []
        finally:
            admin.execute("update rollout.meta set stacks = '{test}', version = 1")


def test_a_projects_own_user_is_told_of_the_role(shelf: PostgresShelf) -> None:
    own = shelf.url.replace("rollout_deployer", "postgres")
    found = wrong(own)
    assert any(one.mend == "export ROLLOUT_DATABASE_ROLE=rollout_deployer" for one in found), found
    assert not [one for one in wrong(own, ROLLOUT_DATABASE_ROLE="rollout_deployer") if "export" in one.mend]


def test_who_is_not_let_in_is_told_of_both_ways(shelf: PostgresShelf) -> None:
    (found,) = wrong(shelf.url.replace(shelf.password, "other"))
    assert "doesn't know this user" in found.what
    assert "ROLLOUT_DATABASE_ROLE=rollout_deployer" in found.mend
    assert shelf.password not in found.what + found.mend


def test_an_empty_database_is_told_of_the_migrations(shelf: PostgresShelf) -> None:
    (found,) = wrong(shelf.url.rpartition("/")[0] + "/postgres?sslmode=disable")
    assert found.what == "missing: the schema rollout"
