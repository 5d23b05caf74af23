"""ledger.sql and people.sql on real servers: who may call what, what is counted, and who is who."""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.postgres import ask
from tests.provider.edge_function.conftest import Project

CALLS = [
    ("rollout_count", "select public.rollout_count('jobs', '{\"Requests\": 1}')"),
    ("rollout_count", "select public.rollout_count('jobs', '{}', '{m1,m2}', '{\"Requests\": 1}')"),
    ("rollout_take", "select public.rollout_take('2000-01-01Z')"),
    ("rollout_know", "select public.rollout_know('jobs', '[]')"),
    ("rollout_touch", "select public.rollout_touch('jobs', '{}', 'legacy')"),
    ("rollout_flags", "select public.rollout_flags('{wa-webhook-unified/prod/JOBS_ROLLOUT_PERCENT}')"),
]
TABLES = ["counts", "reported", "messages", "people", "sessions"]


def counted(table: str) -> sql.Composed:
    return sql.SQL("select count(*) from rollout_edge.{}").format(sql.Identifier(table))


def name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def know(connection: Any, domain: str, *people: tuple[list[str], int]) -> list[tuple[str, int, str | None]]:
    given = [{"ids": [name(one) for one in ids], "bucket": bucket} for ids, bucket in people]
    found = ask(connection, "select public.rollout_know(%s, %s)", domain, Jsonb(given))
    return [(one["person"], one["bucket"], one["session"]) for one in found]


@pytest.fixture
def service(project: Project) -> Any:
    """As `service_role`, in empty tables."""
    with project.connect() as own:
        own.execute(f"truncate {', '.join(f'rollout_edge.{table}' for table in TABLES)}")
    with project.connect("service_role") as made:
        yield made


@pytest.mark.parametrize(("function", "call"), CALLS)
def test_its_own_caller_may_and_nobody_else(project: Project, service: Any, function: str, call: str) -> None:
    service.execute(call)
    for role in ("anon", "authenticated"):
        with project.connect(role) as other, pytest.raises(psycopg.errors.InsufficientPrivilege, match=function):
            other.execute(call)


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
@pytest.mark.parametrize("table", TABLES)
def test_the_tables_are_nobodys(project: Project, table: str, role: str) -> None:
    with project.connect(role) as other, pytest.raises(psycopg.errors.InsufficientPrivilege):
        other.execute(counted(table))
    with project.connect() as own:
        secured = ask(own, "select relrowsecurity from pg_class where oid = %s::regclass", f"rollout_edge.{table}")
        own.execute(f"grant usage on schema rollout_edge to {role}")
        own.execute(f"grant all on rollout_edge.{table} to {role}")
    try:  # granted by mistake, it still shows nothing
        with project.connect(role) as other:
            assert (secured, ask(other, counted(table))) == (True, 0)
    finally:
        with project.connect() as own:
            own.execute(f"revoke all on rollout_edge.{table} from {role}")
            own.execute(f"revoke usage on schema rollout_edge from {role}")


def test_a_minute_is_taken_once_and_whole(project: Project, service: Any) -> None:
    now = ask(service, "select date_trunc('minute', now())")
    service.execute("select public.rollout_count('jobs', '{\"Requests\": 2, \"Errors\": 0}')")
    service.execute("select public.rollout_count('property', '{\"Requests\": 1}')")
    with project.connect() as own:  # whatever minute it is when this line is reached
        own.execute("update rollout_edge.counts set minute = %s", [now])
    assert ask(service, "select public.rollout_take(%s)", now) == {
        "jobs": {"Requests": 2, "Errors": 0}, "property": {"Requests": 1},
    }  # fmt: skip
    assert ask(service, "select public.rollout_take(%s)", now) is None
    assert ask(service, "select public.rollout_take(%s)", now - timedelta(minutes=5)) is None
    assert ask(service, "select public.rollout_take(%s)", now + timedelta(minutes=1)) == {}


def test_a_message_counts_once_for_each_counter(project: Project, service: Any) -> None:
    def tried(domain: str, ids: str, once: dict[str, int]) -> None:
        service.execute("select public.rollout_count(%s, '{}', %s, %s)", [domain, ids.split(","), Jsonb(once)])

    def sums(domain: str) -> dict[str, int]:
        with project.connect() as own:
            rows = own.execute(
                "select counter, sum(count)::int from rollout_edge.counts where domain = %s group by 1", [domain]
            )
            return dict(rows.fetchall())

    tried("jobs", "a", {"Requests": 1, "Errors": 1, "SlowRequests": 0, "Latency/100": 1})
    tried("jobs", "a,b,b", {"Requests": 1, "Errors": 0, "SlowRequests": 0, "Latency/40": 1})
    tried("jobs", "b", {"Requests": 1, "Errors": 1, "SlowRequests": 1, "Latency/1300": 1})
    assert sums("jobs") == {
        "Requests": 2, "Errors": 2, "SlowRequests": 1, "Latency/100": 1, "Latency/40": 1, "Latency/1300": 0,
    }  # fmt: skip
    tried("property", "a", {"Requests": 1})
    assert sums("property") == {"Requests": 1}
    with project.connect() as own:  # a day later it may count again; who reports clears up
        own.execute("update rollout_edge.messages set minute = minute - interval '25 hours'")
    service.execute("select public.rollout_take(date_trunc('minute', now()))")
    tried("jobs", "a", {"Requests": 1})
    assert sums("jobs")["Requests"] == 1


def test_the_same_messages_at_the_same_time_count_once(project: Project, service: Any) -> None:
    """Eight isolates deliver the same 200 messages, each in an order of its own: no deadlock, no message twice."""
    failed: list[str] = []

    def deliver(number: int) -> None:
        try:
            with project.connect("service_role") as own:
                for first in range(0, 200, 10):
                    ids = [f"m{(first + more * (number % 3 + 1)) % 200}" for more in range(10)]
                    own.execute(
                        "select public.rollout_count('jobs', '{}', %s, '{\"Requests\": 1, \"Errors\": 1}')", [ids]
                    )
                own.execute(
                    "select public.rollout_count('jobs', '{}', %s, '{\"Requests\": 1}')",
                    [[f"m{n}" for n in range(200)]],
                )
        except psycopg.Error as error:
            failed.append(str(error))

    threads = [threading.Thread(target=deliver, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with project.connect() as own:
        found = ask(own, "select sum(count)::int from rollout_edge.counts where counter = 'Requests'")
    assert (failed, found) == ([], 200)


def test_the_first_known_name_deals_the_bucket(service: Any) -> None:
    assert know(service, "jobs", (["250788"], 42)) == [(name("250788"), 42, None)]
    assert know(service, "jobs", (["250788", "RW.1"], 42)) == [(name("250788"), 42, None)]
    assert know(service, "jobs", (["RW.1"], 9000)) == [(name("250788"), 42, None)]
    assert know(service, "jobs", (["RW.1", "RW.ENT.1"], 9000)) == [(name("250788"), 42, None)]
    assert know(service, "jobs", (["RW.ENT.1"], 7), (["RW.2"], 8)) == [
        (name("250788"), 42, None),
        (name("RW.2"), 8, None),
    ]
    # Another domain deals anew, by whatever name comes first there, and keeps to that.
    assert know(service, "property", (["RW.1"], 77)) == [(name("250788"), 77, None)]
    assert know(service, "property", (["250788"], 5)) == [(name("250788"), 77, None)]


def test_two_who_turn_out_to_be_one_are_who_was_known_first(project: Project, service: Any) -> None:
    know(service, "jobs", (["RW.1"], 1))
    know(service, "property", (["RW.1"], 11))
    know(service, "jobs", (["250788"], 2))
    know(service, "marketplace", (["250788"], 22))
    service.execute("select public.rollout_touch('jobs', %s, 'unified')", [[name("250788")]])
    assert know(service, "jobs", (["250788", "RW.1"], 2)) == [(name("RW.1"), 1, "unified")]
    for known in ("250788", "RW.1"):
        assert know(service, "jobs", ([known], 3)) == [(name("RW.1"), 1, "unified")]
        assert know(service, "property", ([known], 3)) == [(name("RW.1"), 11, None)]
        assert know(service, "marketplace", ([known], 3)) == [(name("RW.1"), 22, None)]
    with project.connect() as own:
        assert ask(own, "select count(distinct person)::int from rollout_edge.people") == 1


def test_three_who_turn_out_to_be_one(service: Any) -> None:
    for number, known in enumerate(["c", "a", "b"]):
        know(service, "jobs", ([known], number))
    assert know(service, "jobs", (["a", "b", "c"], 9)) == [(name("c"), 0, None)]
    assert know(service, "jobs", (["b"], 9), (["a"], 9)) == [(name("c"), 0, None)] * 2


def test_a_session_is_one_domains_and_ends_in_silence(project: Project, service: Any) -> None:
    know(service, "jobs", (["1"], 1))
    service.execute("select public.rollout_touch('jobs', %s, 'legacy')", [[name("1")] * 2])
    assert (know(service, "jobs", (["1"], 1))[0][2], know(service, "property", (["1"], 1))[0][2]) == ("legacy", None)
    with project.connect() as own:
        own.execute("update rollout_edge.sessions set seen = now() - interval '30 minutes 1 second'")
    assert know(service, "jobs", (["1"], 1))[0][2] is None
    with pytest.raises(psycopg.errors.CheckViolation):
        service.execute("select public.rollout_touch('jobs', %s, 'nowhere')", [[name("1")]])


def test_what_isnt_hidden_is_refused(service: Any) -> None:
    for plain in ("250788123456", "RW.13491208655302741918", ""):
        with pytest.raises(psycopg.errors.CheckViolation):
            service.execute("select public.rollout_know('jobs', %s)", [Jsonb([{"ids": [plain], "bucket": 1}])])


def test_people_who_come_at_the_same_time_are_one(project: Project, service: Any) -> None:
    """Eight isolates meet the same 60 people by different names; whoever joins them first, all of a person's names agree."""
    failed: list[str] = []
    names = [[f"{person}-number", f"{person}-id", f"{person}-parent"] for person in range(60)]

    def meet(number: int) -> None:
        try:
            with project.connect("service_role") as own:
                for person in range(60):
                    one, other = names[person], names[(person * 7 + number) % 60]
                    know(own, "jobs", (one[number % 3 :], number), (other[: number % 3 + 1], number))
                    know(own, "jobs", (one, number))
        except psycopg.Error as error:
            failed.append(str(error))

    threads = [threading.Thread(target=meet, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for one in names:
        assert len({know(service, "jobs", ([each], 99))[0][:2] for each in one}) == 1


def test_a_minute_written_twice_is_refused(project: Project, service: Any) -> None:
    at = datetime(2026, 12, 1, 12, tzinfo=UTC)
    with project.connect() as own:
        own.execute("set role rollout_owner")
        own.execute("delete from rollout.minutes")
    call = "select public.rollout_add(%s, 'wa-webhook-unified', 'jobs', '{\"Requests\": 2, \"Errors\": 0}')"
    service.execute(call, [at])
    with pytest.raises(psycopg.errors.UniqueViolation):
        service.execute(call, [at])


def test_nobody_changes_bucket_when_their_name_turns(service: Any) -> None:
    """400 people in 4 domains: seen by one name, once with the names beside each other, then by any of them, in any order."""
    random = Random(14)
    for domain in ("ai-agents", "jobs", "marketplace", "property"):
        names = [[f"{person}-number", f"{person}-id", f"{person}-parent"] for person in range(400)]
        first = know(service, domain, *[([random.choice(one)], number) for number, one in enumerate(names)])
        know(service, domain, *[(random.sample(one, 3), 9_000) for one in names])
        for _ in range(3):
            later = know(service, domain, *[(random.sample(one, random.randint(1, 3)), 9_999) for one in names])
            assert [bucket for _, bucket, _ in later] == [bucket for _, bucket, _ in first]
