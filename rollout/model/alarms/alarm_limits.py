"""What CloudWatch refuses of an alarm, told before the call: the simulator takes all of it.

Every limit is from PutMetricAlarm, MetricDataQuery and MetricStat in the CloudWatch API reference (API 2010-08-01),
as botocore 1.44.8's service model carries them too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final, TypeGuard

from rollout.model.problem import shown

NAME_MAX: Final = 255  # AlarmName
DESCRIPTION_MAX: Final = 1024  # AlarmDescription
ACTIONS_MAX: Final = 5  # AlarmActions, OKActions, InsufficientDataActions
QUERIES_MAX: Final = 10  # "an alarm based on a metric math expression can have up to 10 metrics" (user guide)
EXPRESSION_MAX: Final = 2048  # MetricDataQuery.Expression
METRIC_NAME_MAX: Final = 255  # Metric.MetricName, Metric.Namespace
DIMENSIONS_MAX: Final = 30  # Metric.Dimensions
DIMENSION_NAME_MAX: Final = 255  # Dimension.Name
DIMENSION_VALUE_MAX: Final = 1024  # Dimension.Value
SHORT_PERIODS: Final = (10, 20, 30)  # Period, for metrics stored by the second; else a multiple of 60
HOUR: Final = 3600
LOOK_BACK: Final = 86_400  # seconds, Period x EvaluationPeriods, for periods under an hour
LOOK_BACK_LONG: Final = 604_800  # the same for periods of an hour and more: seven days
COMPARISONS: Final = (  # ComparisonOperator; the three others are for anomaly detection
    "GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
)  # fmt: skip
MISSING_DATA: Final = ("breaching", "notBreaching", "ignore", "missing")  # TreatMissingData
STATISTICS: Final = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")  # Statistic

_PERCENTILE: Final = re.compile(r"p(100|[0-9]{1,2}(\.[0-9]{1,10})?)")
_ID: Final = re.compile(r"[a-z][A-Za-z0-9_]{0,254}")  # MetricDataQuery.Id
_WORD: Final = re.compile(r"\b[a-z][A-Za-z0-9_]*\b")  # functions are written in capitals
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_TOPIC: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")  # SNS CreateTopic, Name
_TOPIC_ARN: Final = re.compile(r"arn:aws[a-z-]*:sns:[a-z]{2}(-[a-z]+)+-[0-9]:[0-9]{12}:[A-Za-z0-9_-]{1,256}")

Wrong = list[tuple[str, str]]


def problems(alarm: Mapping[str, object]) -> Wrong:
    """What AWS would refuse of an alarm's properties (`rollout.model.alarms.alarm.PROPERTIES`), as (property, reason). Never raises."""
    wrong: Wrong = []
    _text(wrong, "name", alarm.get("name"), 1, NAME_MAX)
    _text(wrong, "description", alarm.get("description"), 0, DESCRIPTION_MAX)
    _one_of(wrong, "comparison", alarm.get("comparison"), COMPARISONS)
    _one_of(wrong, "treatMissingData", alarm.get("treatMissingData"), MISSING_DATA)
    _times(wrong, alarm)
    threshold = alarm.get("threshold")
    if not _number(threshold) or not math.isfinite(threshold):
        wrong.append(("threshold", f"allowed: a finite number; given: {shown(threshold)}"))
    for key in ("alarmActions", "okActions", "insufficientDataActions"):
        _actions(wrong, key, alarm.get(key))
    _series(wrong, alarm)
    return wrong


def is_topic_arn(text: str) -> bool:
    """Whether an action is the ARN of an SNS topic as AWS writes it."""
    return _TOPIC_ARN.fullmatch(text) is not None


def _times(wrong: Wrong, alarm: Mapping[str, object]) -> None:
    period, periods, points = (alarm.get(key) for key in ("period", "evaluationPeriods", "datapoints"))
    if not _count(periods):
        wrong.append(("evaluationPeriods", f"allowed: a whole number from 1; given: {shown(periods)}"))
    elif not _count(points) or points > periods:
        wrong.append(("datapoints", f"allowed: 1 to evaluationPeriods ({periods}); given: {shown(points)}"))
    if not _count(period) or not (period in SHORT_PERIODS or period % 60 == 0):
        wrong.append(("period", f"allowed: 10, 20, 30 or a multiple of 60 seconds; given: {shown(period)}"))
    elif _count(periods) and period * periods > (longest := LOOK_BACK if period < HOUR else LOOK_BACK_LONG):
        given = f"{period} s x {periods} = {period * periods:,} s"
        wrong.append(("evaluationPeriods", f"period x evaluationPeriods; allowed: {longest:,} s; given: {given}"))


def _actions(wrong: Wrong, key: str, actions: object) -> None:
    if not isinstance(actions, list):
        wrong.append((key, f"allowed: a list of topics; given: {shown(actions)}"))
        return
    if len(actions) > ACTIONS_MAX:
        wrong.append((key, f"allowed: {ACTIONS_MAX} actions; given: {len(actions)}"))
    for action in actions:
        if not isinstance(action, str) or not (_TOPIC.fullmatch(action) or is_topic_arn(action)):
            wrong.append((key, f"allowed: a topic's name, or arn:aws:sns:REGION:ACCOUNT:NAME; given: {shown(action)}"))


def _series(wrong: Wrong, alarm: Mapping[str, object]) -> None:
    namespace, dimensions, queries = (alarm.get(key) for key in ("namespace", "dimensions", "queries"))
    _text(wrong, "namespace", namespace, 1, METRIC_NAME_MAX)
    if isinstance(namespace, str) and namespace.startswith(":"):
        wrong.append(("namespace", f"allowed: no colon at the start; given: {shown(namespace)}"))
    if not isinstance(dimensions, Mapping) or len(dimensions) > DIMENSIONS_MAX:
        wrong.append(("dimensions", f"allowed: a map of at most {DIMENSIONS_MAX}; given: {shown(dimensions)}"))
    else:
        for name, value in dimensions.items():
            _text(wrong, "dimensions", name, 1, DIMENSION_NAME_MAX, ascii_only=True)
            _text(wrong, "dimensions", value, 1, DIMENSION_VALUE_MAX, ascii_only=True)
    if not isinstance(queries, Mapping) or not 1 <= len(queries) <= QUERIES_MAX:
        wrong.append(("queries", f"allowed: a map of 1 to {QUERIES_MAX} metrics; given: {shown(queries)}"))
        return
    for ident, query in queries.items():
        if not _ID.fullmatch(str(ident)):
            wrong.append(("queries", f"allowed: ids with a small letter first; given: {shown(ident)}"))
        metric, _, stat = query.rpartition(" ") if isinstance(query, str) else ("", "", "")
        _text(wrong, "queries", metric, 1, METRIC_NAME_MAX)
        if not (stat in STATISTICS or _PERCENTILE.fullmatch(stat)):
            allowed = f"METRIC and one of {', '.join(STATISTICS)}, p0 to p100"
            wrong.append(("queries", f"allowed: {allowed}; given: {shown(query)}"))
    _expression(wrong, alarm.get("expression"), {str(ident) for ident in queries})


def _expression(wrong: Wrong, expression: object, ids: set[str]) -> None:
    if expression == "":
        if len(ids) > 1:
            wrong.append(("expression", f"allowed: an expression over {', '.join(sorted(ids))}; given: none"))
        return
    _text(wrong, "expression", expression, 1, EXPRESSION_MAX)
    if isinstance(expression, str) and (words := set(_WORD.findall(expression))) != ids:
        listed = ", ".join(sorted(words)) or "none"
        wrong.append(("expression", f"allowed: every id of queries ({', '.join(sorted(ids))}); given: {listed}"))


def _text(wrong: Wrong, key: str, value: object, low: int, high: int, *, ascii_only: bool = False) -> None:
    text = value if isinstance(value, str) else ""
    good = isinstance(value, str) and low <= len(text) <= high and not _CONTROL.search(text)
    if not good or (ascii_only and not (text.isascii() and text.strip())):
        kind = "ASCII characters" if ascii_only else "characters, none of them control characters"
        wrong.append((key, f"allowed: {low} to {high} {kind}; given: {shown(value)}"))


def _one_of(wrong: Wrong, key: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        wrong.append((key, f"allowed: {', '.join(allowed)}; given: {shown(value)}"))


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
