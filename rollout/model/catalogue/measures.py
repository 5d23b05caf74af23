"""Reading one metric, its alert policy, or one checklist item of `domains.yaml`."""

from __future__ import annotations

import re
from typing import Final, Literal, cast, get_args

from rollout.model.catalogue import address
from rollout.model.catalogue.domain import Action, AlertPolicy, ChecklistItem, Counted, Metric, Needs
from rollout.model.ladder import TOP, Ladder
from rollout.model.yaml_text.fields import Fields
from rollout.model.yaml_text.tree import Scalar

#: Alarms' limits: CloudWatch takes periods of whole minutes, and looks back one day for periods under an hour.
MAX_PERIOD_SECONDS: Final = 86_400
MAX_EVALUATION_PERIODS: Final = 100
MAX_EVENTS: Final = 1_000_000

_COUNTER: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MILLISECONDS: Final = re.compile(r"([1-9][0-9]{0,5}) ms")


def read_metric(name: str, fields: Fields) -> Metric:
    """A metric: limits as rates (`0.1%`) where it has a `total`, else as whole numbers."""
    _named(name, fields)
    bad = _counter(fields, "bad")
    total = _counter(fields, "total") if fields.get("total") is not None else None
    first: float | None = None
    if total is None:
        good = float(fields.integer("good", 0, MAX_EVENTS))
        bad_level = float(fields.integer("bad-level", 0, MAX_EVENTS))
        if fields.get("good-at-first-rung") is not None:
            first = float(fields.integer("good-at-first-rung", 0, MAX_EVENTS))
    else:
        good, bad_level = fields.fraction("good"), fields.fraction("bad-level")
        if total == bad:
            fields.bad("total", "bad and total are the same counter", "two counters")
    # A rate between the limits is undecided; a count has one limit, so both may be the same number.
    given = f"good {_shown(fields, 'good')}, bad-level {_shown(fields, 'bad-level')}"
    if "good" in fields.node.values and "bad-level" in fields.node.values:
        if (good > bad_level) if total is None else (good >= bad_level):
            fields.bad("good", "the limits contradict each other", "good under bad-level", given=given)
        elif total is not None and good <= 0:
            fields.bad("good", "a limit of 0% can't be proven", "a rate over 0%")
    if first is not None and first > good:
        fields.bad("good-at-first-rung", "the first rung allows more than the others", "at most good")
    action = cast(Action, fields.choice("action", get_args(Action)))
    needs = cast(Needs, fields.choice("needs", get_args(Needs)))
    if total is None and needs == "proof":
        fields.bad("needs", "a count without a total can't be proven", "presence")
    fields.get("alert")
    units = [
        cast(Counted, fields.choice(key, get_args(Counted), required=False) or "tries")
        for key in ("counts", "legacy-counts")
    ]
    return Metric(name, bad, total, good, bad_level, action, needs, first, *units)


def read_alert(metric: Metric, fields: Fields, defaults: Fields | None) -> AlertPolicy:
    """The alarm of a metric: at its bad level unless `alert: over:` says otherwise; windows from `alert-defaults`."""
    own = fields.section("alert", required=False)
    threshold = metric.bad_level
    unit: Literal["ratio", "milliseconds", "count"] = "count" if metric.total is None else "ratio"
    if own is not None and (node := own.get("over")) is not None:
        text = node.text if isinstance(node, Scalar) else ""
        if match := _MILLISECONDS.fullmatch(text):
            threshold, unit = float(match[1]), "milliseconds"
        else:
            own.bad("over", "over is no duration", "milliseconds, such as 2000 ms")
    period = _setting("period-seconds", own, defaults, fields, 60, MAX_PERIOD_SECONDS)
    if period % 60 and own is not None:
        own.bad("period-seconds", "period-seconds is not a whole number of minutes", "60, 120, 180, ...")
    periods = _setting("evaluation-periods", own, defaults, fields, 1, MAX_EVALUATION_PERIODS)
    events = _setting("minimum-events", own, defaults, fields, 0, MAX_EVENTS)
    if own is not None:
        own.finish()
    return AlertPolicy(metric.name, metric.name, threshold, unit, period, periods, events, metric.action)


def read_item(name: str, fields: Fields, ladder: Ladder) -> ChecklistItem:
    """A checklist item: with a `probe` URL it is probed, with `kind: attested` a person answers for it.

    `ladder`: of whom the item is, a domain or the whole catalogue.
    """
    _named(name, fields)
    kind = cast(Literal["probe", "attested"], fields.choice("kind", ("probe", "attested")))
    ask = fields.text("ask")
    before = fields.integer("before", 1, TOP)
    if before and before not in ladder:
        fields.bad("before", "before is no rung of the ladder", ladder.show_above())
    if kind != "probe":
        return ChecklistItem(name, kind, ask, before)
    url = fields.text("url", allowed='a URL such as "{unified}/health"')
    if url and not re.match(r"(\{unified\}|https?://[^/\s]+)(/\S*)?$", url):
        fields.bad("url", "url is none that a probe can ask", "{unified}/..., or http(s)://...")
    if why := address.metadata(address.host(url)):
        fields.bad("url", f"url is none that a probe may ask: {why}", "{unified}/..., or a service of yours")
    status = fields.integer("status", 100, 599, required=False, default=200)
    field = fields.text("field", required=False)
    equals: str | int | bool | None = None
    if (node := fields.get("equals")) is not None:
        if isinstance(node, Scalar) and isinstance(node.value, (str, int, bool)) and node.kind != "odd":
            equals = node.value
        else:
            fields.bad("equals", "equals is nothing to compare with", "text, a whole number, true or false")
    if ("field" in fields.node.values) != ("equals" in fields.node.values):
        fields.bad("field", "field and equals stand alone", "both, or neither")
    return ChecklistItem(name, kind, ask, before, url, status, field, equals)


def _named(name: str, fields: Fields) -> None:
    if not _NAME.fullmatch(name):
        fields.bad("", f"the name {name[:40]} is not in kebab-case", "small letters, digits, hyphens", given=name[:40])


def _counter(fields: Fields, key: str) -> str:
    name = fields.text(key, allowed="a counter such as Requests")
    if name and not _COUNTER.fullmatch(name):
        fields.bad(key, f"{key} is no name of a counter", "letters and digits, a capital first")
    return name


def _shown(fields: Fields, key: str) -> str:
    node = fields.node.values.get(key)
    return node.text if isinstance(node, Scalar) else "nothing"


def _setting(key: str, own: Fields | None, defaults: Fields | None, metric: Fields, low: int, high: int) -> int:
    """A number from the metric's own `alert:`, else from `common: alert-defaults:`."""
    if defaults is not None:
        defaults.get(key)
    for fields in (own, defaults):
        if fields is not None and fields.get(key) is not None:
            return fields.integer(key, low, high, default=low)
    metric.bad("alert", f"no {key}, neither here nor in common: alert-defaults", f"a whole number from {low} to {high}")
    return low
