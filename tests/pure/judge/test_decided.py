"""Which decisions are younger than a stop, and what a raise is told that has none."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from rollout.model.flag.lowering import Lowering
from rollout.model.judge import approval, decided
from rollout.model.judge.decision import Decision
from tests.pure.cases import NOW, asked

STOP = Lowering(NOW, 0, "id")
MINUTE = timedelta(minutes=1)


def by(at: datetime | None) -> Decision:
    return Decision("c" * 40, at, unknown="")


def said(one: Decision, low: Lowering | None = STOP, *, loopback: bool = False) -> str:
    found = decided.refusals(asked(0, 5, loopback=loopback), low, one)
    assert all(refusal.key == "undecided" and refusal.do for refusal in found)
    return " ".join(refusal.text for refusal in found)


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (by(NOW - MINUTE), "stopped at 0 % on 2026-12-09 09:00:00 UTC, and nothing younger asks for 5 %: commit ccccccc is of"),
        (by(NOW), "commit ccccccc is of 2026-12-09 09:00:00 UTC"),
        (by(NOW + MINUTE), "within 2 minutes of it"),
        (by(NOW + 2 * MINUTE), "within 2 minutes of it"),
        (by(NOW + 2 * MINUTE + timedelta(seconds=1)), ""),
        (replace(by(NOW - MINUTE), follows=True), ""),
        (Decision(edited=True, unknown=""), ""),
        (Decision(), "nobody asked git"),
        (by(None), "commit ccccccc"),
    ],
)  # fmt: skip
def test_what_is_younger(one: Decision, says: str) -> None:
    assert (says in said(one)) if says else said(one) == ""


def test_a_simulators_clock_is_the_same() -> None:
    assert said(by(NOW + timedelta(seconds=1)), loopback=True) == ""
    assert said(by(NOW), loopback=True) != "", "whole seconds: it may have come before"


def test_without_a_lowering_nothing_is_asked() -> None:
    assert said(Decision(), None) == decided.said(None, Decision()) == ""


def test_a_time_that_nobody_knows_is_refused_unless_no_clock_is_needed() -> None:
    unknown = replace(STOP, at=None)
    assert "nobody can say when" in said(by(NOW), unknown)
    assert said(Decision(edited=True, unknown=""), unknown) == ""


def test_the_row_says_by_what() -> None:
    assert decided.said(STOP, by(NOW)) == "raised again after the stop of 2026-12-09 09:00:00 UTC, by commit ccccccc"
    assert decided.said(STOP, Decision(edited=True)).endswith("by an edit that isn't committed")
    assert decided.said(STOP, Decision(), "d" * 40).endswith("by the approval of commit ddddddd")


def test_an_approval_decides_after_the_stops_that_it_names() -> None:
    given = approval.make("prod", "c", "t", NOW, [approval.Raise("jobs", 0, 5, "0", "d", (), ("id", "v"))])
    assert approval.older(given, "jobs", STOP) == approval.older(given, "jobs", None) == []
    assert "lowered after this was approved" in approval.older(given, "jobs", replace(STOP, id="later"))[0].text
