"""The reports on small stories: each criterion met, not met, and not to be told; what isn't recorded is said so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from rollout.commands.report import markdown
from rollout.model.reports import (  # fmt: skip
    config_entries,
    criteria,
    daily,
    incidents,
    parts,
    performance,
    strip,
    weekly,
)
from rollout.model.reports import final as report_final
from rollout.model.reports.criteria import Criterion
from rollout.model.reports.parts import Heading, State, Table, text
from rollout.model.reports.story import Story
from tests.pure.cases import DOMAINS
from tests.pure.stories import BETTER, climb, day, finished, iso, move, run, story

MET, NOT_MET, UNKNOWN = State.MET, State.NOT_MET, State.UNKNOWN
ALL_100 = dict.fromkeys(DOMAINS, 100)
BREACH = {
    "attempt": 1,
    "at": iso(day(10)),
    "metric": "sessions",
    "seen": "9 of 900",
    "from": 25,
    "to": 0,
    "by": "watch",
}


def final(told: Story) -> dict[str, Criterion]:
    return {one.name: one for one in report_final.criteria(told)}


def week(told: Story) -> dict[str, Criterion]:
    return {one.name: one for one in weekly.weekly(told)}


def rows(told: Story, caption: str) -> list[list[str]]:
    for make in (report_final.report, performance.report, incidents.report, daily.report):
        for block in make(told).blocks:
            if isinstance(block, Table) and block.caption == caption:
                return [[text(cell) for cell in row] for row in block.rows]
    raise AssertionError(f"no table {caption!r}")


@pytest.mark.parametrize(
    ("end", "state"),
    [(18.9, NOT_MET), (18.92, MET), (30, MET)],
    ids=["a minute short of the slack", "the slack", "long"],
)
def test_stable_is_seven_days_at_100(end: float, state: State) -> None:
    """Day 12 at 08:00 and 7 days, less the 2 h slack of a daily run: day 19 at 06:00, which is day 18.917."""
    assert {final(finished(end))[f"stable-{name}"].state for name in DOMAINS} == {state}


def test_not_at_100_is_not_met_and_nothing_recorded_cant_be_told() -> None:
    told = final(story({"jobs": [*climb(8), move(20, 100, 50, "rollback")]}, [run(21)]))
    assert told["stable-jobs"].state is NOT_MET
    assert text(told["stable-jobs"].why).startswith("it stands at 50 % since 2026-12-20 08:00 UTC")
    assert told["stable-property"].state is UNKNOWN


def test_a_finished_migration_is_met_but_for_what_people_say() -> None:
    told = final(finished())
    assert {name for name, one in told.items() if one.state is not MET} == {"satisfaction"}
    assert told["satisfaction"].state is UNKNOWN
    assert "user satisfaction: maintained" in told["satisfaction"].do


@pytest.mark.parametrize(
    ("note", "state"),
    [("User satisfaction: maintained, Ben", MET), ("user satisfaction: improved.", MET),
     ("user satisfaction: worse, 9 complaints", NOT_MET), ("users are content", UNKNOWN)],
)  # fmt: skip
def test_satisfaction_is_a_persons_word(note: str, state: State) -> None:
    found = final(finished(notes={"2026-12-28": note}))["satisfaction"]
    assert found.state is state
    assert state is UNKNOWN or text(found.why) == note


@pytest.mark.parametrize(
    ("counts", "state"),
    [(BETTER, MET), ({**BETTER, "bad": 9}, MET), ({**BETTER, "bad": 11}, UNKNOWN), ({**BETTER, "bad": 90}, NOT_MET),
     ({"bad": 1, "total": 9000}, MET)],
    ids=["better", "as good", "above within chance", "above, bands apart", "legacy counts other metrics"],
)  # fmt: skip
def test_no_worse_than_legacy(counts: Mapping[str, Any], state: State) -> None:
    moves = {name: climb(8, **({"errors": counts} if name == "jobs" else {})) for name in DOMAINS}
    assert final(story(moves, [run(30, ALL_100)]))["baseline"].state is state


def test_without_a_raise_to_100_nothing_is_compared() -> None:
    found = final(story({name: climb(8)[:4] for name in DOMAINS}, [run(30)]))["baseline"]
    assert found.state is UNKNOWN
    assert "jobs: no raise to 100 % has counts" in text(found.why)


def incident(severity: str) -> dict[str, Any]:
    return {
        "domain": "jobs",
        "stack": "local",
        "severity": severity,
        "at": iso(day(10)),
        "metric": "sessions",
        "seen": "9 of 900",
    }


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (finished(), MET),
        (story({"jobs": climb(8)}, [run(30)], {"a": incident("major")}), MET),
        (story({"jobs": climb(8)}, [run(30)], {"a": incident("critical")}), NOT_MET),
        (story({"jobs": climb(8)}, [run(29), run(30, breach={"jobs": BREACH})]), NOT_MET),
        (story(), UNKNOWN),
    ],
    ids=["none", "a major one", "a critical one", "a breach to 0 without a record", "no record at all"],
)
def test_zero_critical_incidents(told: Story, state: State) -> None:
    assert final(told)["critical"].state is state


def test_an_incident_and_its_breach_are_one() -> None:
    moves = [*climb(5), move(10, 100, 0, "stop")]
    told = story({"jobs": moves}, [run(10, breach={"jobs": BREACH})], {"a": incident("critical")})
    assert criteria.critical_places(told) == ["incidents/a"]


@pytest.mark.parametrize(
    ("counts", "rate", "literal"),
    [({"bad": 0, "total": 4000}, MET, UNKNOWN), ({"bad": 1, "total": 4000}, MET, NOT_MET), ({"bad": 2, "total": 4000}, NOT_MET, NOT_MET)],
    ids=["none broken", "one broken: under 0.05 %", "two broken: 0.05 % isn't under it"],
)  # fmt: skip
def test_session_breaks_are_judged_both_ways(counts: Mapping[str, Any], rate: State, literal: State) -> None:
    told = week(story({"jobs": climb(8, sessions=counts)}, [run(30)]))
    assert told["sessions-rate-jobs"].state is rate
    assert told["sessions-literal-jobs"].state is literal


def test_the_literal_zero_needs_counts_of_every_rung() -> None:
    """100 % has none: no raise leaves it. Where every rung with traffic was left by a raise, zero is zero."""
    whole = [*climb(8)[:3], move(20, 10, 0, "stop")]
    partly = story({"jobs": climb(8)}, [run(30)])
    assert "not recorded at 100 %" in text(week(partly)["sessions-literal-jobs"].why)
    assert "not recorded at 10 %" in text(week(story({"jobs": whole}, [run(30)]))["sessions-literal-jobs"].why)


@pytest.mark.parametrize(("bad", "state"), [(0, MET), (9, NOT_MET), (None, UNKNOWN)])
def test_features(bad: int | None, state: State) -> None:
    counts = {name: {"bad": bad or 0, "total": 400} for name in ("posting", "search", "applications", "notifications")}
    if bad is None:
        del counts["posting"]
    assert week(story({"jobs": climb(8, **counts)}, [run(30)]))["features-jobs"].state is state


def test_transactions_have_a_literal_zero_too() -> None:
    told = week(story({"marketplace": climb(8, payments={"bad": 1, "total": 90})}, [run(30)]))
    assert (told["transactions-literal"].state, text(told["transactions-literal"].why)) == (
        NOT_MET, "1/90 at the rungs that were counted",
    )  # fmt: skip


def test_data_and_probes() -> None:
    data = {**BREACH, "metric": "data"}
    told = week(story({"ai-agents": climb(8), "jobs": climb(8)}, [run(29), run(30, breach={"jobs": data})]))
    assert (told["data"].state, told["all-agents"].state) == (NOT_MET, MET)
    assert week(finished(checked={"jobs": {"no-data-lost": "Ben"}}))["data"].state is MET
    assert (week(finished())["data"].state, week(story())["all-agents"].state) == (UNKNOWN, UNKNOWN)


@pytest.mark.parametrize(
    ("entries", "says"),
    [({}, ""), ({"freeze": {"why": "INC-7"}}, "a freeze stands: INC-7"), ({"held": {"jobs": {"why": "INC-9"}}}, "a held stands: INC-9"),
     ({"breach": {"jobs": BREACH}}, "a breach latches it: sessions"), ({"breach": {"jobs": BREACH}, "attempt": {"jobs": {"number": 2}}}, "")],
)  # fmt: skip
def test_ready_to_archive(entries: dict[str, Any], says: str) -> None:
    told = finished(**entries)
    assert [text(cell) for cell in report_final.archivable(told, "jobs").hinders] == ([says] if says else [])
    assert (final(told)["archive"].state is MET) == (not says)


def test_a_rung_that_no_raise_left_has_no_counts() -> None:
    record = {**incident("major"), "metric": "errors", "seen": "31 of 1,800"}
    moves = [*climb(5)[:4], move(10, 25, 10, "stop")]
    told = story({"jobs": moves}, [run(30)], {"a": record})
    found = rows(told, "jobs, what was counted when")
    assert [row[0] for row in found] == ["5 %", "10 %", "25 %", "10 %"]
    assert found[2][5] == "not recorded: a lowering asks for none; the incident's record has errors 31 of 1,800"
    assert found[3][5] == "not recorded: counts are kept by the raise that leaves a rung"


def test_each_raise_says_which_version_of_the_rule_judged_it() -> None:
    """Two rungs under version 1, the next one under version 2; a lowering asks no rule."""
    moves = climb(5)[:4]
    moves[3]["gate"] = "2"
    found = rows(story({"jobs": [*moves, move(10, 25, 10, "stop")]}, [run(30)]), "jobs, what was counted when")
    assert [(row[0], row[-1]) for row in found] == [
        ("5 %", "rule version 1"), ("10 %", "rule version 2"), ("25 %", "-"), ("10 %", "-"),
    ]  # fmt: skip


def test_the_comparison_says_what_the_bands_say() -> None:
    worse = {**BETTER, "bad": 90}
    slow = {**BETTER, "legacy_bad": 90}
    told = story(
        {"jobs": climb(8, errors=worse, latency=slow, posting={"bad": 0, "total": 40, "waived": "w"})}, [run(30)]
    )
    found = {(row[0], row[1]): row for row in rows(told, "jobs, per rung and metric")}
    assert found["50 %", "errors"][2:8] == [
        "90/9,000", "1 % (0.805 to 1.23)", "9/9,000", "0.1 % (0.0457 to 0.19)", "0.1 %", "unified higher",
    ]  # fmt: skip
    assert found["50 %", "posting"][7:] == ["legacy doesn't count it, waived by w", "presence only"]
    assert found["50 %", "latency"][7] == "unified lower"
    assert found["5 %", "sessions"][7] == "no difference shown"


def test_every_day_is_told_the_quiet_ones_in_a_line() -> None:
    told = story({"jobs": climb(8)}, [run(1), run(8, {"jobs": 5}, notes={"2026-12-10": "a slow hour"})])
    blocks = daily.report(told).blocks
    assert [text(one.cell) for one in blocks if isinstance(one, Heading)][:3] == [
        "Day 8, 2026-12-08", "Day 9, 2026-12-09", "Day 10, 2026-12-10",
    ]  # fmt: skip
    shown = markdown.render(daily.report(told))
    assert "Day 1 to day 7: nothing moved." in shown
    assert "- Note: a slow hour" in shown
    assert "| planned | 100 % | 10 % | 0 % | 0 % |\n| live | nothing yet | 25 % |" in shown  # day 10


def test_a_freeze_and_a_waiver_are_told_from_their_entries() -> None:
    freeze = {"freeze": {"why": "INC-7", "by": "Ana K."}}
    waiver = {
        "w": {"domain": "jobs", "metric": "posting", "to": 100, "accepts": "too-little-data", "why": "few", "by": "B"}
    }
    moves = {"jobs": climb(8, posting={"bad": 0, "total": 4, "waived": "w"})}
    told = story(moves, [run(1), run(9, **freeze, waivers=waiver), run(11), run(30)])
    assert rows(told, "No raise was let through") == [
        ["all", "2026-12-09 08:00 UTC", "2026-12-11 08:00 UTC", "2.0 days", "INC-7", "Ana K."]
    ]
    assert rows(told, "What was let through")[0][-1] == "2026-12-12 08:00 UTC"
    unused = {"w": {**waiver["w"], "metric": "search"}}
    assert config_entries.used_by(story(moves, [run(30)]), "w", unused["w"]) is None


def test_a_second_attempt_doesnt_move_the_start_and_the_last_100_counts() -> None:
    again = [*climb(8), move(14, 100, 0, "stop"), *climb(16)[1:]]
    (row,) = (
        row
        for row in rows(story({"jobs": again}, [run(30)]), "First rung and 100 %, planned and actual")
        if row[0] == "jobs"
    )
    assert row[1:] == ["day 8", "day 8, 2026-12-08 08:00 UTC", "day 13", "day 20, 2026-12-20 08:00 UTC", "1"]


def test_drills_are_told_where_they_are_recorded() -> None:
    drill = {
        "domain": "jobs",
        "stack": "drill",
        "at": iso(day(7)),
        "passed": True,
        "decision_to_live": 1.4,
        "traffic_back": 61,
    }
    told = story({"jobs": climb(8)}, [run(30)], drills={"d": drill})
    assert rows(told, "Drills") == [["2026-12-07 08:00 UTC", "jobs", "passed", "1.4 s", "61 s"]]
    drawn = strip.strip(told)
    assert drawn is not None
    assert [mark.letter for mark in drawn.rows[1].marks][:2] == ["D", "P"]


def test_the_strip_is_as_long_as_the_record() -> None:
    drawn, short = strip.strip(finished(40)), strip.strip(finished(13))
    assert drawn is not None
    assert short is not None
    assert (drawn.last, short.last, drawn.planned_last) == (40, 21, 21)
    assert strip.strip(story()) is None


def test_the_same_story_gives_the_same_reports_and_empty_ones_say_so() -> None:
    for make in (report_final.report, performance.report, incidents.report, daily.report):
        assert markdown.render(make(finished())) == markdown.render(make(finished()))
        assert "Traceback" not in markdown.render(make(story()))
    assert "nothing is recorded yet" in markdown.render(report_final.report(story()))


def test_as_of_is_the_newest_entry_or_what_is_given() -> None:
    assert finished(30).as_of == day(30)
    later = story({"jobs": climb(8)}, [run(12)], as_of=day(40))
    assert final(later)["stable-jobs"].state is MET
    assert story({"jobs": climb(8)}, [], {"a": {**incident("major"), "at": iso(day(33))}}).as_of == day(33)


def test_somebodys_words_are_no_markup() -> None:
    told = finished(notes={"2026-12-28": "a | b <script> *c* # d"})
    shown = markdown.render(report_final.report(told))
    assert "a \\| b \\<script> \\*c\\* # d" in shown


def test_plain_values_keep_each_figures_source() -> None:
    found = json.dumps(parts.plain(report_final.report(finished())))
    assert '{"text": "100 %", "source": "percent:moves/jobs/5/to"}' in found


@pytest.mark.parametrize("odd", ["yes", ["a"], {"jobs": "x"}, {"jobs": {"number": "two", "at": 7, "to": "ten"}}, 3])
def test_entries_and_records_that_are_odd_are_told_as_far_as_they_go(odd: Any) -> None:
    """A typing error in one entry must not take the reports away, least of all after an incident."""
    keys = ("freeze", "held", "breach", "attempt", "waivers", "checked", "notes", "drill")
    record = {"domain": odd, "severity": odd, "at": "soon", "steps": odd, "seen": odd}
    moves = [{}, {"at": "never"}, *climb(8), {"at": iso(day(20)), "from": None, "to": None, "verdict": "outside"}]
    told = story({"jobs": moves}, [run(1), run(30, **dict.fromkeys(keys, odd))], {"a": record}, {"d": record})
    for make in (report_final.report, performance.report, incidents.report, daily.report):
        assert markdown.render(make(told))
    assert strip.strip(told) is not None
