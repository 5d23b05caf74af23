"""The drill before a week's first raise: when it is asked for, and what answers it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from rollout.model import times
from rollout.model.flag.moves import Live
from rollout.model.judge import drill
from rollout.model.judge.drill import Drill
from rollout.model.judge.rules import Ask
from rollout.model.stack_file.forms import Waiver
from tests.pure.cases import LONG_AGO, NOW, asked, conditions

START = date(2026, 12, 1)  # NOW is the 9th: day 9, the second day of the plan's second week


def drilled(days_ago: float = 1, **changed: Any) -> Drill:
    plain = {
        "domain": "jobs", "stack": "local", "at": times.iso(NOW - timedelta(days=days_ago)), "passed": True,
        "endpoint": "aws", "decision_to_live": 0.4, "traffic_back": 180,
    }  # fmt: skip
    found = Drill.read({**plain, **changed})
    assert found is not None
    return found


def ask(*moves: dict[str, Any], loopback: bool = False, **changed: Any) -> Ask:
    told = conditions(drill="required", start=START, **changed)
    return asked(Live("5", LONG_AGO, "v"), 10, conditions=told, moves=moves, loopback=loopback)


def move(days_ago: float, old: int, new: int, verdict: str) -> dict[str, Any]:
    return {"from": old, "to": new, "verdict": verdict, "at": times.iso(NOW - timedelta(days=days_ago))}


def refused(asked_: Ask, *drills: Drill) -> str:
    return " ".join(one.text for one in drill.refusals(asked_, drills))


def test_the_weeks_first_raise_needs_one() -> None:
    assert "no passed drill" in refused(ask())
    assert refused(ask(), drilled()) == ""
    assert drill.refusals(ask(), [])[0].do == "rollout drill jobs, or a waiver that accepts no-drill"


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (drilled(7.1), "no passed drill"),
        (drilled(-1), "no passed drill"),  # a record from the future answers nothing
        (drilled(domain="property"), "no passed drill"),
        (drilled(passed=False), "failed"),
        (drilled(endpoint="simulator"), "was on a simulator"),
    ],
)
def test_what_answers_nothing(record: Drill, says: str) -> None:
    assert says in refused(ask(), record)


def test_seven_days_to_the_second() -> None:
    second = 1 / 86_400
    assert refused(ask(), drilled(7)) == ""
    assert "no passed drill" in refused(ask(), drilled(7 + second))
    assert refused(ask(), drilled(0)) == ""
    assert refused(ask(move(7, 25, 10, "rollback"))) == ""
    assert "no passed drill" in refused(ask(move(7 + second, 25, 10, "rollback")))


def test_on_loopback_a_drill_on_the_simulator_will_do() -> None:
    assert refused(ask(loopback=True), drilled(endpoint="simulator")) == ""


def test_a_real_rollback_is_as_good() -> None:
    assert refused(ask(move(3, 25, 10, "stop"))) == ""
    assert refused(ask(move(3, 25, 10, "rollback"))) == ""
    assert "no passed drill" in refused(ask(move(8, 25, 10, "rollback")))
    assert "no passed drill" in refused(ask(move(3, 25, 10, "outside")))
    assert "no passed drill" in refused(ask(move(3, 0, 0, "set")))


def test_the_second_raise_of_a_week_needs_none() -> None:
    """The plan's second week began on the 8th: a raise of the 8th counts, one of the 7th is last week's."""
    assert refused(ask(move(1, 0, 5, "PASS 0 -> 5 %"))) == ""
    assert "no passed drill" in refused(ask(move(2, 0, 5, "PASS 0 -> 5 %")))
    assert "no passed drill" in refused(ask(move(1, 0, 5, "outside")))


def test_weeks_are_the_plans_or_begin_on_mondays() -> None:
    assert [drill.week_of(START, NOW + timedelta(days=days)) for days in (-9, -8, -2, -1, 5, 6)] == [-1, 0, 0, 1, 1, 2]
    monday = NOW - timedelta(days=2)
    assert drill.week_of(None, monday) == drill.week_of(None, monday + timedelta(days=6))
    assert drill.week_of(None, monday) != drill.week_of(None, monday - timedelta(days=1))


def test_off_and_a_waiver_ask_for_none() -> None:
    waiver = Waiver("w", "jobs", "", 10, "no-drill", None, "why", "by", NOW + timedelta(days=1))
    assert refused(ask(waivers=(waiver,))) == ""
    late = Waiver("w", "jobs", "", 10, "no-drill", None, "why", "by", NOW)
    assert "no passed drill" in refused(ask(waivers=(late,)))
    assert drill.refusals(asked(5, 10, conditions=conditions(drill="off")), []) == []


@pytest.mark.parametrize("junk", [{"at": "soon"}, {"endpoint": "moon"}, {"decision_to_live": "fast"}, {"at": None}])
def test_a_record_that_cant_be_read_is_none(junk: dict[str, Any]) -> None:
    assert Drill.read({**drilled().plain(), **junk}) is None
    assert Drill.read({}) is None


def test_passed_must_be_said_plainly() -> None:
    assert not drilled(passed="yes").passed


def test_a_record_comes_back_as_it_went() -> None:
    assert Drill.read(drilled().plain()) == drilled()
    assert drilled().show() == "value read back after 0.4 s, traffic back after 180 s"
    assert drilled(endpoint="simulator").show().endswith("traffic back after 180 s by the simulator's clock")
