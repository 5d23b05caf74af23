"""The board's first sentence: what burns before what is late, what isn't known never as fine, and when the next raise may come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout.model.board import headline
from rollout.model.board.headline import Headline, Next, State
from rollout.model.plan.standing import Standing
from rollout.model.reports.forecast import forecast
from tests.pure.plan.test_standing import PLAN
from tests.pure.stories import START, climb, day, finished, story

NOW = datetime(2026, 12, 17, 8, tzinfo=UTC)
HOURS = "08:00-18:00 Africa/Kigali"  # 06:00 to 16:00 UTC


def row(
    name: str, percent: int | None, word: str = "", behind: int = 0, verdict: str = ""
) -> tuple[Standing, int | None, str]:
    return Standing(name, "?", percent, 0, behind, None, verdict, ""), percent, word


def said(*rows: tuple[Standing, int | None, str], **more: Any) -> Headline:
    given: dict[str, Any] = {"stands": (), "following": None, "ahead": None, "now": NOW, **more}
    return headline.headline("prod", rows, **given)


def test_a_quiet_day() -> None:
    following = Next("property", 25, NOW + timedelta(days=1, hours=1))
    found = said(row("marketplace", 10, "HOLD", 2), row("property", 10, "HOLD"), following=following)
    assert found == Headline(
        State.BEHIND, "Nothing burns. marketplace is 2 days behind. Next: property to 25 % tomorrow 09:00 UTC."
    )


def test_what_burns_comes_first_and_alone() -> None:
    burns = row("jobs", 25, "ROLLBACK", 3, "ROLLBACK jobs 25 %: errors 31/1,800")
    found = said(row("ai-agents", 100), burns, following=Next("property", 5, NOW))
    assert found == Headline(
        State.BURNS, "jobs burns at 25 %: errors 31/1,800.", "jobs is 3 days behind.",
        "rollout rollback jobs --to previous --stack prod",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([row("jobs", None)], "jobs can't be judged: see what could not be read."),
        ([row("jobs", 5, "not judged")], "jobs can't be judged: see what could not be read."),
        ([row("jobs", 5, "not judged"), row("property", 5, "HOLD")],
         "jobs can't be judged: see what could not be read. Nothing else burns."),
    ],
)  # fmt: skip
def test_what_is_not_known_is_never_fine(rows: list[Any], text: str) -> None:
    assert (said(*rows).state, said(*rows).text) == (State.UNKNOWN, text)


def test_what_burns_and_what_is_not_known() -> None:
    found = said(row("jobs", 5, "ROLLBACK", verdict="ROLLBACK jobs 5 %: x"), row("property", None))
    assert found.state is State.BURNS
    assert "property can't be judged" in found.text
    assert "othing" not in found.text


def test_a_freeze_stands_and_nothing_comes_next() -> None:
    found = said(
        row("jobs", 5, "HOLD"), stands=["frozen: no domain rises (INC-7; Ana K.)"], following=Next("jobs", 10, NOW)
    )
    assert (found.state, found.text) == (State.STOPPED, "Nothing burns. Frozen: no domain rises (INC-7; Ana K.).")


def test_no_domain_is_not_done() -> None:
    assert said().state is State.UNKNOWN


def test_the_end() -> None:
    ahead = forecast(finished(14))
    rows = [row(name, 100) for name in ("ai-agents", "jobs")]
    assert said(*rows, ahead=ahead, now=day(14)).text == (
        "Nothing burns. Every domain is at 100 %, and stable for 7 days on 2026-12-19 06:00 UTC."
    )
    assert (
        said(*rows, ahead=ahead, now=day(30)).text
        == "Nothing burns. Every domain is at 100 %, and has been for 7 days."
    )


def test_many_late_domains_are_one_sentence() -> None:
    found = said(*(row(f"d{number}", 5, "HOLD", 2) for number in range(50)))
    assert found.text == "Nothing burns. d0, d1, d2 and 47 more are 2 days behind."


@pytest.mark.parametrize(
    ("at", "shown"),
    [(NOW, "now"), (NOW - timedelta(1), "now"), (NOW + timedelta(hours=1), "today 09:00 UTC"),
     (NOW + timedelta(hours=16), "tomorrow 00:00 UTC"), (NOW + timedelta(days=9), "on 2026-12-26 08:00 UTC")],
)  # fmt: skip
def test_when(at: datetime, shown: str) -> None:
    assert headline.when(at, NOW) == shown


def test_the_next_raise_waits_for_its_day_and_for_somebody() -> None:
    """ai-agents at 5 % since day 1, 08:00: soak 48 h less 2 h is day 3, 06:00; day 3 of the plan; hours from 06:00 UTC."""
    told = story({"ai-agents": climb(1)[:2]}, as_of=day(2))
    found = headline.next_raise(forecast(told), PLAN, START, HOURS, day(2))
    assert found == Next("ai-agents", 10, datetime(2026, 12, 3, 6, tzinfo=UTC))
    late = headline.next_raise(forecast(replace(told, given=day(3.5))), PLAN, START, HOURS, day(3.5))
    assert late == Next("ai-agents", 10, datetime(2026, 12, 4, 6, tzinfo=UTC)), "20:00 is at night"
    assert headline.next_raise(forecast(told), PLAN, START, "nonsense", day(2)) is not None
    others = headline.next_raise(forecast(told), PLAN, START, HOURS, day(2), ["ai-agents"])
    assert others is not None
    assert others.domain == "jobs"
