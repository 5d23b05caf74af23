"""The same minutes, asked of both sources: the same sums, the same gaps, and so the same verdict."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout.model.alarms.alarm import NAMESPACE
from rollout.model.gate.window import HOUR, MINUTE, Series, Window
from rollout.provider.errors import StoreError
from rollout.provider.postgres import link
from rollout.provider.sources import choose
from rollout.provider.sources.postgres import Minutes
from tests.harness import client
from tests.provider.conftest import NOW
from tests.provider.shelf import BOTH, PostgresShelf, Shelf

START = datetime(2026, 12, 8, 20, 0, tzinfo=UTC)
SPAN = 6 * 60  # minutes
UNIFIED, LEGACY = "wa-webhook-unified", "wa-webhook-jobs"
SERIES: list[Series] = [(service, name) for service in (UNIFIED, LEGACY) for name in ("Requests", "Errors", "Sessions")]


def minutes(chance: random.Random) -> dict[datetime, dict[Series, int]]:
    """What two services report: minutes are lost whole, by one service or by both; and single data of a pair are lost."""
    found: dict[datetime, dict[Series, int]] = {}
    for number in range(SPAN):
        at = START + number * MINUTE
        silent = {service for service in (UNIFIED, LEGACY) if chance.random() < 0.1}
        found[at] = {
            one: chance.choice([0, 0, 1, chance.randrange(500)])
            for one in SERIES
            if one[0] not in silent and chance.random() > 0.05
        }
    return found


def window(chance: random.Random) -> Window:
    """Any whole periods of any length, also before the data begin and after they end; hours begin at any minute."""
    period = chance.choice([MINUTE, 5 * MINUTE, HOUR, HOUR])
    first = START + chance.randrange(-60, SPAN, 5 if period == 5 * MINUTE else 1) * MINUTE
    return Window(first, first + chance.randrange(1, int(SPAN * MINUTE / period) + 1) * period, period)


@pytest.fixture
def shelf(shelf_of: Callable[[str], Shelf]) -> PostgresShelf:
    found = shelf_of(BOTH[1])
    assert isinstance(found, PostgresShelf)
    return found


def report(shelf: PostgresShelf, url: str, found: dict[datetime, dict[Series, int]], arrived: datetime) -> None:
    cloudwatch, data = client(url, "cloudwatch"), list[dict[str, Any]]()
    with shelf.connect("rollout_reporter") as reporter:
        for at, values in found.items():
            for service in (UNIFIED, LEGACY):
                counts = {name: value for (owner, name), value in values.items() if owner == service}
                reporter.execute(
                    "select rollout.add_counts(%s, %s, 'jobs', %s, %s)", [at, service, json.dumps(counts), arrived]
                )
            data += [
                {
                    "MetricName": name, "Timestamp": at, "Value": float(value), "Unit": "Count",
                    "Dimensions": [{"Name": "Service", "Value": service}, {"Name": "Domain", "Value": "jobs"}],
                }
                for (service, name), value in values.items()
            ]  # fmt: skip
    for page in range(0, len(data), 1000):
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data[page : page + 1000])


def test_five_hundred_windows(shelf: PostgresShelf, shelf_of: Callable[[str], Shelf]) -> None:
    chance = random.Random(14)
    aws = shelf_of(BOTH[0]).settings(NOW)
    first, second = choose.source(aws), choose.source(shelf.settings(NOW))
    found = minutes(chance)
    late = {at for at in found if chance.random() < 0.05}
    report(shelf, str(aws.endpoint), {at: values for at, values in found.items() if at not in late}, NOW - HOUR)
    windows = [window(chance) for _ in range(500)]
    empty = 0
    for one in windows[:250]:
        answer = first.read("jobs", SERIES, one)
        assert second.read("jobs", SERIES, one) == answer, one
        empty += not any(answer.values())
    report(shelf, str(aws.endpoint), {at: values for at, values in found.items() if at in late}, NOW)
    answers = [first.read("jobs", SERIES, one) for one in windows[250:]]
    for one, answer in zip(windows[250:], answers, strict=True):
        assert second.read("jobs", SERIES, one) == answer, one
    empty += sum(not any(answer.values()) for answer in answers)
    assert 0 < empty < 250, "windows with data and without"
    assert isinstance(second, Minutes)
    questions = [("jobs", SERIES, one) for one in windows[250:]]
    assert second.read_all(questions) == answers, "many questions in one"
    assert Minutes(link.of(shelf.settings(NOW))).read_all(questions) == answers, "by the real clock: from whole hours"


def test_what_comes_late_is_a_gap_for_whoever_looked_before(
    shelf: PostgresShelf, shelf_of: Callable[[str], Shelf]
) -> None:
    aws = shelf_of(BOTH[0]).settings(NOW)
    report(shelf, str(aws.endpoint), {START: {(UNIFIED, "Requests"): 7}}, NOW + MINUTE)
    one = Window(START, START + HOUR, HOUR)
    before = choose.source(shelf.settings(NOW)).read("jobs", SERIES[:1], one)
    after = choose.source(shelf.settings(NOW + MINUTE)).read("jobs", SERIES[:1], one)
    assert (before, after) == ({SERIES[0]: {}}, {SERIES[0]: {START: (7.0, 1.0)}})


def test_a_source_that_hides_its_rows_is_no_source(shelf: PostgresShelf) -> None:
    one = Window(START, START + HOUR, HOUR)
    with shelf.connect() as admin, shelf.connect():
        admin.execute("alter policy owner on rollout.flags using (false)")
        try:
            with pytest.raises(StoreError, match="canary row isn't seen"):
                choose.source(shelf.settings(NOW)).read("jobs", SERIES, one)
        finally:
            admin.execute("alter policy owner on rollout.flags using (true)")


def test_many_domains_in_one_query(shelf: PostgresShelf) -> None:
    with shelf.connect() as admin:
        admin.execute(
            "insert into rollout.minutes select timestamptz '2026-10-10' + n * interval '1 minute', s, d, c, 1, now() "
            "from generate_series(0, 60 * 24 * 6) n, unnest('{a,b}'::text[]) s, unnest('{jobs,property}'::text[]) d, unnest('{Requests,Errors}'::text[]) c"
        )
        admin.execute("analyze rollout.minutes")
    begin = datetime(2026, 10, 10, tzinfo=UTC)
    long = Window(begin, begin + timedelta(days=6), HOUR)
    source = choose.source(shelf.settings(NOW))
    assert isinstance(source, Minutes)
    found = source.read_all([(name, [("a", "Requests")], long) for name in ("jobs", "property")])
    assert [sum(total for total, _ in one["a", "Requests"].values()) for one in found] == [8640.0, 8640.0]
