"""What is missing or wrong in a stack's database, each with the line that mends it. Reads catalogues; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from rollout.provider.errors import StoreError
from rollout.provider.postgres.address import ROLE, ROOT_CERTIFICATE, VERIFIED, Address, Addresses
from rollout.provider.postgres.answer import SERVE, VERSION
from rollout.provider.postgres.link import Link

#: The oldest release that the migrations are tested on.
OLDEST: Final = 140000
#: The role that previews, raises and rollbacks come as.
DEPLOYER: Final = "rollout_deployer"
#: Which functions are whose: what a role lacks is granted, and nobody else has any.
RIGHTS: Final = {
    "rollout.read(text[])": ("rollout_service", "rollout_watcher", DEPLOYER),
    "rollout.lower(text, text, text, jsonb, boolean, timestamptz)": ("rollout_watcher", DEPLOYER),
    "rollout.tag(text, jsonb)": ("rollout_watcher", DEPLOYER),
    "rollout.raise(text, text, bigint, text, jsonb, text[], timestamptz)": (DEPLOYER,),
    "rollout.untag(text, text[])": (DEPLOYER,),
    "rollout.counted(jsonb, timestamptz)": ("rollout_watcher", DEPLOYER),
    "rollout.add_counts(timestamptz, text, text, jsonb, timestamptz)": (
        "rollout_reporter",
        "rollout_service",
        DEPLOYER,
    ),
    "rollout.policies_read(text[])": ("rollout_watcher", DEPLOYER),
    "rollout.policy_write(text, jsonb)": (DEPLOYER,),
    "rollout.policy_delete(text)": (DEPLOYER,),
    "rollout.looked(text, jsonb, timestamptz)": ("rollout_watcher", DEPLOYER),
    "rollout.silent_for(text, timestamptz)": ("rollout_watcher", "rollout_reporter", DEPLOYER),
    "public.rollout_flags(text[])": ("rollout_service", "service_role"),
    "public.rollout_add(timestamptz, text, text, jsonb)": ("rollout_service", "rollout_reporter", "service_role"),
}
#: Who may call nothing: the visitors of a Supabase project.
NOBODY: Final = ("anon", "authenticated")
TABLES: Final = ("flags", "meta", "history", "minutes", "hours", "policies", "policy_changes", "heartbeats")
#: A table of a later file, without which everything works.
LATER: Final = {"hours": ("0005_hours.sql", "old counters are read slowly")}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `mend`: what makes it right; empty where it is."""

    what: str
    mend: str = ""

    @property
    def right(self) -> bool:
        return not self.mend


def check(addresses: Addresses, stack: str) -> Iterator[Finding]:
    """Every finding, for each way to the database. Raises nothing: what can't be asked is a finding too."""
    for way in addresses.ways:
        role = addresses.role
        try:
            found, said = _entered(way, role)
        except StoreError as error:
            yield Finding(str(error), _way_in(way, role))
            continue
        yield said
        if way.mode != VERIFIED:
            mend = f"leave sslmode out of {way.name}, and name the project's root certificate in {ROOT_CERTIFICATE}"
            yield Finding(f"{way.name}: sslmode={way.mode}: nobody has verified whose server that is", mend)
        yield from _contents(found, stack)


def _entered(way: Address, role: str) -> tuple[dict[str, Any], Finding]:
    """What the catalogues say, and who we are there: as the role itself, or by `set local role` where that is what works."""
    found = _asked(way, role)
    mine = f"{way.name}: {way.shown} as {found['user']}"
    if role or str(found["user"]).startswith("rollout_"):
        return found, Finding(mine)
    try:
        as_role = _asked(way, DEPLOYER)
    except StoreError as error:
        return found, Finding(f"{mine}, who may not act as {DEPLOYER}: {error}", f"grant {DEPLOYER} to {found['user']}")
    return as_role, Finding(f"{mine}, who may act as {DEPLOYER}", f"export {ROLE}={DEPLOYER}")


def _asked(way: Address, role: str) -> dict[str, Any]:
    link = Link(Addresses((way,), role))
    try:
        answer = link.ask(
            "setup", _QUESTION, [[*RIGHTS], [*dict.fromkeys(r for of in RIGHTS.values() for r in of), *NOBODY]]
        )
        if answer.get("readable"):
            answer["surroundings"] = link.ask("rollout.meta", "select rollout.surroundings()")
        return dict(answer)
    finally:
        link.close()


#: One answer of the catalogues. Functions and roles that aren't there are left out of `may`.
_QUESTION: Final = """
select jsonb_build_object(
  'user', current_user,
  'version', current_setting('server_version_num')::integer,
  'read_only', current_setting('default_transaction_read_only') = 'on' or pg_is_in_recovery(),
  'schema', to_regnamespace('rollout') is not null,
  'functions', (select coalesce(jsonb_agg(f), '[]') from unnest(%s::text[]) as f where to_regprocedure(f) is not null),
  'readable', coalesce(has_schema_privilege(to_regnamespace('rollout')::oid, 'usage')
    and has_function_privilege(to_regprocedure('rollout.surroundings()'), 'execute'), false),
  'roles', (select coalesce(jsonb_agg(rolname), '[]') from pg_roles where rolname = any(%s::text[]) or rolname = 'rollout_owner'),
  'may', (select coalesce(jsonb_object_agg(p.oid::regprocedure::text || ' ' || r.rolname, true), '{}')
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace cross join pg_roles r
    where (n.nspname = 'rollout' or (n.nspname = 'public' and p.proname in ('rollout_flags', 'rollout_add')))
      and (r.rolname like 'rollout_%' or r.rolname in ('anon', 'authenticated', 'service_role'))
      and has_function_privilege(r.oid, p.oid, 'execute')),
  'named', (select coalesce(jsonb_object_agg(p.oid::regprocedure::text, n.nspname || '.' || p.proname), '{}')
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'rollout' or (n.nspname = 'public' and p.proname in ('rollout_flags', 'rollout_add'))),
  'tables', (select coalesce(jsonb_object_agg(c.relname, jsonb_build_object(
      'rls', c.relrowsecurity and c.relforcerowsecurity,
      'policies', (select coalesce(jsonb_agg(polname), '[]') from pg_policy where polrelid = c.oid),
      'open', (select coalesce(jsonb_agg(r.rolname), '[]') from pg_roles r
        where r.rolname in ('anon', 'authenticated', 'service_role') and has_table_privilege(r.oid, c.oid, 'select, insert, update, delete')))), '{}')
    from pg_class c where c.relnamespace = to_regnamespace('rollout') and c.relkind = 'r')
)"""


def _way_in(way: Address, role: str) -> str:
    if role:
        return f"unset {ROLE}, or grant {role} to the user of {way.name}"
    return (
        f"set {way.name} to an address that is let in: the direct host (IPv6 only without the add-on), or the pooler's as your "
        f"project shows it; where a role of your own isn't let in there, come as the project's user with {ROLE}={DEPLOYER}"
    )


def _contents(found: dict[str, Any], stack: str) -> Iterator[Finding]:
    release = f"PostgreSQL {found['version'] // 10000}"
    yield Finding(release, "" if found["version"] >= OLDEST else "PostgreSQL 14 or newer")
    if found["read_only"]:
        yield Finding("it takes no writes", "make room on its disk, or name the primary: a lowering still tries")
    missing = [name for name in RIGHTS if name not in found["functions"]]
    if not found["schema"] or missing:
        lacks = "the schema rollout" if not found["schema"] else ", ".join(missing)
        yield Finding(
            f"missing: {lacks}",
            "apply the files of rollout/provider/stores/migrations in their order, as your project's user",
        )
        return
    yield from _rows(found, stack)
    yield from _rights(found)
    for table in TABLES:
        if table in LATER and table not in found["tables"]:
            file, why = LATER[table]
            yield Finding(f"no rollout.{table}: {why}", f"apply rollout/provider/stores/migrations/{file}")
            continue
        one = found["tables"].get(table, {"rls": False, "policies": [], "open": []})
        if not one["rls"]:
            mend = f"alter table rollout.{table} enable row level security, force row level security"
            yield Finding(f"rollout.{table}: row level security is off", mend)
        if "owner" not in one["policies"]:
            mend = f"create policy owner on rollout.{table} to rollout_owner using (true) with check (true)"
            yield Finding(f"rollout.{table}: no policy lets its owner see a row", mend)
        for role in one["open"]:
            yield Finding(f"rollout.{table} is open to {role}", f"revoke all on rollout.{table} from {role}")


def _rows(found: dict[str, Any], stack: str) -> Iterator[Finding]:
    rows = found.get("surroundings")
    if rows is None:
        yield Finding(
            f"{found['user']} may not ask", f"grant execute on function rollout.surroundings() to {found['user']}"
        )
        return
    if not rows.get("canary") or rows.get("stacks") is None:
        mend = "alter policy owner on rollout.flags using (true); alter policy owner on rollout.meta using (true)"
        yield Finding("the canary row isn't seen: row level security hides rows", mend)
        return
    if rows.get("schema") != VERSION:
        yield Finding(f"migrations of version {rows.get('schema')}, {VERSION} is needed", "apply the newer files")
    for name, why in ((stack, "this stack"), ("drill", "the drills of this stack")):
        served = name in rows["stacks"]
        yield Finding(
            f"it serves {why}, {name}" if served else f"it doesn't say that it serves {why}",
            "" if served else SERVE.format(stack=name),
        )
    if rows.get("simulator"):
        yield Finding("it says that it is a simulator: a virtual clock and gate: off are obeyed on it")


def _rights(found: dict[str, Any]) -> Iterator[Finding]:
    wrong = False
    held: dict[tuple[str, str], bool] = {}
    for key in found["may"]:
        signature, _, role = key.rpartition(" ")
        held[found["named"][signature], role] = True
    for function, roles in RIGHTS.items():
        name = function.partition("(")[0]
        for role in roles:
            if role not in found["roles"]:
                if role.startswith("rollout_"):
                    wrong = True
                    yield Finding(f"no role {role}", f"create role {role} nologin")
            elif (name, role) not in held:
                wrong = True
                yield Finding(f"{role} may not call {name}", f"grant execute on function {function} to {role}")
    full = {function.partition("(")[0]: function for function in RIGHTS}
    for name, role in held:
        if role in NOBODY:
            wrong = True
            yield Finding(
                f"{role} may call {name}", f"revoke execute on function {full.get(name, name)} from public, {role}"
            )
    if not wrong:
        yield Finding("every role has its rights, and nobody else any")
