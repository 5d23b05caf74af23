"""The end of an unfinished migration: by soaks and prerequisites, and at the pace so far; computed here by hand."""

from __future__ import annotations

from datetime import timedelta

from rollout.model.reports.forecast import forecast
from tests.pure.stories import climb, day, finished, move, run, story


def test_nothing_recorded() -> None:
    assert forecast(story()) is None


def test_the_earliest_end_by_the_rules() -> None:
    """ai-agents at 5 % since day 1: 46 h, then 46, 22 and 22; jobs 22 h after it, and so on along the prerequisites."""
    told = story({"ai-agents": climb(1)[:2]}, [run(1)], as_of=day(1))
    found = forecast(told)
    assert found is not None
    agents = found.domains["ai-agents"]
    assert (agents.percent, agents.next_percent, agents.next_at) == (5, 10, day(1) + timedelta(hours=46))
    assert agents.top_at == day(1) + timedelta(hours=46 + 46 + 22 + 22)
    jobs = found.domains["jobs"]
    assert jobs.next_at == agents.top_at + timedelta(hours=22)
    assert jobs.top_at == jobs.next_at + timedelta(hours=46 + 22 + 22 + 22)
    assert found.domains["property"].next_at == jobs.top_at + timedelta(hours=46)
    assert found.earliest == max(one.top_at for one in found.domains.values())
    assert found.next == agents
    assert not found.done


def test_the_pace_counts_falls_and_waits() -> None:
    """Two rungs over 0 after 8 days: 4 days a rung, slower than any soak."""
    told = story({"ai-agents": [*climb(1)[:4], move(5, 25, 10, "rollback")]}, [run(1)], as_of=day(9))
    found = forecast(told)
    assert found is not None
    assert (found.rungs_gained, found.pace) == (2, timedelta(days=4))
    assert found.paced is not None
    assert found.paced > found.earliest


def test_no_pace_before_the_first_rung() -> None:
    found = forecast(story({"ai-agents": climb(1)[:1]}, [run(1)], as_of=day(1)))
    assert found is not None
    assert (found.pace, found.paced) == (None, None)


def test_a_breach_waits_its_day() -> None:
    breach = {
        "ai-agents": {
            "attempt": 1,
            "at": "2026-12-04T08:00:00Z",
            "metric": "errors",
            "from": 10,
            "to": 0,
            "by": "watch",
        }
    }
    told = story(
        {"ai-agents": [*climb(1)[:3], move(4, 10, 0, "stop")]}, [run(1), run(4, breach=breach)], as_of=day(4.1)
    )
    found = forecast(told)
    assert found is not None
    assert found.domains["ai-agents"].next_at == day(5)


def test_live_values_win_over_the_record() -> None:
    found = forecast(story({"ai-agents": climb(1)[:2]}, [run(1)], as_of=day(2)), {"ai-agents": 0, "jobs": None})
    assert found is not None
    assert (found.domains["ai-agents"].next_percent, found.domains["jobs"].percent) == (5, 0)


def test_the_end_is_the_end() -> None:
    found = forecast(finished(30))
    assert found is not None
    assert found.done
    assert found.next is None
    assert found.earliest == day(12)
