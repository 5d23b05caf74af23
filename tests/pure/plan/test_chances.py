"""What the plan says of a service in health, held against what the same rule does in whole migrations (the bench has those)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rollout.model.catalogue.domain import Catalogue
from rollout.model.plan import chances
from rollout.model.plan.chances import Background, Chance
from tests.pure.samples import CATALOGUE

PLANNED = {"ai-agents": 1, "jobs": 8, "marketplace": 15, "property": 15}


def times(factor: float) -> Catalogue:
    changed = {
        name: replace(
            domain, expected_per_day={key: round(value * factor) for key, value in domain.expected_per_day.items()}
        )
        for name, domain in CATALOGUE.domains.items()
    }
    return replace(CATALOGUE, domains=changed)


def played(catalogue: Catalogue, runs: int = 150) -> dict[str, list[Chance]]:
    return {name: chances.chances(domain, runs=runs) for name, domain in catalogue.domains.items()}


def test_health_passes_at_the_first_look_and_the_plan_ends_on_time() -> None:
    found = played(CATALOGUE, chances.RUNS)
    assert all(one.first is not None and one.first >= 0.92 for raises in found.values() for one in raises)
    whole = chances.whole(CATALOGUE, PLANNED, found)
    assert whole is not None
    assert (whole.median, whole.on_time >= 0.9) == (0, True)


def test_a_tenth_of_the_traffic_takes_weeks_more() -> None:
    found = played(times(0.1), 60)
    assert all(one.first == 0 for raises in found.values() for one in raises)
    whole = chances.whole(times(0.1), PLANNED, found)
    assert whole is not None
    assert 30 <= whole.median <= 45, "37 in whole migrations"


def test_it_is_the_same_each_time_and_unknown_traffic_is_unknown() -> None:
    jobs = CATALOGUE.domains["jobs"]
    assert chances.chances(jobs, runs=40) == chances.chances(jobs, runs=40)
    odd = replace(jobs, expected_per_day={"errors": 20_000})
    assert {one.first for one in chances.chances(odd)} == {None}
    assert (
        chances.whole(CATALOGUE, PLANNED, {"ai-agents": chances.chances(jobs, runs=4), "jobs": chances.chances(odd)})
        is None
    )


def test_what_was_measured_counts() -> None:
    """Errors at 0.2 %, or in bunches of 12, aren't as likely to pass."""
    jobs = CATALOGUE.domains["jobs"]
    healthy, bad, bunched = (
        chances.chances(jobs, background, 150)
        for background in (Background(), Background({"errors": 0.002}), Background(dispersion={"errors": 12.0}))
    )
    assert (bad[-1].first or 0) < 0.05
    assert (bunched[-1].first or 0) <= (healthy[-1].first or 0)


@pytest.mark.parametrize(("bad", "size"), [(84, 1.33), (8.4, 2.44), (840, 1.14)])
def test_what_single_events_look_like(bad: float, size: float) -> None:
    assert chances.typical("errors", bad) == pytest.approx(size, abs=0.06)
    assert chances.typical("posting", bad) == 1


def test_a_poisson_number_has_its_mean_and_variance() -> None:
    import random

    rng = random.Random(4)
    for mean in (0.3, 12.0, 200.0):
        values = [chances.poisson(rng, mean) for _ in range(4000)]
        middle = sum(values) / 4000
        assert middle == pytest.approx(mean, rel=0.05)
        assert sum((value - middle) ** 2 for value in values) / 4000 == pytest.approx(mean, rel=0.12)
