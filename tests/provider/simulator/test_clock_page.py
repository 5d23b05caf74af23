"""The simulator's page /clock: set ahead, the traffic of the time between is there, counted as a gate counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout.model import times
from rollout.provider.settings import Settings
from rollout.provider.sources import choose as sources
from rollout.simulator.simulator import Simulator
from tests.harness import client
from tests.provider.simulator.test_traffic_page import published, put, seen

DAY = timedelta(days=1)


def told(moto: Simulator, now: datetime) -> Any:
    return moto.call("PUT", "/clock", {"now": times.iso(now)}, timeout=60)


def counted(moto: Simulator, start: datetime, end: datetime, period: int) -> tuple[float, float]:
    """The requests of legacy's jobs and how many data they are."""
    dimensions = [{"Name": "Service", "Value": "wa-webhook-jobs"}, {"Name": "Domain", "Value": "jobs"}]
    metric = {"Namespace": "WaWebhook", "MetricName": "Requests", "Dimensions": dimensions}
    asked = [
        {"Id": stat.lower(), "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}
        for stat in ("Sum", "SampleCount")
    ]
    answer = client(moto.url, "cloudwatch").get_metric_data(MetricDataQueries=asked, StartTime=start, EndTime=end)
    sums, data = (sum(result["Values"]) for result in answer["MetricDataResults"])
    return sums, data


@pytest.fixture
def playing(moto: Simulator) -> Simulator:
    put(moto, scenario="healthy")
    seen(moto, published)
    return moto


def test_the_time_between_is_counted_as_if_every_minute_had_reported(playing: Simulator) -> None:
    now = datetime.now(UTC)
    later = (now + DAY).replace(minute=0, second=0, microsecond=0)
    answer = told(playing, later)
    assert answer["now"] == times.iso(later)
    hours = int((later - now).total_seconds() // 3600)
    sums, data = counted(playing, later - timedelta(hours=hours - 1), later, 3600)
    assert data == 60 * (hours - 1)
    assert 0.95 < sums / (hours - 1) / (20_000 / 24) < 1.05, "domains.yaml expects 20,000 a day"
    _, minutes = counted(playing, later - timedelta(hours=3), later, 60)
    assert minutes == 180
    assert playing.call("GET", "/traffic")["published_up_to"] >= times.iso(later)


def test_it_never_goes_back(playing: Simulator) -> None:
    later = datetime.now(UTC) + timedelta(hours=2)
    told(playing, later)
    assert times.moment(told(playing, later - timedelta(hours=1))["now"]) >= later - timedelta(seconds=2)  # type: ignore[operator]


def test_another_scenario_goes_on_from_there(playing: Simulator) -> None:
    told(playing, datetime.now(UTC) + timedelta(hours=2))
    until = playing.call("GET", "/traffic")["published_up_to"]
    assert put(playing, scenario="silence")["goes_on"] is True
    told(playing, datetime.now(UTC) + timedelta(hours=3))
    at = times.moment(until)
    assert at is not None
    _, data = counted(playing, at - timedelta(hours=1), at + timedelta(minutes=30), 60)
    assert data == 90, "nothing twice, and no gap"


def test_without_traffic_it_stays_the_machines(moto: Simulator) -> None:
    answer = told(moto, datetime.now(UTC) + DAY)
    assert answer["ahead"] == 0
    assert not (moto.folder / "clock").exists()


def test_a_reset_sets_it_back(playing: Simulator) -> None:
    told(playing, datetime.now(UTC) + timedelta(hours=2))
    assert (playing.folder / "clock").exists()
    playing.reset()
    assert playing.call("GET", "/clock")["ahead"] == 0
    assert not (playing.folder / "clock").exists()


@pytest.mark.parametrize("body", [{}, {"now": 5}, {"now": "tomorrow"}, {"now": "2026-12-03"}, {"then": 1}])
def test_what_is_no_time_is_refused(playing: Simulator, body: object) -> None:
    assert "2026-12-03T08:00:00Z" in playing.call("PUT", "/clock", body)["message"]


def test_whoever_reads_the_counters_at_another_time_has_set_the_clock(playing: Simulator) -> None:
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=3)
    environ = {"AWS_ENDPOINT_URL": playing.url, "ROLLOUT_UNIFIED_URL": playing.url, "ROLLOUT_NOW": times.iso(later)}
    sources.source(Settings.read(environ))
    assert times.moment(playing.call("GET", "/clock")["now"]) >= later  # type: ignore[operator]


def test_a_put_that_fails_leaves_the_clock(playing: Simulator) -> None:
    playing.call("PUT", "/faults", {"fail": [{"target": "cloudwatch.PutMetricData", "status": 500}]})
    assert "PutMetricData" in told(playing, datetime.now(UTC) + timedelta(hours=2))["message"]
    assert playing.call("GET", "/clock")["ahead"] == 0
