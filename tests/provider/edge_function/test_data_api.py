"""The service over the Data API: its own code in a real Deno, PostgREST's own client beside it, and PostgreSQL behind."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import sql

from tests import deno, postgres
from tests.data_api import DataApi, jwt
from tests.provider.edge_function.conftest import SECRET, Project, prepared

FLAG = "wa-webhook-unified/prod/PROPERTY_ROLLOUT_PERCENT"  # that no test writes: the module shares one database
WRITTEN = "wa-webhook-unified/prod/JOBS_ROLLOUT_PERCENT"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with postgres.server(tmp_path_factory.mktemp("api")) as made:
        yield prepared(made, old_defaults=False)


@pytest.fixture(scope="module")
def api(project: Project) -> Iterator[DataApi]:
    with project.api().running() as made:
        yield made


def post(api: DataApi, name: str, given: Any, path: str = "/rest/v1/rpc/", **headers: str) -> tuple[int, Any]:
    body = given if isinstance(given, bytes) else json.dumps(given).encode()
    request = urllib.request.Request(
        api.url + path + name, body, {key.replace("_", "-"): value for key, value in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    return status, json.loads(text) if text else None


def test_the_door_obeys_schema_keys_and_grants(api: DataApi, project: Project) -> None:
    flags = {"names": [FLAG]}
    assert post(api, "rollout_flags", flags)[0] == 401
    assert post(api, "rollout_flags", flags, apikey="sb_secret_other")[0] == 401
    assert post(api, "rollout_flags", flags, apikey="sb_secret_test") == (200, {})
    anon = post(api, "rollout_flags", flags, apikey="sb_publishable_test")
    assert (anon[0], anon[1]["code"]) == (401, "42501")
    for role, status in (("service_role", 200), ("authenticated", 403)):
        key = jwt(SECRET, role=role, exp=time.time() + 60)
        assert post(api, "rollout_flags", flags, apikey=key, Authorization=f"Bearer {key}")[0] == status
    late = jwt(SECRET, role="service_role", exp=1)
    assert (
        post(api, "rollout_flags", flags, apikey="sb_secret_test", Authorization=f"Bearer {late}")[1]["code"]
        == "PGRST303"
    )
    forged = jwt("another", role="service_role")
    assert post(api, "rollout_flags", flags, apikey=forged)[0] == 401
    for name, given, code in [
        ("rollout_flags", {}, "PGRST202"), ("rollout_flags", {"names": [], "more": 1}, "PGRST202"),
        ("lower", {"of_flag": FLAG, "wanted": "0"}, "PGRST202"), ("rollout_flags", b"[", "PGRST102"),
    ]:  # fmt: skip
        assert post(api, name, given, apikey="sb_secret_test")[1]["code"] == code
    other = post(api, "read", flags, apikey="sb_secret_test", Content_Profile="rollout")
    assert (other[0], other[1]["code"]) == (406, "PGRST106")


def test_a_new_function_is_found_when_the_schema_is_reloaded(api: DataApi, project: Project) -> None:
    with project.connect() as own:
        own.execute("create function public.made_later() returns integer language sql as 'select 7'")
        assert post(api, "made_later", {}, apikey="sb_secret_test")[0] == 404
        own.execute("notify pgrst, 'reload schema'")
        time.sleep(0.2)
        assert post(api, "made_later", {}, apikey="sb_secret_test") == (200, 7)


CLIENT = """
const { PostgrestClient } = await import(given.client);
const client = new PostgrestClient(given.url + "/rest/v1", { headers: { apikey: given.key } });
const out = [];
for (const [name, args] of given.calls) {
  const { data, error, status } = await client.rpc(name, args);
  out.push([status, data, error && error.code]);
}
return out;
"""


def test_postgrests_own_client_reads_every_answer(api: DataApi) -> None:
    """What supabase-js calls: its data, errors and statuses are the ones that PostgREST documents."""
    module = (deno.TOOLS / "node_modules/@supabase/postgrest-js/dist/index.mjs").as_uri()
    calls = [
        ["rollout_flags", {"names": [FLAG]}],
        ["rollout_count", {"of_domain": "jobs", "counts": {"Requests": 0}}],
        ["rollout_flags", {"names": ["wa-webhook-unified/other/X"]}],
        ["no_such", {}],
        ["rollout_add", {"at": "2026-12-01T12:00:30Z", "of_service": "s", "of_domain": "jobs", "counts": {}}],
    ]
    deno.found()
    host = api.url.removeprefix("http://")
    found = deno.ask(
        CLIENT, {"client": module, "url": api.url, "key": "sb_secret_test", "calls": calls},
        allow=[f"--allow-net={host}", f"--allow-read={deno.TOOLS}"],
    )  # fmt: skip
    assert found == [
        [200, {}, None], [204, None, None], [400, None, "RO001"], [404, None, "PGRST202"], [400, None, "22023"],
    ]  # fmt: skip


SERVICE = """
const rpc = it.dataApi(given.url, given.key);
const told = async (work) => { try { return await work; } catch (error) { return String(error.message); } };
const read = async (stack) => {
  const warnings = [];
  const flags = new it.Flags({ stack, read: it.readFlags(rpc), warn: (text) => warnings.push(text) });
  return [await flags.percent("jobs"), warnings];
};
const people = it.tablePeople(rpc, "0123456789abcdef0123456789abcdef");
const ledger = it.tableLedger(rpc);
await ledger.add("jobs", it.sessionBegan, { messages: ["m1", "m2"], each: it.request(30, true) });
await ledger.add("jobs", {}, { messages: ["m1"], each: it.request(30, true) });
const [first] = await people.know("jobs", [["250788123456"]]);
await people.touch("jobs", [first.key], "unified");
const later = await people.know("jobs", [["250788123456", "RW.1"], ["RW.9"]]);
const send = it.writeMinutes(rpc);
const data = it.DOMAINS.flatMap((domain) => it.dataOf(domain, given.start, { Requests: 2, Errors: 1 }));
return {
  here: await read("prod"), elsewhere: await read("other"),
  first, later, alias: (await people.know("jobs", [["RW.1"]]))[0],
  minutes: [await told(send(data).then(() => "written")), await told(send(data))],
  wrong: await told(it.dataApi(given.url, "sb_publishable_test")("rollout_flags", { names: [] })),
};
"""


def test_the_service_works_over_it_in_deno(api: DataApi, project: Project) -> None:
    with project.connect() as own:
        own.execute("set role rollout_owner")
        own.execute("insert into rollout.flags values (%s, '25', 0, now()) on conflict do nothing", [WRITTEN])
        own.execute(
            "insert into rollout.flags values ('wa-webhook-unified/prod/ENABLE_UNIFIED_JOBS', 'true', 0, now()) on conflict do nothing"
        )
    found = deno.ask(
        SERVICE, {"url": api.url, "key": "sb_secret_test", "start": 1_796_126_400_000},
        allow=[f"--allow-net={api.url.removeprefix('http://')}"],
        modules=["database", "flags", "aliases", "ledger", "counters"],
    )  # fmt: skip
    assert found["here"] == [25, []]
    assert found["elsewhere"] == [0, ["flags not read (rollout_flags: HTTP 400, RO001): all domains at 0 %"]]
    assert found["later"][0] == found["alias"] == {**found["first"], "session": "unified"}
    assert found["later"][1]["key"] != found["first"]["key"]
    assert found["minutes"] == ["written", "rollout_add: HTTP 409, 23505"]
    assert found["wrong"] == "rollout_flags: HTTP 401, 42501"
    with project.connect() as own:
        counted = dict(
            own.execute(
                "select counter, sum(count)::int from rollout_edge.counts where count > 0 group by 1"
            ).fetchall()
        )
        assert counted == {"Requests": 2, "Errors": 2, "Sessions": 1, "Latency/40": 2}
        stored = [
            str(row)
            for table in ("people", "sessions", "messages")
            for row in own.execute(sql.SQL("select * from rollout_edge.{}").format(sql.Identifier(table)))
        ]
        assert len(stored) > 3
        assert not any("250788" in row or "RW." in row for row in stored)


def test_a_database_that_is_away_is_an_error_and_never_an_absent_flag(api: DataApi) -> None:
    api.down = True
    try:
        body = (
            "const warnings = []; const flags = new it.Flags({ stack: 'prod', read: it.readFlags(it.dataApi(given, 'sb_secret_test')),"
            " warn: (text) => warnings.push(text) }); return [await flags.percent('jobs'), warnings];"
        )
        found = deno.ask(
            body, api.url, allow=[f"--allow-net={api.url.removeprefix('http://')}"], modules=["database", "flags"]
        )
    finally:
        api.down = False
    assert found == [0, ["flags not read (rollout_flags: HTTP 503, PGRST000): all domains at 0 %"]]
