"""What is left, laid anew: from day 1 it is the plan itself, and a delay moves only what it must."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rollout.model import times
from rollout.model.flag.moves import Live, stable_at_100
from rollout.model.plan import relay
from rollout.model.plan.relay import At, Laid
from tests.pure.cases import CATALOGUE, DOMAINS
from tests.pure.plan.test_standing import PLAN

START = date(2026, 12, 1)
MORNING = datetime(2026, 12, 1, 8, tzinfo=UTC)
ZERO = {name: At(0, MORNING - timedelta(days=9)) for name in DOMAINS}


def day(number: int) -> datetime:
    return MORNING + timedelta(days=number - 1)


def lay(first: int, start: date | None = START, **at: At) -> Laid:
    """From that day on; `ai_agents` for `ai-agents`. What isn't named is at 0."""
    return relay.lay(PLAN, CATALOGUE, {**ZERO, **{k.replace("_", "-"): v for k, v in at.items()}}, day(first), start)


def moves(laid: Laid, name: str) -> dict[int, int]:
    return {row.number: row.percents[name] for row in laid.rows if name in row.changed}


def test_from_day_1_it_is_the_plan() -> None:
    laid = lay(1)
    for row in laid.rows:
        assert row.percents == {name: PLAN.percent(row.number, name) for name in DOMAINS}, row.number
    assert laid.ends == date(2026, 12, 20)
    assert laid.stable == date(2026, 12, 27)


def test_a_domain_that_came_down_climbs_from_where_it_stands_and_the_others_wait_for_it() -> None:
    laid = lay(7, ai_agents=At(10, day(6)))
    assert moves(laid, "ai-agents") == {8: 25, 9: 50, 10: 100}
    assert moves(laid, "jobs")[11] == 5
    assert laid.ends == date(2026, 12, 23)


def test_nothing_runs_ahead_of_the_plan() -> None:
    """AI agents soaked long ago: still the day that the plan says."""
    assert moves(lay(2, ai_agents=At(5, day(-9))), "ai-agents")[3] == 10


def test_without_a_start_only_the_rules_hold_it_back() -> None:
    laid = lay(2, None, ai_agents=At(5, day(-9)))
    assert laid.rows[0].percents["ai-agents"] == 10
    assert {row.number for row in laid.rows} == {0}


def test_a_breach_waits_for_its_24_hours() -> None:
    laid = lay(8, ai_agents=At(0, day(8), relay.ready(day(8) + timedelta(hours=3))))
    assert moves(laid, "ai-agents")[10] == 5
    assert 9 not in moves(laid, "ai-agents")
    assert relay.ready(None) is None


def test_two_raises_of_one_run_dont_see_each_other() -> None:
    """Jobs may start 24 h after AI agents have 100 %, never in the same run."""
    laid = lay(9, ai_agents=At(50, day(8)))
    assert moves(laid, "ai-agents") == {9: 100}
    assert moves(laid, "jobs")[10] == 5


def test_all_there_ends_at_once() -> None:
    there = {name.replace("-", "_"): At(100, day(20)) for name in DOMAINS}
    laid = lay(22, START, **there)
    assert (len(laid.rows), laid.ends, laid.stable) == (1, date(2026, 12, 20), date(2026, 12, 27))


@pytest.mark.parametrize("first", [1, 5, 30])
def test_it_is_never_against_a_soak(first: int) -> None:
    laid = lay(first, ai_agents=At(5, day(first)))
    last = {"ai-agents": day(first)}
    percent = {"ai-agents": 5}
    for row in laid.rows:
        at = day(row.number)
        for name in row.changed:
            if percent.get(name, 0):
                hours = CATALOGUE.domains[name].soak_hours[percent[name]]
                assert at - last[name] >= timedelta(hours=hours - CATALOGUE.soak_slack_hours), (row, name)
            last[name], percent[name] = at, row.percents[name]


def test_the_calendars_last_days_are_no_crash() -> None:
    last = datetime(9999, 12, 31, 23, tzinfo=UTC)
    assert relay.ready(last) == times.LAST
    laid = relay.lay(PLAN, CATALOGUE, {name: At(0, last) for name in DOMAINS}, last - timedelta(days=1), None)
    assert laid.rows[0].date == date(9999, 12, 30)
    assert not stable_at_100(Live("100", last, "v"), last, 2)
