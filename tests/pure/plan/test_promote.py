"""Promotion: one rung up at most, never down, and what is forbidden is skipped with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rollout.model.ladder import LADDER, next_rung
from rollout.model.plan.promote import latched, promote
from rollout.model.problem import BadInput
from rollout.model.stack_file import edit
from rollout.model.stack_file.config import Flag, StackConfig
from rollout.model.stack_file.forms import Attempt, Breach, Why
from tests.pure.plan.test_days import NAMES, SEED, read_days
from tests.pure.samples import CATALOGUE, PROD, read_stack

DAYS = read_days()
WHY = Why("INC-7", "Ana K.")
BREACH = Breach(1, datetime(2026, 12, 9, tzinfo=UTC), "errors", "31 of 1,800", 25, 10, "watch")


def stack(*percents: int) -> StackConfig:
    flags = {name: Flag(percent, percent > 0) for name, percent in zip(NAMES, percents, strict=True)}
    return replace(read_stack(PROD), flags=flags | {"ai-agents": Flag(percents[0], None)})


def test_day_by_day_the_stack_file_becomes_the_seeds_table() -> None:
    text = PROD.decode()
    for day, percents in zip(DAYS, SEED, strict=True):
        for step in promote(read_stack(text.encode()), CATALOGUE, day):
            if step.to is not None:
                text = edit.set_flag(text, step.domain, step.to, step.enabled)
        config = read_stack(text.encode())
        assert config.flags == day.flags
        assert tuple(flag.percent for flag in config.flags.values()) == percents
        assert all(step.to is None for step in promote(config, CATALOGUE, day)), "a second time changes nothing"


@pytest.mark.parametrize("at", LADDER)
@pytest.mark.parametrize("planned", LADDER)
def test_the_lower_of_the_days_percent_and_the_next_rung(at: int, planned: int) -> None:
    day = replace(DAYS[21], flags=DAYS[21].flags | {"property": Flag(planned, planned > 0)})
    (step,) = promote(stack(100, 100, 0, at), CATALOGUE, day, "property")
    rung = next_rung(at)
    if planned <= at or rung is None:
        assert step.to is None
        assert ("ahead" in step.skipped) == (planned < at and rung is not None)
    else:
        assert (step.to, step.enabled, step.skipped) == (min(rung, planned), True, "")
        assert step.to in LADDER
        assert step.to > at


def test_without_a_day_it_is_the_next_rung() -> None:
    steps = promote(stack(100, 100, 5, 50), CATALOGUE)
    assert [(step.domain, step.to) for step in steps] == [
        ("ai-agents", None), ("jobs", None), ("marketplace", 10), ("property", 100),
    ]  # fmt: skip
    assert steps[0].skipped == "at 100 %, the top"
    assert promote(stack(5, 0, 0, 0), CATALOGUE)[0].enabled is None


def test_a_domain_that_lags_climbs_one_rung_a_day() -> None:
    assert promote(stack(5, 0, 0, 0), CATALOGUE, DAYS[21])[0].to == 10


def test_what_is_forbidden_is_skipped_with_its_reason() -> None:
    config = stack(50, 5, 0, 0)
    reasons = [
        (replace(config, freeze=WHY), "frozen: INC-7; Ana K."),
        (replace(config, held={"jobs": WHY}), "held: INC-7; Ana K."),
        (
            replace(config, breach={"jobs": BREACH}),
            "latched: breach of errors, attempt 1; a later attempt unlatches (by this file; which number, the preview says)",
        ),
        (replace(config, closed=WHY), "closed: INC-7; Ana K."),
        (replace(config, freeze=Why("malformed: x", "")), "frozen: malformed: x"),
    ]
    for changed, reason in reasons:
        step = promote(changed, CATALOGUE, DAYS[13])[1]
        assert (step.to, step.skipped) == (None, reason)
    assert promote(replace(config, held={"jobs": WHY}), CATALOGUE, DAYS[13])[0].to == 100, "others go on"


def test_a_latch_opens_by_a_later_attempt_or_a_cleared_alarm() -> None:
    config = replace(stack(100, 0, 0, 0), breach={"jobs": BREACH})
    assert latched(config, "jobs")
    assert latched(replace(config, attempt={"jobs": Attempt(1, "x", "y")}), "jobs")
    assert not latched(replace(config, attempt={"jobs": Attempt(2, "x", "y")}), "jobs")
    assert not latched(replace(config, breach={"jobs": replace(BREACH, cleared=WHY)}), "jobs")
    unreadable = replace(BREACH, at=None, seen="malformed: at is not a quoted time")
    later = replace(config, breach={"jobs": unreadable}, attempt={"jobs": Attempt(9, "x", "y")})
    assert latched(later, "jobs").startswith("latched: malformed")
    assert not latched(config, "property")


def test_a_domain_waits_for_the_ones_before_it() -> None:
    assert promote(stack(50, 0, 0, 0), CATALOGUE, DAYS[8])[1].skipped == "waits for ai-agents at 100 %: it is at 50 %"
    assert promote(stack(100, 50, 0, 0), CATALOGUE)[2].skipped == "waits for jobs at 100 %: it is at 50 %"
    assert promote(stack(50, 5, 0, 0), CATALOGUE)[1].to == 10, "asked at the first raise only"


def test_an_unknown_domain_is_refused() -> None:
    with pytest.raises(BadInput, match=r"unknown domain job(.|\n)*ai-agents, jobs, marketplace, property"):
        promote(stack(0, 0, 0, 0), CATALOGUE, None, "job")
