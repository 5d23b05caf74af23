"""The final report's first lines, who changed what, and what becomes of domains that haven't begun."""

from __future__ import annotations

from typing import Any

from rollout.model.reports import final, overview, performance
from rollout.model.reports.parts import Para, Table, text
from rollout.model.reports.story import Story
from tests.pure.stories import climb, day, finished, move, run, story


def lines(told: Story) -> list[str]:
    return [text(block.cell) for block in overview.lead(told) if isinstance(block, Para)]


def rows(told: Story, caption: str) -> list[list[str]]:
    blocks = [*final.report(told).blocks, *performance.report(told).blocks]
    table = next(block for block in blocks if isinstance(block, Table) and block.caption == caption)
    return [[text(cell) for cell in row] for row in table.rows]


def unfinished(**more: Any) -> Story:
    moves = {"ai-agents": climb(1), "jobs": climb(8)[:3]}
    return story(moves, [run(1), run(9)], as_of=day(9.5), **more)


def test_the_headline_of_an_unfinished_migration() -> None:
    head, end = lines(unfinished())
    assert head == (
        "Not finished; at 100 %: ai-agents; under way: jobs 10 %; not begun: marketplace, property. "
        "Brought down because of a metric: 0; incidents with a record: 0."
    )
    # jobs at 10 % since day 9, 08:00: 22 h, 22 h, 22 h is day 11, then 46 h, 46 and 22, 22, 22 of the next two
    assert end.startswith("Forecast: the last domain is at 100 % on 2026-12-18 at the earliest")
    assert end.endswith("; the plan says day 20, 2026-12-20.")
    assert "at the pace so far (" in end


def test_the_headline_of_a_finished_one_has_no_forecast() -> None:
    assert lines(finished()) == [
        (
            "Finished: every domain is at 100 % since 2026-12-12 08:00 UTC. "
            "Brought down because of a metric: 0; incidents with a record: 0."
        )
    ]


def test_nothing_recorded_says_nothing() -> None:
    assert overview.lead(story()) == []


def test_domains_that_have_not_begun_are_one_row() -> None:
    told = unfinished()
    assert rows(told, "First rung and 100 %, planned and actual")[-1] == [
        "marketplace, property", "day 15", "not begun", "day 20", "not yet", "0",
    ]  # fmt: skip
    assert rows(told, "By legacy service")[-1] == [
        "wa-webhook-marketplace, wa-webhook-property", "marketplace, property", "no", "not begun",
    ]  # fmt: skip
    weekly = rows(told, "The seed's weekly lists")
    assert weekly[-1][:2] == ["Criteria of domains that have not begun: marketplace, property", "cannot be told"]
    assert not [row for row in weekly[:-1] if "marketplace" in row[0]]
    said = [text(block.cell) for block in performance.report(told).blocks if isinstance(block, Para)]
    assert said[-1] == "marketplace, property: never left 0 %, nothing to compare."


def test_who_changed_what() -> None:
    told = story(
        {"ai-agents": [*climb(1)[:3], move(4, 10, 5, "rollback")]},
        [run(2, {"ai-agents": 10}), run(4, {"ai-agents": 5})],
    )
    found = rows(told, "Every change of traffic")
    assert [row[2] for row in found] == ["raise 0 % -> 5 %", "raise 5 % -> 10 %", "ROLLBACK 10 % -> 5 %"]
    assert found[1][4] == "Ana K., aaaaaaa"
    assert found[0][4] == "not recorded"


def test_enable_flags_are_told_with_who_changed_them() -> None:
    off, on, again = run(7), run(8), run(9)
    for one, value in ((off, False), (on, True), (again, True)):
        one["config"]["wa-rollout:flags"]["objectValue"]["jobs"]["enabled"] = value
    told = story({"jobs": climb(8)[:2]}, [off, on, again])
    assert rows(told, "Every change of an enable flag") == [
        ["2026-12-08 08:00 UTC", "jobs", "ENABLE_UNIFIED_JOBS", "false -> true", "Ana K., aaaaaaa"]
    ]
