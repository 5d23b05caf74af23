"""Counters by the hour are what the minutes amount to, whatever is done to those; one question is answered alike by both."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout.model.gate.window import Window
from rollout.provider.errors import StoreError
from rollout.provider.postgres import address
from rollout.provider.postgres.link import Link
from rollout.provider.sources.postgres import Minutes
from rollout.provider.stores import migrations
from rollout.simulator.database import Database
from tests import postgres
from tests.postgres import ask

BEGIN = datetime(2026, 12, 1, 7, 3, tzinfo=UTC)
SERVICES, DOMAINS, COUNTERS = ("new", "old"), ("jobs", "property"), ("Requests", "Errors")
QUESTIONS = 300
#: What an earlier form of the newest file left, which kept sums by five minutes: it is replaced.
FIVES = """
set role rollout_owner;
create table rollout.fives (start timestamptz);
create function rollout.five(minute timestamptz) returns timestamptz language sql return minute;
create function rollout.counted_one(text, timestamptz, timestamptz, interval, boolean, timestamptz, text)
returns table (service text) language sql return 'none'::text;
create function rollout.minutes_added() returns trigger language plpgsql as
$$ begin insert into rollout.fives select minute from added; return null; end $$;
create trigger minutes_added after insert on rollout.minutes referencing new table as added for each statement execute function rollout.minutes_added();
reset role;
"""


@pytest.fixture(
    scope="module", params=postgres.places(), ids=lambda place: f"{place.parent.parent.name}-{place.parent.name}"
)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with postgres.server(tmp_path_factory.mktemp("server"), request.param) as made:
        yield made


def minute(number: int) -> datetime:
    return BEGIN + timedelta(minutes=number)


def fill(hand: Any, chance: random.Random, minutes: int) -> None:
    """Some hours with holes in them, some rows corrected or deleted by hand, and one that came late."""
    for number in range(minutes):
        for service in SERVICES:
            for domain in DOMAINS:
                if chance.random() < 0.9:
                    counts = json.dumps({name: chance.randrange(50) for name in COUNTERS if chance.random() < 0.95})
                    hand.execute("select rollout.add_counts(%s, %s, %s, %s)", [minute(number), service, domain, counts])
    for statement in (
        "update rollout.minutes set value = value + 7 where counter = 'Errors' and minute = %s",
        "update rollout.minutes set minute = minute + interval '5 days' where counter = 'Errors' and minute = %s",
        "delete from rollout.minutes where minute = %s",
    ):
        for number in chance.sample(range(minutes), 9):
            hand.execute(statement, [minute(number)])


def test_both_ways_of_counting_agree(server: Database) -> None:
    base, chance = postgres.fresh(server, "test"), random.Random(5)
    with server.connect(database=base) as hand:
        fill(hand, chance, 420)
        assert_kept(hand)
        questions = []
        for _ in range(QUESTIONS):
            period = chance.choice([60, 60, 120, 300, 300, 420, 900, 3600, 3600, 3600, 7200, 10800])
            since = int(minute(chance.randrange(-90, 400)).timestamp())
            since -= chance.choice([0, since % 300])
            until = since + chance.choice([chance.randrange(5) * period, chance.randrange(400) * 60])
            one: list[Any] = [chance.choice(DOMAINS), since, until, period]
            one.append(chance.choice([None, None, *SERVICES]))
            questions.append([*one, *chance.choice([[], [False], [True]])])
        now = ask(hand, "select rollout.counted(%s)", json.dumps(questions))["rows"]
        by_minutes = ask(hand, "select rollout.counted(%s, 'infinity')", json.dumps(questions))["rows"]
        assert len(now) > QUESTIONS
        assert set(map(len, now)) == {6}
        assert opened(questions, now) == opened(questions, by_minutes)
        (series, periods) = (sum(isinstance(row[3], list) is of_series for row in now) for of_series in (True, False))
        assert min(series, periods) > QUESTIONS / 3, (
            "a row a series where that is asked for, and a row a period elsewhere"
        )
        hand.execute("truncate rollout.minutes")
        assert ask(hand, "select count(*) from rollout.hours") == 0


def opened(questions: list[list[Any]], rows: list[list[Any]]) -> list[list[Any]]:
    """A row a period, whichever way it was answered, in order."""
    found = []
    for number, service, counter, *rest in rows:
        if isinstance(rest[0], list):
            _, since, _, period, *_ = questions[number]
            found += [
                [number, service, counter, since + n * period, total, data]
                for n, total, data in zip(*rest, strict=True)
            ]
        else:
            found.append([number, service, counter, *rest])
    return sorted(found)


def assert_kept(hand: Any) -> None:
    """Each hour's row says what its minutes say, for every number of minutes from its beginning on; and no hour is left over."""
    wrong = hand.execute(
        """
        select * from rollout.hours as h, unnest(sums, data) with ordinality as each (sum, number, n), lateral (
          select coalesce(sum(value), 0), count(*) from rollout.minutes as m
          where (m.domain, m.service, m.counter) = (h.domain, h.service, h.counter)
            and minute >= start and minute < start + n * interval '1 minute') as there (sum, number)
        where (each.sum, each.number) <> (there.sum, there.number)
        """
    ).fetchall()
    assert wrong == []
    hours = "select count(*) from (select distinct domain, date_trunc('hour', minute, 'UTC'), service, counter from rollout.minutes) as one"
    assert ask(hand, hours) == ask(hand, "select count(*) from rollout.hours") > 0


@pytest.mark.parametrize(
    "row",
    [
        [0, "new", "Errors", [2], [1], [1]], [0, "new", "Errors", [-1], [1], [1]], [0, "new", "Errors", [0, 1], [1], [1]],
        [0, "new", "Errors", [0], ["x"], [1]], [0, "new", "Errors", 7, 1, 1], [0, "new", "Errors", -3600, 1, 1],
        [0, "new", "Errors", None, 1, 1], [1, "new", "Errors", [0], [1], [1]], [0, "new", "Errors"], "row",
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_said(row: Any) -> None:
    """A period beyond the two that are asked, before them, between two; what is no number; a question that nobody asked."""

    class Answers(Link):
        def __init__(self) -> None: ...

        def ask(self, *_: Any, **__: Any) -> Any:
            return {"canary": True, "stacks": ["test"], "schema": 1, "rows": [row]}

    begin = datetime(1970, 1, 1, tzinfo=UTC)
    with pytest.raises(StoreError, match="counters of jobs: the source answered"):
        Minutes(Answers()).read(
            "jobs", [("new", "Errors")], Window(begin, begin + timedelta(hours=2), timedelta(hours=1))
        )


def test_what_was_there_before_the_file_is_counted(server: Database) -> None:
    """The files before it work alone, as a database does that hasn't got the newest yet."""
    base = postgres.fresh(server, "test")
    *older, newest = migrations.texts()
    with server.connect(database=base) as admin:
        admin.execute("drop schema rollout cascade; drop function public.rollout_flags, public.rollout_add")
        for text in older:
            admin.execute(text)
        admin.execute("update rollout.meta set stacks = '{test}'")
        fill(admin, random.Random(2), 70)
        reader = Minutes(Link(address.read({address.URL: server.url(database=base)})))
        asked = [("jobs", [("new", name) for name in COUNTERS], Window(BEGIN, minute(60), timedelta(hours=1)))]
        before = reader.read_all(asked)
        assert any(before[0].values())
        admin.execute(FIVES)
        admin.execute(newest)
        assert reader.read_all(asked) == before
        assert_kept(admin)
        assert ask(admin, "select to_regclass('rollout.fives')") is None


def test_rows_of_long_ago_go_with_their_hours(server: Database) -> None:
    """`rollout.kept()` is what docs say; an hour's first minute takes away what is older."""
    base = postgres.fresh(server, "test")
    with server.connect(database=base) as hand:
        days = ask(hand, "select extract(day from rollout.kept())::integer")
        assert days == 62
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        for at in (now - timedelta(days=days + 1), now - timedelta(days=days - 1), now):
            hand.execute("select rollout.add_counts(%s, 'new', 'jobs', '{\"Requests\": 1}')", [at])
        assert ask(hand, "select count(*) from rollout.minutes") == 2
        assert ask(hand, "select count(*) from rollout.hours") == 2
