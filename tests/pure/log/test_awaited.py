"""The verdict on a raise that waits: in an output, and in the log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from rollout.model.log import awaited, journal, runs
from rollout.model.log.awaited import Awaited
from tests.pure.plan.test_standing import PLAN

AT = datetime(2026, 12, 9, 8, 0, 3, tzinfo=UTC)
ROW = "HOLD jobs 5 % -> 10 %: soak at 5 % not over (24 h)\n  where:   Pulumi.local.yaml"
VERDICT = ROW.splitlines()[0]


def run(minutes: float, result: str, percent: int, message: str = "up") -> dict[str, object]:
    begun = AT + timedelta(minutes=minutes)
    flags = {"jobs": {"percent": percent}}
    return {
        "kind": "update", "startTime": begun.isoformat(), "endTime": (begun + timedelta(seconds=6)).isoformat(),
        "result": result, "message": message, "config": {"wa-rollout:flags": {"objectValue": flags}},
    }  # fmt: skip


def log(waits: Mapping[str, Awaited], *entries: dict[str, object]) -> list[tuple[str, str]]:
    moves: list[Mapping[str, object]] = []
    found = journal.lines(runs.read(entries[::-1]), {"jobs": moves}, PLAN, date(2026, 12, 1), waits=waits)
    return [(line.kind, line.verdict) for line in found if line.new is not None]


def test_out_and_back() -> None:
    text = awaited.text(ROW, AT)
    assert text == f"{VERDICT} (asked at 2026-12-09T08:00:03Z)"
    assert awaited.read({"jobs": {"verdict": text}}) == {"jobs": Awaited(VERDICT, 10, AT)}
    burning = awaited.text("ROLLBACK jobs 0 % (secret absent) -> 5 %: gate: errors 31/1,800", AT)
    assert awaited.read({"jobs": {"verdict": burning}})["jobs"].to == 5


@pytest.mark.parametrize(
    "verdict", ["", "PASS 5 -> 10 %", VERDICT, f"{VERDICT} (asked at noon)", None, 5, "not changed in this run: see the row"]
)  # fmt: skip
def test_what_waits_no_more_is_none(verdict: object) -> None:
    assert awaited.read({"jobs": {"verdict": verdict}, "frozen": False, "property": None}) == {}


def test_a_run_that_only_waited_is_held_with_its_verdict() -> None:
    waits = {"jobs": Awaited(VERDICT, 10, AT + timedelta(seconds=2))}
    assert log(waits, run(-60, "failed", 10), run(0, "failed", 10)) == [("not applied", ""), ("held", VERDICT)]
    stamped = "day 9 [at 2027-01-09T08:00:00Z]"  # a rehearsal's run: matched by the machine's clock all the same
    assert log(waits, run(0, "failed", 10, stamped)) == [("held", VERDICT)]


@pytest.mark.parametrize(
    ("entry", "seconds"), [(run(0, "failed", 25), 2), (run(0, "failed", 10), 60), (run(5, "failed", 10), 2)]
)
def test_a_verdict_of_another_raise_or_run_says_nothing(entry: dict[str, object], seconds: int) -> None:
    waits = {"jobs": Awaited(VERDICT, 10, AT + timedelta(seconds=seconds))}
    assert log(waits, entry) == [("not applied", "")]


def test_a_run_that_went_through_held_nothing() -> None:
    assert log({"jobs": Awaited(VERDICT, 10, AT)}, run(0, "succeeded", 10)) == []
