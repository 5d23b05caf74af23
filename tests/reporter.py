"""A reporter for tests: publishes a domain's counters to the simulator or into a database, as the metrics contract asks."""

from __future__ import annotations

import json
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
from tests.harness import Sandbox, client

UNIFIED = "wa-webhook-unified"


@dataclass
class Reporter:
    """Publishes hourly data; `client` is boto3's, on the simulator. `sandbox`: into its database instead."""

    client: Any
    domain: Domain
    period: timedelta = HOUR
    unit: str = UNIT
    names: dict[str, str] = field(default_factory=dict)  # what a counter is called instead
    sandbox: Sandbox | None = None  # of a database: there the counters lie beside the flags

    @classmethod
    def on(cls, url: str, domain: Domain, **options: Any) -> Reporter:
        return cls(client(url, "cloudwatch"), domain, **options)

    @classmethod
    def of(cls, sandbox: Sandbox, domain: Domain, **options: Any) -> Reporter:
        """Where the sandbox's stack reads them."""
        if sandbox.database is not None:
            options["sandbox"] = sandbox
        return cls.on(sandbox.url, domain, **options)

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
        if self.sandbox is not None:
            self.sandbox.by_hand(
                "insert into rollout.minutes (minute, service, domain, counter, value, arrived) select at, %s, %s, key, value::bigint, at + %s "
                "from generate_series(%s::timestamptz, %s - interval '1 second', %s) as at, jsonb_each_text(%s)",
                service, self.domain.name, self.period, start, end, self.period, json.dumps(dict(values)),
            )  # fmt: skip
            return
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
