"""The curves' numbers: which periods, what a gap is, what is summed before it is divided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollout.model.board import curves
from rollout.model.board.curves import Rate
from rollout.model.gate.window import Window
from tests.pure.cases import CATALOGUE

NOW = datetime(2026, 12, 24, 11, 7, 42, tzinfo=UTC)
JOBS = CATALOGUE.domains["jobs"]
UNIFIED = CATALOGUE.unified
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("days", [0.01, 0.2, 1, 7, 14, 20, 60, 62, 90, 400])
@pytest.mark.parametrize("finest", [1, 5, 60])
def test_few_periods_that_the_source_still_has(days: float, finest: int) -> None:
    """CloudWatch keeps minutes for 15 days, five for 63, and hours after that."""
    over = curves.over(NOW - timedelta(days=days), NOW, timedelta(minutes=finest))
    assert over.start <= NOW - timedelta(days=days)
    assert over.end <= NOW < over.end + max(HOUR, over.period)
    assert 1 <= len(over.starts()) <= curves.MOST
    assert over.period >= timedelta(minutes=finest)
    if days > 15:
        assert over.period % timedelta(minutes=5) == timedelta(0)
    if days > 63:
        assert over.period % HOUR == timedelta(0)


def test_a_gap_is_no_zero() -> None:
    over = Window(NOW.replace(minute=0, second=0) - 3 * HOUR, NOW.replace(minute=0, second=0), HOUR)
    first, second, third = over.starts()
    points = {
        (UNIFIED, "Errors"): {first: (0.0, 60.0), third: (3.0, 60.0)},
        (UNIFIED, "Requests"): {first: (0.0, 60.0), second: (9.0, 9.0), third: (300.0, 60.0)},
        (UNIFIED, "Sessions"): {first: (5.0, 60.0), third: (20.0, 60.0)},
        (JOBS.legacy, "Sessions"): {first: (15.0, 60.0)},
    }
    errors, latency, share = curves.curves(JOBS, UNIFIED, points, over)
    assert errors.unified == [Rate(0, 0), None, Rate(3, 300)], "a minute without its errors says nothing of them"
    assert [one.fraction if one else None for one in errors.unified] == [None, None, 0.01]
    assert errors.legacy == [None, None, None]
    assert (errors.good, errors.bad) == (0.001, 0.01)
    assert latency.empty()
    assert share.unified == [Rate(5, 20), None, Rate(20, 20)]
    assert errors.newest(over) == Rate(3, 300)
    assert errors.newest(over, "legacy") is None


def test_one_question_asks_for_all_of_a_domain() -> None:
    names = ["Errors", "Requests", "SlowRequests", "Sessions"]
    assert curves.asked(JOBS, UNIFIED) == [(service, name) for service in (UNIFIED, JOBS.legacy) for name in names]
