"""What CloudWatch refuses of a dashboard, told before the call: the simulator takes any JSON.

The rules are those of "Dashboard Body Structure and Syntax" and of PutDashboard in the CloudWatch API reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from rollout.model.problem import shown

NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")  # PutDashboard, DashboardName
WIDGETS_MAX: Final = 500
COLUMNS: Final = 24  # the grid's width: x 0 to 23, width 1 to 24
HEIGHT_MAX: Final = 1000
METRICS_MAX: Final = 500  # metrics and expressions of one graph
ALARMS_MAX: Final = 100  # of one alarm widget
TYPES: Final = ("alarm", "custom", "explorer", "log", "metric", "text")
VIEWS: Final = ("bar", "gauge", "pie", "singleValue", "table", "timeSeries")
PERIOD_OVERRIDES: Final = ("auto", "inherit")

_START: Final = re.compile(r"-P(\d+[YMWD]|T\d+[HM])|\d{4}-\d{2}-\d{2}T.*Z")
_ID: Final = re.compile(r"[a-z][A-Za-z0-9_]*")
_WORD: Final = re.compile(r"\b[a-z][A-Za-z0-9_]*\b")
_ARN: Final = re.compile(r"arn:aws[a-z-]*:cloudwatch:[a-z0-9-]+:[0-9]{12}:alarm:.+|\{alarm:.+\}")
_COLOR: Final = re.compile(r"#[0-9a-f]{6}")


def problems(name: object, text: object) -> list[str]:
    """What CloudWatch would refuse, each as `place: allowed ...; given: ...`. Never raises."""
    wrong = []
    if not isinstance(name, str) or not NAME.fullmatch(name):
        wrong.append(f"name: allowed: 1 to 255 of A-Z a-z 0-9 - _; given: {shown(name)}")
    try:
        body = json.loads(text if isinstance(text, str) else "")
    except ValueError:
        return [*wrong, f"body: allowed: JSON; given: {shown(text)}"]
    widgets = body.get("widgets") if isinstance(body, dict) else None
    if not isinstance(widgets, list) or len(widgets) > WIDGETS_MAX:
        given = f"{len(widgets)} widgets" if isinstance(widgets, list) else shown(widgets)
        return [*wrong, f"widgets: allowed: a list of at most {WIDGETS_MAX}; given: {given}"]
    if body.get("periodOverride", "auto") not in PERIOD_OVERRIDES:
        wrong.append(f"periodOverride: allowed: {', '.join(PERIOD_OVERRIDES)}; given: {shown(body['periodOverride'])}")
    if "start" in body and not _START.fullmatch(str(body["start"])):
        wrong.append(f"start: allowed: -PT6H, -P2D, a time in UTC; given: {shown(body['start'])}")
    for number, widget in enumerate(widgets):
        wrong += [f"widgets[{number}].{text}" for text in _widget(widget if isinstance(widget, dict) else {})]
    return wrong


def _widget(widget: Mapping[str, object]) -> Iterator[str]:
    if widget.get("type") not in TYPES:
        yield f"type: allowed: {', '.join(TYPES)}; given: {shown(widget.get('type'))}"
    yield from _whole(widget, "x", 0, COLUMNS - 1)
    yield from _whole(widget, "y", 0, None)
    yield from _whole(widget, "width", 1, COLUMNS)
    yield from _whole(widget, "height", 1, HEIGHT_MAX)
    x, width = widget.get("x"), widget.get("width")
    if isinstance(x, int) and isinstance(width, int) and x + width > COLUMNS:
        yield f"width: allowed: x + width at most {COLUMNS}; given: {x} + {width}"
    properties = widget.get("properties")
    if not isinstance(properties, dict):
        yield f"properties: allowed: a map; given: {shown(properties)}"
    elif widget.get("type") == "metric":
        yield from _metric(properties)
    elif widget.get("type") == "alarm":
        yield from _arns(properties.get("alarms"), ALARMS_MAX)
    elif widget.get("type") == "text" and not isinstance(properties.get("markdown"), str):
        yield f"markdown: allowed: text; given: {shown(properties.get('markdown'))}"


def _metric(properties: Mapping[str, object]) -> Iterator[str]:
    region = properties.get("region")
    if not isinstance(region, str) or not region:
        yield f"region: allowed: the region of the metrics; given: {shown(region)}"
    if properties.get("view", "timeSeries") not in VIEWS:
        yield f"view: allowed: {', '.join(VIEWS)}; given: {shown(properties['view'])}"
    period = properties.get("period", 300)
    if not isinstance(period, int) or period < 60 or period % 60:
        yield f"period: allowed: a multiple of 60 seconds; given: {shown(period)}"
    given = properties.get("annotations", {})
    annotations = given if isinstance(given, dict) else {}
    for line in annotations.get("horizontal", ()):
        value = line.get("value")
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield f"annotations.horizontal: allowed: a number; given: {shown(value)}"
        if not _COLOR.fullmatch(line.get("color", "#000000")):
            yield f"annotations.horizontal: allowed: a colour such as #d62728; given: {shown(line['color'])}"
    if "alarms" in annotations:
        yield from _arns(annotations["alarms"], 1)  # one alarm a graph
    elif not properties.get("metrics"):
        yield "metrics: allowed: metrics, or one alarm as annotation; given: neither"
    yield from _metrics(properties.get("metrics", []))


def _metrics(metrics: object) -> Iterator[str]:
    if not isinstance(metrics, list) or len(metrics) > METRICS_MAX:
        yield f"metrics: allowed: a list of at most {METRICS_MAX}; given: {shown(metrics)}"
        return
    ids: list[str] = []
    used: set[str] = set()
    for metric in metrics:
        options = metric[-1] if metric and isinstance(metric[-1], dict) else {}
        names = metric[:-1] if options else metric
        ids += [options["id"]] if "id" in options else []
        used |= set(_WORD.findall(options.get("expression", "")))
        if ("expression" in options) == bool(names) or len(names) % 2 or not all(isinstance(n, str) for n in names):
            yield f"metrics: allowed: namespace, metric and pairs of a dimension, or an expression; given: {shown(metric)}"
    for ident in ids:
        if not _ID.fullmatch(ident) or ids.count(ident) > 1:
            yield f"metrics: allowed: ids used once, a small letter first; given: {shown(ident)}"
    if missing := used - set(ids):
        yield f"metrics: allowed: ids of this graph ({', '.join(ids)}); given: {', '.join(sorted(missing))}"


def _arns(alarms: object, most: int) -> Iterator[str]:
    if not isinstance(alarms, list) or not 1 <= len(alarms) <= most:
        yield f"alarms: allowed: 1 to {most} ARNs of alarms; given: {shown(alarms)}"
        return
    for arn in alarms:
        if not isinstance(arn, str) or not _ARN.fullmatch(arn):
            yield f"alarms: allowed: arn:aws:cloudwatch:REGION:ACCOUNT:alarm:NAME; given: {shown(arn)}"


def _whole(widget: Mapping[str, object], key: str, low: int, high: int | None) -> Iterator[str]:
    value = widget.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < low or (high is not None and value > high):
        bound = f"{low} to {high}" if high is not None else f"from {low}"
        yield f"{key}: allowed: a whole number {bound}; given: {shown(value)}"
