"""The rules that stand beside the gate in the comparison: each does what its documentation says, on plain counts."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.decisions import compared, rivals
from tests.bench.decisions.rivals import RULES, Cell, Ended, cells, shown


def cell(name: str) -> Cell:
    return next(one for one in cells() if one.name.startswith(name))


def decided(rule: str, name: str, runs: int = 3) -> list[Ended]:
    return [RULES[rule](cell(name).play(np.random.default_rng([5, run]))) for run in range(runs)]


def test_msprt_hears_a_difference_and_not_an_equal_service() -> None:
    assert compared.msprt(60, 10_000, 3, 10_000)
    assert not compared.msprt(4, 10_000, 3, 10_000)
    assert not compared.msprt(3, 10_000, 60, 10_000), "better is no reason to go back"
    assert not compared.msprt(0, 10_000, 0, 10_000)


def test_kayenta_hears_a_shift_of_most_periods_and_no_rare_event() -> None:
    rng = np.random.default_rng(1)
    control = rng.normal(0.05, 0.01, 60)
    assert compared.kayenta(control + 0.03, control)
    assert not compared.kayenta(control - 0.03, control)
    rare = np.where(np.arange(60) % 4 == 0, 0.2, 0.0)
    assert not compared.kayenta(rare, np.zeros(60)), "the median shift is nothing"


def test_argo_looks_at_an_hour_alone() -> None:
    assert compared.argo((0, 1000, 0, 1000), (2, 1100, 0, 1100))
    assert not compared.argo((20, 1000, 0, 1000), (21, 1100, 0, 1100))


@pytest.mark.parametrize(
    ("rule", "name", "promoted"),
    [("ours", "equal, 0.03 %, 20", True), ("ours", "own 5 %, 20", False), ("Argo", "own 0.3 %, 20", True), ("mSPRT", "own 5 %, 20", False)],
)  # fmt: skip
def test_rules_on_streams(rule: str, name: str, promoted: bool) -> None:
    ended = decided(rule, name)
    assert sum(one.promoted for one in ended) >= 2 if promoted else all(one.rolled_back for one in ended)


def test_the_plans_own_words_bring_an_equal_service_down_in_an_outage_of_both() -> None:
    assert all(one.rolled_back for one in decided("literal", "outage of both, 30 %"))


def test_a_cell_is_shown_in_per_cent_and_hours() -> None:
    assert (
        shown([Ended(promoted=True, hour=24), Ended(rolled_back=True, hour=3), Ended(), Ended(promoted=True, hour=24)])
        == "50 / 25 (24 h)"
    )
    assert rivals.REQUIREMENTS.read_text().startswith("gbstats==")
