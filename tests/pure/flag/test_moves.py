"""What a change is: every pair of the ladder and every odd live value, against every old input."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta

import pytest

from rollout.model.flag.moves import (
    Kind,
    Live,
    attempt_at,
    classify,
    current_attempt,
    first_raise,
    stable_at_100,
    value_before,
)
from rollout.model.flag.tags import Stopped
from rollout.model.ladder import LADDER, next_rung, on_ladder, parse_percent, previous_rung
from rollout.model.times import iso
from tests.pure.cases import NOW, STOP

OLD_INPUTS = (None, *LADDER)
ODD = (1, 3, 7, 37, 99)
UNREADABLE = ("abc", "", "5 %", "-5", "101", "1e2", "5.0", "true", "٥", "9" * 5000, "(binary)")


@pytest.mark.parametrize(("share", "wanted", "old"), list(itertools.product((*LADDER, *ODD), LADDER, OLD_INPUTS)))
def test_every_pair(share: int, wanted: int, old: int | None) -> None:
    kind = classify(Live(str(share), NOW, "v"), wanted, old)
    if wanted == share:
        assert kind is Kind.STAY
    elif wanted < share:
        assert kind is Kind.LOWER
    else:
        assert kind is (Kind.RAISE if old is not None and wanted > old else Kind.OUTSIDE)


@pytest.mark.parametrize(("wanted", "old", "scheduled"), list(itertools.product(LADDER, OLD_INPUTS, (False, True))))
def test_absent_and_scheduled_are_0_but_have_to_be_written(wanted: int, old: int | None, scheduled: bool) -> None:
    kind = classify(Live(None, scheduled=scheduled), wanted, old)
    if wanted == 0:
        assert kind is Kind.LOWER
    elif old is None:
        assert kind is (Kind.OUTSIDE if scheduled else Kind.RAISE)
    else:
        assert kind is (Kind.RAISE if wanted > old else Kind.OUTSIDE)


@pytest.mark.parametrize(("text", "wanted", "old"), list(itertools.product(UNREADABLE, LADDER, OLD_INPUTS)))
def test_over_an_unreadable_value_only_what_is_surely_lower_goes_unjudged(
    text: str, wanted: int, old: int | None
) -> None:
    lower = wanted == 0 or (old is not None and wanted < old)
    assert classify(Live(text, NOW, "v"), wanted, old) is (Kind.LOWER if lower else Kind.OUTSIDE)


def test_whatever_the_live_value_a_lower_one_is_never_judged() -> None:
    chance = random.Random(4)
    for _ in range(5000):
        share, wanted, old = chance.randint(0, 100), chance.randint(0, 100), chance.choice(OLD_INPUTS)
        kind = classify(Live(f" {share}\n", NOW, "v", stopped=chance.choice([None, STOP])), wanted, old)
        assert (kind is Kind.LOWER) == (wanted < share)
        assert kind is not Kind.RAISE or wanted > share


def test_the_ladder() -> None:
    assert [next_rung(rung) for rung in LADDER] == [*LADDER[1:], None]
    assert [previous_rung(rung) for rung in LADDER] == [0, *LADDER[:-1]]
    assert (next_rung(37), previous_rung(37)) == (50, 25)
    assert all(map(on_ladder, LADDER))
    assert not any(map(on_ladder, (True, False, 5.0, "5", None, float("nan"), -5, 12, [5])))


@pytest.mark.parametrize("text", UNREADABLE)
def test_no_percent(text: str) -> None:
    assert parse_percent(text) is None


def test_percents_that_somebody_typed() -> None:
    assert (parse_percent(" 5\n"), parse_percent("37"), parse_percent("007"), parse_percent(None)) == (5, 37, 7, None)


@pytest.mark.parametrize(
    ("live", "shown"),
    [
        (Live("5"), "5 %"),
        (Live(None), "0 % (secret absent)"),
        (Live(None, scheduled=True), "0 % (secret scheduled for deletion)"),
        (Live("abc"), "'abc' (no percent)"),
        (Live("x" * 99), "'xxx... (99 characters)' (no percent)"),
    ],
)
def test_shown(live: Live, shown: str) -> None:
    assert live.show() == shown


def test_the_attempt_counts_from_the_next_raise_from_0() -> None:
    climbed: list[dict[str, object]] = [
        {"from": 0, "to": 5, "attempt": 1}, {"from": 5, "to": 0}, {"from": 0, "to": 5, "attempt": 3},
    ]  # fmt: skip
    assert current_attempt(climbed, at_zero=False, configured=9) == 3
    assert current_attempt(climbed, at_zero=True, configured=9) == 9
    assert current_attempt([], at_zero=True, configured=0) == 1
    assert current_attempt([], at_zero=False, configured=9) == 1
    by_hand = [*climbed, {"from": 0, "to": 5, "verdict": "outside"}]
    assert current_attempt(by_hand, at_zero=False, configured=9) == 1, "a raise by hand starts no attempt"
    unreadable: list[dict[str, object]] = [{"from": 0, "to": None, "verdict": "outside"}]
    assert current_attempt(unreadable, at_zero=False, configured=9) == 1


def test_prerequisites_are_asked_until_a_raise_was_judged() -> None:
    hand = {"from": 0, "to": 5, "verdict": "outside"}
    assert first_raise([])
    assert first_raise([{"from": None, "to": 0, "verdict": "set"}, hand])
    assert first_raise([hand, {"from": 5, "to": 0, "verdict": "rollback"}]), "a hand's value lifts no prerequisite"
    assert first_raise([{"from": 0, "to": None, "verdict": "outside"}])
    assert not first_raise([{"from": 0, "to": 5, "verdict": "PASS"}, {"from": 5, "to": 0, "verdict": "stop"}])


def test_the_attempt_that_ran_at_a_time() -> None:
    def start(number: int, days_ago: float) -> dict[str, object]:
        return {"from": 0, "to": 5, "verdict": "PASS", "attempt": number, "at": iso(NOW - timedelta(days=days_ago))}

    moves = [start(1, 9), {"from": 5, "to": 0, "verdict": "stop", "at": iso(NOW - timedelta(days=7))}, start(3, 5)]
    assert attempt_at(moves, NOW) == attempt_at(moves, NOW - timedelta(days=5)) == 3
    assert attempt_at(moves, NOW - timedelta(days=5, seconds=1)) == 1
    assert attempt_at(moves, NOW - timedelta(days=10)) == attempt_at([], NOW) == 1
    assert attempt_at([{**start(4, 1), "at": "typed by hand"}], NOW) == attempt_at([{"from": 0, "to": 5}], NOW) == 1


def test_a_restore_goes_by_what_this_project_wrote() -> None:
    moves = [{"to": 5, "verdict": "PASS"}, {"to": 10, "verdict": "PASS"}, {"to": 50, "verdict": "outside"}]
    assert value_before(moves) == 10
    assert value_before([*moves, {"to": 0, "verdict": "stop"}]) == 0, "a stop's value, also where its tag is lost"
    assert value_before([*moves, {"to": 5, "verdict": "rollback"}]) == 5
    assert value_before([]) == 0


def test_stable_at_100_to_the_minute() -> None:
    ends = NOW + timedelta(days=7, hours=-2)
    live = Live("100", NOW, "v")
    assert not stable_at_100(live, ends - timedelta(minutes=1))
    assert stable_at_100(live, ends)
    assert not stable_at_100(Live("50", NOW, "v"), ends)
    assert not stable_at_100(Live("100", None, "v"), ends)
    assert not stable_at_100(Live(None), ends)


@pytest.mark.parametrize(
    ("live", "stop", "stopping"), [("5", "0", True), ("0", "0", False), ("5", "5", False), ("x", "0", True)]
)
def test_a_stop_is_under_way_while_its_tag_stands_over_a_higher_value(live: str, stop: str, stopping: bool) -> None:
    assert Live(live, NOW, "v", stopped=Stopped("id", stop)).stopping is stopping
    assert not Live(live, NOW, "v", stopped=Stopped("id", "typed by hand")).stopping
