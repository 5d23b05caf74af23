"""A reporter for the provider tier: publishes a domain's counters to the simulator, as the metrics contract asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rollout.model import times
from rollout.model.alarms.alarm import NAMESPACE
from rollout.model.catalogue.domain import Domain
from rollout.model.gate.window import HOUR, LEGACY_COUNTERS
from rollout.provider.sources.cloudwatch import UNIT
from tests import days
from tests.harness import client

UNIFIED = "wa-webhook-unified"


@dataclass
class Reporter:
    """Publishes hourly data; `client` is boto3's, on the simulator."""

    client: Any
    domain: Domain
    period: timedelta = HOUR
    unit: str = UNIT
    names: dict[str, str] = field(default_factory=dict)  # what a counter is called instead

    @classmethod
    def on(cls, url: str, domain: Domain, **options: Any) -> Reporter:
        return cls(client(url, "cloudwatch"), domain, **options)

    def healthy(self, start: datetime, end: datetime, share: float = 0.05, each: int = 200, **unified: float) -> None:
        """`each` events of the whole domain a period and counter, none bad; `unified` overrules its values."""
        own: dict[str, float] = {}
        for metric in self.domain.metrics:
            own[metric.bad] = 0
            if metric.total:
                own[metric.total] = round(each * share)
        rest = round(each * (1 - share))
        other = {name: 0 if name in ("Errors", "SlowRequests", "BrokenSessions") else rest for name in LEGACY_COUNTERS}
        self.publish(UNIFIED, start, end, own | unified)
        self.publish(self.domain.legacy, start, end, other)

    def healthy_days(self, since: float, until: float, percent: int, **unified: float) -> None:
        """`healthy` from one virtual day to another, with events enough to decide every metric at `percent`."""
        start, end = (times.moment(days.clock(day)) for day in (since, until))
        assert start is not None
        assert end is not None
        self.healthy(start, end, share=percent / 100, each=4000, **unified)

    def publish(self, service: str, start: datetime, end: datetime, values: Mapping[str, float]) -> None:
        """The same values for each period from `start` up to `end`."""
        data = []
        at = start
        while at < end:
            data += [self._datum(service, name, at, value) for name, value in values.items()]
            at += self.period
        for first in range(0, len(data), 1000):
            self.client.put_metric_data(Namespace=NAMESPACE, MetricData=data[first : first + 1000])

    def _datum(self, service: str, name: str, at: datetime, value: float) -> dict[str, Any]:
        dimensions = [{"Name": "Service", "Value": service}, {"Name": "Domain", "Value": self.domain.name}]
        return {
            "MetricName": self.names.get(name, name), "Dimensions": dimensions, "Timestamp": at, "Value": value, "Unit": self.unit,
        }  # fmt: skip
