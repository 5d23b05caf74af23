"""Before the plan's day 1 nothing rises where people are; and what never rose isn't latched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rollout.model.flag.move import recorded
from rollout.model.judge import rules
from rollout.model.stack_file.forms import Breach, Waiver
from tests.pure.cases import NOW, asked, breach_tag, conditions

TODAY = NOW.date()
WAIVER = Waiver("early", "jobs", "", 10, "ahead", None, "a pilot", "Ana K.", NOW + timedelta(days=1))


def keys(ask: rules.Ask) -> list[str]:
    return [one.key for one in rules.judge_raise(ask)]


def test_a_raise_before_day_1_is_refused_and_says_when() -> None:
    ask = asked(5, 10, conditions=conditions(start=TODAY + timedelta(days=3)))
    (refusal,) = rules.judge_raise(ask)
    assert (refusal.key, refusal.text) == ("ahead", "day 1 is 2026-12-12, in 3 days")
    assert refusal.do.startswith("raise from 2026-12-12 on, or mend wa-rollout:start")


@pytest.mark.parametrize("days", [0, -1, -400])
def test_from_day_1_on_it_passes(days: int) -> None:
    assert keys(asked(5, 10, conditions=conditions(start=TODAY + timedelta(days=days)))) == []


def test_without_a_start_nobody_knows_a_day_1() -> None:
    assert keys(asked(5, 10)) == []


def test_on_a_simulator_it_is_said_and_no_more() -> None:
    ask = asked(5, 10, conditions=conditions(start=TODAY + timedelta(days=1)), loopback=True)
    assert keys(ask) == []
    assert rules.ahead(ask) == "day 1 is 2026-12-10, in 1 day"


@pytest.mark.parametrize(
    ("changed", "passes"),
    [
        ({}, True),
        ({"accepts": "no-drill"}, False),
        ({"to": 25}, False),
        ({"domain": "property"}, False),
        ({"until": NOW}, False),
        ({"until": NOW + timedelta(days=8)}, False),
    ],
)
def test_a_waiver_may_accept_it(changed: dict[str, object], passes: bool) -> None:
    told = conditions(start=TODAY + timedelta(days=3), waivers=(replace(WAIVER, **changed),))  # type: ignore[arg-type]
    assert (keys(asked(5, 10, conditions=told)) == []) is passes


BREACH = Breach(1, NOW - timedelta(hours=100), "errors", "31 of 1,800", 0, 0, "Ana K.")
NEVER = recorded([{"from": 0, "to": 0, "verdict": "set", "version": "v1"}])


@pytest.mark.parametrize("moves", [NEVER, [*NEVER, *recorded([{"from": 0, "to": 0, "verdict": "stop"}])]])
def test_a_breach_of_a_domain_that_never_rose_latches_nothing(moves: list[object]) -> None:
    told = conditions(breach=BREACH)
    live = replace(asked(0, 5).live, breach=breach_tag())
    assert "latched" not in keys(asked(live, 5, conditions=told, moves=moves))


@pytest.mark.parametrize(
    "moves",
    [
        [],  # a record that is lost knows nothing
        [{"from": 0, "to": 5, "verdict": "PASS"}, {"from": 5, "to": 0, "verdict": "stop"}],
        [{"from": 0, "to": 50, "verdict": "outside"}, {"from": 50, "to": 0, "verdict": "stop"}],  # a hand's, too
        [{"from": None, "to": 0, "verdict": "stop"}],  # it may have been anything
    ],
)
def test_one_that_carried_traffic_or_may_have_is_latched(moves: list[dict[str, object]]) -> None:
    assert "latched" in keys(asked(0, 5, conditions=conditions(breach=BREACH), moves=recorded(moves)))


def test_a_breach_that_names_a_percent_latches_whatever_the_record_says() -> None:
    told = conditions(breach=replace(BREACH, from_percent=25))
    assert "latched" in keys(asked(0, 5, conditions=told, moves=NEVER))
