"""Publishing one period: read the live percents, ask the source, write to CloudWatch.

The live loop calls it each minute; a rehearsal with a virtual clock calls it with hours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from rollout.model.alarms.alarm import NAMESPACE
from rollout.model.catalogue.domain import Catalogue
from rollout.model.flag.name import secret_name
from rollout.model.ladder import parse_percent
from rollout.provider.aws.sdk import Sdk
from rollout.provider.errors import StoreError
from rollout.provider.settings import POSTGRES, Settings
from rollout.provider.stores import choose as stores
from rollout.provider.stores.store import Store
from rollout.simulator.traffic.scenario import Scenario
from rollout.simulator.traffic.source import Datum, data

if TYPE_CHECKING:
    from rollout.provider.postgres.link import Link

#: The SQLSTATE of a row that is there already.
THERE_ALREADY: Final = "23505"

#: PutMetricData takes at most 1,000 data a call (CloudWatch API reference).
PAGE: Final = 1000

#: Seconds of one call. One try: PutMetricData isn't idempotent, and a repeated one counts twice.
CONNECT_TIMEOUT: Final = 3
READ_TIMEOUT: Final = 5


@dataclass(frozen=True)
class Clients:
    """`put`: writes a period's data, which is over at a time (aware) and stands for so many samples each. `whole`: it takes
    more than one sample as a sum. `store`: the flag store, whose batch read is one call."""

    put: Callable[[Sequence[Datum], datetime, int], None]
    store: Store
    whole: bool = True


def connect(settings: Settings, sdk: Sdk | None = None) -> Clients:
    """Clients for `settings`, as a stack's own source and store have them. Calls nothing."""
    sdk = sdk or Sdk()
    store = stores.store(settings, sdk)
    if settings.source == POSTGRES:
        from rollout.provider.postgres.link import of

        return Clients(partial(_into_database, of(settings)), store, whole=False)
    cloudwatch = sdk.client("cloudwatch", settings, attempts=1, connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)
    return Clients(lambda found, _, samples: put(cloudwatch, found, samples), store)


def _into_database(link: Link, found: Sequence[Datum], over: datetime, samples: int) -> None:  # noqa: ARG001 - always 1
    """All of a period in one transaction. One that is there already was written by a try whose answer got lost."""
    from rollout.provider.postgres.link import DatabaseError

    calls, arguments = list[str](), list[Any]()
    for (at, service, domain), group in groupby(found, key=lambda datum: (datum.at, datum.service, datum.domain)):
        calls.append("rollout.add_counts(%s::timestamptz, %s, %s, %s::jsonb, %s::timestamptz)")
        counts = json.dumps({datum.counter: datum.value for datum in group})
        arguments += [at.isoformat(), service, domain, counts, over.isoformat()]
    try:
        link.ask("counters of a period", f"select {', '.join(calls)}", arguments, again=False)
    except DatabaseError as error:
        if error.state != THERE_ALREADY:
            raise


def publish_period(
    clients: Clients, stack: str, scenario: Scenario, seed: int, catalogue: Catalogue, start: datetime, end: datetime
) -> list[Datum]:
    """Publishes the period from `start` to `end` (aware; the end not included) at the live percents; answers the data.

    Raises `StoreError` where the percents can't be read, and what botocore raises where the data can't be written:
    nothing or, beyond 1,000 data, a part of them is then published.
    """
    found = data(scenario, seed, catalogue, live_percents(clients.store, stack, catalogue), start, end)
    clients.put(found, end, 1)
    return found


def publish_periods(
    clients: Clients, stack: str, scenario: Scenario, seed: int, catalogue: Catalogue,
    periods: Sequence[tuple[datetime, datetime]], period: timedelta,
) -> None:  # fmt: skip
    """Publishes many periods that follow each other, at the percents that are live now: those of a clock that was set ahead.

    One longer than `period`, a reporter's, is its sum. Raises as `publish_period`.
    """
    percents = live_percents(clients.store, stack, catalogue)
    for samples, group in groupby(periods, key=lambda one: (one[1] - one[0]) // period):
        waiting: list[Datum] = []
        for start, end in group:
            found = data(scenario, seed, catalogue, percents, start, end)
            if not clients.whole:  # each arrives when it is over
                clients.put(found, end, samples)
                continue
            if len(waiting) + len(found) > PAGE:
                clients.put(waiting, start, samples)
                waiting = []
            waiting += found
        if waiting:
            clients.put(waiting, periods[-1][1], samples)


def live_percents(store: Store, stack: str, catalogue: Catalogue) -> dict[str, int]:
    """Domain -> live percent of `stack`. What is absent, or no percent, is 0: the service then leaves it to legacy.

    The enable flags aren't asked: the percent alone says where traffic goes. Raises `StoreError`.
    """
    wanted = {name: secret_name(stack, domain.percent_flag) for name, domain in catalogue.domains.items()}
    entries = store.get_many(wanted.values())
    percents: dict[str, int] = {}
    for name, secret in wanted.items():
        entry = entries[secret]
        if isinstance(entry, StoreError):
            raise entry
        percents[name] = (parse_percent(entry.text) if entry is not None else None) or 0
    return percents


def put(cloudwatch: Any, found: Iterable[Datum], samples: int = 1) -> None:
    """Writes `found`, each the sum of so many samples; one service's data of one domain stay in one call, since a reporter sends both of a pair at once."""
    for page in pages(found):
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=[_written(datum, samples) for datum in page])


def pages(found: Iterable[Datum], limit: int = PAGE) -> Iterator[Sequence[Datum]]:
    """`found` in pages of at most `limit`, none of which ends within one service, domain and time.

    A group larger than `limit` (no catalogue has so many counters) is a page of its own.
    """
    page: list[Datum] = []
    for _, group in groupby(found, key=lambda datum: (datum.service, datum.domain, datum.at)):
        more = list(group)
        if page and len(page) + len(more) > limit:
            yield page
            page = []
        page += more
    if page:
        yield page


def _written(datum: Datum, samples: int) -> dict[str, Any]:
    # The order of the dimensions matters to moto (not to AWS), which sorts them wrongly: Service first, as
    # rollout.alarms and rollout.dashboards ask for them.
    written: dict[str, Any] = {
        "MetricName": datum.counter,
        "Dimensions": [{"Name": "Service", "Value": datum.service}, {"Name": "Domain", "Value": datum.domain}],
        "Timestamp": datum.at,
        "Unit": "Count",
    }
    if samples == 1:
        return {**written, "Value": float(datum.value)}
    sums = {"SampleCount": float(samples), "Sum": float(datum.value), "Minimum": 0.0, "Maximum": float(datum.value)}
    return {**written, "StatisticValues": sums}
