"""`Dashboard` on the simulator: the body on the endpoint, drift by widget, and one call that tells of no change."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from rollout.model.alarms import dashboard, dashboard_limits
from rollout.provider.aws import calls
from rollout.provider.aws.calls import Aws
from rollout.provider.aws.dashboards import Dashboards
from rollout.provider.resources.dashboard import Dashboard
from rollout.provider.wire.row import Refused, Row
from rollout.simulator.simulator import Simulator
from tests.harness import client
from tests.provider.beside import Line
from tests.provider.desk import Desk

NAME = "wa-webhook-unified-test-jobs"


@pytest.fixture(autouse=True)
def _once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "ATTEMPTS", 1)


@pytest.fixture
def cloudwatch(moto: Simulator) -> Any:
    return client(moto.url, "cloudwatch")


def kinds(desk: Desk) -> Dashboard:
    return Dashboard(desk.context, Dashboards(Aws(desk.context.settings)), object())


def inputs(desk: Desk, domain: str = "jobs") -> dict[str, Any]:
    known = desk.context.catalogue
    widgets = dashboard.summary(dashboard.body(known, known.domains[domain], "test"))
    return {"stack": "test", "domain": domain, "name": dashboard.dashboard_name("test", domain), "widgets": widgets}


def line(desk: Desk) -> Line:
    made = Line(kinds(desk))
    made.up(inputs(desk))
    return made


def again(desk: Desk, before: Line) -> Line:
    desk.new_run()
    return Line(kinds(desk), before.state, before.inputs)


def live(cloudwatch: Any) -> dict[str, Any]:
    found = json.loads(cloudwatch.get_dashboard(DashboardName=NAME)["DashboardBody"])
    assert isinstance(found, dict)
    return found


def test_the_body_is_complete_and_one_that_cloudwatch_takes(desk: Desk, cloudwatch: Any) -> None:
    line(desk)
    found = live(cloudwatch)
    assert dashboard_limits.problems(NAME, json.dumps(found)) == []
    states = next(widget for widget in found["widgets"] if widget["type"] == "alarm")
    arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:wa-webhook-unified-test-jobs-errors"
    assert arn in states["properties"]["alarms"]
    assert {w["properties"].get("region") for w in found["widgets"] if w["type"] == "metric"} == {"eu-west-1"}


def test_nothing_changed_is_nothing_written_and_one_call_for_all(desk: Desk, moto: Simulator) -> None:
    lines = []
    for domain in desk.context.catalogue.domains:
        lines.append(Line(kinds(desk)))
        lines[-1].up(inputs(desk, domain))
    moto.call("DELETE", "/calls")
    desk.new_run()
    kind = kinds(desk)
    for one in lines:
        assert kind.read("urn", one.state or {}, Row("urn")) == one.state
    assert moto.call("GET", "/calls") == {"cloudwatch.ListDashboards": 1}


def test_drift_is_shown_by_widget_and_repaired(desk: Desk, cloudwatch: Any) -> None:
    first = line(desk)
    found = live(cloudwatch)
    found["widgets"].pop()
    found["widgets"][4]["height"] = 7
    found["widgets"].append(
        {"type": "text", "x": 0, "y": 99, "width": 1, "height": 1, "properties": {"title": 'a "b"'}}
    )
    cloudwatch.put_dashboard(DashboardName=NAME, DashboardBody=json.dumps(found))
    second = again(desk, first)
    assert second.preview(inputs(desk)) == {
        'widgets["alarm notifications (notifications): rollback-previous"]': "add",
        'widgets["errors: Errors of Requests"]': "update",
        'widgets["a \\"b\\""]': "delete",
    }
    second.up(inputs(desk))
    assert again(desk, second).up(inputs(desk)) == {}
    assert len(live(cloudwatch)["widgets"]) == len(inputs(desk)["widgets"])


def test_what_is_no_dashboard_is_drift_and_no_error(desk: Desk, cloudwatch: Any) -> None:
    first = line(desk)
    cloudwatch.put_dashboard(DashboardName=NAME, DashboardBody="[7]")
    second = again(desk, first)
    assert second.up(inputs(desk))
    assert again(desk, second).up(inputs(desk)) == {}


def test_a_deleted_dashboard_is_named_and_made_again(desk: Desk, cloudwatch: Any) -> None:
    first = line(desk)
    Line(kinds(desk)).up(inputs(desk, "property"))
    cloudwatch.delete_dashboards(DashboardNames=[NAME])
    second = again(desk, first)
    assert second.up(inputs(desk)) == {"name": "add"}
    assert f"dashboard {NAME} is gone" in second.said()
    assert live(cloudwatch)


def test_a_read_never_raises(desk: Desk, fault: Callable[..., None]) -> None:
    first = line(desk)
    fault(None, target="cloudwatch.ListDashboards", status=500)
    second = again(desk, first)
    assert second.up(inputs(desk)) == {}
    assert "not read, shown as recorded" in second.said()


def test_widgets_that_the_catalogue_does_not_give_are_refused(desk: Desk, moto: Simulator) -> None:
    with pytest.raises(Refused, match=r"those that domains\.yaml gives"):
        kinds(desk).create({**inputs(desk), "widgets": {"x": "y"}}, True, Row("urn"))
    assert moto.call("GET", "/calls") == {}


def test_a_dashboard_stays_while_its_domain_carries_traffic(desk: Desk, cloudwatch: Any) -> None:
    desk.climb("ai-agents", 5)
    made = Line(kinds(desk))
    made.up(inputs(desk, "ai-agents"))
    with pytest.raises(Refused, match="ai-agents is at 5 %"):
        again(desk, made).delete()
    desk.percent("ai-agents", 0)
    again(desk, made).delete()
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []
