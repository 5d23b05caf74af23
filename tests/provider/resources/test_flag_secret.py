"""An enable flag is judged with its percent: `true` only with a raise that passes or over live traffic, `false` always."""

from __future__ import annotations

from typing import Any

import pytest

from rollout.provider.errors import StoreError
from rollout.provider.resources.flag_secret import SWITCHED
from rollout.provider.wire.row import Refused, Row
from tests.provider.desk import Desk
from tests.provider.shelf import BOTH

SHELVES = BOTH
DOMAIN = "jobs"


class Switch:
    """The enable flag of jobs on a desk: `up` is what an `up` does to it. The percent is moved by the desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.row = desk, Row("urn")
        self.state: dict[str, Any] = {}
        self.inputs: dict[str, Any] = {}
        self.name = f"wa-webhook-unified/test/{desk.context.catalogue.domains[DOMAIN].enable_flag}"

    def up(self, enabled: bool, percent: int, *, preview: bool = False, **conditions: Any) -> dict[str, Any]:
        told = self.desk.inputs_of(DOMAIN, percent, **conditions)
        flag = self.desk.context.catalogue.domains[DOMAIN].enable_flag
        new = {**told, "flag": flag, "enabled": enabled, "closed": False}
        self.row = Row("urn")
        self.desk.new_run()
        known = self.desk.state.get(DOMAIN, {})
        self.desk.context.records["test", DOMAIN] = known.get("moves", [])
        if self.inputs:
            outputs = self.desk.flags.update(self.state, self.inputs, new, preview, self.row)
        else:
            _, outputs = self.desk.flags.create(new, preview, self.row)
        if not preview:
            self.state, self.inputs = outputs, new
        return outputs

    def refresh(self) -> dict[str, Any]:
        self.desk.new_run()
        self.row = Row("urn")
        self.state = self.desk.flags.read("urn", self.state, self.row, self.inputs)
        return self.state

    def refused(self, percent: int, **conditions: Any) -> str:
        live = self.live()
        for preview in (True, False):
            with pytest.raises(Refused) as refusal:
                self.up(True, percent, preview=preview, **conditions)
        assert self.live() == live
        return str(refusal.value)

    def live(self) -> str | None:
        entry = self.desk.store.get(self.name)
        return None if entry is None else entry.text

    def put(self, value: str) -> None:
        self.desk.store.put(self.name, value, "f" * 36)


@pytest.fixture
def switch(desk: Desk) -> Switch:
    """jobs at 0, off; its prerequisites have been met for long."""
    desk.climb("ai-agents", 100)
    desk.later(hours=48)
    made = Switch(desk)
    desk.percent(DOMAIN, 0)
    made.up(False, 0)
    assert made.live() == "false"
    return made


def test_on_with_a_raise_that_passes_and_not_without(switch: Switch) -> None:
    assert "nothing raises jobs" in switch.refused(0)
    assert "frozen: INC-7" in switch.refused(5, frozen="INC-7")
    assert "JOBS false -> true" in switch.refused(10), "a skipped rung"
    switch.up(True, 5)
    assert switch.live() == "true"
    assert [text for _, text in switch.row.lines if "false -> true" in text], "each change is said"
    assert [one["to"] for one in switch.state[SWITCHED]] == [True]


def test_prerequisites_are_asked(desk: Desk) -> None:
    switch = Switch(desk)
    desk.percent(DOMAIN, 0)
    switch.up(False, 0)
    assert "needs ai-agents at 100 %" in switch.refused(5)


def test_off_goes_always_and_on_stays_after_a_rollback_to_zero(switch: Switch) -> None:
    switch.desk.percent(DOMAIN, 5)
    switch.up(True, 5)
    switch.desk.percent(DOMAIN, 0)
    switch.up(True, 0)  # legal: nothing is written
    assert (switch.live(), len(switch.state[SWITCHED])) == ("true", 1)
    switch.up(False, 0, frozen="INC-7")
    assert (switch.live(), len(switch.state[SWITCHED])) == ("false", 2)


def test_switched_off_by_hand_is_a_stop(switch: Switch) -> None:
    switch.desk.percent(DOMAIN, 5)
    switch.up(True, 5)
    switch.put("false")
    switch.refresh()
    assert "a stop" in str(switch.row.lines)
    assert [one["verdict"] for one in switch.state[SWITCHED]][-1] == "outside"
    assert "a repair never undoes one" in switch.refused(5)
    assert "a repair never undoes one" in switch.refused(10), "nor beside a raise"
    restore = {"why": "mistake", "by": "Ana", "until": "2027-12-10T12:00:00Z"}
    assert "frozen" in switch.refused(5, restore=restore, frozen="INC-7")
    switch.up(True, 5, restore=restore)
    assert switch.live() == "true"


def test_an_earlier_run_that_raised_and_failed_here_is_taken_up(switch: Switch) -> None:
    switch.desk.percent(DOMAIN, 5)
    switch.up(True, 5)
    assert switch.live() == "true"


def test_over_a_stop_nothing_is_switched_on(switch: Switch) -> None:
    switch.desk.percent(DOMAIN, 5)
    switch.desk.later(hours=48)
    switch.desk.percent(DOMAIN, 10)
    switch.desk.percent(DOMAIN, 5)
    assert "a stop to 5 % stands" in switch.refused(5)


def test_a_stack_of_the_old_build_is_taken_over_without_a_write(
    switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch.desk.percent(DOMAIN, 5)
    switch.up(True, 5)
    switch.state = {key: switch.state[key] for key in ("stack", "domain", "flag", "enabled")}
    switch.inputs = {**switch.state, "closed": False}

    def written(*_: Any, **__: Any) -> None:
        raise AssertionError("something was written")

    for call in ("put", "create", "restore", "tag"):
        monkeypatch.setattr(type(switch.desk.store), call, written)
    assert switch.refresh() == switch.state
    assert switch.desk.flags.diff("urn", switch.state, {**switch.inputs, "percent": 5}, switch.row) == {}
    switch.up(True, 5)
    assert SWITCHED not in switch.state


def test_a_first_raise_that_took_itself_back_is_ours(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    if desk.store.can.judges:
        pytest.skip("a raise that is one write leaves nothing half done")

    def fails(*_: Any) -> dict[str, str]:
        raise StoreError("describe_secret failed: AccessDenied")

    with monkeypatch.context() as patch:
        patch.setattr(type(desk.store), "trace", fails)
        with pytest.raises(StoreError, match="0 % is live again; run again"):
            desk.percent("ai-agents", 5)
        assert desk.live("ai-agents") == "0"
        with pytest.raises(StoreError, match="AccessDenied"):
            desk.percent("ai-agents", 5)
    desk.percent("ai-agents", 5)
    assert desk.live("ai-agents") == "5"


def test_a_0_that_a_hand_wrote_before_the_first_up_is_a_stop(desk: Desk) -> None:
    desk.store.create(desk.name("ai-agents"), "5", "a" * 36, {})
    desk.store.put(desk.name("ai-agents"), "0", "b" * 36)
    with pytest.raises(Refused, match="changed outside"):
        desk.percent("ai-agents", 5)
