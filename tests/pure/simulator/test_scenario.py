"""Scenarios: every file is read whole and strictly, and what can't be meant is refused in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollout.model.problem import BadInput
from rollout.simulator.traffic import scenario
from rollout.simulator.traffic.scenario import Scenario
from tests.pure.samples import CATALOGUE

BEGAN = datetime(2026, 12, 1, tzinfo=UTC)
NAMES = [
    "broken-sessions", "complaint-burst", "errors-at-50", "healthy", "late-data", "late-fault", "latency",
    "outage-of-both", "silence", "story", "straggler", "typo",
]  # fmt: skip
FAULT = """\
about: a test
faults:
  one:
    kind: rate
    domain: all
    metric: errors
    service: unified
    rate: 1%
"""


def parse(text: str) -> Scenario:
    return scenario.parse(text.encode(), "test.yaml", CATALOGUE, BEGAN)


def refused(text: str) -> str:
    with pytest.raises(BadInput) as caught:
        parse(text)
    return "\n".join(problem.line() for problem in caught.value.problems)


def test_the_scenarios_there_are() -> None:
    assert scenario.names() == NAMES
    for name in NAMES:
        assert scenario.load(name, CATALOGUE, BEGAN).name == name


def test_healthy_is_what_the_catalogue_expects_and_far_under_good() -> None:
    healthy = scenario.load("healthy", CATALOGUE, BEGAN)
    assert healthy.faults == ()
    assert (healthy.unified_of_good, healthy.legacy_of_good) == (0.02, 0.5)
    plain = parse("about: plain\n")
    assert (plain.unified_of_good, plain.legacy_of_good) == (0.02, 0.5)
    assert healthy.per_day["jobs"] == {
        "Requests": 20000, "Sessions": 6000, "JobPosts": 200, "JobSearches": 8000, "Applications": 600,
        "Notifications": 3000,
    }  # fmt: skip
    assert healthy.began == BEGAN


@pytest.mark.parametrize("name", ["heathy", "../scenario", "", "healthy.yaml"])
def test_another_name_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(BadInput) as caught:
        scenario.load(name, CATALOGUE, BEGAN)
    text = caught.value.problems[0].line()
    assert "allowed: broken-sessions, complaint-burst" in text
    assert ("did you mean healthy?" in text) == name.startswith("hea")


def test_everything_of_a_fault_is_read() -> None:
    found = parse(FAULT + "    from: 90 minutes\n    to: 2 days\n    from-percent: 25\n").faults[0]
    assert (found.name, found.kind, found.metric, found.service, found.rate) == (
        "one",
        "rate",
        "errors",
        "unified",
        0.01,
    )
    assert found.domains == tuple(CATALOGUE.domains)
    assert (found.begins, found.ends, found.from_percent) == (timedelta(minutes=90), timedelta(days=2), 25)


def test_when_a_fault_is_active() -> None:
    text = FAULT.replace("domain: all", "domain: jobs") + "    from: 1 hour\n    to: 2 hours\n    from-percent: 25\n"
    found = parse(text).faults[0]
    hour = timedelta(hours=1)
    assert found.active("jobs", 25, hour)
    assert not found.active("jobs", 10, hour)
    assert not found.active("property", 25, hour)
    assert not found.active("jobs", 25, hour - timedelta(seconds=1))
    assert not found.active("jobs", 25, 2 * hour)


def test_events_of_the_file_come_before_the_catalogues() -> None:
    found = parse("about: small\nunified-of-good: 50%\nevents-per-day:\n  jobs:\n    errors: 2000\n")
    assert (found.unified_of_good, found.legacy_of_good) == (0.5, 0.5)
    assert found.per_day["jobs"]["Requests"] == 2000  # latency's expected number is of the same counter
    assert found.per_day["jobs"]["Sessions"] == 6000
    assert found.per_day["property"]["Requests"] == 20000


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("about: a test\n", "", "about is missing"),
        ("about: a test\n", "about: a test\nfalts:\n  a: 1\n", "unknown key falts"),
        ("about: a test\n", "about: a test\nlegacy-of-good: 100%\n", "would not be good"),
        ("kind: rate", "kind: rates", "did you mean rate?"),
        ("domain: all", "domain: job", "did you mean jobs?"),
        ("metric: errors", "metric: posting", "ai-agents: unified reports no metric posting"),
        ("metric: errors", "metric: complaints", "reports no metric complaints with a total"),
        ("service: unified", "service: legacies", "service is none of the words"),
        ("rate: 1%", "rate: 1", "rate is not a rate"),
        ("rate: 1%", "rate: 1%\n    by: 20 minutes", "unknown key by"),
        ("rate: 1%", "rate: 1%\n    from: 5 weeks", "from is no length of time"),
        ("rate: 1%", "rate: 1%\n    from: 2 days\n    to: 48 hours", "ends before it begins"),
        ("faults:", "events-per-day:\n  job:\n    errors: 5\nfaults:", "no domain job"),
        ("faults:", "events-per-day:\n  jobs:\n    error: 5\nfaults:", "did you mean errors?"),
        ("faults:", "events-per-day:\n  jobs:\n    complaints: 5\nfaults:", "no metric complaints with a total"),
        (
            "faults:",
            "events-per-day:\n  jobs:\n    errors: 5\n    latency: 6\nfaults:",
            "two numbers of Requests a day",
        ),
    ],
)
def test_what_is_wrong_is_said(old: str, new: str, says: str) -> None:
    assert old in FAULT
    assert says in refused(FAULT.replace(old, new))


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("kind: typo\n    service: unified\n    counter: Erors\n    written: X", "did you mean Errors?"),
        (
            "kind: typo\n    service: legacy\n    counter: Complaints\n    written: X",
            "legacy reports no counter Complaints",
        ),
        ("kind: typo\n    service: unified\n    counter: Errors\n    written: Errors", "no wrong name of a counter"),
        ("kind: rate\n    service: both\n    metric: search\n    rate: 1%", "both reports no metric search"),
        ("kind: late\n    service: unified\n    by: 20", "by is not text"),
        ("kind: late\n    service: unified\n    by: 1 hour\n    from-percent: 5", "unknown key from-percent"),
        ("kind: complaints\n    per-day: 0", "per-day is not a whole number"),
        ("kind: straggler", "rate is missing"),
    ],
)
def test_what_is_wrong_with_a_kind_is_said(keys: str, says: str) -> None:
    assert says in refused(f"about: a test\nfaults:\n  one:\n    domain: jobs\n    {keys}\n")


def test_a_metric_without_expected_traffic_is_asked_for() -> None:
    jobs = CATALOGUE.domains["jobs"]
    expected = {name: number for name, number in jobs.expected_per_day.items() if name != "posting"}
    poorer = CATALOGUE.__class__(
        CATALOGUE.unified, CATALOGUE.protected, CATALOGUE.soak_slack_hours,
        {"jobs": jobs.__class__(**{**jobs.__dict__, "expected_per_day": expected})},
    )  # fmt: skip
    with pytest.raises(BadInput, match="nobody says how many JobPosts there are a day"):
        scenario.parse(b"about: a test\n", "test.yaml", poorer, BEGAN)
