"""The dashboard of a domain, as the JSON that CloudWatch keeps: unified beside legacy, and each alarm beside its metric.

- **The percent.** No metric holds it, and a flag's write publishes none: a lowering is one write and nothing more. So
  the step line is what arrived, unified's share of the sessions that began, over the rungs as horizontal lines. Beside
  it stands `RolloutPercent`, the live flag, which a watch that acts publishes at each look; without one that line is empty.
- **Limits.** The good limit is a horizontal line. The alarm's limit is drawn by CloudWatch from the alarm itself, in
  the graph beside: so the two can't disagree, and a changed limit changes the alarm's row and no other.

Region and account are known only where the body is written: `{region}` and `{alarm:NAME}` stand for them (`complete`).
A review shows the body's `summary`: a body has 600 lines, and 4 of them would bury the flags in a first preview.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from rollout.model.alarms.alarm import LATENCY, LATENCY_STAT, NAMESPACE, alarm_name
from rollout.model.catalogue.domain import AlertPolicy, Catalogue, Domain, Metric

#: The live percent of a domain on a stack (`Stack`, `Domain`), unit Percent, and the namespace that nothing else is in.
PERCENTS: Final = "WaRollout"
PERCENT_METRIC: Final = "RolloutPercent"
#: Seconds of one point: fine enough for a five-minute stop, coarse enough to read.
PERIOD: Final = 300
DAY: Final = 86_400

_GRAPH: Final = {"width": 12, "height": 6}
_UNIFIED, _LEGACY, _LIMIT, _RUNG = "#1f77b4", "#7f7f7f", "#d62728", "#c7c7c7"
_REGION: Final = "{region}"
_ALARM: Final = re.compile(r"\{alarm:([^{}\"]+)\}")

Widget = dict[str, object]


def dashboard_name(stack: str, domain: str) -> str:
    """The name of a domain's dashboard."""
    return f"wa-webhook-unified-{stack}-{domain}"


def body(catalogue: Catalogue, domain: Domain, stack: str) -> str:
    """The dashboard's JSON, the same text for the same catalogue."""
    widgets = [
        _heading(catalogue, domain, stack),
        _states(domain, stack),
        _share(catalogue, domain, stack),
        _traffic(catalogue, domain),
    ]
    top = 11
    for metric in domain.metrics:
        policy = next((policy for policy in domain.alerts if policy.metric == metric.name), None)
        widgets.append(_beside(catalogue, domain, metric, policy, top))
        if policy is not None:
            widgets.append(_alarm(domain, policy, stack, top))
        top += _GRAPH["height"]
    return json.dumps(
        {"periodOverride": "inherit", "start": "-P2D", "widgets": widgets}, sort_keys=True, separators=(",", ":")
    )


def complete(text: str, region: str, alarm_arn: str) -> str:
    """A body as CloudWatch takes it. `alarm_arn` is `arn:PARTITION:cloudwatch:REGION:ACCOUNT:alarm:`."""
    return _ALARM.sub(lambda found: alarm_arn + found[1], text).replace(_REGION, region)


def general(text: str, region: str, alarm_arn: str) -> str:
    """The reverse of `complete`: a live body as it stands in the program, spaces and the order of keys left out."""
    try:
        text = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    except ValueError:
        return text
    found = re.sub(re.escape(alarm_arn) + r'([^{}"]+)', lambda arn: "{alarm:" + arn[1] + "}", text)
    return found.replace(f'"region":"{region}"', f'"region":"{_REGION}"')


def summary(text: str) -> dict[str, str]:
    """A body for people: each widget's title, with its limits and a digest of all that it is. Never raises."""
    try:
        widgets = json.loads(text)["widgets"]
    except (ValueError, TypeError, KeyError):
        return {"": f"no dashboard [{_digest(text)}]"}
    found: dict[str, str] = {}
    for number, widget in enumerate(widgets if isinstance(widgets, list) else [widgets]):
        properties = widget.get("properties") if isinstance(widget, dict) else None
        properties = properties if isinstance(properties, dict) else {}
        annotations = properties.get("annotations")
        lines = annotations.get("horizontal") if isinstance(annotations, dict) else None
        limits = (
            ", ".join(str(line.get("label")) for line in lines if isinstance(line, dict))
            if isinstance(lines, list)
            else ""
        )
        title = str(properties.get("title") or f"{_kind(widget)} {number}")
        title = title if title not in found else f"{title} ({number})"
        found[title] = f"{limits} [{_digest(json.dumps(widget, sort_keys=True))}]".lstrip()
    return found


def _kind(widget: object) -> str:
    return str(widget.get("type")) if isinstance(widget, dict) else "widget"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _heading(catalogue: Catalogue, domain: Domain, stack: str) -> Widget:
    text = (
        f"# {domain.name} on {stack}: `{catalogue.unified}` beside `{domain.legacy}`\n"
        "Made by Pulumi (wa-rollout) from domains.yaml. A change made here is undone by the next `pulumi up`."
    )
    return {"type": "text", "x": 0, "y": 0, "width": 24, "height": 2, "properties": {"markdown": text}}


def _states(domain: Domain, stack: str) -> Widget:
    arns = [_arn(domain, policy, stack) for policy in domain.alerts]
    properties = {"title": f"{domain.name}: alarms", "alarms": arns}
    return {"type": "alarm", "x": 0, "y": 2, "width": 24, "height": 3, "properties": properties}


def _share(catalogue: Catalogue, domain: Domain, stack: str) -> Widget:
    lines = [
        {"expression": "100 * u / (u + l)", "id": "arrived", "label": "arrived, % of sessions", "color": _UNIFIED},
        {"expression": "FILL(p, REPEAT)", "id": "flag", "label": "flag, %", "color": _LIMIT},
    ]
    series: list[Sequence[object]] = [
        _series(catalogue.unified, domain, "Sessions", "Sum", "u"),
        _series(domain.legacy, domain, "Sessions", "Sum", "l"),
        [
            PERCENTS,
            PERCENT_METRIC,
            "Stack",
            stack,
            "Domain",
            domain.name,
            {"id": "p", "stat": "Maximum", "visible": False},
        ],
    ]
    rungs = [{"value": rung, "label": f"{rung} %", "color": _RUNG} for rung in domain.ladder.above]
    return _graph(f"{domain.name}: percent", [[lines[0]], [lines[1]], *series], rungs, top=5, most=100)


def _traffic(catalogue: Catalogue, domain: Domain) -> Widget:
    series = [
        _series(catalogue.unified, domain, "Requests", "Sum", "u", "unified", _UNIFIED),
        _series(domain.legacy, domain, "Requests", "Sum", "l", "legacy", _LEGACY),
    ]
    return _graph(f"{domain.name}: requests in 5 minutes", series, [], top=5, left=12)


def _beside(catalogue: Catalogue, domain: Domain, metric: Metric, policy: AlertPolicy | None, top: int) -> Widget:
    """A metric on unified beside the same on legacy: a ratio in per cent, a count by the day."""
    both = (("u", "unified", catalogue.unified, _UNIFIED), ("l", "legacy", domain.legacy, _LEGACY))
    if metric.total is None:
        series = [_series(service, domain, metric.bad, "Sum", key, label, color) for key, label, service, color in both]
        good = {"value": metric.good, "label": f"good: at most {metric.good:g}", "color": _LIMIT}
        return _graph(f"{metric.name}: {metric.bad} a day", series, [good], top=top, period=DAY)
    lines: list[list[object]] = []
    series = []
    for key, label, service, color in both:
        line = {"expression": f"100 * {key}b / {key}t", "id": label, "label": f"{label}, %", "color": color}
        lines.append([line])
        series.append(_series(service, domain, metric.bad, "Sum", f"{key}b"))
        series.append(_series(service, domain, metric.total, "Sum", f"{key}t"))
    limits = [_limit("good: under", metric.good)]
    if policy is None or policy.unit != "ratio":  # else the alarm's own graph draws this very limit
        limits.append(_limit("bad: over", metric.bad_level))
    return _graph(f"{metric.name}: {metric.bad} of {metric.total}", lines + series, limits, top=top)


def _alarm(domain: Domain, policy: AlertPolicy, stack: str, top: int) -> Widget:
    watched = f"{LATENCY} {LATENCY_STAT}" if policy.unit == "milliseconds" else policy.metric
    properties = {
        "title": f"alarm {policy.name} ({watched}): {policy.action}",
        "region": _REGION,
        "view": "timeSeries",
        "annotations": {"alarms": [_arn(domain, policy, stack)]},
    }
    return {"type": "metric", "x": 12, "y": top, **_GRAPH, "properties": properties}


def _graph(
    title: str,
    metrics: Sequence[Sequence[object]],
    limits: Sequence[Mapping[str, object]],
    *,
    top: int,
    left: int = 0,
    period: int = PERIOD,
    most: int | None = None,
) -> Widget:
    properties: dict[str, object] = {
        "title": title,
        "region": _REGION,
        "view": "timeSeries",
        "period": period,
        "metrics": metrics,
        "yAxis": {"left": {"min": 0, **({} if most is None else {"max": most}), "showUnits": False}},
    }
    if limits:
        properties["annotations"] = {"horizontal": limits}
    return {"type": "metric", "x": left, "y": top, **_GRAPH, "properties": properties}


def _series(
    service: str, domain: Domain, metric: str, stat: str, ident: str, label: str = "", color: str = ""
) -> list[object]:
    """One series; without a label it only feeds an expression."""
    shown = {"label": label, "color": color} if label else {"visible": False}
    return [NAMESPACE, metric, "Service", service, "Domain", domain.name, {"id": ident, "stat": stat, **shown}]


def _limit(label: str, fraction: float) -> dict[str, object]:
    percent = float(Decimal(repr(fraction)) * 100)  # 0.001 is 0.1 %, not 0.1000000001
    return {"value": percent, "label": f"{label} {percent:g} %", "color": _LIMIT}


def _arn(domain: Domain, policy: AlertPolicy, stack: str) -> str:
    return "{alarm:" + alarm_name(stack, domain.name, policy.name) + "}"
