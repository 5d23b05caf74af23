"""`status`: how far behind the plan, and what comes next."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rollout.model.flag.moves import Live
from rollout.model.gate.metric import Verdict
from rollout.model.gate.verdict import Answer
from rollout.model.plan import standing
from rollout.model.plan.days import Plan
from rollout.model.stack_file import config
from tests.pure.cases import CATALOGUE, HOME, NOW, asked, conditions

PLAN = Plan.of(
    config.parse_day(path.read_bytes(), path.name, CATALOGUE) for path in sorted((HOME / "stacks").glob("day-*.yaml"))
)
JOBS_25 = Live("25", NOW - timedelta(days=3), "v")


@pytest.mark.parametrize(
    ("day", "percent", "behind"), [(9, 5, 0), (10, 5, 1), (13, 5, 4), (13, 100, 0), (40, 50, 28), (8, None, 1)]
)
def test_behind_since_the_plan_asked_for_more(day: int, percent: int | None, behind: int) -> None:
    assert standing.behind(PLAN, day, "jobs", percent) == behind


def test_day_1_is_the_start_date() -> None:
    assert standing.day_of(date(2026, 12, 1), datetime(2026, 12, 1, 23, 59, tzinfo=UTC)) == 1
    assert standing.day_of(date(2026, 12, 1), datetime(2026, 11, 30, 12, tzinfo=UTC)) == 0
    assert standing.day_of(None, NOW) is None
    assert standing.behind(PLAN, None, "jobs", 5) == 0


@pytest.mark.parametrize(
    ("live", "stack", "planned", "says"),
    [
        (JOBS_25, 25, 50, "promote to 50 %"),
        (JOBS_25, 25, 25, "none today, as planned"),
        (JOBS_25, 50, 50, "pulumi preview: the stack asks for a raise (25 -> 50 %)"),
        (JOBS_25, 10, 50, "pulumi up (25 -> 10 %)"),
        (Live("100", NOW, "v"), 100, 100, "none: at 100 %"),
        (Live("abc", NOW, "v"), 25, 50, "rollback jobs --to zero: the live value is no percent"),
        (Live("25", NOW - timedelta(hours=3), "v"), 25, 50, "promote to 50 %: raise from"),
    ],
)
def test_what_comes_next(live: Live, stack: int, planned: int, says: str) -> None:
    found = standing.stand(asked(live, 50), stack, planned, 0, None, "")
    assert found.next_step.startswith(says)


def test_what_stands_in_the_way_is_the_next_step() -> None:
    ask = asked(JOBS_25, 50, conditions=conditions(frozen="INC-7; Ana K."))
    found = standing.stand(ask, 25, 50, 2, None, "not judged")
    assert found.next_step == "promote to 50 %: remove wa-rollout:freeze by a reviewed diff"
    assert found.reasons == ("frozen: INC-7; Ana K.",)
    assert (found.behind, found.verdict) == (2, "not judged")


def test_the_soak_that_is_left_ends_at_nothing() -> None:
    def left(hours: float) -> timedelta | None:
        return standing.stand(asked(Live("25", NOW - timedelta(hours=hours), "v"), 50), 25, 50, 0, None, "").soak_left

    assert left(21) == timedelta(hours=1)  # 24 hours at 25 %, 2 of them slack
    assert left(22) == timedelta(0)
    assert left(500) == timedelta(0)
    assert standing.stand(asked(0, 5), 0, 5, 0, None, "").soak_left is None


def test_at_the_top_nothing_burns_or_it_is_said() -> None:
    """At 100 % no raise is asked for: what a raise would still need is nobody's business."""
    quiet = Answer(Verdict.HOLD, "no-next", "jobs 100 %: no rollback; a raise isn't judged without its next share")
    top = asked(Live("100", NOW, "v"), 100)
    assert standing.stand(top, 100, 100, 0, quiet, "").verdict == "nothing burns"
    burning = Answer(Verdict.ROLLBACK, "rollback", "jobs 100 %: errors 31/1,800")
    assert standing.stand(top, 100, 100, 0, burning, "").verdict == "ROLLBACK errors 31/1,800"
