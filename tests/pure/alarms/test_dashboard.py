"""The dashboards of the catalogue, and CloudWatch's own rules for a body, each from both sides."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollout.model.alarms import dashboard, dashboard_limits
from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import Domain

HOME = Path(__file__).resolve().parents[3]
TEXT = (HOME / "domains.yaml").read_text()
KNOWN = catalogue.parse(TEXT.encode(), "domains.yaml")
ARN = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:"


def body(domain: str, text: str = TEXT) -> str:
    known = catalogue.parse(text.encode(), "domains.yaml")
    return dashboard.body(known, known.domains[domain], "prod")


def widgets(domain: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(body(domain))["widgets"]
    return found


@pytest.mark.parametrize("domain", KNOWN.domains)
def test_cloudwatch_takes_it_in_both_forms(domain: str) -> None:
    name, text = dashboard.dashboard_name("prod", domain), body(domain)
    assert dashboard_limits.problems(name, text) == []
    full = dashboard.complete(text, "eu-west-1", ARN)
    assert dashboard_limits.problems(name, full) == []
    assert "{" + "region" not in full
    assert "{" + "alarm" not in full
    assert dashboard.general(full, "eu-west-1", ARN) == text
    assert dashboard.general(json.dumps(json.loads(full), indent=2), "eu-west-1", ARN) == text


@pytest.mark.parametrize("domain", KNOWN.domains)
def test_no_widget_covers_another(domain: str) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets(domain):
        cells = {(widget["x"] + i, widget["y"] + j) for i in range(widget["width"]) for j in range(widget["height"])}
        assert not cells & taken, widget["properties"].get("title")
        taken |= cells


@pytest.mark.parametrize("domain", KNOWN.domains.values(), ids=list(KNOWN.domains))
def test_unified_beside_legacy_for_every_metric(domain: Domain) -> None:
    graphs = {w["properties"].get("title", "").partition(":")[0]: w["properties"] for w in widgets(domain.name)}
    for metric in domain.metrics:
        series = {(m[1], m[3]) for m in graphs[metric.name]["metrics"] if m[0] == "WaWebhook"}
        for service in ("wa-webhook-unified", domain.legacy):
            assert {(metric.bad, service), (metric.total or metric.bad, service)} <= series
        values = [line["value"] for line in graphs[metric.name]["annotations"]["horizontal"]]
        assert values[0] == pytest.approx(metric.good if metric.total is None else metric.good * 100)


def test_the_percent_is_what_arrived_over_the_rungs_and_the_flag_as_a_step() -> None:
    share = next(w["properties"] for w in widgets("jobs") if w["properties"].get("title") == "jobs: percent")
    assert [line["value"] for line in share["annotations"]["horizontal"]] == [5, 10, 25, 50, 100]
    assert {line[0].get("expression") for line in share["metrics"][:2]} == {"100 * u / (u + l)", "FILL(p, REPEAT)"}


def test_every_alarm_is_drawn_with_its_own_limit_and_stands_in_the_states() -> None:
    names = {f"{{alarm:wa-webhook-unified-prod-jobs-{policy.name}}}" for policy in KNOWN.domains["jobs"].alerts}
    states = next(w for w in widgets("jobs") if w["type"] == "alarm")
    assert set(states["properties"]["alarms"]) == names
    drawn = [w["properties"].get("annotations", {}).get("alarms", []) for w in widgets("jobs") if w["type"] == "metric"]
    assert {arn for arns in drawn for arn in arns} == names


def test_the_summary_names_the_widget_that_changed_and_no_other() -> None:
    before = dashboard.summary(body("jobs"))
    assert before["errors: Errors of Requests"].startswith("good: under 0.1 % [")
    good = TEXT.replace("good: 0.1%                  # seed, day 1-2", "good: 0.2% # seed, day 1-2")
    after = dashboard.summary(body("jobs", good))
    assert {key for key in before if before[key] != after[key]} == {"errors: Errors of Requests"}
    bad = dashboard.summary(body("jobs", TEXT.replace("bad-level: 4%             # not", "bad-level: 5% # not")))
    assert bad == before, "an alarm's limit is drawn from the alarm: the dashboard doesn't change with it"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "7", '{"widgets": 3}', '{"widgets": [null, {"properties": []}]}', "nul"]
)
def test_the_summary_of_anything_at_all_is_text(text: str) -> None:
    assert all(isinstance(value, str) for value in dashboard.summary(text).values())
    dashboard.general(text, "eu-west-1", ARN)


def graph(change: Callable[[dict[str, Any]], Any]) -> str:
    whole = json.loads(body("jobs"))
    change(whole)
    return json.dumps(whole)


def set_(path: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    """`path` in the widget of index 4 (errors), or from the top with a slash before it."""

    def change(whole: dict[str, Any]) -> None:
        at: Any = whole if path.startswith("/") else whole["widgets"][4]
        *parts, last = path.strip("/").split(".")
        for part in parts:
            at = at[int(part) if part.isdigit() else part]
        at[int(last) if last.isdigit() else last] = copy.deepcopy(value)

    return change


TEXT_WIDGET = {"type": "text", "x": 0, "y": 0, "width": 1, "height": 1, "properties": {"markdown": ""}}


@pytest.mark.parametrize(
    ("path", "good", "bad"),
    [
        ("/widgets", [[], [TEXT_WIDGET] * 500], [[TEXT_WIDGET] * 501, {}, None]),
        ("/periodOverride", ["auto"], ["never"]),
        ("/start", ["-PT6H"], ["6h"]),
        ("type", ["text"], ["graph", None]),
        ("x", [0, 12], [-1, 24, 13, 0.5, None]),
        ("y", [0, 9999], [-1, None]),
        ("width", [1, 24], [0, 25]),
        ("height", [1, 1000], [0, 1001]),
        ("properties.region", ["eu-west-1"], ["", None]),
        ("properties.view", ["singleValue"], ["lines"]),
        ("properties.period", [60, 86400], [0, 59, 90, "60"]),
        ("properties.annotations.horizontal.0.value", [0, 1.5], ["1", None, True]),
        ("properties.annotations.horizontal.0.color", ["#d62728"], ["red"]),
        ("properties.annotations.alarms", [["{alarm:a}"], [ARN + "a"]], [[], ["a"], ["{alarm:a}", "{alarm:b}"]]),
        ("properties.metrics", [[["WaWebhook", "Errors"]]], [[], [["WaWebhook"]], [[{"expression": "a"}]], "x",
            [["N", "M", {"id": "A"}]], [["N", "M", {"id": "a"}], ["N", "M", {"id": "a"}]], [["N", "M"]] * 501]),
    ],
)  # fmt: skip
def test_what_cloudwatch_refuses(path: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        text = graph(set_(path, value))
        if path != "type":
            assert dashboard_limits.problems("name", text) == [], value
    for value in bad:
        told = dashboard_limits.problems("name", graph(set_(path, value)))
        assert told, value
        assert all("allowed:" in text and "given:" in text for text in told)


@pytest.mark.parametrize("name", ["", "a" * 256, "a b", "a.b", None])
def test_a_name_that_cloudwatch_refuses(name: Any) -> None:
    assert dashboard_limits.problems(name, '{"widgets": []}')
