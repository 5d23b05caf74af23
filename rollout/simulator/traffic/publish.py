"""Publishing one period: read the live percents, ask the source, write to CloudWatch.

The live loop calls it each minute; a rehearsal with a virtual clock calls it with hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from rollout.model.alarms.alarm import NAMESPACE
from rollout.model.catalogue.domain import Catalogue
from rollout.model.flag.name import secret_name
from rollout.model.ladder import parse_percent
from rollout.provider.aws.sdk import Sdk
from rollout.provider.errors import StoreError
from rollout.provider.settings import Settings
from rollout.provider.stores import choose as stores
from rollout.provider.stores.store import Store
from rollout.simulator.traffic.scenario import Scenario
from rollout.simulator.traffic.source import Datum, data

#: PutMetricData takes at most 1,000 data a call (CloudWatch API reference).
PAGE: Final = 1000

#: Seconds of one call. One try: PutMetricData isn't idempotent, and a repeated one counts twice.
CONNECT_TIMEOUT: Final = 3
READ_TIMEOUT: Final = 5


@dataclass(frozen=True)
class Clients:
    """`cloudwatch`: a botocore client. `store`: the flag store, whose batch read is one BatchGetSecretValue."""

    cloudwatch: Any
    store: Store


def connect(settings: Settings, sdk: Sdk | None = None) -> Clients:
    """Clients for `settings` (region and endpoint), in one SDK session. Calls nothing."""
    sdk = sdk or Sdk()
    cloudwatch = sdk.client("cloudwatch", settings, attempts=1, connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)
    return Clients(cloudwatch, stores.store(settings, sdk))


def publish_period(
    clients: Clients, stack: str, scenario: Scenario, seed: int, catalogue: Catalogue, start: datetime, end: datetime
) -> list[Datum]:
    """Publishes the period from `start` to `end` (aware; the end not included) at the live percents; answers the data.

    Raises `StoreError` where the percents can't be read, and what botocore raises where the data can't be written:
    nothing or, beyond 1,000 data, a part of them is then published.
    """
    found = data(scenario, seed, catalogue, live_percents(clients.store, stack, catalogue), start, end)
    put(clients.cloudwatch, found)
    return found


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


def put(cloudwatch: Any, found: Iterable[Datum]) -> None:
    """Writes `found`; one service's data of one domain stay in one call, since a reporter sends both of a pair at once."""
    for page in pages(found):
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=[_written(datum) for datum in page])


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


def _written(datum: Datum) -> dict[str, Any]:
    # The order of the dimensions matters to moto (not to AWS), which sorts them wrongly: Service first, as
    # rollout.alarms and rollout.dashboards ask for them.
    return {
        "MetricName": datum.counter,
        "Dimensions": [{"Name": "Service", "Value": datum.service}, {"Name": "Domain", "Value": datum.domain}],
        "Timestamp": datum.at,
        "Value": float(datum.value),
        "Unit": "Count",
    }
