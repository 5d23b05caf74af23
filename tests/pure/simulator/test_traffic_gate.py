"""Each scenario, judged by the gate: the story it tells is the one its name says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollout.model.gate import compare
from rollout.model.gate.seen import Counts, Datum, Seen, collect
from rollout.model.gate.verdict import Answer, Question, judge_domain
from rollout.model.ladder import next_rung
from rollout.simulator.traffic import scenario, source
from tests.pure.samples import CATALOGUE

BEGAN = datetime(2026, 12, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = 24


Hour = dict[tuple[str, str], float]  # (service, counter) -> value


def hours_of(name: str, percent: int, domain: str = "jobs", skip: int = 0) -> list[Hour]:
    """The domain's data of one soak, hour by hour, `skip` hours into the scenario."""
    story = scenario.load(name, CATALOGUE, BEGAN)
    hours: list[Hour] = []
    for number in range(skip, skip + CATALOGUE.domains[domain].soak_hours[percent]):
        start = BEGAN + number * HOUR
        data = source.data(story, 1, CATALOGUE, {domain: percent}, start, start + HOUR)
        hours.append({(datum.service, datum.counter): datum.value for datum in data if datum.domain == domain})
    return hours


def sessions(hours: list[Hour], domain: str = "jobs") -> Counts:
    services = (CATALOGUE.unified, CATALOGUE.domains[domain].legacy)
    began = [sum(hour.get((service, "Sessions"), 0) for hour in hours) for service in services]
    return Counts(began[0], sum(began))


def judged(name: str, percent: int, *, domain: str = "jobs", skip: int = 0) -> Answer:
    """The verdict on the domain's next raise after a soak."""
    known, hours = CATALOGUE.domains[domain], hours_of(name, percent, domain, skip)
    metrics: dict[str, Seen | None] = {}
    for metric in known.metrics:
        if metric.total is None:
            told = [value for hour in hours[-DAY:] if (value := hour.get((CATALOGUE.unified, metric.bad))) is not None]
            metrics[metric.name] = Seen(sum(told)) if told else None
            continue
        series = [
            [Datum(hour.get((service, metric.bad)), hour.get((service, metric.total))) for hour in hours]
            for service in (CATALOGUE.unified, known.legacy)
        ]
        metrics[metric.name] = collect(*series)
    ask = Question(known, percent, next_rung(percent), metrics, share=sessions(hours, domain), soak_over=True)
    return judge_domain(ask)


@pytest.mark.parametrize("percent", [5, 10, 25, 50])
@pytest.mark.parametrize("domain", ["ai-agents", "jobs", "marketplace"])
def test_healthy_climbs_the_whole_ladder(domain: str, percent: int) -> None:
    assert judged("healthy", percent, domain=domain).key == "pass"


@pytest.mark.parametrize(
    ("name", "percent", "key", "says"),
    [
        ("errors-at-50", 25, "pass", "pass"),
        ("errors-at-50", 50, "rollback", "errors"),
        ("broken-sessions", 5, "pass", "pass"),
        ("broken-sessions", 10, "rollback", "sessions"),
        ("latency", 10, "pass", "pass"),
        ("latency", 25, "above-limit", "latency"),
        ("outage-of-both", 25, "platform", "legacy burns too"),
        ("silence", 10, "share", "share 0/"),
        ("typo", 10, "no-data", "errors: no data: no Errors reported"),
        ("complaint-burst", 10, "above-limit", "complaints"),
        ("straggler", 50, "pass", "pass"),
    ],
)
def test_each_scenario_tells_its_story(name: str, percent: int, key: str, says: str) -> None:
    answer = judged(name, percent)
    assert (answer.key, says in answer.reason) == (key, True), answer.reason


def test_a_late_fault_comes_after_five_clean_days() -> None:
    assert judged("late-fault", 25, skip=96).key == "pass"
    assert judged("late-fault", 25, skip=120).key == "rollback"


def test_a_straggler_is_seen_at_a_hundred() -> None:
    """There is no next raise to judge: it is the share that shows it (`gate_compare.share`)."""
    held = compare.share(sessions(hours_of("straggler", 100)), 100)
    assert (held.key, "sessions still began on legacy" in held.reason) == ("share", True)
    assert compare.share(sessions(hours_of("healthy", 100)), 100).key == "pass"
