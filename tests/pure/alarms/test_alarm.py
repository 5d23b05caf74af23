"""The alarms of the catalogue against numbers typed by hand (docs/rules/gate.md#the-metrics-contract), and AWS's limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rollout.model.alarms import alarm as alarms
from rollout.model.alarms import alarm_limits
from rollout.model.catalogue import reading as catalogue

HOME = Path(__file__).resolve().parents[3]
TEXT = (HOME / "domains.yaml").read_text()

PREVIOUS, ZERO, HOLD, ASK = "rollback-previous", "rollback-zero", "hold", "investigate"
COMMON = {
    "errors": ("Errors", "Requests", 200, 0.01, PREVIOUS),
    "sessions": ("BrokenSessions", "Sessions", 400, 0.005, ZERO),
}
OWN: dict[str, dict[str, tuple[str, str, int, float, str]]] = {
    "ai-agents": {},
    "jobs": {
        "posting": ("FailedJobPosts", "JobPosts", 50, 0.04, PREVIOUS),
        "search": ("SlowJobSearches", "JobSearches", 50, 0.1, HOLD),
        "applications": ("UndeliveredApplications", "Applications", 100, 0.02, PREVIOUS),
        "notifications": ("UnsentNotifications", "Notifications", 50, 0.1, PREVIOUS),
    },
    "marketplace": {
        "listings": ("FailedListings", "Listings", 50, 0.04, PREVIOUS),
        "media": ("FailedMediaUploads", "MediaUploads", 50, 0.04, PREVIOUS),
        "search": ("FailedSearches", "Searches", 50, 0.04, PREVIOUS),
        "transactions": ("FailedTransactions", "Transactions", 200, 0.01, PREVIOUS),
        "payments": ("FailedPayments", "Payments", 200, 0.01, PREVIOUS),
    },
    "property": {
        "listings": ("FailedListings", "Listings", 50, 0.04, PREVIOUS),
        "rentals": ("FailedRentalApplications", "RentalApplications", 50, 0.04, PREVIOUS),
        "search": ("FailedSearches", "Searches", 50, 0.04, PREVIOUS),
        "contacts": ("FailedOwnerContacts", "OwnerContacts", 50, 0.04, PREVIOUS),
        "viewings": ("FailedViewings", "Viewings", 50, 0.04, PREVIOUS),
    },
}


def wanted(text: str = TEXT) -> dict[tuple[str, str], dict[str, Any]]:
    known = catalogue.parse(text.encode(), "domains.yaml")
    return {(d.name, p.name): alarms.properties(alarm) for d, p, alarm in alarms.wanted(known, "prod")}


def expected(domain: str, policy: str) -> dict[str, Any]:
    """Every property, from the tables above."""
    every = {
        "name": f"wa-webhook-unified-prod-{domain}-{policy}",
        "namespace": "WaWebhook",
        "dimensions": {"Service": "wa-webhook-unified", "Domain": domain},
        "comparison": "GreaterThanThreshold",
        "period": 300,
        "evaluationPeriods": 1,
        "datapoints": 1,
        "actionsEnabled": True,
        "insufficientDataActions": ["wa-webhook-unified-prod-investigate"] if policy == "errors" else [],
    }
    action = ASK
    if policy == "latency":
        own = {
            "queries": {"slow": "Latency p95", "total": "Latency SampleCount"},
            "expression": "IF(total >= 50, slow, 0)",
            "threshold": 2000.0,
            "treatMissingData": "notBreaching",
        }
    elif policy == "complaints":
        own = {
            "queries": {"bad": "Complaints Sum"},
            "expression": "",
            "threshold": 3.0,
            "treatMissingData": "notBreaching",
            "period": 86400,
        }
    else:
        bad, total, least, threshold, action = {**COMMON, **OWN[domain]}[policy]
        own = {
            "queries": {"bad": f"{bad} Sum", "total": f"{total} Sum"},
            "expression": f"IF(total >= {least}, bad / total, 0)",
            "threshold": threshold,
            "treatMissingData": "missing",
        }
    topic = [f"wa-webhook-unified-prod-{action}"]
    return {**every, **own, "alarmActions": topic, "okActions": topic}


def test_one_alarm_for_each_row_of_the_contract_with_every_property() -> None:
    found = wanted()
    assert set(found) == {
        (d, p) for d, own in OWN.items() for p in ("errors", "latency", "sessions", "complaints", *own)
    }
    for (domain, policy), properties in found.items():
        description = properties.pop("description")
        assert properties == expected(domain, policy)
        action = properties["alarmActions"][0].removeprefix("wa-webhook-unified-prod-")
        page = "rollback" if action.startswith("rollback") else "alarms"
        assert f"Runbook: docs/runbooks/{page}.md." in description
        assert (HOME / "docs" / "runbooks" / f"{page}.md").exists()


def test_every_alarm_is_one_that_aws_takes() -> None:
    assert [alarm_limits.problems(properties) for properties in wanted().values()] == [[]] * 30


@pytest.mark.parametrize(
    ("old", "new", "policy", "changed"),
    [
        ("bad-level: 1%               # seed, mon", "bad-level: 2% # seed, mon", "errors", {"threshold": 0.02}),
        ("over: 2000 ms", "over: 2500 ms", "latency", {"threshold": 2500.0}),
        ("bad-level: 3", "bad-level: 4", "complaints", {"threshold": 4.0}),
        ("minimum-events: 400", "minimum-events: 500", "sessions", {"expression": "IF(total >= 500, bad / total, 0)"}),
        ("minimum-events: 400", "period-seconds: 600\n        minimum-events: 400", "sessions", {"period": 600}),
    ],
)
def test_a_changed_limit_is_one_property_of_that_policy(
    old: str, new: str, policy: str, changed: dict[str, Any]
) -> None:
    assert TEXT.count(old) == 1
    before, after = wanted(), wanted(TEXT.replace(old, new))
    for key, properties in after.items():
        differing = {name: value for name, value in properties.items() if before[key][name] != value}
        assert differing == (changed if key[1] == policy else {})


def test_a_minimum_of_zero_still_never_divides_by_zero() -> None:
    after = wanted(TEXT.replace("minimum-events: 400", "minimum-events: 0"))
    assert after["jobs", "sessions"]["expression"] == "IF(total >= 1, bad / total, 0)"


ARN = "arn:aws:sns:eu-west-1:123456789012:topic"
LIMITS: list[tuple[str, list[Any], list[Any]]] = [
    ("name", ["a", "a" * 255], ["", "a" * 256, "a\nb", 7, None]),
    ("description", ["", "a" * 1024], ["a" * 1025, "\x00"]),
    ("comparison", ["LessThanThreshold", "GreaterThanOrEqualToThreshold"], ["greaterThan", "GreaterThanUpperThreshold"]),
    ("treatMissingData", ["breaching", "notBreaching", "ignore", "missing"], ["", "Missing", "notbreaching", None]),
    ("threshold", [0, -1, 0.5, 1e300], ["1", True, None, float("nan"), float("inf")]),
    ("period", [10, 20, 30, 60, 86400], [0, 15, 45, 90, -60, 60.5, True, None]),
    ("evaluationPeriods", [1, 288], [0, -1, 289, "1", None]),
    ("datapoints", [1], [0, 2, None]),
    ("alarmActions", [[], [ARN] * 5, ["a-topic_1"]], [[ARN] * 6, ["a topic"], [f"{ARN}/x"], ["arn:aws:sns:x"], [7], ARN]),
    ("okActions", [[]], [["arn:aws:sns:eu-west-1:12:topic"]]),
    ("insufficientDataActions", [[]], [[""]]),
    ("namespace", ["A", "A" * 255], ["", ":A", "A" * 256]),
    ("dimensions", [{}, {"a": "b" * 1024}], [{"": "b"}, {"a": ""}, {"a": "ü"}, {"a": "b" * 1025}, {str(i): "b" for i in range(31)}, 7]),
    ("queries", [{"bad": "A p99.9", "total": "B Average"}], [{}, {"Bad": "A Sum", "total": "B Sum"}, {"bad": "A", "total": "B Sum"},
        {"bad": "A p101", "total": "B Sum"}, {f"m{i}": "A Sum" for i in range(11)}, "bad"]),
    ("expression", ["bad + total", "IF(total > 1, bad / total, 0)"], ["", "bad", "bad / totals", "bad + total" + " " * 2048, None]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "good", "bad"), LIMITS, ids=[key for key, *_ in LIMITS])
def test_what_aws_refuses_is_told_on_the_property(key: str, good: list[Any], bad: list[Any]) -> None:
    alarm = wanted()["jobs", "posting"]
    for value in good:
        assert alarm_limits.problems({**alarm, key: value}) == [], value
    for value in bad:
        told = alarm_limits.problems({**alarm, key: value})
        assert key in {name for name, _ in told}, value
        assert all("allowed" in reason and "given" in reason for _, reason in told), told


@pytest.mark.parametrize(("period", "most"), [(60, 1440), (300, 288), (3540, 24), (3600, 168), (86400, 7)])
def test_how_far_an_alarm_looks_back(period: int, most: int) -> None:
    """A day for periods under an hour, seven for longer ones."""
    alarm = {**wanted()["jobs", "posting"], "period": period}
    assert not alarm_limits.problems({**alarm, "evaluationPeriods": most})
    assert alarm_limits.problems({**alarm, "evaluationPeriods": most + 1})
