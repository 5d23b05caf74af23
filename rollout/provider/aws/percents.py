"""The live percents as a metric, for the dashboards' line `flag, %`: in a namespace of its own, since who publishes it
mustn't be able to write a counter that a raise is judged by.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from rollout.model.alarms.dashboard import PERCENT_METRIC, PERCENTS
from rollout.provider.aws.calls import Aws
from rollout.provider.settings import Settings


def link(settings: Settings) -> Aws:
    """What `publish` calls with: tried once, since a further datum comes with the next look."""
    return Aws.brief(settings, attempts=1)


def publish(aws: Aws, stack: str, percents: Mapping[str, int], at: datetime) -> None:
    """One datum a domain, per cent, for the minute of `at` (aware). Raises `StoreError`."""
    data = [
        {
            "MetricName": PERCENT_METRIC,
            "Dimensions": [{"Name": "Stack", "Value": stack}, {"Name": "Domain", "Value": domain}],
            "Timestamp": at,
            "Value": float(percent),
            "Unit": "Percent",
        }
        for domain, percent in percents.items()
    ]
    if data:
        aws.call("cloudwatch", "put_metric_data", "the live percents", Namespace=PERCENTS, MetricData=data)
