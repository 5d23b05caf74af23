"""What a change is, drawn for every pair of the ladder and every percent before, and true of any other shares too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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

UNREADABLE = ("abc", "", "5 %", "-5", "101", "1e2", "5.0", "true", "٥", "9" * 5000, "(binary)")


#: What a change to `wanted` (columns: 0 5 10 25 50 100) is, by the stack's percent before (rows: none 0 5 10 25 50 100).
#: v a lowering, = nothing to do, ^ a raise, ! changed outside. Typed from docs/rules, so that it shares no line with the code.
PICTURES = {
    "10": (Live("10", NOW, "v"), "vv=!!! vv=^^^ vv=^^^ vv=^^^ vv=!^^ vv=!!^ vv=!!!"),
    "0": (Live("0", NOW, "v"), "=!!!!! =^^^^^ =!^^^^ =!!^^^ =!!!^^ =!!!!^ =!!!!!"),
    "100": (Live("100", NOW, "v"), "vvvvv= vvvvv= vvvvv= vvvvv= vvvvv= vvvvv= vvvvv="),
    "absent": (Live(None), "v^^^^^ v^^^^^ v!^^^^ v!!^^^ v!!!^^ v!!!!^ v!!!!!"),
    "scheduled": (Live(None, scheduled=True), "=!!!!! =^^^^^ =!^^^^ =!!^^^ =!!!^^ =!!!!^ =!!!!!"),
    "unreadable": (Live("abc", NOW, "v"), "v!!!!! v!!!!! v!!!!! vv!!!! vvv!!! vvvv!! vvvvv!"),
}
GLYPHS = {Kind.LOWER: "v", Kind.STAY: "=", Kind.RAISE: "^", Kind.OUTSIDE: "!"}


def picture(live: Live, ladder: Sequence[int] = LADDER) -> str:
    return " ".join("".join(GLYPHS[classify(live, wanted, old)] for wanted in ladder) for old in (None, *ladder))


@pytest.mark.parametrize("name", PICTURES)
def test_what_a_change_is(name: str) -> None:
    live, drawn = PICTURES[name]
    assert picture(live) == drawn


@pytest.mark.parametrize("text", UNREADABLE)
def test_every_unreadable_value_is_judged_alike(text: str) -> None:
    assert picture(Live(text, NOW, "v")) == PICTURES["unreadable"][1]


@given(st.lists(st.integers(0, 100), min_size=6, max_size=6, unique=True).map(sorted), st.sampled_from([None, STOP]))
def test_only_the_order_of_live_wanted_and_before_counts(ladder: list[int], stopped: Stopped | None) -> None:
    """Any six shares in the ladder's place, 3 and 37 too, give the same pictures; so does a stop's tag."""
    live = Live(f" {ladder[2]}\n", NOW, "v", stopped=stopped)
    assert picture(live, ladder) == PICTURES["10"][1]
    assert picture(replace(live, text=str(ladder[0])), ladder) == PICTURES["0"][1]
    assert picture(replace(live, text=str(ladder[5])), ladder) == PICTURES["100"][1]
    from_zero = [0, *ladder[1:]]
    for name in ("absent", "scheduled", "unreadable"):
        assert picture(replace(PICTURES[name][0], stopped=stopped), from_zero) == PICTURES[name][1]


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
    adopted: dict[str, object] = {"to": 25, "verdict": "outside"}
    assert value_before([adopted]) == value_before([adopted, {"to": 50, "verdict": "outside"}]) == 25, "taken over"
    assert value_before([{"to": 0, "verdict": "set"}, adopted]) == 0


def test_stable_at_100_to_the_minute() -> None:
    ends = NOW + timedelta(days=7, hours=-2)
    live = Live("100", NOW, "v")
    assert not stable_at_100(live, ends - timedelta(minutes=1), 2)
    assert stable_at_100(live, ends, 2)
    assert not stable_at_100(Live("50", NOW, "v"), ends, 2)
    assert not stable_at_100(Live("100", None, "v"), ends, 2)
    assert not stable_at_100(Live(None), ends, 2)


@pytest.mark.parametrize(
    ("live", "stop", "stopping"), [("5", "0", True), ("0", "0", False), ("5", "5", False), ("x", "0", True)]
)
def test_a_stop_is_under_way_while_its_tag_stands_over_a_higher_value(live: str, stop: str, stopping: bool) -> None:
    assert Live(live, NOW, "v", stopped=Stopped("id", stop)).stopping is stopping
    assert not Live(live, NOW, "v", stopped=Stopped("id", "typed by hand")).stopping
