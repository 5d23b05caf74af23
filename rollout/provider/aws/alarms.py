"""Alarms on CloudWatch (or what speaks like it on a loopback endpoint), as the resource's own properties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rollout.provider.aws.calls import Aws
from rollout.provider.aws.sdk import Sdk
from rollout.provider.errors import Absent, StoreError
from rollout.provider.settings import Settings

#: DescribeAlarms takes at most 100 names a call (AlarmNames, MaxRecords).
PAGE: Final = 100


@dataclass(frozen=True)
class LiveAlarm:
    """An alarm as it stands: its properties (`rollout.model.alarms.alarm.PROPERTIES`), and its state, which is nobody's to change.

    `since`: when it came into that state, by the store's clock (None: not said).
    """

    properties: dict[str, Any]
    arn: str
    state: str = ""
    reason: str = ""
    since: datetime | None = None


class Alarms:
    """`rollout.provider.resources.alarm_writes.AlarmStore`. Topics of the alarm's own account and region are known by name."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    @classmethod
    def brief(cls, settings: Settings, sdk: Sdk | None = None) -> Alarms:
        """For looks that must hold nobody up (`Aws.brief`)."""
        return cls(Aws.brief(settings, sdk))

    def get(self, name: str) -> LiveAlarm | None:
        found = self.get_many([name])[name]
        if isinstance(found, StoreError):
            raise found
        return found

    def get_many(self, names: Iterable[str]) -> dict[str, LiveAlarm | StoreError | None]:
        wanted = list(dict.fromkeys(names))
        found: dict[str, LiveAlarm | StoreError | None] = {}
        for start in range(0, len(wanted), PAGE):
            page = wanted[start : start + PAGE]
            about = page[0] if len(page) == 1 else f"{len(page)} alarms"
            try:
                answer = self._aws.call(
                    "cloudwatch", "describe_alarms", about, AlarmNames=page, AlarmTypes=["MetricAlarm"], MaxRecords=PAGE
                )
                live = {str(alarm.get("AlarmName")): _live(alarm) for alarm in answer.get("MetricAlarms") or []}
                found.update({name: live.get(name) for name in page})
            except StoreError as error:
                found.update(dict.fromkeys(page, error))
        return found

    def put(self, properties: Mapping[str, Any], before: LiveAlarm | None) -> None:
        """Writes an alarm over `before`, whose state AWS keeps."""
        name = str(properties["name"])
        self._aws.call("cloudwatch", "put_metric_alarm", name, **self._request(properties))
        if before is not None and before.state not in ("", "OK") and self._aws.settings.plays_aws:
            # The simulator sets a re-put alarm to OK. On AWS this would race with an evaluation, and isn't needed.
            reason = before.reason or "kept over a write"
            arguments = {"AlarmName": name, "StateValue": before.state, "StateReason": reason[:1023]}
            self._aws.call("cloudwatch", "set_alarm_state", name, **arguments)

    def delete(self, name: str) -> None:
        try:
            self._aws.call("cloudwatch", "delete_alarms", name, AlarmNames=[name])
        except Absent:
            return

    def _request(self, alarm: Mapping[str, Any]) -> dict[str, Any]:
        dimensions = [{"Name": key, "Value": value} for key, value in alarm["dimensions"].items()]
        queries: list[dict[str, Any]] = [
            {
                "Id": ident,
                "ReturnData": not alarm["expression"],
                "MetricStat": {
                    "Metric": {"Namespace": alarm["namespace"], "MetricName": metric, "Dimensions": dimensions},
                    "Period": alarm["period"],
                    "Stat": stat,
                },
            }
            for ident, (metric, _, stat) in ((key, query.rpartition(" ")) for key, query in alarm["queries"].items())
        ]
        if alarm["expression"]:
            queries.append({"Id": "watched", "Expression": alarm["expression"], "ReturnData": True})
        return {
            "AlarmName": alarm["name"],
            "AlarmDescription": alarm["description"],
            "ActionsEnabled": alarm["actionsEnabled"],
            "AlarmActions": self._arns(alarm["alarmActions"]),
            "OKActions": self._arns(alarm["okActions"]),
            "InsufficientDataActions": self._arns(alarm["insufficientDataActions"]),
            "EvaluationPeriods": alarm["evaluationPeriods"],
            "DatapointsToAlarm": alarm["datapoints"],
            "Threshold": float(alarm["threshold"]),
            "ComparisonOperator": alarm["comparison"],
            "TreatMissingData": alarm["treatMissingData"],
            "Metrics": queries,
        }

    def _arns(self, actions: Iterable[str]) -> list[str]:
        return [action if action.startswith("arn:") else self._topic(action) for action in actions]

    def _topic(self, name: str) -> str:
        partition, account = self._aws.account()
        return f"arn:{partition}:sns:{self._aws.settings.region}:{account}:{name}"


def _live(alarm: Mapping[str, Any]) -> LiveAlarm:
    """An alarm of DescribeAlarms in the words of `PROPERTIES`; one of another form has other values there, not an error."""
    arn = str(alarm.get("AlarmArn") or "")
    expression, queries, common = _series(alarm)
    parts = arn.split(":")
    topics = f"arn:{parts[1]}:sns:{parts[3]}:{parts[4]}:" if len(parts) > 6 else "?"
    properties: dict[str, Any] = {
        "name": str(alarm.get("AlarmName")),
        "description": alarm.get("AlarmDescription") or "",
        "expression": expression,
        "queries": queries,
        **common,
        "evaluationPeriods": alarm.get("EvaluationPeriods"),
        "datapoints": alarm.get("DatapointsToAlarm") or alarm.get("EvaluationPeriods"),
        "comparison": alarm.get("ComparisonOperator") or "",
        "threshold": alarm.get("Threshold"),
        "treatMissingData": alarm.get("TreatMissingData") or "missing",
        "alarmActions": _short(alarm.get("AlarmActions"), topics),
        "okActions": _short(alarm.get("OKActions"), topics),
        "insufficientDataActions": _short(alarm.get("InsufficientDataActions"), topics),
        "actionsEnabled": alarm.get("ActionsEnabled") is not False,
    }
    state, reason = str(alarm.get("StateValue") or ""), str(alarm.get("StateReason") or "")
    # The time of the transition; an update within the same state (its data) moves the other one alone.
    since = alarm.get("StateTransitionedTimestamp") or alarm.get("StateUpdatedTimestamp")
    return LiveAlarm(properties, arn, state, reason, since if isinstance(since, datetime) else None)


def _series(alarm: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """(expression, queries, what they have in common). A query that differs from the first says in what."""
    expression, queries = "", {}
    common: dict[str, Any] = {}
    for query in alarm.get("Metrics") or [_plain(alarm)]:
        stat = query.get("MetricStat")
        if not stat:
            expression = str(query.get("Expression") or "")
            continue
        metric = stat.get("Metric") or {}
        own = {
            "namespace": metric.get("Namespace") or "",
            "dimensions": {pair["Name"]: pair["Value"] for pair in metric.get("Dimensions") or []},
            "period": stat.get("Period"),
        }
        common = common or own
        other = [f", {key} {value}" for key, value in own.items() if value != common[key]]
        queries[str(query.get("Id"))] = f"{metric.get('MetricName')} {stat.get('Stat')}{''.join(other)}"
    return expression, queries, common or {"namespace": "", "dimensions": {}, "period": None}


def _plain(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """An alarm on one metric, without math, as the query that it amounts to."""
    metric = {key: alarm.get(key) for key in ("Namespace", "MetricName", "Dimensions")}
    stat = alarm.get("Statistic") or alarm.get("ExtendedStatistic")
    return {"Id": "watched", "MetricStat": {"Metric": metric, "Period": alarm.get("Period"), "Stat": stat}}


def _short(actions: Iterable[str] | None, topics: str) -> list[str]:
    return [action.removeprefix(topics) for action in actions or []]
