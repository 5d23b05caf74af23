"""Publishing over HTTP: what arrives in CloudWatch is what the source said, at the percents that are live."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import Catalogue
from rollout.provider.errors import StoreError
from rollout.provider.settings import Settings
from rollout.provider.stores.secrets_manager import SecretsManager
from rollout.simulator import env
from rollout.simulator.simulator import Simulator
from rollout.simulator.traffic import publish, scenario
from rollout.simulator.traffic.publish import Clients, pages
from rollout.simulator.traffic.source import Datum
from tests.harness import client

AT = datetime(2026, 12, 9, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
Read = Callable[..., list[float]]


@pytest.fixture(scope="module")
def known() -> Catalogue:
    return catalogue.parse((env.PROJECT / "domains.yaml").read_bytes(), "domains.yaml")


@pytest.fixture
def clients(settings: Settings) -> Clients:
    return publish.connect(settings)


@pytest.fixture
def read(moto: Simulator) -> Read:
    """`read(service, counter, stat)` of jobs, hour by hour, as the gate asks: Service first, then Domain."""
    cloudwatch = client(moto.url, "cloudwatch")

    def ask(service: str, counter: str, stat: str = "Sum", days: int = 1) -> list[float]:
        dimensions = [{"Name": "Service", "Value": service}, {"Name": "Domain", "Value": "jobs"}]
        metric = {"Namespace": "WaWebhook", "MetricName": counter, "Dimensions": dimensions}
        query = {"Id": "a", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": stat, "Unit": "Count"}}
        answer = cloudwatch.get_metric_data(
            MetricDataQueries=[query], StartTime=AT, EndTime=AT + timedelta(days=days), ScanBy="TimestampAscending"
        )
        return [float(value) for value in answer["MetricDataResults"][0]["Values"]]

    return ask


def flag(store: SecretsManager, value: str, name: str = "JOBS_ROLLOUT_PERCENT") -> None:
    store.create(f"wa-webhook-unified/test/{name}", value, "0" * 35 + "1", {})


def hour(clients: Clients, known: Catalogue, number: int, name: str = "healthy") -> list[Datum]:
    story = scenario.load(name, known, AT)
    return publish.publish_period(clients, "test", story, 1, known, AT + number * HOUR, AT + (number + 1) * HOUR)


def test_it_follows_the_live_flag(clients: Clients, store: SecretsManager, known: Catalogue, read: Read) -> None:
    hour(clients, known, 0)
    flag(store, "50")
    hour(clients, known, 1)
    store.put("wa-webhook-unified/test/JOBS_ROLLOUT_PERCENT", "100", "2" * 36)
    hour(clients, known, 2)
    unified, legacy = read("wa-webhook-unified", "Requests"), read("wa-webhook-jobs", "Requests")
    assert unified[0] == legacy[2] == 0  # zeros are sent
    assert unified[1] == pytest.approx(legacy[1], rel=0.25)
    assert all(700 < mine + theirs < 970 for mine, theirs in zip(unified, legacy, strict=True))  # 833 an hour


def test_what_arrives_is_what_the_source_said(
    clients: Clients, store: SecretsManager, known: Catalogue, read: Read, moto: Simulator
) -> None:
    flag(store, "25")
    moto.call("DELETE", "/calls")
    said = hour(clients, known, 0)
    assert moto.call("GET", "/calls") == {"secretsmanager.BatchGetSecretValue": 1, "cloudwatch.PutMetricData": 1}
    for datum in said:
        if datum.domain == "jobs":
            assert read(datum.service, datum.counter) == [datum.value]
            assert read(datum.service, datum.counter, "SampleCount") == [1]
    assert len(said) == 72


def test_a_rehearsal_may_be_far_ahead_of_the_clock(clients: Clients, known: Catalogue, read: Read) -> None:
    """The simulator drops nothing by age and takes any future time; AWS takes two weeks back and two hours ahead."""
    hour(clients, known, 0)
    hour(clients, known, 24 * 200)
    assert len(read("wa-webhook-jobs", "Sessions", days=400)) == 2


@pytest.mark.parametrize(("stored", "percent"), [("37", 37), (" 5\n", 5), ("abc", 0), ("500", 0), ("", 0)])
def test_what_stands_in_a_flag(store: SecretsManager, known: Catalogue, stored: str, percent: int) -> None:
    if stored:
        flag(store, stored)
    live = publish.live_percents(store, "test", known)
    assert live == {"ai-agents": 0, "jobs": percent, "marketplace": 0, "property": 0}
    assert publish.live_percents(store, "other", known)["jobs"] == 0


@pytest.mark.parametrize(
    "how", [{"status": 500}, {"status": 0}, {"status": 200, "body": {"SecretValues": [], "Errors": []}}]
)
def test_percents_that_cannot_be_read_publish_nothing(
    clients: Clients, known: Catalogue, read: Read, fault: Callable[..., None], how: dict[str, Any]
) -> None:
    fault("BatchGetSecretValue", **how)
    with pytest.raises(StoreError):
        hour(clients, known, 0)
    assert read("wa-webhook-jobs", "Requests") == []


def test_a_failed_write_is_raised_and_not_repeated(clients: Clients, known: Catalogue, moto: Simulator) -> None:
    moto.call("PUT", "/faults", {"fail": [{"target": "cloudwatch.PutMetricData", "status": 500, "times": 1}]})
    with pytest.raises(ClientError):
        hour(clients, known, 0)
    assert moto.call("GET", "/calls")["cloudwatch.PutMetricData"] == 1


def test_pages_end_between_groups() -> None:
    """At most so many a page, in order, and both halves of a pair in one."""
    found = [Datum("s", f"d{n // 7}", f"c{n % 7}", AT, n) for n in range(70)]
    made = list(pages(found, 24))
    assert [len(page) for page in made] == [21, 21, 21, 7]
    assert [datum for page in made for datum in page] == found
    assert list(pages([], 24)) == []
    assert [len(page) for page in pages(found, 5)] == [7] * 10
    assert publish.PAGE == 1000
