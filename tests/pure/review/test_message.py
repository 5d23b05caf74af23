"""What people are told: the words of the review and of the log, who is on call, and nothing that SNS refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rollout.model.log.journal import Line
from rollout.model.review import message
from tests.pure.cases import NOW
from tests.pure.pages import RAISE, SOAK

ANA = "Ana K., #wa-oncall (always)"


def test_before_an_increase_people_hear_what_and_how_to_end_it() -> None:
    told = message.before("prod", [RAISE], ANA)
    assert told.subject == "about to raise on prod: jobs 5 -> 10 %"
    assert "5 % of people change service, to unified; nobody else moves." in told.text
    assert "PASS: 9 of 9 metrics pass" in told.text
    assert "If it burns: make rollback DOMAIN=jobs TO=previous STACK=prod" in told.text
    assert told.text.endswith(f"On call: {ANA}\n")


def test_a_raise_that_is_refused_now_says_so() -> None:
    told = message.before("prod", [replace(RAISE, verdict="HOLD", refusals=(SOAK,))], "")
    assert "HOLD: soak at 5 % not over: 3 min of 48 h." in told.text
    assert "On call: nobody" in told.text


def test_after_a_change_they_hear_what_the_log_says() -> None:
    raised = Line(NOW, "raise", "", "jobs", 5, 10, "as planned", "PASS 5 -> 10 %: gate PASS", "Ana K.", "a" * 40)
    freeze = Line(NOW + timedelta(seconds=1), "freeze", "freeze set: INC-7; by Ana K.")
    told = message.after("prod", [raised, freeze], ANA)
    assert told is not None
    assert told.subject == "prod: jobs raise 5 -> 10 %"
    assert "PASS 5 -> 10 %: gate PASS" in told.text
    assert "as planned, Ana K., aaaaaaa" in told.text
    assert "freeze set: INC-7; by Ana K." in told.text


@pytest.mark.parametrize("kind", ["no change", "start"])
def test_where_nothing_happened_nobody_is_told(kind: str) -> None:
    assert message.after("prod", [Line(NOW, kind, "")], ANA) is None
    assert message.after("prod", [], ANA) is None


def test_a_change_beside_the_percents_has_its_own_words_above() -> None:
    told = message.after("prod", [Line(NOW, "settings", "make up: 3 resources changed, no percent")], ANA)
    assert told is not None
    assert told.subject == "prod: make up: 3 resources changed, no percent"


def test_a_stop_is_told_with_its_reason() -> None:
    told = message.stopped("prod", "jobs", "25 %", 10, "errors", "watch", ANA)
    assert told.subject == "ROLLBACK on prod: jobs to 10 %, because of errors"
    assert "jobs was 25 %, and is live at 10 % now, because of errors." in told.text
    assert "By watch." in told.text


@pytest.mark.parametrize("words", ["x" * 300, "zurück\nauf 0 → ✓", "\t\x07"])
def test_a_subject_is_what_sns_takes(words: str) -> None:
    """At most 100 printable ASCII characters, one line."""
    told = message.stopped(words, words, "5 %", 0, words, words, words)
    assert len(told.subject) <= 100
    assert told.subject.isascii()
    assert told.subject.isprintable()


def test_a_long_story_is_cut_and_says_so() -> None:
    told = message.after("prod", [Line(NOW, "note", f"line {n}") for n in range(500)], ANA)
    assert told is not None
    assert "lines more: rollout log" in told.text
    assert len(told.text.encode()) < 256_000
