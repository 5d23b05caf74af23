"""The state of alert policies that no CloudWatch looks at: the catalogue's own, by counters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollout.model.alarms import alarm, state
from rollout.model.alarms.state import State, Watched
from tests.pure.cases import CATALOGUE

NOW = datetime(2026, 12, 9, 9, 0, 30, tzinfo=UTC)
POLICIES = {made.name: alarm.properties(made) for _, _, made in alarm.wanted(CATALOGUE, "prod")}
ERRORS = "wa-webhook-unified-prod-jobs-errors"


def minutes(bad: int | None, total: int | None, span: int = 30) -> dict[str, dict[datetime, tuple[float, float]]]:
    """The same counts in each of the newest minutes; None: the counter reports nothing."""
    end = state.newest(NOW)
    times = [end - timedelta(minutes=back) for back in range(1, span + 1)]
    return {
        name: {} if value is None else {at: (float(value), 1.0) for at in times}
        for name, value in (("Errors", bad), ("Requests", total))
    }


def policy() -> Watched:
    found = state.watched(ERRORS, POLICIES[ERRORS])
    assert isinstance(found, Watched)
    return found


def test_every_policy_of_the_catalogue_is_read_but_those_of_a_distribution() -> None:
    unread = [name for name, inputs in POLICIES.items() if isinstance(state.watched(name, inputs), State)]
    assert {name.rpartition("-")[2] for name in unread} == {"latency"}
    assert len(unread) < len(POLICIES) / 4


@pytest.mark.parametrize(
    ("bad", "total", "expected"),
    [
        (0, 100, state.OK),
        (1, 100, state.OK),  # 1 % isn't over 1 %
        (2, 100, state.ALARM),
        (2, 2, state.OK),  # under the minimum of events nothing is a rate
        (0, 0, state.OK),
        (None, 100, state.NO_DATA),  # a counter that nobody sends is no zero
        (5, None, state.NO_DATA),
        (None, None, state.NO_DATA),
    ],
)
def test_a_share(bad: int | None, total: int | None, expected: str) -> None:
    found = state.judged(policy(), minutes(bad, total), NOW)
    assert found.state == expected, found.reason


def test_one_good_period_is_no_alarm_and_the_newest_minutes_wait() -> None:
    two = policy()
    two = Watched(**{**vars(two), "periods": 2})
    counts = minutes(50, 100)
    assert state.judged(two, counts, NOW).state == state.ALARM
    end = state.newest(NOW)
    for back in range(1, two.period // 60 + 1):
        counts["Errors"][end - timedelta(minutes=back)] = (0.0, 1.0)
    assert state.judged(two, counts, NOW).state == state.OK
    late = {"Errors": {end: (100.0, 1.0)}, "Requests": {end: (100.0, 1.0)}}
    assert state.judged(policy(), late, NOW).state == state.NO_DATA, (
        "what began after the newest whole period isn't looked at"
    )


@pytest.mark.parametrize(
    "broken",
    [{}, {"queries": 5}, {**POLICIES[ERRORS], "threshold": "x"}, {**POLICIES[ERRORS], "expression": "bad * 2"}],
)
def test_a_row_that_somebody_changed_is_no_alarm(broken: dict[str, object]) -> None:
    found = state.watched(ERRORS, broken)
    assert isinstance(found, State)
    assert found.state == state.NO_DATA
