"""What a review says of alarms: alarm by alarm, whatever rows they stand in."""

from __future__ import annotations

from typing import Any

from rollout.commands.review import alarms, preview
from rollout.commands.review.alarms import Step
from rollout.commands.review.change import Change
from tests.pure.alarms.test_policies import JOBS, row, single, without

EVERY = [one.name for one in JOBS.alerts]


def told(*steps: Step) -> list[str]:
    return [f"{'drift ' * one.drift}{one.row} {one.what}: {one.old} -> {one.new}" for one in alarms.changes(steps)]


def update(asked: dict[str, Any], live: dict[str, Any], wanted: dict[str, Any]) -> Step:
    return Step("update", "jobs-alerts", asked, live, wanted)


def made(wanted: dict[str, Any]) -> Step:
    return Step("create", "jobs-alerts", {}, {}, wanted)


def gone(policy: str, **live: Any) -> Step:
    return Step("delete", f"jobs-{policy}", single(policy), single(policy, **live), {})


def test_a_limit_drift_and_both() -> None:
    assert told(update(row(), row(), row(threshold=0.02))) == ["jobs-errors threshold: 0.01 -> 0.02"]
    assert told(update(row(), row(threshold=0.5), row())) == ["drift jobs-errors threshold: 0.5 -> 0.01"]
    assert told(update(row(), row(threshold=0.5), row(threshold=0.02))) == [
        "drift jobs-errors threshold: 0.5 -> 0.01", "jobs-errors threshold: 0.01 -> 0.02",
    ]  # fmt: skip
    switched = told(update(row(), row(actionsEnabled=False), row()))
    assert switched == ["drift jobs-errors actionsEnabled: false -> true"], "both values, also of what a row leaves out"


def test_an_alarm_that_comes_goes_or_was_deleted_outside() -> None:
    assert told(update(without("search"), without("search"), row())) == ["jobs-search create:  -> "]
    assert told(update(row(), row(), without("search"))) == ["jobs-search delete:  -> "]
    assert told(update(row(), without("search"), row())) == [
        "drift jobs-search name: - -> wa-webhook-unified-prod-jobs-search"
    ]
    assert told(update(without("search"), row(), without("search"))) == ["jobs-search delete:  -> "], "it had to stay"
    assert told(made(row())) == [f"jobs-{name} create:  -> " for name in sorted(EVERY)]
    assert told(Step("delete", "jobs-alerts", row(), row(), {})) == [
        f"jobs-{name} delete:  -> " for name in sorted(EVERY)
    ]


def test_rows_of_one_alarm_that_become_a_domains_are_one_line() -> None:
    assert told(made(row()), *(gone(name) for name in EVERY)) == [
        f"jobs-alerts rows: {len(EVERY)}, one an alarm -> one of all"
    ]
    changed = told(
        made(row(threshold=0.02)), *(gone(name, **({"period": 60} if name == "search" else {})) for name in EVERY)
    )
    assert changed == [
        "jobs-errors threshold: 0.01 -> 0.02",
        "drift jobs-search period: 60 -> 300",
        f"jobs-alerts rows: {len(EVERY)}, one an alarm -> one of all",
    ]
    fewer = told(made(without("search")), *(gone(name) for name in EVERY))
    assert "jobs-search delete:  -> " in fewer
    more = told(made(row()), *(gone(name) for name in EVERY if name != "search"))
    assert "jobs-search create:  -> " in more


def test_in_a_preview_of_the_engine() -> None:
    urn = "urn:pulumi:prod::wa-rollout::wa-rollout:index:AlertPolicies$rollout:index:AlertPolicy::"
    step = {
        "op": "update", "urn": f"{urn}jobs-alerts", "detailedDiff": {"policies.errors.threshold": {"kind": "update"}},
        "oldState": {"inputs": row(), "outputs": {**row(threshold=0.5), "policy": "errors"}},
        "newState": {"inputs": row(), "outputs": row()},
    }  # fmt: skip
    same = {"op": "same", "urn": f"{urn}property-alerts", "newState": {"inputs": row(threshold=3)}}
    found = preview.read({"steps": [step, same]}, (), failed=False)
    assert found.changes == (Change("alarm", "jobs-errors", "threshold", "0.5", "0.01", drift=True),)
    assert found.rows == 2


def test_a_protected_service_named_by_a_policy_is_seen() -> None:
    named: list[dict[str, Any]] = [
        {"mobility-errors": {}},
        {"errors": {"queries": {"bad": "MobilityErrors Sum"}}},
        {"errors": {"alarmActions": ["mobility"]}},
    ]
    for each in named:
        state = {"inputs": {**row(), "policies": each}}
        step = {"op": "same", "urn": "urn:pulumi:prod::x::rollout:index:AlertPolicy::jobs-alerts", "newState": state}
        assert preview.read({"steps": [step]}, ("wa-webhook-mobility",), failed=False).protected == (
            "wa-webhook-mobility",
        )
