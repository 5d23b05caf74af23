"""The log: history and `moves` put together, as a file backend keeps them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from rollout.commands import log
from rollout.commands.reading import history as reading
from rollout.model import times
from rollout.model.log import journal, runs
from rollout.model.log.awaited import Awaited
from rollout.model.log.evidence import counted
from rollout.model.log.journal import Line
from rollout.model.stack_file import marks
from tests.pure.cases import CATALOGUE
from tests.pure.plan.test_standing import PLAN

START = date(2026, 12, 1)
DAY_1 = datetime(2026, 12, 1, 8, tzinfo=UTC)


def run(at: datetime, percent: int, *, result: str = "succeeded", message: str = "", **entries: Any) -> dict[str, Any]:
    """One entry of `pulumi stack history --json` with jobs at `percent` and `wa-rollout:` entries beside it."""
    keys = {
        "flags": {"jobs": {"percent": percent, "enabled": True}},
        **{k.replace("_", "-"): v for k, v in entries.items()},
    }
    return {
        "kind": "update", "startTime": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "result": result, "message": f"{message} [by Ana K.]",
        "endTime": (at + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "environment": {"git.head": "a" * 40, "git.author": "who wrote HEAD", "git.author.email": "ben@example.org"},
        "config": {f"wa-rollout:{key}": {"value": "", "objectValue": value, "secret": False} for key, value in keys.items()},
        "resourceChanges": {"same": 52, "update": 1},
    }  # fmt: skip


def move(at: datetime, old: int, new: int, verdict: str = "PASS") -> dict[str, Any]:
    return {"from": float(old), "to": float(new), "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "verdict": verdict}


def told(entries: list[dict[str, Any]], moves: list[dict[str, Any]]) -> list[Line]:
    return journal.lines(runs.read(entries[::-1]), {"jobs": moves}, PLAN, START)


def days(number: float) -> datetime:
    return DAY_1 + timedelta(days=number - 1)


def test_a_raise_has_who_from_which_commit_and_how_late() -> None:
    """Day 8 is the plan's for 5 % of jobs."""
    entries = [run(days(1), 0), run(days(10), 5, message="jobs to 5 % (#12)")]
    start, raised = told(entries, [move(days(1), 0, 0), move(days(10), 0, 5)])
    assert (start.kind, start.old, start.new) == ("start", 0, 0)
    assert (raised.kind, raised.old, raised.new, raised.planned) == ("raise", 0, 5, "2 d late")
    assert (raised.who, raised.commit, raised.pr, raised.seconds) == ("Ana K.", "a" * 40, 12, 2.0)


def test_who_is_who_ran_it_and_never_heads_author() -> None:
    entries = [run(days(1), 0), run(days(9), 5)]
    entries[1]["message"] = "a plain up"
    nobody = told(entries, [move(days(1), 0, 0), move(days(9), 0, 5)])[1]
    assert nobody.who == "", "the engine keeps HEAD's author, and no runner"
    known = told(entries, [move(days(1), 0, 0), {**move(days(9), 0, 5), "by": "Cem"}])[1]
    assert known.who == "Cem", "the record's own word"
    stamped = runs.stamp("rollback: jobs [x] 10 -> 5", days(9), "Ana [K.]\n")
    assert runs.read([{**entries[1], "message": stamped}])[0].who == "Ana K."
    assert runs.read([{**entries[1], "message": stamped}])[0].message == "rollback: jobs [x] 10 -> 5"
    assert runs.read([{**entries[1], "message": stamped}])[0].at == days(9)


def test_a_run_that_says_nothing_of_its_clock_has_the_time_that_its_provider_noted() -> None:
    begun = days(1) + timedelta(hours=3)
    entry = {**run(begun, 5), "message": "by hand"}
    noted = [(begun.timestamp() + off, times.iso(days(9 + number))) for number, off in enumerate((-1.0, 0.5, 1.5, 4.0))]
    assert runs.read([entry], noted)[0].at == days(10), "the first engine's within the run"
    assert runs.read([entry], noted)[0].begun == begun
    assert runs.read([entry], [noted[0], noted[3]])[0].at == begun, "engines before and after it"
    assert runs.read([{**entry, "endTime": None}], noted[3:])[0].at == days(12), "it isn't over yet"
    stamped = {**entry, "message": runs.stamp("by a command", days(7))}
    assert runs.read([stamped], noted)[0].at == days(7)


@pytest.mark.parametrize(("day", "says"), [(8, "as planned"), (7, "ahead of the plan"), (11, "3 d late")])
def test_planned_or_not(day: int, says: str) -> None:
    assert told([run(days(day), 5)], [move(days(day), 0, 5)])[0].planned == says


def test_a_rollback_and_a_stop_are_never_planned() -> None:
    entries = [run(days(9), 10), run(days(10), 5, message="rollback: jobs 10 -> 5 on local"), run(days(11), 0)]
    found = told(
        entries, [move(days(9), 5, 10), move(days(10) - timedelta(seconds=2), 10, 5, "stop"), move(days(11), 5, 0)]
    )
    assert [(line.kind, line.planned) for line in found[1:]] == [("stop", "not planned"), ("rollback", "not planned")]
    assert found[1].update == 2
    assert found[1].text == "rollback: jobs 10 -> 5 on local"


def test_a_change_of_an_enable_flag_has_its_run_and_a_hands_none() -> None:
    def change(at: datetime, verdict: str) -> dict[str, Any]:
        return {"from": False, "to": True, "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "verdict": verdict}

    updates = runs.read([run(days(9), 5), run(days(8), 5)])
    record = [
        change(days(8), "with jobs's percent"),
        change(days(9), "outside"),
        change(days(20), "with jobs's percent"),
    ]
    found = [line for line in journal.lines(updates, {}, PLAN, START, {"jobs": record}) if line.kind == "switched"]
    assert [(line.update, line.who, line.record) for line in found] == [
        (1, "Ana K.", "switched/jobs/0"), (None, "", "switched/jobs/1"), (None, "", "switched/jobs/2"),
    ]  # fmt: skip


def test_what_was_written_outside_is_nobodys_run() -> None:
    outside = told([run(days(9), 10)], [move(days(9), 10, 3, "outside")])[0]
    assert (outside.kind, outside.who, outside.update) == ("outside", "", None)


def test_a_refused_raise_is_told_and_the_later_one_is_matched() -> None:
    entries = [run(days(8), 5), run(days(9), 10, result="failed"), run(days(10), 10)]
    found = told(entries, [move(days(8), 0, 5), move(days(10), 5, 10)])
    assert [(line.kind, line.update) for line in found] == [("raise", 1), ("not applied", 2), ("raise", 3)]
    assert (found[1].old, found[1].new) == (5, 10)


def test_a_raise_in_a_run_that_failed_elsewhere_has_happened() -> None:
    found = told([run(days(8), 5, result="failed")], [move(days(8), 0, 5)])
    assert [(line.kind, line.result) for line in found] == [("raise", "failed")]


def test_a_stop_is_recorded_by_the_run_after_it_and_not_by_one_before() -> None:
    """Seconds before, a run asked for the same 5 %; the rollback's own waited a minute for the lock."""
    stopped = days(10) + timedelta(seconds=10)
    entries = [run(days(10), 5), run(stopped + timedelta(minutes=1), 5, message="rollback: jobs 10 -> 5 on local")]
    found = told(entries, [move(stopped, 10, 5, "stop")])
    assert [(line.kind, line.update) for line in found if line.kind == "stop"] == [("stop", 2)]


def test_the_run_after_a_failed_one_did_not_make_its_move() -> None:
    """One domain was refused, this one rose; the run that takes the refused one back asks for the same percent of this."""
    entries = [run(days(8), 5), run(days(9), 10, result="failed"), run(days(9) + timedelta(seconds=30), 10)]
    found = told(entries, [move(days(8), 0, 5), move(days(9) + timedelta(seconds=1), 5, 10)])
    assert [(line.kind, line.update) for line in found if line.domain] == [("raise", 1), ("raise", 2)]
    at_once = [run(days(8), 5), run(days(9), 10, result="failed"), run(days(9), 10)]  # a rehearsal's clock stands still
    assert [line.update for line in told(at_once, [move(days(8), 0, 5), move(days(9), 5, 10)]) if line.domain] == [1, 2]


def test_entries_that_come_change_and_go_are_marked() -> None:
    freeze = {"why": "INC-7", "by": "Ana K."}
    waiver = {"jobs-5": {"domain": "jobs", "accepts": "no-drill", "to": 5, "why": "w", "by": "b"}}
    entries = [run(days(1), 0), run(days(2), 0, freeze=freeze), run(days(3), 0), run(days(4), 0, waivers=waiver)]
    found = told(entries, [])
    assert [(line.kind, line.text, line.domain) for line in found[1:]] == [
        ("freeze", "freeze set: INC-7; by Ana K.", ""),
        ("freeze", "freeze lifted: INC-7; by Ana K.", ""),
        ("waiver", "waivers jobs-5 set: w; accepts no-drill; to 5 %; by b; domain jobs", "jobs"),
    ]


def test_a_run_without_any_change_is_left_out_unless_asked() -> None:
    quiet = {**run(days(1), 0), "resourceChanges": {"same": 53}}
    found = told([quiet], [])
    assert [line.kind for line in found] == ["no change"]
    assert log.chosen(found, (), (), None, every=False) == []
    assert log.chosen(found, (), (), None, every=True) == found


def test_the_virtual_clock_stands_in_the_message_and_leaves_it() -> None:
    """The engine's own times are the machine's: a rehearsal plays a day in seconds."""
    entry = run(datetime(2026, 1, 1, tzinfo=UTC), 5)
    entry["message"] = runs.stamp("day 8", days(8))
    assert runs.stamp("day 8", None) == "day 8"
    found = told([entry], [move(days(8), 0, 5)])[0]
    assert (found.at, found.update, found.planned) == (days(8), 1, "as planned")
    assert runs.read([entry])[0].message == "day 8"


def test_a_history_that_is_odd_is_read_as_far_as_it_goes() -> None:
    odd: list[dict[str, Any]] = [
        {},
        {"startTime": "soon"},
        {"startTime": "2026-12-01T08:00:00Z", "config": "?", "environment": None},
    ]
    assert [(update.number, update.config, update.who) for update in runs.read(odd)] == [(1, {}, "")]
    assert told([], [{"at": "never"}, {}]) == []


def test_no_secret_of_the_config_is_read() -> None:
    entry = run(days(1), 0)
    entry["config"]["wa-rollout:notify"] = {"secret": True, "value": "canary"}
    assert "canary" not in repr(runs.read([entry]))


def test_an_email_address_stays_in_the_history() -> None:
    line = told([run(days(8), 5)], [move(days(8), 0, 5)])[0]
    assert "example.org" not in str(reading.plain(line))


@pytest.mark.parametrize("width", [80, 160])
def test_the_table_keeps_to_its_width(width: int) -> None:
    entries = [run(days(8), 5), run(days(9), 5, freeze={"why": "w " * 90, "by": "Ana K."})]
    text = log.table(told(entries, [move(days(8), 0, 5, "PASS 0 -> 5 %: 5 attested, 2 probes, no traffic yet")]), width)
    assert max(map(len, text)) <= width
    assert any("FREEZE" in line for line in text)


def test_the_counts_behind_a_raise_are_shown_where_they_are_asked_for() -> None:
    counts = {
        "errors": {"bad": 1, "total": 1966, "legacy_bad": 12, "legacy_total": 36193},
        "complaints": {"bad": 0},
        "share": {"bad": 3, "total": 9, "waived": "few"},
    }
    lines = told([run(days(8), 5)], [{**move(days(8), 0, 5), "counts": counts}])
    assert counted(lines[0]) == ["errors 1/1,966 (legacy 12/36,193)", "complaints 0", "share 3/9, waived: few"]
    assert "legacy" in " ".join(log.table(lines, 80, evidence=True))
    assert "legacy" not in " ".join(log.table(lines, 80))


def test_a_pull_requests_number_is_found_where_github_puts_it() -> None:
    merged = run(days(1), 0, message="Merge pull request #77 from ana/day-3")
    by_ci = {**run(days(1), 0), "environment": {"ci.pr.number": "5"}}
    assert [update.pr for update in runs.read([merged, by_ci])] == [5, 77]


def test_marks_of_a_first_run_are_no_changes() -> None:
    assert marks.between({}, {"freeze": {"why": "w"}}) == []


def test_every_domain_of_the_catalogue_has_lines() -> None:
    moves = {name: [move(days(1), 0, 0)] for name in CATALOGUE.domains}
    assert [line.domain for line in journal.lines([], moves, PLAN, START)] == list(CATALOGUE.domains)


def test_why_an_older_run_didnt_raise() -> None:
    entries = [run(days(1), 5), run(days(9), 10, result="failed"), run(days(12), 10, result="failed"), run(days(13), 5)]
    why = Awaited("HOLD jobs 5 % -> 10 %: frozen: INC-7", 10, days(9))
    found = journal.lines(
        runs.read(entries[::-1]), {"jobs": [move(days(1), 0, 5)]}, PLAN, START, earlier={2: {"jobs": why}}
    )
    told_of = [(line.update, line.kind, line.verdict) for line in found if line.update in (2, 3)]
    assert told_of == [(2, "held", why.verdict), (3, "not applied", "")], (
        "of a run that left nothing, nothing is made up"
    )
