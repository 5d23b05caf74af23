"""The migrations on real servers: who may do what, what is refused, what nobody may take for absent."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from rollout.model.ladder import parse_percent
from rollout.provider.stores import migrations
from rollout.simulator.database import Database
from tests import postgres
from tests.postgres import ask

NAME = "wa-webhook-unified/test/JOBS_ROLLOUT_PERCENT"


@pytest.fixture(
    scope="module", params=postgres.places(), ids=lambda place: f"{place.parent.parent.name}-{place.parent.name}"
)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with postgres.server(tmp_path_factory.mktemp("server"), request.param) as made:
        yield made


@pytest.fixture
def base(server: Database) -> str:
    return postgres.fresh(server, "test")


def put(server: Database, base: str, value: str | None, name: str = NAME) -> None:
    """What somebody's hand writes."""
    with server.connect(database=base) as hand:
        hand.execute("delete from rollout.flags where name = %s", [name])
        if value is not None:
            hand.execute(
                "insert into rollout.flags (name, value, version, written) values (%s, %s, 0, now())", [name, value]
            )


#: What each role may call; whatever isn't here is refused.
CALLS = {
    "read": "select rollout.read('{}')",
    "lower": f"select rollout.lower('{NAME}', '0')",
    "raise": f"select rollout.raise('{NAME}', '5', null, null)",
    "tag": f"""select rollout.tag('{NAME}', '{{"a": "b"}}')""",
    "untag": f"select rollout.untag('{NAME}', '{{}}')",
    "add": "select rollout.add_counts(date_trunc('minute', now()), 's', 'jobs', '{}')",
    "counted": "select rollout.counted('[]')",
    "policy": """select rollout.policy_write('p', '{"a": 1}')""",
    "looked": "select rollout.looked('test', '[]')",
    "flags": "select public.rollout_flags('{}')",
    "report": "select public.rollout_add(date_trunc('minute', now()), 's', 'jobs', '{}')",
    "table": "select * from rollout.flags",
    "write": "update rollout.flags set value = '0'",
    "history": "select * from rollout.history",
    "meta": "update rollout.meta set simulator = true",
}
MAY = {
    "rollout_service": {"read", "add", "flags", "report"},
    "rollout_reporter": {"add", "report"},
    "rollout_watcher": {"read", "lower", "tag", "counted", "looked"},
    "rollout_deployer": {"read", "lower", "raise", "tag", "untag", "add", "counted", "policy", "looked"},
    "service_role": {"flags", "report"},
    "anon": set(),
    "authenticated": set(),
}


@pytest.mark.parametrize("old_defaults", [False, True])
@pytest.mark.parametrize("role", MAY)
def test_who_may_do_what(server: Database, role: str, old_defaults: bool) -> None:
    base = postgres.supabase(server, old_defaults=old_defaults)
    with server.connect("project", base) as project:
        for text in migrations.texts():
            project.execute(text)
        project.execute("update rollout.meta set stacks = '{test}'")
        assert ask(project, "select current_user") == "project"
        project.execute(f"set role {role}")
        may = set()
        for name, call in CALLS.items():
            try:
                project.execute(call)
            except psycopg.errors.InsufficientPrivilege:
                continue
            may.add(name)
    assert may == MAY[role]


def test_a_migration_leaves_the_tools_role(server: Database) -> None:
    """Some tools log in as one role and set another: `reset role` would end that."""
    base = postgres.supabase(server, old_defaults=False)
    with server.connect(database=base) as tool:
        tool.execute("set role project")
        for text in migrations.texts():
            tool.execute(text)
            assert ask(tool, "select current_user") == "project"


@pytest.mark.parametrize("table", ["flags", "meta"])
@pytest.mark.parametrize("how", ["drop policy owner on rollout.{}", "alter policy owner on rollout.{} using (false)"])
def test_hidden_rows_are_never_absent(server: Database, base: str, table: str, how: str) -> None:
    put(server, base, "50")
    with server.connect(database=base) as admin:
        admin.execute(how.format(table))
    with server.connect("rollout_deployer", base) as deployer:
        answer = ask(deployer, "select rollout.read(%s)", [NAME])
        assert not answer["canary"] or answer["stacks"] is None
    with (
        server.connect("rollout_service", base) as service,
        pytest.raises(psycopg.Error, match=r"can't be seen|another stack"),
    ):
        service.execute("select public.rollout_flags(%s)", [[NAME]])


def test_another_stacks_database(server: Database, base: str) -> None:
    other = NAME.replace("/test/", "/prod/")
    with server.connect("rollout_deployer", base) as deployer:
        with pytest.raises(psycopg.Error, match="names no stack prod"):
            deployer.execute("select rollout.raise(%s, '5', null, null)", [other])
        assert ask(deployer, "select rollout.lower(%s, '0')", other)["flag"] is None, "and makes no row"
    with server.connect("rollout_service", base) as service, pytest.raises(psycopg.Error, match="another stack"):
        service.execute("select public.rollout_flags(%s)", [[other]])


ODD = ["0", "5", "10", "25", "50", "100", "", " ", "05", " 5", "5 ", "5\n", "\t5\r\n", "\u00a05", "5\u2003", "\ufeff5", "5%", "5.0", "5e1",
       "-5", "+5", "101", "1000", "٥", "²", "five", "true", "false", "null", "0x5", "5,0", "00000000000000000005",
       "000000000000000000005", "9" * 30, "(binary)", "5\x1f", "\x0b5", "1_0", "37", "abc"]  # fmt: skip


def test_every_text_and_every_target(server: Database, base: str) -> None:
    """Whole numbers, never text: `least('10', '5')` is '10'. What is no percent is higher than any."""
    with server.connect(database=base) as admin, server.connect("rollout_watcher", base) as watcher:
        for have in ODD:
            assert ask(admin, "select rollout.percent(%s)", have) == parse_percent(have), repr(have)
            for wanted in ("0", "5", "10", "25", "50", "100"):
                put(server, base, have)
                flag = ask(watcher, "select rollout.lower(%s, %s)", NAME, wanted)["flag"]
                number = parse_percent(have)
                low = number is not None and number <= int(wanted)
                assert parse_percent(flag["value"]) == (number if low else int(wanted)), (have, wanted)
                assert parse_percent(flag["tags"]["stopped"].partition(":")[2]) == parse_percent(flag["value"])


@pytest.mark.parametrize("wanted", ["true", "", "101", "abc", None])
def test_nobody_lowers_to_what_is_no_percent(server: Database, base: str, wanted: str | None) -> None:
    put(server, base, "50")
    with (
        server.connect("rollout_watcher", base) as watcher,
        pytest.raises(psycopg.Error, match="lowered to a whole number"),
    ):
        watcher.execute("select rollout.lower(%s, %s)", [NAME, wanted])


def test_a_raise_names_version_and_stop(server: Database, base: str) -> None:
    with server.connect("rollout_deployer", base) as deployer:
        call = "select rollout.raise(%s, %s, %s, %s)"
        first = ask(deployer, call, NAME, "5", None, None)["flag"]
        assert ask(deployer, call, NAME, "5", None, None)["flag"] is None, "there is one already"
        assert ask(deployer, call, NAME, "10", first["version"] - 1, None)["flag"] is None
        lowered = ask(deployer, "select rollout.lower(%s, '5', 'abc:5')", NAME)["flag"]
        assert (lowered["version"], lowered["tags"]) == (first["version"], {"stopped": "abc:5"}), (
            "low already: a mark alone"
        )
        assert ask(deployer, call, NAME, "10", first["version"], None)["flag"] is None, (
            "a stop came after it was judged"
        )
        assert ask(deployer, call, NAME, "10", first["version"], "abc:5")["flag"]["value"] == "10"


def test_a_hand_that_lowers_is_a_stop(server: Database, base: str) -> None:
    put(server, base, "50")
    with server.connect(database=base) as hand:
        hand.execute("update rollout.flags set value = '60' where name = %s", [NAME])
        assert "stopped" not in ask(hand, "select tags from rollout.flags where name = %s", NAME)
        for value in ("10", "5", "abc", "0"):
            hand.execute("update rollout.flags set value = %s where name = %s", [value, NAME])
            if value != "abc":
                assert ask(hand, "select tags->>'stopped' from rollout.flags where name = %s", NAME).endswith(
                    f":{value}"
                )
        versions = [
            row[0] for row in hand.execute("select version from rollout.history where name = %s order by id", [NAME])
        ]
        assert versions == sorted(set(versions)), "each is a version of its own"
        assert ask(hand, "select count(*) from rollout.history where name = %s", NAME) == 6
        for change in (
            "update rollout.history set value = '0'",
            "delete from rollout.history",
            "truncate rollout.history",
        ):
            with pytest.raises(psycopg.Error, match="never changed"):
                hand.execute(change)


def test_a_virtual_time_is_a_simulators(server: Database, base: str) -> None:
    with server.connect(database=base) as admin, server.connect("rollout_deployer", base) as deployer:
        call = "select rollout.lower(%s, %s, make => true, virtual => '2026-12-09T09:00:00Z')"
        assert ask(deployer, call, NAME, "10")["flag"]["written"] == "2026-12-09T09:00:00.000000Z"
        admin.execute("update rollout.meta set simulator = false")
        assert not ask(deployer, call, NAME, "5")["flag"]["written"].startswith("2026-12-09T09")


def test_a_minute_twice_is_refused_whole(server: Database, base: str) -> None:
    at = "2026-12-09T09:07:00Z"
    with server.connect("rollout_reporter", base) as reporter, server.connect("rollout_watcher", base) as watcher:
        call = "select public.rollout_add(%s, 's', 'jobs', %s)"
        reporter.execute(call, [at, '{"Requests": 7, "Errors": 0}'])
        with pytest.raises(psycopg.errors.UniqueViolation):
            reporter.execute(call, [at, '{"Requests": 7, "Sessions": 1}'])
        for wrong in ('{"Requests": -1}', '{"Requests": 1.5}', '{"Requests": "1"}', "[]", "null"):
            with pytest.raises(psycopg.errors.InvalidParameterValue):
                reporter.execute(call, ["2026-12-09T09:08:00Z", wrong])
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            reporter.execute(call, ["2026-12-09T09:08:01Z", "{}"])
        hour = "select rollout.counted('[[\"jobs\", 1796806800, 1796810400, 3600]]')"
        counted = ask(watcher, hour)
    assert sorted(counted["rows"]) == [[0, "s", "Errors", 1796806800, 0, 1], [0, "s", "Requests", 1796806800, 7, 1]]


def test_old_rows_go(server: Database, base: str) -> None:
    with server.connect(database=base) as admin:
        admin.execute(
            "insert into rollout.minutes select timestamptz '2026-01-01' + n * interval '1 minute', 's', 'jobs', 'Requests', 1 from generate_series(0, 99) n"
        )
        admin.execute(
            "select rollout.add_counts('2026-06-01T10:00:00Z', 's', 'jobs', '{\"Requests\": 1}', '2026-06-01T10:00:30Z')"
        )
        assert ask(admin, "select count(*) from rollout.minutes") == 1


def test_policies_and_the_heartbeat(server: Database, base: str) -> None:
    with server.connect("rollout_deployer", base) as deployer:
        looked = "select rollout.looked('test', %s, now_is => %s)"
        assert ask(deployer, "select rollout.silent_for('test')")["seconds"] is None
        ask(deployer, "select rollout.policy_write('p', '{\"limit\": 1}')")
        found = '[{"name": "p", "state": "%s", "reason": "r"}, {"name": "gone", "state": "ok", "reason": ""}]'
        was = [
            ask(deployer, looked, found % state, f"2026-12-09T09:0{minute}:00Z")["changes"]
            for minute, state in enumerate(["ok", "ok", "alarm", "ok"])
        ]
        assert [[(one["was"], one["state"]) for one in changes] for changes in was] == [
            [(None, "ok")],
            [],
            [("ok", "alarm")],
            [("alarm", "ok")],
        ]
        assert ask(deployer, "select rollout.silent_for('test', '2026-12-09T09:13:00Z')")["seconds"] == 600
        ask(deployer, "select rollout.policy_write('p', '{\"limit\": 2}')")
        assert ask(deployer, "select rollout.policies_read('{p}')")["policies"][0]["state"] is None, (
            "another policy, not looked at"
        )
        ask(deployer, "select rollout.policy_delete('p')")
        assert ask(deployer, "select rollout.policies_read('{p}')")["policies"] == []
