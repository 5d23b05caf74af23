"""The alarms that the catalogue asks for: one CloudWatch alarm a policy, with every property decided here.

`wanted` is what must stand on the endpoint. Whether AWS would take it is `rollout.model.alarms.alarm_limits`' business. Actions are
names of topics: the account that makes ARNs of them is known where they are written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from rollout.model.alarms.topics import topic_name
from rollout.model.catalogue.domain import Action, AlertPolicy, Catalogue, Domain, Metric

NAMESPACE: Final = "WaWebhook"  # docs/rules/gate.md#the-metrics-contract

#: The distribution behind the latency alarm, in milliseconds; counters can't give a percentile.
LATENCY: Final = "Latency"
#: The seed's "Latency p95 > 2000ms".
LATENCY_STAT: Final = "p95"
#: The seed's limits all read "> x".
OVER: Final = "GreaterThanThreshold"

#: Who is told when the counters of a domain fall silent: a person, whatever the alarm's own action is.
SILENCE: Final[Action] = "investigate"
#: The metric whose alarm tells it: every service reports it every minute, and one message a silence is enough.
ALWAYS_THERE: Final = "errors"

#: What an alarm makes of a period without data, and why (PutMetricAlarm, TreatMissingData).
MISSING: Final = {
    # Both halves of a ratio are reported every minute, zeros too, so silence is a fault of the reporter or of the
    # service. It is no error rate: `breaching` would let a late reporter roll a domain back through the watch, where
    # the gate says HOLD (stale); `notBreaching` would call it healthy. INSUFFICIENT_DATA is a state of its own.
    "ratio": "missing",
    # A latency is reported with a request: a quiet night has none, and isn't slow. `errors` tells of real silence.
    "milliseconds": "notBreaching",
    # The limit is more than 3 complaints; none reported is not more than 3.
    "count": "notBreaching",
}

#: What each action asks for, in a mail's first line.
MEANING: Final[dict[Action, str]] = {
    "rollback-previous": "roll back to the previous percent",
    "rollback-zero": "roll back to 0 %",
    "hold": "hold: no raise until it is explained",
    "investigate": "investigate",
}


@dataclass(frozen=True)
class Query:
    """One series of an alarm: a metric of `NAMESPACE` with the alarm's dimensions, by one statistic."""

    metric: str
    stat: str


@dataclass(frozen=True)
class Alarm:
    """Every property of one alarm. `period` in seconds; `threshold` in the unit of the policy (a ratio is 0.01 for 1 %)."""

    name: str
    description: str
    expression: str  # over the queries' ids; empty: the one query itself
    queries: dict[str, Query]
    dimensions: dict[str, str]
    period: int
    evaluation_periods: int
    datapoints: int
    threshold: float
    treat_missing_data: str
    alarm_actions: tuple[str, ...]
    ok_actions: tuple[str, ...]
    insufficient_data_actions: tuple[str, ...] = ()
    comparison: str = OVER
    namespace: str = NAMESPACE
    actions_enabled: bool = field(default=True)


def alarm_name(stack: str, domain: str, policy: str) -> str:
    """The name of a policy's alarm: a contract with the watch and the runbooks."""
    return f"wa-webhook-unified-{stack}-{domain}-{policy}"


def runbook(action: str) -> str:
    """The page a woken person opens."""
    return "docs/runbooks/rollback.md" if action.startswith("rollback-") else "docs/runbooks/alarms.md"


def names(catalogue: Catalogue, stack: str) -> list[str]:
    """The names of all alarms of a stack, in the catalogue's order."""
    return [
        alarm_name(stack, domain.name, policy.name) for domain in catalogue.domains.values() for policy in domain.alerts
    ]


def wanted(catalogue: Catalogue, stack: str) -> Iterator[tuple[Domain, AlertPolicy, Alarm]]:
    """Every alarm of a stack, with the policy it comes from."""
    for domain in catalogue.domains.values():
        for policy in domain.alerts:
            yield domain, policy, alarm(catalogue, domain, policy, stack)


def alarm(catalogue: Catalogue, domain: Domain, policy: AlertPolicy, stack: str) -> Alarm:
    """The alarm of one policy. No limit stands in its text: a changed limit is a change of one property."""
    metric = next(metric for metric in domain.metrics if metric.name == policy.metric)
    expression, queries = _watched(metric, policy)
    topic = (topic_name(stack, policy.action),)
    silence = (topic_name(stack, SILENCE),) if policy.metric == ALWAYS_THERE else ()
    return Alarm(
        name=alarm_name(stack, domain.name, policy.name),
        description=(
            f"{domain.name} {policy.metric}: {MEANING[policy.action]}. "
            f"Runbook: {runbook(policy.action)}. Stack {stack}, managed by Pulumi (wa-rollout)."
        ),
        expression=expression,
        queries=queries,
        dimensions={"Service": catalogue.unified, "Domain": domain.name},
        period=policy.period_seconds,
        evaluation_periods=policy.evaluation_periods,
        datapoints=policy.evaluation_periods,
        threshold=policy.threshold,
        treat_missing_data=MISSING[policy.unit],
        alarm_actions=topic,
        ok_actions=topic,  # an alarm that went away by itself must be told too, else an incident stays open for ever
        insufficient_data_actions=silence,
    )


def _watched(metric: Metric, policy: AlertPolicy) -> tuple[str, dict[str, Query]]:
    """The expression and its series. Under the minimum of events the value is 0: one bad event of two is no rate.

    No FILL: where one half of a ratio is absent the result must be absent too. A bad counter that nobody sends, or
    whose name has a typo, must never read as zero errors.
    """
    least = policy.minimum_events
    if policy.unit == "milliseconds":
        seen = {"slow": Query(LATENCY, LATENCY_STAT), "total": Query(LATENCY, "SampleCount")}
        return f"IF(total >= {least}, slow, 0)", seen
    if metric.total is None:
        return "", {"bad": Query(metric.bad, "Sum")}
    # At least 1, since a minimum of 0 would divide by zero: no data then, in place of "no events, no errors".
    both = {"bad": Query(metric.bad, "Sum"), "total": Query(metric.total, "Sum")}
    return f"IF(total >= {max(least, 1)}, bad / total, 0)", both


#: The property of the resource for each field of `Alarm`; these and no others are compared and repaired.
PROPERTIES: Final = {
    "name": "name",
    "description": "description",
    "expression": "expression",
    "queries": "queries",
    "namespace": "namespace",
    "dimensions": "dimensions",
    "period": "period",
    "evaluation_periods": "evaluationPeriods",
    "datapoints": "datapoints",
    "comparison": "comparison",
    "threshold": "threshold",
    "treat_missing_data": "treatMissingData",
    "alarm_actions": "alarmActions",
    "ok_actions": "okActions",
    "insufficient_data_actions": "insufficientDataActions",
    "actions_enabled": "actionsEnabled",
}


def properties(alarm: Alarm) -> dict[str, object]:
    """An alarm as a resource's inputs, in JSON's own types; a query is the text `METRIC STATISTIC`."""
    plain = {PROPERTIES[key]: getattr(alarm, key) for key in PROPERTIES}
    plain["queries"] = {key: f"{query.metric} {query.stat}" for key, query in alarm.queries.items()}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}
