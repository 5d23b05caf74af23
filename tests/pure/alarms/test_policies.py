"""A domain's row of alert policies: what it leaves out comes back, what differs is named by its path, and in words."""

from __future__ import annotations

from typing import Any

import pytest

from rollout.model.alarms import alarm as alarms
from rollout.model.alarms import policies
from tests.pure.samples import CATALOGUE

JOBS = CATALOGUE.domains["jobs"]


def row(**errors: Any) -> dict[str, Any]:
    """The row of jobs; `errors`: properties of that policy's alarm."""
    made: dict[str, Any] = policies.row(CATALOGUE, JOBS, "prod")
    made["policies"]["errors"].update(errors)
    return made


def without(*names: str) -> dict[str, Any]:
    made = row()
    return {**made, "policies": {key: one for key, one in made["policies"].items() if key not in names}}


def single(policy: str = "errors", **other: Any) -> dict[str, Any]:
    """The row of one alarm, as an older version had it."""
    found = next(one for one in JOBS.alerts if one.name == policy)
    properties = alarms.properties(alarms.alarm(CATALOGUE, JOBS, found, "prod"))
    return {"stack": "prod", "domain": "jobs", "policy": policy, **properties, **other}


def test_what_a_row_leaves_out_comes_back() -> None:
    for domain in CATALOGUE.domains.values():
        made = policies.row(CATALOGUE, domain, "prod")
        for policy in domain.alerts:
            every = alarms.properties(alarms.alarm(CATALOGUE, domain, policy, "prod"))
            assert policies.whole(made, policy.name) == every
            assert set(every) == set(policies.KEYS)


def test_a_reviewer_reads_what_is_decided_and_nothing_twice() -> None:
    assert set(row()["policies"]["errors"]) == {
        "description", "expression", "queries", "period", "evaluationPeriods", "threshold", "treatMissingData",
        "alarmActions", "insufficientDataActions",
    }  # fmt: skip
    assert "insufficientDataActions" not in row()["policies"]["search"], "it tells nobody"


@pytest.mark.parametrize(
    "hand",
    [
        {"name": "another"}, {"actionsEnabled": False}, {"namespace": ""}, {"dimensions": {}}, {"okActions": []},
        {"comparison": "LessThanThreshold"}, {"datapoints": 2}, {"insufficientDataActions": []}, {"alarmActions": []},
        {"evaluationPeriods": 7}, {"threshold": None, "period": None}, {"queries": {}, "expression": ""},
    ],
)  # fmt: skip
def test_whatever_stands_outside_is_kept_and_shown(hand: dict[str, Any]) -> None:
    """An alarm that a hand has changed in any of its properties."""
    made = row()
    live = {**(policies.whole(made, "errors") or {}), **hand}
    stands = {**made, "policies": {**made["policies"], "errors": policies.short(made, "errors", live)}}
    back = policies.whole(stands, "errors") or {}
    assert {key: back.get(key) for key in policies.KEYS} == live
    assert set(policies.diff(stands, made)) == {f"policies.errors.{key}" for key in hand}
    assert policies.diff(stands, stands) == {}


def test_paths_and_words() -> None:
    assert policies.diff(row(), row()) == {}
    assert policies.said(row(), row()) == []
    assert policies.diff(row(), row(threshold=0.02)) == {"policies.errors.threshold": "update"}
    assert policies.said(row(), row(threshold=0.02)) == ["jobs-errors: threshold 0.01 -> 0.02"]
    assert policies.diff(row(actionsEnabled=False), row()) == {"policies.errors.actionsEnabled": "delete"}
    assert policies.diff(row(), row(actionsEnabled=False)) == {"policies.errors.actionsEnabled": "add"}
    assert policies.said(row(actionsEnabled=False), row()) == ["jobs-errors: actionsEnabled false -> true"]
    assert policies.diff(without("search"), row()) == {"policies.search": "add"}
    assert policies.said(without("search"), row()) == ["jobs-search: made"]
    assert policies.diff(row(), without("errors", "search")) == {
        "policies.errors": "delete", "policies.search": "delete",
    }  # fmt: skip
    assert policies.said(row(), without("search")) == ["jobs-search: taken out"]
    both = policies.said(row(threshold=0.5, period=60), row())
    assert both == ["jobs-errors: period 60 -> 300, threshold 0.5 -> 0.01"]


def test_of_many_lines_the_first_and_how_many_more() -> None:
    none = {**row(), "policies": {}}
    said = policies.said(none, row())
    assert len(said) == policies.SAID
    assert said[-1] == f"jobs: and {len(JOBS.alerts) - policies.SAID + 1} alarms more"
    few = without(*[one.name for one in JOBS.alerts][policies.SAID :])
    assert len(policies.said(none, few)) == policies.SAID
    assert "more" not in policies.said(none, few)[-1]


def test_another_service_is_said_once() -> None:
    other = {**row(), "service": "wa-webhook-two"}
    assert policies.diff(row(), other) == {"service": "update"}
    assert policies.said(row(), other) == ["jobs: service wa-webhook-unified -> wa-webhook-two"]
    assert (policies.whole(other, "errors") or {})["dimensions"] == {"Service": "wa-webhook-two", "Domain": "jobs"}


def test_a_row_of_one_alarm_is_the_same_in_the_same_words() -> None:
    assert policies.whole(single(), "errors") == policies.whole(row(), "errors")
    assert policies.whole(single(), "search") is None
    assert policies.names(single(), row()) == policies.names(row())
    gone = {key: one for key, one in single().items() if key != "name"}
    assert policies.whole(gone, "errors") is None
    assert policies.diff(single(), without(*[one.name for one in JOBS.alerts if one.name != "errors"])) == {}
    assert policies.diff(single(threshold=0.5), row())["policies.errors.threshold"] == "update"


def test_how_a_message_calls_them() -> None:
    assert policies.called(row(), ["errors"]) == "alarm wa-webhook-unified-prod-jobs-errors"
    assert policies.called(row(), ["errors", "search"]) == "each alarm of jobs (errors, search)"


def test_what_is_no_row_raises_nothing() -> None:
    odd = {"stack": "prod", "domain": "jobs", "policies": {"errors": "text"}}
    assert policies.names(odd) == []
    assert policies.diff(odd, {**odd, "policies": "text"}) == {}
