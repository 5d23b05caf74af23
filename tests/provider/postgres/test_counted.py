"""Counters by five minutes are what the minutes amount to, whatever is done to those; one question is answered alike by both."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout.model.gate.window import Window
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
        assert hand.execute("select domain, start, service, counter, total, data from rollout.fives order by 1, 2, 3, 4").fetchall() == hand.execute(
            "select domain, rollout.five(minute), service, counter, sum(value)::bigint, count(*)::integer from rollout.minutes group by 1, 2, 3, 4 order by 1, 2, 3, 4"
        ).fetchall()  # fmt: skip
        questions = []
        for _ in range(QUESTIONS):
            period = chance.choice([60, 60, 120, 300, 300, 900, 3600, 3600, 7200])
            since = int(minute(chance.randrange(-90, 400)).timestamp())
            since -= chance.choice([0, since % 300])
            until = since + chance.choice([chance.randrange(5) * period, chance.randrange(400) * 60])
            one: list[Any] = [chance.choice(DOMAINS), since, until, period]
            questions.append([*one, *([chance.choice(SERVICES)] if chance.random() < 0.3 else [])])
        now = ask(hand, "select rollout.counted(%s)", json.dumps(questions))["rows"]
        by_minutes = ask(hand, "select rollout.counted(%s, 'infinity')", json.dumps(questions))["rows"]
        assert len(now) > QUESTIONS
        assert sorted(now) == sorted(by_minutes)
        hand.execute("truncate rollout.minutes")
        assert ask(hand, "select count(*) from rollout.fives") == 0


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
        admin.execute(newest)
        assert reader.read_all(asked) == before


def test_rows_of_long_ago_go_with_their_fives(server: Database) -> None:
    """`rollout.kept()` is what docs say; an hour's first minute takes away what is older."""
    base = postgres.fresh(server, "test")
    with server.connect(database=base) as hand:
        days = ask(hand, "select extract(day from rollout.kept())::integer")
        assert days == 62
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        for at in (now - timedelta(days=days + 1), now - timedelta(days=days - 1), now):
            hand.execute("select rollout.add_counts(%s, 'new', 'jobs', '{\"Requests\": 1}')", [at])
        assert ask(hand, "select count(*) from rollout.minutes") == 2
        assert ask(hand, "select count(*) from rollout.fives") == 2
