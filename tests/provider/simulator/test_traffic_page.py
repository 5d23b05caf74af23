"""The simulator's page /traffic: a live source that starts, follows, fails, goes on and stops."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollout.provider.stores.secrets_manager import SecretsManager
from rollout.simulator.simulator import Simulator
from tests.harness import client


def put(moto: Simulator, **order: Any) -> Any:
    return moto.call("PUT", "/traffic", order)


def seen(moto: Simulator, met: Callable[[dict[str, Any]], bool], seconds: float = 20) -> dict[str, Any]:
    """The page's first answer that meets `met`; the last one where none does."""
    until = time.monotonic() + seconds
    while True:
        status: dict[str, Any] = moto.call("GET", "/traffic")
        if met(status) or time.monotonic() > until:
            return status
        time.sleep(0.05)


def published(status: dict[str, Any]) -> bool:
    return bool(status.get("minutes_published", 0) >= 10)


def total(moto: Simulator, service: str, counter: str = "Requests", domain: str = "jobs") -> float:
    """The sum of a counter over a long time."""
    dimensions = [{"Name": "Service", "Value": service}, {"Name": "Domain", "Value": domain}]
    metric = {"Namespace": "WaWebhook", "MetricName": counter, "Dimensions": dimensions}
    now = time.time() // 60 * 60
    answer = client(moto.url, "cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}],
        StartTime=now - 7200, EndTime=now + 600,
    )  # fmt: skip
    return float(sum(answer["MetricDataResults"][0]["Values"]))


def test_ten_minutes_at_once_at_the_live_share(moto: Simulator, store: SecretsManager) -> None:
    store.create("wa-webhook-unified/test/JOBS_ROLLOUT_PERCENT", "100", "1" * 36, {})
    assert moto.call("GET", "/traffic") == {"running": False}
    order = {"scenario": "healthy", "seed": 3, "stack": "test", "region": "eu-west-1", "period": 60}
    assert put(moto, **order)["running"] is True
    status = seen(moto, published)
    assert {key: status[key] for key in order} == order
    assert (status["minutes_published"], status["last_error"]) in [(10, ""), (11, "")]  # 11: the minute ended meanwhile
    assert status["about"] == "healthy on both services"
    assert status["began"] < status["published_up_to"]
    assert 80 < total(moto, "wa-webhook-unified") < 220  # 139 in ten minutes
    assert total(moto, "wa-webhook-jobs") == 0
    assert moto.call("DELETE", "/traffic") == moto.call("GET", "/traffic") == {"running": False}


def test_an_api_that_is_down_ends_nothing(moto: Simulator) -> None:
    down = {"target": "cloudwatch.PutMetricData", "status": 500, "times": 1}
    moto.call("PUT", "/faults", {"fail": [down]})
    put(moto, scenario="healthy")
    status = seen(moto, lambda status: bool(status["last_error"]))
    assert "fault of a test" in status["last_error"]
    assert status["minutes_published"] == 0
    status = seen(moto, published)  # five seconds later
    assert status["minutes_published"] in (10, 11)
    assert "fault of a test" in status["last_error"]
    assert total(moto, "wa-webhook-jobs") > 0


def test_a_put_takes_the_place_of_what_runs(moto: Simulator) -> None:
    moto.call("PUT", "/faults", {"fail": [{"target": "cloudwatch.PutMetricData", "latency": 0.1}]})
    put(moto, scenario="healthy")
    assert put(moto, scenario="silence", seed=5)["scenario"] == "silence"
    status = seen(moto, published)
    assert (status["scenario"], status["seed"], status["stack"]) == ("silence", 5, "local")
    assert moto.call("GET", "/calls")["cloudwatch.PutMetricData"] <= 15  # 10, and what the first one had begun


def test_a_reset_stops_it_and_leaves_nothing(moto: Simulator) -> None:
    moto.call("PUT", "/faults", {"fail": [{"target": "cloudwatch.PutMetricData", "latency": 0.3}]})
    put(moto, scenario="healthy")
    time.sleep(0.2)  # in the middle of its first writes
    moto.reset()
    assert moto.call("GET", "/traffic") == {"running": False}
    time.sleep(0.6)
    assert total(moto, "wa-webhook-jobs") == 0
    assert moto.call("GET", "/calls") == {"cloudwatch.GetMetricData": 1}


def test_a_scenario_can_be_entered_in_the_middle(moto: Simulator, store: SecretsManager) -> None:
    for flag in ("JOBS", "PROPERTY"):
        store.create(f"wa-webhook-unified/local/{flag}_ROLLOUT_PERCENT", "100", "1" * 36, {})
    put(moto, scenario="late-fault", began="2026-01-01T00:00:00Z")
    assert seen(moto, published)["began"] == "2026-01-01T00:00:00Z"
    # 278 requests at 5 %: without the fault 0.01 errors
    errors = [total(moto, "wa-webhook-unified", "Errors", domain) for domain in ("jobs", "property")]
    assert sum(errors) > 1


def test_what_the_shell_holds_does_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make up` starts the simulator in a shell that may be set to production, or has a proxy."""
    monkeypatch.setenv("AWS_PROFILE", "prod")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    simulator = Simulator(tmp_path)
    try:
        simulator.start()
        assert put(simulator, scenario="healthy")["running"] is True
        status = seen(simulator, lambda status: published(status) or bool(status["last_error"]))
        assert (status["last_error"], published(status)) == ("", True)
    finally:
        simulator.stop()


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({"scenario": "heathy"}, ["no scenario heathy", "broken-sessions, complaint-burst", "did you mean healthy?"]),
        ({"scenario": "../scenario"}, ["no scenario ../scenario", "broken-sessions"]),
        ({}, ["scenario is missing"]),
        ({"scenario": 5}, ["scenario is wrong", "given: 5"]),
        ({"scenario": "healthy", "seed": "1"}, ["seed is wrong"]),
        ({"scenario": "healthy", "seed": True}, ["seed is wrong"]),
        ({"scenario": "healthy", "seed": -1}, ["seed is wrong"]),
        ({"scenario": "healthy", "period": 90}, ["period is wrong", "whole minutes"]),
        ({"scenario": "healthy", "period": 0}, ["period is wrong"]),
        ({"scenario": "healthy", "stack": "a/b"}, ["stack is wrong"]),
        ({"scenario": "healthy", "region": "x/y"}, ["region is wrong"]),
        ({"scenario": "healthy", "began": "2026-12-01"}, ["began is wrong", "2026-12-01T08:00:00Z"]),
        ({"scenario": "healthy", "speed": 3}, ["unknown key speed", "scenario, seed, stack"]),
        ([], ["takes a JSON object"]),
    ],
)
def test_what_is_wrong_is_said_and_what_runs_goes_on(moto: Simulator, order: object, says: list[str]) -> None:
    put(moto, scenario="silence")
    body = json.dumps(order).encode()
    request = urllib.request.Request(f"{moto.url}/traffic", data=body, method="PUT")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400
    message = json.loads(caught.value.read())["message"]
    assert all(text in message for text in says), message
    assert moto.call("GET", "/traffic")["scenario"] == "silence"
