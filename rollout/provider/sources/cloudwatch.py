"""Counters from CloudWatch as raw sums: nothing is divided there, and what is empty is no data, never zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from rollout.model.alarms.alarm import NAMESPACE
from rollout.provider.aws.calls import Aws
from rollout.provider.errors import StoreError

if TYPE_CHECKING:
    from rollout.model.gate.window import Series, Window
    from rollout.provider.sources.source import Found

#: docs/rules/gate.md#the-metrics-contract.
UNIT: Final = "Count"
#: GetMetricData takes at most 500 queries a call; a series is two of them, its Sum and its SampleCount.
PAGE: Final = 250
STATS: Final = ("Sum", "SampleCount")
#: Answers may be continued (100,800 data a call); a source that never ends is none.
MOST_CALLS: Final = 20


class CloudWatch:
    """`Counters` by GetMetricData: one call for all series of a domain."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def read(self, domain: str, series: Sequence[Series], window: Window) -> Found:
        found: Found = {}
        for start in range(0, len(series), PAGE):
            found |= self._page(domain, series[start : start + PAGE], window)
        return found

    def _page(self, domain: str, series: Sequence[Series], window: Window) -> Found:
        queries = [
            _query(f"q{number}_{stat}".lower(), domain, one, window, stat)
            for number, one in enumerate(series)
            for stat in STATS
        ]
        values: dict[str, dict[datetime, float]] = {query["Id"]: {} for query in queries}
        unfinished = set(values)
        arguments = {
            "MetricDataQueries": queries,
            "StartTime": window.start,
            "EndTime": window.end,
            "ScanBy": "TimestampAscending",
        }
        for _ in range(MOST_CALLS):
            answer = self._aws.call("cloudwatch", "get_metric_data", f"counters of {domain}", **arguments)
            for result in _results(answer, domain):
                ident = result.get("Id")
                if ident not in values:
                    raise _garbage(domain, "an answer to nothing that was asked")
                values[ident] |= _periods(result, window, domain)
                if result.get("StatusCode", "Complete") == "Complete":
                    unfinished.discard(ident)
            if not answer.get("NextToken"):
                break
            arguments["NextToken"] = answer["NextToken"]
        if unfinished:
            raise StoreError(f"counters of {domain}: {len(unfinished)} of {len(values)} series weren't answered whole")
        return _together(series, values, domain)


def _query(ident: str, domain: str, series: Series, window: Window, stat: str) -> dict[str, Any]:
    service, counter = series
    dimensions = [{"Name": "Service", "Value": service}, {"Name": "Domain", "Value": domain}]
    metric = {"Namespace": NAMESPACE, "MetricName": counter, "Dimensions": dimensions}
    period = int(window.period.total_seconds())
    return {"Id": ident, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat, "Unit": UNIT}}


def _results(answer: Mapping[str, Any], domain: str) -> Iterable[Mapping[str, Any]]:
    results = answer.get("MetricDataResults")
    if not isinstance(results, list) or not all(isinstance(result, Mapping) for result in results):
        raise _garbage(domain, "no results")
    return results


def _periods(result: Mapping[str, Any], window: Window, domain: str) -> dict[datetime, float]:
    times, values = result.get("Timestamps") or [], result.get("Values") or []
    if len(times) != len(values):
        raise _garbage(domain, f"{len(times)} times for {len(values)} values")
    found = {}
    for time, value in zip(times, values, strict=True):
        if not isinstance(time, datetime) or not isinstance(value, (int, float)):
            raise _garbage(domain, "what is no number")
        at = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        if window.start <= at < window.end:  # a simulator also answers for the period that begins at the end
            if (at - window.start) % window.period:
                raise _garbage(domain, f"a period that begins at {at:%H:%M:%S}, not asked for")
            found[at] = float(value)
    return found


def _together(series: Sequence[Series], values: Mapping[str, Mapping[datetime, float]], domain: str) -> Found:
    found: Found = {}
    for number, one in enumerate(series):
        sums, samples = (values[f"q{number}_{stat}".lower()] for stat in STATS)
        if sums.keys() != samples.keys():
            raise _garbage(domain, f"sums of {len(sums)} periods and data of {len(samples)}")
        found[one] = {at: (sums[at], samples[at]) for at in sums}
    return found


def _garbage(domain: str, what: str) -> StoreError:
    return StoreError(f"counters of {domain}: the source answered {what}")
