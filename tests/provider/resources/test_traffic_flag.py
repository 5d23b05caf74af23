"""`TrafficFlag` on a simulated store: what is refused writes nothing, what lowers is never refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rollout.provider.errors import StoreError
from rollout.provider.judging.context import Context
from rollout.provider.resources.traffic_flag import UNKNOWN
from rollout.provider.stores import writing
from rollout.provider.wire.row import Refused
from rollout.simulator.simulator import Simulator
from tests.provider.conftest import CANARY, NOW
from tests.provider.desk import Desk
from tests.provider.shelf import BOTH, Shelf

SHELVES = BOTH

Written = Callable[[], dict[str, int]]
Fault = Callable[..., None]
BREACH = {"attempt": 1, "at": "2026-12-09T02:14:00Z", "metric": "errors", "from": 25, "to": 10}


def test_the_way_up_and_down(desk: Desk) -> None:
    desk.climb("ai-agents", 100)
    state = desk.state["ai-agents"]
    assert [(move["from"], move["to"]) for move in state["moves"]] == [
        (0, 0),
        (0, 5),
        (5, 10),
        (10, 25),
        (25, 50),
        (50, 100),
    ]
    assert state["percent"] == 100
    assert state["verdict"].startswith("PASS 50 -> 100 %")
    desk.percent("ai-agents", 5)
    assert desk.live("ai-agents") == "5"
    assert desk.state["ai-agents"]["moves"][:6] == state["moves"], "append-only"
    assert desk.state["ai-agents"]["moves"][6]["verdict"] == "rollback"


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize(
    ("wanted", "told", "says"),
    [
        (10, {}, "skips a rung"),
        (5, {"frozen": "INC-7"}, "frozen: INC-7"),
        (5, {"held": "INC-9"}, "held: INC-9"),
        (5, {"closed": True}, "closed"),
        (5, {"breach": BREACH}, "latched by the breach of errors"),
        (5, {"on_call": None}, "nobody is on call"),
        (5, {"checked": {}}, "is not attested"),
        (5, {"gate": "required", "drill": "required"}, "no passed drill"),
    ],
)
def test_refused_at_preview_and_up_without_a_write(
    desk: Desk, written: Written, preview: bool, wanted: int, told: dict[str, Any], says: str
) -> None:
    desk.percent("ai-agents", 0)
    written()
    with pytest.raises(Refused, match=says):
        desk.percent("ai-agents", wanted, preview=preview, **told)
    assert written() == {}
    assert desk.live("ai-agents") == "0"


def test_a_soak_that_is_not_over_is_refused(desk: Desk, written: Written) -> None:
    desk.climb("ai-agents", 5)
    desk.later(hours=-2, minutes=-1)
    written()
    with pytest.raises(Refused, match="soak at 5 % not over"):
        desk.percent("ai-agents", 10)
    desk.later(minutes=1)
    desk.percent("ai-agents", 10)


def test_prerequisites_are_read_from_the_store(desk: Desk, fault: Fault) -> None:
    desk.percent("jobs", 0)
    with pytest.raises(Refused, match="needs ai-agents at 100 %"):
        desk.percent("jobs", 5)
    desk.climb("ai-agents", 100)
    desk.percent("jobs", 5, preview=True)
    fault("read", status=500, match="UNIFIED_ROLLOUT_PERCENT")
    with pytest.raises(Refused, match="its live value can't be read"):
        desk.percent("jobs", 5)


@pytest.mark.parametrize(
    ("health", "says"),
    [
        ({"status_code": 503, "body": {}}, "answered 503, expected 200"),
        ({"body": {"status": "ok", "database": "ok"}}, "agents = None"),
        ({"body": {"status": "ok", "database": "ok", "agents": "8"}}, "agents = 8"),
    ],
)
def test_a_failing_probe_refuses(
    desk: Desk, moto: Simulator, written: Written, health: dict[str, Any], says: str
) -> None:
    desk.percent("ai-agents", 0)
    moto.call("PUT", "/health", health)
    written()
    with pytest.raises(Refused, match=says):
        desk.percent("ai-agents", 5)
    assert written() == {}


FORBIDDING: dict[str, Any] = {
    "frozen": "x", "held": "x", "closed": True, "breach": BREACH, "on_call": None, "checked": {}, "gate": "off",
    "malformed": ["waivers.x: unreadable"], "attempt": "?",
}  # fmt: skip


@pytest.mark.parametrize("target", [0, 5, 10])
def test_no_lowering_is_ever_refused(desk: Desk, shelf: Shelf, moto: Simulator, target: int) -> None:
    desk.climb("ai-agents", 25)
    desk.percent("ai-agents", 10)
    desk.percent("ai-agents", 5)
    shelf.put(desk.name("ai-agents"), "25")
    moto.call("PUT", "/health", {"status_code": 503, "body": {}})
    only = replace(desk.context.settings, only_lower=True, configured_region="us-east-1")
    desk.context = Context(only, desk.store)
    assert desk.percent("ai-agents", target, preview=True, **FORBIDDING)["version"] is UNKNOWN
    assert desk.percent("ai-agents", target, **FORBIDDING)["percent"] == target
    assert desk.live("ai-agents") == str(target)


@pytest.mark.parametrize("action", ["read", "tag", "tags", "write", "batch"])
@pytest.mark.parametrize(
    "how",
    [
        {"status": 500},
        {"status": 400, "code": "ThrottlingException"},
        {"status": 200, "body": "<html>garbage</html>"},
        {"status": 500, "body": "<html>garbage</html>"},
        {"status": 500, "after": True},
        {"status": 0},
    ],
)
def test_one_failing_call_stops_no_lowering(desk: Desk, fault: Fault, action: str, how: dict[str, Any]) -> None:
    desk.climb("ai-agents", 10)
    fault(action, times=1, **how)
    assert desk.percent("ai-agents", 5)["percent"] == 5
    assert desk.live("ai-agents") == "5"


@pytest.mark.parametrize("action", ["tag", "tags"])
def test_tags_that_always_fail_stop_no_lowering(desk: Desk, fault: Fault, action: str) -> None:
    desk.climb("ai-agents", 10)
    fault(action, status=500)
    desk.percent("ai-agents", 5)
    assert desk.live("ai-agents") == "5"
    desk.percent("ai-agents", 5)  # what is live already doesn't fail either


def test_a_lowering_that_cannot_be_written_says_so(desk: Desk, shelf: Shelf, fault: Fault) -> None:
    desk.climb("ai-agents", 10)
    fault("write", status=500)
    with pytest.raises(StoreError, match=shelf.failed) as caught:
        desk.percent("ai-agents", 5)
    assert CANARY not in str(caught.value)
    assert desk.state["ai-agents"]["percent"] == 10


def test_read_never_raises(desk: Desk, fault: Fault) -> None:
    desk.climb("ai-agents", 5)
    state = desk.state["ai-agents"]
    for how in (
        {"status": 500},
        {"status": 200, "body": "<html>"},
        {"status": 0},
        {"status": 400, "code": "AccessDenied"},
    ):
        fault(None, **how)
        assert desk.refresh("ai-agents") == state
        assert "live value not read, the record says 5 %" in desk.said()
        assert CANARY not in desk.said()


def test_conditions_make_no_diff_and_rules_do(desk: Desk) -> None:
    desk.climb("ai-agents", 5)
    desk.refresh("ai-agents")
    traffic, state = desk.traffic, desk.state["ai-agents"]
    assert "conditions" not in state
    assert traffic.diff("urn", state, desk.inputs_of("ai-agents", 5, frozen="x"), desk.row) == {}
    other = {**desk.inputs_of("ai-agents", 5), "rules": "other"}
    assert traffic.diff("urn", state, other, desk.row) == {"rules": "update"}
    with pytest.raises(Refused, match="the rules of ai-agents changed in the same diff"):
        traffic.update(state, desk.inputs["ai-agents"], {**other, "percent": 10}, False, desk.row)


def test_check(desk: Desk) -> None:
    good = desk.inputs_of("jobs", 5)
    assert desk.traffic.check(good) == []
    odd: list[Any] = [12, -5, 12.5, "5", "0", None, True, False, float("nan"), [5], {}]
    for percent in odd:
        assert [key for key, _ in desk.traffic.check({**good, "percent": percent})] == ["percent"], percent
    for domain in ("mobility", None, 5):
        assert "domain" in dict(desk.traffic.check({**good, "domain": domain})), domain
    assert "flag" in dict(desk.traffic.check({**good, "flag": "MOBILITY_ROLLOUT_PERCENT"}))
    assert "stack" in dict(desk.traffic.check({**good, "stack": ""}))


def test_a_raise_that_is_stopped_meanwhile(desk: Desk, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.climb("ai-agents", 5)
    name, writes = desk.context.percent_name("test", "ai-agents"), "raise_over" if desk.store.can.judges else "put"
    put: Callable[..., Any] = getattr(desk.store, writes)
    other = shelf.fresh(desk.context.settings)  # the stop's own client

    def late(secret: str, value: str, *told: Any, **more: Any) -> Any:
        if value == "10":
            writing.lower(other, name, "0", virtual=NOW)
        return put(secret, value, *told, **more)

    monkeypatch.setattr(desk.store, writes, late)
    with pytest.raises(Refused, match="stopped meanwhile: the stop's value 0 %"):
        desk.percent("ai-agents", 10)
    assert desk.live("ai-agents") == "0"
    assert desk.refresh("ai-agents")["percent"] == 0


def test_destroy_is_refused_above_0(desk: Desk, written: Written, fault: Fault) -> None:
    desk.climb("ai-agents", 5)
    written()
    with pytest.raises(Refused, match="ai-agents is at 5 %"):
        desk.traffic.delete(desk.state["ai-agents"], desk.inputs["ai-agents"], desk.row)
    desk.percent("ai-agents", 0)
    written()
    desk.traffic.delete(desk.state["ai-agents"], desk.inputs["ai-agents"], desk.row)
    fault("read", status=500)
    with pytest.raises(Refused, match="can't tell whether"):
        desk.traffic.delete(desk.state["ai-agents"], desk.inputs["ai-agents"], desk.row)
    assert written() == {}, "nothing is deleted from the store either way"


def test_destroy_when_closed(desk: Desk) -> None:
    for domain in desk.context.catalogue.domains:
        desk.climb(domain, 100)
    closed = {"conditions": {"closed": True}}
    with pytest.raises(Refused, match="closed, but not stable for 7 days"):
        desk.traffic.delete(desk.state["jobs"], closed, desk.row)
    desk.later(days=7)
    desk.traffic.delete(desk.state["jobs"], closed, desk.row)
    assert desk.live("jobs") == "100"
