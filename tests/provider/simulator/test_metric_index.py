"""The index over moto's data: equal to moto's own method on whatever is in it, and fast."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psutil
import pytest
from moto.cloudwatch.models import CloudWatchBackend

from rollout.simulator import metric_index
from rollout.simulator.simulator import Simulator
from tests.harness import client

START = datetime(2026, 12, 9, 6, 0)
HOURS = timedelta(hours=3)
NAMES = ("Requests", "Errors", "Sessions")
PAIRS = [
    (),
    (("Service", "u"),),
    (("Service", "u"), ("Domain", "jobs")),
    (("Domain", "jobs"), ("Service", "u")),
    (("A", "1"), ("B", "2"), ("C", "3")),
    (("C", "3"), ("A", "1"), ("B", "2")),
]
Ask = Callable[..., list[dict[str, Any]]]


def dimensions(pairs: tuple[tuple[str, str | None], ...]) -> list[dict[str, Any]]:
    return [{"Name": name, "Value": value} for name, value in pairs]


def datum(rng: Random) -> dict[str, Any]:
    made: dict[str, Any] = {
        "MetricName": rng.choice(NAMES),
        "Dimensions": dimensions(rng.choice(PAIRS)),
        # not in order, at times on a boundary, at times far outside the window
        "Timestamp": START + rng.choice([timedelta(minutes=rng.randint(-40, 220)), timedelta(seconds=rng.random() * 9e3),
                                         timedelta(days=400), timedelta(days=-30)]),
    }  # fmt: skip
    if unit := rng.choice([None, "Count", "Seconds"]):
        made["Unit"] = unit
    kind = rng.randrange(4)
    if kind == 0:
        made["Values"], made["Counts"] = [0.1, 0.7], [2, 3]
    elif kind == 1:
        made["StatisticValues"] = {"Sum": rng.random(), "SampleCount": 4, "Minimum": 0.1, "Maximum": 2}
    else:
        made["Value"] = rng.choice([0, 1, rng.random(), 1e9 * rng.random()])  # sums of these depend on the order
    return made


def query(rng: Random, number: int, stats: tuple[str, ...] = metric_index.PLAIN_STATS) -> dict[str, Any]:
    metric: dict[str, Any] = {"Namespace": rng.choice("NM"), "MetricName": rng.choice((*NAMES, "Nobody"))}
    if pairs := rng.choice(PAIRS):
        metric["Dimensions"] = dimensions(pairs)
    told: dict[str, Any] = {
        "Id": f"q{number}",
        "MetricStat": {"Metric": metric, "Period": rng.choice([60, 300, 3600, 100]), "Stat": rng.choice(stats)},
    }
    if rng.random() < 0.3:
        told["MetricStat"]["Unit"] = rng.choice(["Count", "Seconds", "Bytes"])
    if rng.random() < 0.3:
        told["Label"] = rng.choice(["mine", ""])
    if rng.random() < 0.3:
        told["ReturnData"] = rng.random() < 0.5
    return told


def both(backend: CloudWatchBackend, queries: list[dict[str, Any]], start: datetime, end: datetime, scan: str) -> None:
    found = metric_index.get_metric_data(backend, queries, start, end, scan)
    assert found == metric_index._own(backend, queries, start, end, scan)


@pytest.mark.parametrize("seed", range(12))
def test_equal_to_motos_own(seed: int) -> None:
    rng = Random(seed)
    backend = CloudWatchBackend("eu-west-1", "123456789012")
    for _ in range(4):  # each time more data, out of order, behind what the index has read
        for namespace in "NM":
            backend.put_metric_data(namespace, [datum(rng) for _ in range(rng.randrange(150))])
        queries = [query(rng, number) for number in range(8)]
        start = START + timedelta(seconds=rng.randrange(90), microseconds=rng.randrange(10**6))
        for scan in ("TimestampAscending", "TimestampDescending"):
            both(backend, queries, start, start + rng.choice([timedelta(minutes=7), HOURS]), scan)


def test_something_is_compared() -> None:
    """The random cases hold data: an index that finds nothing must not pass for equal."""
    rng = Random(1)
    backend = CloudWatchBackend("eu-west-1", "123456789012")
    backend.put_metric_data("N", [datum(rng) for _ in range(150)])
    found = metric_index.get_metric_data(backend, [query(rng, n) for n in range(30)], START, START + HOURS)
    assert sum(len(answer["values"]) for answer in found) > 20


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many queries moto's own method was asked, request by request."""
    asked: list[int] = []
    real = metric_index._own

    def counted(backend: Any, queries: list[Any], *rest: Any) -> list[dict[str, Any]]:
        asked.append(len(queries))
        return real(backend, queries, *rest)

    monkeypatch.setattr(metric_index, "_own", counted)
    return asked


def ask(backend: CloudWatchBackend, *queries: dict[str, Any]) -> list[dict[str, Any]]:
    return metric_index.get_metric_data(backend, list(queries), START, START + HOURS)


def plain(stat: str = "Sum", ident: str = "a", **told: Any) -> dict[str, Any]:
    metric = {"Namespace": "N", "MetricName": "Requests", "Dimensions": dimensions(PAIRS[1])}
    return {"Id": ident, "MetricStat": {"Metric": metric, "Period": 3600, "Stat": stat}, **told}


def stored(*dims: tuple[tuple[str, str | None], ...]) -> CloudWatchBackend:
    backend = CloudWatchBackend("eu-west-1", "123456789012")
    for pairs in dims:
        made = {"MetricName": "Requests", "Dimensions": dimensions(pairs), "Timestamp": START, "Value": 5}
        backend.put_metric_data("N", [made])
    return backend


def test_what_is_not_plain_goes_to_moto_whole(own: list[int]) -> None:
    backend = stored((("Service", "u"),))
    expression = {"Id": "e", "Expression": "SUM(METRICS())"}
    assert [answer["id"] for answer in ask(backend, plain(), expression)] == ["a", "e"]
    assert ask(backend, plain("Maximum"), plain("Sum", "b"))[1]["values"] == [5]
    assert own == [2, 2]
    assert ask(backend, plain("SampleCount"))[0]["values"] == [1]
    assert own == [2, 2]


def test_a_dimension_without_a_value_goes_to_moto(own: list[int]) -> None:
    backend = stored((("Service", "u"),), (("Service", None),))
    assert ask(backend, plain())[0]["values"] == [10]  # it matches any: moto's habit
    assert own == [1]


def test_a_computed_metric_goes_to_moto(own: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    backend = stored((("Service", "u"),))
    monkeypatch.setattr(CloudWatchBackend, "aws_metric_data", stored((("Service", "u"),)).metric_data)
    assert ask(backend, plain())[0]["values"] == [10]
    assert own == [1]


def test_after_a_reset_nothing_is_left(own: list[int]) -> None:
    backend = stored((("Service", "u"),))
    assert ask(backend, plain())[0]["values"] == [5]
    backend.reset()
    assert ask(backend, plain())[0]["values"] == []
    backend.metric_data = stored((("Service", "u"),), (("Service", "u"),)).metric_data  # another list
    assert ask(backend, plain())[0]["values"] == [10]
    assert own == []


def test_the_start_is_included_and_the_end_is_not(own: list[int]) -> None:
    backend = stored((("Service", "u"),))
    for at in (START - timedelta(seconds=1), START + HOURS):
        made = {"MetricName": "Requests", "Dimensions": dimensions(PAIRS[1]), "Timestamp": at, "Value": 100}
        backend.put_metric_data("N", [made])
    assert ask(backend, plain())[0]["values"] == [5]
    both(backend, [plain()], START, START + HOURS, "TimestampAscending")


def test_three_hours_of_minutes_in_a_moment() -> None:
    """14,400 data of four domains, 56 queries of 60 s: moto's own method takes 15 s for it."""
    backend = CloudWatchBackend("eu-west-1", "123456789012")
    counters = [(f"C{n}", dimensions((("Service", "u"), ("Domain", f"d{n % 4}")))) for n in range(80)]
    for minute in range(180):
        at = START + timedelta(minutes=minute)
        told = [{"MetricName": name, "Dimensions": dims, "Timestamp": at, "Value": 1} for name, dims in counters]
        backend.put_metric_data("N", told)
    queries = [
        {"Id": f"q{n}", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": name, "Dimensions": dims},
                                       "Period": 60, "Stat": "Sum"}}
        for n, (name, dims) in enumerate(counters[:56])
    ]  # fmt: skip
    metric_index.get_metric_data(backend, queries[:1], START, START + HOURS)  # reads the data in, once
    began = time.process_time()
    found = metric_index.get_metric_data(backend, queries, START, START + HOURS)
    took = time.process_time() - began
    assert [len(answer["values"]) for answer in found] == [180] * 56
    assert took < 0.5, f"{took:.3f} s"  # 0.05 s was seen; a scan takes thirty times this limit


def test_the_simulator_uses_it(moto: Simulator) -> None:
    cloudwatch = client(moto.url, "cloudwatch")
    base = START.replace(tzinfo=UTC)
    for hour in range(5):  # 4,500 data and 40 queries of 60 s over three days: 40 s without the index
        told = [{"MetricName": "Requests", "Dimensions": dimensions(PAIRS[2]), "Value": 1, "Unit": "Count",
                 "Timestamp": base + timedelta(hours=hour, seconds=4 * n)} for n in range(900)]  # fmt: skip
        cloudwatch.put_metric_data(Namespace="N", MetricData=told)
    metric = {"Namespace": "N", "MetricName": "Requests", "Dimensions": dimensions(PAIRS[2])}
    queries = [{"Id": f"q{n}", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}} for n in range(40)]
    pid = moto.pid()
    assert pid
    began = psutil.Process(pid).cpu_times().user
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=base, EndTime=base + timedelta(days=3))
    assert psutil.Process(pid).cpu_times().user - began < 10  # its own work, however busy the machine is
    assert [sum(result["Values"]) for result in answer["MetricDataResults"]] == [4500] * 40
