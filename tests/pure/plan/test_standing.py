"""`status`: how far behind the plan, and what comes next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from rollout.model.flag.moves import Live
from rollout.model.flag.tags import Stopped
from rollout.model.gate.metric import Verdict
from rollout.model.gate.verdict import Answer
from rollout.model.plan import standing
from rollout.model.plan.days import Plan
from rollout.model.stack_file import config
from rollout.model.stack_file.forms import Breach
from rollout.model.typed import Typed
from tests.pure.cases import CATALOGUE, HOME, NOW, asked, conditions

PLAN = Plan.of(
    config.parse_day(path.read_bytes(), path.name, CATALOGUE) for path in sorted((HOME / "stacks").glob("day-*.yaml"))
)
TYPED = Typed("local", day=12)
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
        (JOBS_25, 25, 50, "python -m rollout promote 12 --domain jobs --stack local: promote to 50 %"),
        (JOBS_25, 25, 25, "none today, as planned"),
        (
            JOBS_25,
            50,
            50,
            "pulumi preview --diff --stack local, then pulumi up --stack local: the stack asks for a raise",
        ),
        (JOBS_25, 10, 50, "pulumi up --stack local: brings it down, 25 -> 10 %"),
        (Live("100", NOW, "v"), 100, 100, "none: at 100 %"),
        (
            Live("abc", NOW, "v"),
            25,
            50,
            "python -m rollout rollback jobs --to zero --stack local: the live value is no",
        ),
        (Live("25", NOW - timedelta(hours=3), "v"), 25, 50, "raise from"),
    ],
)
def test_what_comes_next(live: Live, stack: int, planned: int, says: str) -> None:
    found = standing.stand(asked(live, 50), stack, planned, 0, None, "", TYPED)
    assert found.next_step.startswith(says)


def test_what_stands_in_the_way_is_the_next_step() -> None:
    ask = asked(JOBS_25, 50, conditions=conditions(frozen="INC-7; Ana K."))
    found = standing.stand(ask, 25, 50, 2, None, "not judged", TYPED)
    assert found.next_step.startswith("python -m rollout unfreeze --stack local")
    assert found.reasons == ("frozen: INC-7; Ana K.",)
    assert (found.behind, found.verdict) == (2, "not judged")


def test_the_soak_that_is_left_ends_at_nothing() -> None:
    def left(hours: float) -> timedelta | None:
        return standing.stand(
            asked(Live("25", NOW - timedelta(hours=hours), "v"), 50), 25, 50, 0, None, "", TYPED
        ).soak_left

    assert left(21) == timedelta(hours=1)  # 24 hours at 25 %, 2 of them slack
    assert left(22) == timedelta(0)
    assert left(500) == timedelta(0)
    assert standing.stand(asked(0, 5), 0, 5, 0, None, "", TYPED).soak_left is None


def test_at_the_top_nothing_burns_or_it_is_said() -> None:
    """At 100 % no raise is asked for: what a raise would still need is nobody's business."""
    quiet = Answer(Verdict.HOLD, "no-next", "jobs 100 %: no rollback; a raise isn't judged without its next share")
    top = asked(Live("100", NOW, "v"), 100)
    assert standing.stand(top, 100, 100, 0, quiet, "", TYPED).verdict == "nothing burns"
    burning = Answer(Verdict.ROLLBACK, "rollback", "jobs 100 %: errors 31/1,800")
    assert standing.stand(top, 100, 100, 0, burning, "", TYPED).verdict == "ROLLBACK errors 31/1,800"


def test_a_live_value_under_the_stack_is_never_raised_by_the_next_step() -> None:
    """Live 0 under a stack of 5, deployed at 5: somebody brought it down, and `up` would only be refused."""
    ask = replace(asked(0, 5), before=25)
    found = standing.stand(ask, 25, 25, 0, None, "", TYPED)
    assert found.next_step.startswith("python -m rollout rollback jobs --to zero --stack local: ")
    lower = standing.stand(replace(asked(10, 25), before=25), 25, 25, 0, None, "", TYPED)
    assert lower.next_step.startswith("python -m rollout rollback jobs --to 10 --stack local: ")
    reviewed = standing.stand(replace(asked(JOBS_25, 50), before=25), 50, 50, 0, None, "", TYPED)
    assert reviewed.next_step.startswith("pulumi preview")


def test_what_burns_comes_first() -> None:
    burning = Answer(Verdict.ROLLBACK, "rollback", "jobs 25 %: errors 31/1,800", target="previous")
    found = standing.stand(asked(JOBS_25, 50), 25, 50, 0, burning, "", TYPED)
    assert found.next_step.startswith("python -m rollout rollback jobs --to previous")


def test_everything_in_the_way_in_the_order_to_be_worked_off() -> None:
    """Beside a soak that runs, a freeze and a breach of data are said, and the audit comes first."""
    breach = Breach(1, NOW - timedelta(hours=1), "data", "rows twice", 25, 0, "Ana K.")
    told = conditions(frozen="INC-7; Ana K.", unaudited=("jobs",), held="INC-9; Ben", breach=breach)
    live = Live("25", NOW - timedelta(hours=3), "v", stopped=Stopped("u", "25"))
    found = standing.stand(asked(live, 50, conditions=told), 25, 50, 0, None, "", TYPED)
    said = " | ".join(found.reasons)
    order = ["no audit is attested", "frozen: INC-7", "held: INC-9", "latched by the breach of data", "soak at 25 %"]
    assert [said.index(text) for text in order] == sorted(said.index(text) for text in order)
    assert found.marks == ("FROZEN", "HELD", "LATCHED", "STOPPED")
    assert found.next_step.startswith("audit its data, then write wa-rollout:checked jobs: data-audit:")


@pytest.mark.parametrize(
    ("moves", "marks"), [([{"from": None, "to": 0}], ()), ([{"from": 5, "to": 0}], ("STOPPED",)), ([], ("STOPPED",))]
)
def test_a_first_value_of_0_stopped_nothing(moves: list[Any], marks: tuple[str, ...]) -> None:
    """Its tag stands in the store as after any lowering."""
    live = Live("0", NOW - timedelta(hours=3), "v", stopped=Stopped("u", "0"))
    ask = replace(asked(live, 5), moves=moves)
    assert standing.stand(ask, 0, 0, 0, None, "", TYPED).marks == marks


@pytest.mark.parametrize("make", [True, False])
def test_what_is_typed_in_which_shell(make: bool) -> None:
    typed = Typed("prod", make, 9)
    lines = [typed.rollback("jobs", "zero"), typed.promote("jobs"), typed.preview(), typed.up(), typed.unfreeze("jobs")]
    assert all("prod" in line for line in lines)
    assert [line.startswith(("make ", "pulumi up", ".venv/")) for line in lines] == (
        [True] * 5 if make else [False, False, False, True, False]
    )
    assert Typed("local", True).up() == "make up"
