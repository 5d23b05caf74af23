"""The day files are the seed's table; the plan check finds what breaks a rule, and the seed's own contradictions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from rollout.model.catalogue.domain import Catalogue
from rollout.model.plan.days import RESUME_RULES, Plan, check, table
from rollout.model.stack_file.config import Day, Flag, parse_day
from tests.pure.samples import CATALOGUE, ROOT

#: The seed's schedule, day by day: ai-agents, jobs, marketplace, property.
SEED = [
    (0, 0, 0, 0),
    (5, 0, 0, 0), (5, 0, 0, 0), (10, 0, 0, 0), (10, 0, 0, 0), (25, 0, 0, 0), (50, 0, 0, 0), (100, 0, 0, 0),
    (100, 5, 0, 0), (100, 5, 0, 0), (100, 10, 0, 0), (100, 25, 0, 0), (100, 50, 0, 0), (100, 100, 0, 0), (100, 100, 0, 0),
    (100, 100, 5, 5), (100, 100, 5, 5), (100, 100, 10, 10), (100, 100, 25, 25), (100, 100, 50, 50), (100, 100, 100, 100),
    (100, 100, 100, 100),
]  # fmt: skip
NAMES = ("ai-agents", "jobs", "marketplace", "property")


def read_days() -> list[Day]:
    paths = sorted((ROOT / "stacks").glob("*"))
    return [parse_day(path.read_bytes(), f"stacks/{path.name}", CATALOGUE) for path in paths]


def with_flag(day: Day, domain: str, percent: int, enabled: bool | None = True) -> Day:
    return replace(day, flags=day.flags | {domain: Flag(percent, enabled)})


def changed(number: int, domain: str, percent: int, enabled: bool | None = True) -> Plan:
    return Plan.of(with_flag(d, domain, percent, enabled) if d.number == number else d for d in read_days())


def broken(plan: Plan, catalogue: Catalogue = CATALOGUE) -> list[tuple[str, str]]:
    return [(finding.text, finding.where) for finding in check(plan, catalogue) if finding.severity == "broken"]


def notes(plan: Plan, catalogue: Catalogue = CATALOGUE) -> list[str]:
    return [finding.text for finding in check(plan, catalogue) if finding.severity == "note"]


def test_the_day_files_are_the_seeds_table() -> None:
    days = read_days()
    assert [day.number for day in days] == list(range(22))
    for day, percents in zip(days, SEED, strict=True):
        expected = {name: Flag(percent, percent > 0) for name, percent in zip(NAMES, percents, strict=True)}
        assert day.flags == expected | {"ai-agents": Flag(percents[0], None)}
        assert day.where == f"stacks/day-{day.number:02d}.yaml"


def test_the_table_has_dates_and_marks_moves() -> None:
    rows = table(Plan.of(read_days()), date(2026, 12, 1), NAMES)
    assert (rows[0].date, rows[1].date, rows[21].date) == (date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 21))
    assert [row.number for row in rows if row.changed] == [1, 3, 5, 6, 7, 8, 10, 11, 12, 13, 15, 17, 18, 19, 20]
    assert rows[15].changed == ("marketplace", "property")
    assert rows[13].percents == dict(zip(NAMES, SEED[13], strict=True))
    assert table(Plan.of(read_days()), None, NAMES)[3].date is None


def test_the_seeds_plan_breaks_no_rule() -> None:
    assert broken(Plan.of(read_days())) == []


def test_the_seeds_six_contradictions() -> None:
    found = notes(Plan.of(read_days()))
    assert len(found) == 6
    wanted = [
        ("day 7 -> 8", "jobs starts 24 h after ai-agents", "48+"),
        ("day 13 -> 15", "marketplace and property start 48 h after jobs", "no slack"),
        ("day 20 -> 21", "marketplace and property", "end on day 22"),
        ("7+ days", "day 14 (ai-agents), day 20 (jobs), day 27 (marketplace and property)", "day 21"),
        ("day 18-19", "no hours for marketplace and property"),
        ("4 different rules for resuming", *(rule for _, rule in RESUME_RULES)),
    ]
    for note, parts in zip(found, wanted, strict=True):
        for part in parts:
            assert part in note


def test_the_notes_are_computed() -> None:
    """A longer plan, another soak, other prerequisites: other notes."""
    days = read_days()
    longer = [*days, *(replace(days[21], number=n, where=f"stacks/day-{n}.yaml") for n in range(22, 28))]
    found = notes(Plan.of(longer))
    assert not any("end on day" in note or "7+ days" in note for note in found)
    shorter = {
        name: replace(domain, soak_hours=domain.soak_hours | {100: 24}, soak_assumed=())
        for name, domain in CATALOGUE.domains.items()
    }
    found = notes(Plan.of(days), replace(CATALOGUE, domains=shorter))
    assert found[0].startswith("day 7 -> 8")
    assert "exactly the 24+ h, no slack" in found[0]
    assert not any("no hours" in note or "end on day" in note for note in found)


@pytest.mark.parametrize(
    ("number", "domain", "percent", "enabled", "text"),
    [
        (3, "ai-agents", 25, None, "day 3: ai-agents skips a rung, 5 -> 25 %; the next one is 10 %"),
        (6, "ai-agents", 5, None, "day 6: ai-agents goes down, 25 -> 5 %; a plan only climbs"),
        (2, "ai-agents", 10, None, "day 2: ai-agents is raised after 24 h at 5 %; its soak is 48 h"),
        (7, "jobs", 5, True, "day 7: jobs needs ai-agents at 100 % for 24 h, has 0 h"),
        (14, "marketplace", 5, True, "day 14: marketplace needs jobs at 100 % for 48 h, has 24 h"),
        (8, "jobs", 5, False, "day 8: jobs is at 5 % with enabled: false"),
        (0, "ai-agents", 5, None, "day 0: ai-agents starts at 5 %; the plan starts at 0 %"),
    ],
)
def test_broken_rules_name_file_line_and_key(
    number: int, domain: str, percent: int, enabled: bool | None, text: str
) -> None:
    plan = changed(number, domain, percent, enabled)
    line = plan.days[number].lines[domain]
    assert (text, f"stacks/day-{number:02d}.yaml:{line} wa-rollout:flags.{domain}.percent") in broken(plan)


def test_every_pair_of_rungs_on_one_day() -> None:
    """Of all moves, only one rung up and staying break nothing (with no soak and no prerequisites)."""
    free = {
        name: replace(domain, soak_hours=dict.fromkeys(domain.soak_hours, 1), prerequisites=())
        for name, domain in CATALOGUE.domains.items()
    }
    ladder = (0, 5, 10, 25, 50, 100)
    base = read_days()[0]
    for low, before in enumerate(ladder):
        for high, after in enumerate(ladder):
            climb = [replace(base, number=n, where=f"d/day-{n:02d}.yaml") for n in range(low + 2)]
            climb = [with_flag(day, "jobs", ladder[min(day.number, low)]) for day in climb[:-1]] + [
                with_flag(climb[-1], "jobs", after)
            ]
            found = broken(Plan.of(climb), replace(CATALOGUE, domains=free))
            assert (found == []) == (high - low in (0, 1)), (before, after, found)


def test_the_soak_counts_from_the_last_change() -> None:
    days = read_days()
    days[2] = with_flag(days[2], "ai-agents", 0, None)  # down and up again: day 4's 10 % comes 24 h after day 3's 5 %
    days[3] = with_flag(days[3], "ai-agents", 5, None)
    texts = [text for text, _ in broken(Plan.of(days))]
    assert "day 4: ai-agents is raised after 24 h at 5 %; its soak is 48 h" in texts


def test_missing_days_wrong_numbers_and_two_of_one() -> None:
    days = read_days()
    assert [text for text, _ in broken(Plan.of(days[:9] + days[10:]))] == ["day 9 is missing: add stacks/day-09.yaml"]
    wrong = replace(days[9], where="stacks/day-10.yaml")
    assert broken(Plan.of([*days[:9], wrong, *days[10:]])) == [
        ("the file says day 9, its name doesn't: name it day-09.yaml", "stacks/day-10.yaml wa-rollout:day")
    ]
    texts = [text for text, _ in broken(Plan.of([*days, replace(days[9], where="stacks/day-22.yaml")]))]
    assert "day 9 stands in two files" in texts


def test_an_empty_plan_is_no_crash() -> None:
    assert broken(Plan.of([]))[0][0] == "day 0 is missing: add stacks/day-00.yaml"
