"""What the watch acts on, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rollout.model.catalogue.domain import AlertPolicy, Domain
from rollout.model.gate import fire, verdict
from rollout.model.gate.fire import Fire
from rollout.model.gate.seen import Counts, Seen, Slot
from rollout.model.gate.verdict import Question
from tests.pure.samples import CATALOGUE

AI = CATALOGUE.domains["ai-agents"]
HOUR = timedelta(hours=1)
CALM = (Slot(0, 10, Counts(0, 90)),) * 60


def policy(name: str, domain: Domain = AI) -> AlertPolicy:
    return next(one for one in domain.alerts if one.metric == name)


def answer(percent: int = 25, **seen: Seen) -> verdict.Answer:
    return verdict.judge_domain(Question(AI, percent, None, seen))


def test_a_verdict_of_rollback_is_a_fire_with_its_counts() -> None:
    found = fire.from_answer("ai-agents", answer(errors=Seen(31, 1800, Counts(1, 5000)), sessions=Seen(0, 900)))
    assert found is not None
    assert (found.metric, found.to, found.seen, found.severity) == ("errors", "previous", "31 of 1,800", "major")
    assert "errors 31/1,800" in found.reason
    assert any(row.startswith("ROLLBACK errors") for row in found.rows)


def test_of_two_fires_the_one_that_goes_lowest_speaks() -> None:
    found = fire.from_answer("ai-agents", answer(errors=Seen(31, 1800), sessions=Seen(40, 900)))
    assert found is not None
    assert (found.metric, found.to, found.severity) == ("sessions", "zero", "critical")


def test_at_100_it_goes_to_50_which_brings_a_control_back() -> None:
    found = fire.from_answer("ai-agents", answer(100, errors=Seen(31, 1800)))
    assert found is not None
    assert found.to == "50"


@pytest.mark.parametrize(
    "seen", [Seen(None), Seen(1, 1800), Seen(31, 30), Seen(400, 1800, Counts(900, 4000)), Seen(float("nan"), 10)]
)
def test_what_is_no_rollback_is_no_fire(seen: Seen) -> None:
    assert fire.from_answer("ai-agents", answer(errors=seen, sessions=Seen(0, 900))) is None


def alarmed(**changes: object) -> Fire | None:
    given = {"percent": 25, "looks": 2, "age": HOUR, "seen": Seen(0, 600, series=CALM), "compared": True, **changes}
    return fire.from_alarm("ai-agents", policy=given.pop("policy", policy("errors")), **given)  # type: ignore[arg-type]


def test_an_alarm_at_two_looks_is_a_fire() -> None:
    found = alarmed()
    assert found is not None
    assert (found.metric, found.to, found.seen) == ("errors", "previous", "its alarm")
    assert alarmed(looks=1) is None
    zero = alarmed(policy=policy("sessions"))
    assert zero is not None
    assert zero.to == "zero"
    whole = alarmed(percent=100, seen=None)
    assert whole is not None
    assert whole.to == "50"


def test_an_alarm_that_outlasts_the_value_that_set_it_off_is_none() -> None:
    errors = policy("errors")
    window = timedelta(seconds=errors.period_seconds * errors.evaluation_periods) + fire.DATA_TAKE
    assert alarmed(age=window - timedelta(seconds=1)) is None
    assert alarmed(age=window) is not None


def test_an_alarm_whose_action_is_to_look_is_no_fire() -> None:
    assert alarmed(policy=policy("latency")) is None
    assert alarmed(policy=replace(policy("errors"), action="hold")) is None


@pytest.mark.parametrize("legacy", [Counts(2, 90), Counts(90, 90), Counts(0, 0), Counts(5, 2), None])
def test_where_legacy_burns_too_or_says_nothing_an_alarm_moves_nothing(legacy: Counts | None) -> None:
    series = CALM + (Slot(0, 10, legacy),) * 60
    assert alarmed(seen=Seen(0, 600, series=series)) is None
    assert alarmed(seen=Seen(0, 600, series=series), compared=False) is not None, "a metric that legacy doesn't report"
    assert alarmed(seen=None) is None


def test_the_record_says_what_when_and_how_long() -> None:
    burning = Fire("jobs", "errors", "previous", "31 of 1,800", "jobs 25 %: errors 31/1,800", ("ROLLBACK errors",))
    at = datetime(2026, 12, 9, 2, 14, tzinfo=UTC)
    record = fire.incident(
        burning, "prod", "watch", at, "25 %", 10, [(0.41, "live 10 %, 0.9 s"), (3.0, "  file  x\n y")], 0
    )
    assert record["steps"] == ["0.4 s: live 10 %, 0.9 s", "3.0 s: file x y"]
    assert (record["severity"], record["from"], record["to"], record["done"]) == ("major", "25 %", "10 %", "all of it")
    assert "left to do" in fire.incident(burning, "prod", "watch", at, "25 %", 10, [], 1)["done"]
    assert fire.file_name(burning, at) == "2026-12-09T021400Z-jobs-errors.yaml"


@pytest.mark.parametrize(
    ("targets", "chosen"),
    [(("previous", "zero"), 1), (("zero", "previous"), 0), (("previous", "5", "previous"), 1), (("10", "zero", "5"), 1),
     (("previous", "previous"), 0), (("50", "previous"), 1), ((), None)],
)  # fmt: skip
def test_of_all_that_burns_the_lowest_target_wins(targets: tuple[str, ...], chosen: int | None) -> None:
    """Whatever the catalogue's order, and whether a count or an alarm says so."""
    fires = [Fire("jobs", f"metric-{number}", to, "", "") for number, to in enumerate(targets)]
    found = fire.lowest(fires, 50)
    assert found is (None if chosen is None else fires[chosen])


NOON = datetime(2026, 12, 9, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("in_a_row", "since", "looks"),
    [
        (1, NOON - timedelta(seconds=61), 2),  # a watch that looks once, by the alarm's own history
        (1, NOON - timedelta(hours=3), 181),
        (1, NOON - timedelta(seconds=59), 1),
        (1, NOON + timedelta(seconds=1), 1),  # somebody's clock is wrong: nothing is known by it
        (1, None, 1),
        (3, NOON, 3),
        (0, NOON - timedelta(hours=3), 0),  # it isn't in ALARM now
    ],
)
def test_an_alarm_has_a_history_of_its_own(in_a_row: int, since: datetime | None, looks: int) -> None:
    assert fire.looks_of(in_a_row, since, NOON) == looks
