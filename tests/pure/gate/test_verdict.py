"""A domain: what comes first, the two comparisons with legacy, and waivers."""

from __future__ import annotations

import math
import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollout.model.catalogue import reading as catalogue
from rollout.model.gate import words
from rollout.model.gate.compare import baseline, holds, share
from rollout.model.gate.metric import Judged, Verdict
from rollout.model.gate.seen import Counts, Seen
from rollout.model.gate.verdict import Answer, Question, judge_domain
from rollout.model.stack_file.forms import Waiver

HOME = Path(__file__).resolve().parents[3]
JOBS = catalogue.parse((HOME / "domains.yaml").read_bytes(), "domains.yaml").domains["jobs"]
NOW = datetime(2026, 12, 9, 12, tzinfo=UTC)

GOOD = {metric.name: Seen(0, 2000, Counts(0, 38_000)) if metric.total else Seen(0) for metric in JOBS.metrics}
HEALTHY = Question(JOBS, 5, 10, GOOD, Counts(100, 2000), soak_over=True, now=NOW)


def having(ask: Question = HEALTHY, **metrics: Seen | None) -> Question:
    return replace(ask, metrics={**ask.metrics, **metrics})


BURN = Seen(50, 1000, Counts(0, 19_000))


def test_a_healthy_domain_passes() -> None:
    answer = judge_domain(HEALTHY)
    assert answer.verdict is Verdict.PASS, answer.lines()
    assert set(answer.metrics) == {metric.name for metric in JOBS.metrics}
    assert answer.rule
    assert len(answer.lines()) == 1 + len(JOBS.metrics) + 1 + 2


def test_precedence_pair_by_pair() -> None:
    """Each step taken away from a domain with everything wrong shows the next one."""
    ask = replace(
        having(errors=BURN, latency=Seen(None)), latched=True, stale=True, share=Counts(0, 2000), soak_over=False
    )
    steps = []
    for change in (
        lambda q: q,
        lambda q: having(q, errors=GOOD["errors"]),
        lambda q: replace(q, latched=False),
        lambda q: replace(q, stale=False),
        lambda q: replace(q, share=Counts(100, 2000)),
        lambda q: having(q, latency=GOOD["latency"]),
        lambda q: replace(q, soak_over=True),
    ):
        ask = change(ask)
        steps.append(judge_domain(ask).key)
    assert steps == ["rollback", "latched", "stale", "share", "no-data", "soak", "pass"]


@pytest.mark.parametrize("name", GOOD)
def test_every_metric_must_pass(name: str) -> None:
    missing = {key: seen for key, seen in GOOD.items() if key != name}
    for ask in (replace(HEALTHY, metrics=missing), replace(HEALTHY, metrics={**GOOD, name: None})):
        answer = judge_domain(ask)
        assert (answer.verdict, answer.key) == (Verdict.HOLD, "no-data")
        assert name in answer.reason


def test_an_empty_list_of_metrics_is_hold_and_a_domain_at_0_is_not_judged() -> None:
    assert judge_domain(replace(HEALTHY, domain=replace(JOBS, metrics=()), metrics={})).verdict is Verdict.HOLD
    at_zero = judge_domain(replace(having(errors=BURN), percent=0, next_percent=5))
    assert (at_zero.verdict, at_zero.key, at_zero.metrics) == (Verdict.HOLD, "not-judged", {})


def test_the_lowest_target_speaks_first() -> None:
    answer = judge_domain(having(errors=BURN, sessions=BURN))
    assert (answer.verdict, answer.target) == (Verdict.ROLLBACK, "zero")
    assert "sessions 50/1,000" in answer.reason
    assert "also errors" in answer.reason
    assert judge_domain(having(errors=BURN)).target == "previous"


def test_without_next_rollback_alone_is_judged() -> None:
    quiet = replace(HEALTHY, next_percent=None, share=None, soak_over=False)
    answer = judge_domain(quiet)
    assert (answer.verdict, answer.key, answer.share) == (Verdict.HOLD, "no-next", None)
    assert judge_domain(having(quiet, errors=BURN)).verdict is Verdict.ROLLBACK
    assert judge_domain(having(quiet, errors=None)).key == "no-data"


def test_three_days_held_say_decide() -> None:
    held = having(replace(HEALTHY, held_hours=72), posting=Seen(0, 2))
    assert "decide" in judge_domain(held).reason
    assert "decide" not in judge_domain(replace(held, held_hours=71.9)).reason
    assert "decide" not in judge_domain(replace(held, next_percent=None)).reason, "nobody asks for a raise"


# --- share


@pytest.mark.parametrize(
    ("part", "whole", "percent", "key"),
    [
        (100, 2000, 5, "pass"),
        (0, 0, 5, "share"),
        (0, 199, 5, "pass"),  # 9.95 expected
        (0, 200, 5, "share"),  # 10 expected
        (5000, 100_000, 5, "pass"),
        (4000, 100_000, 5, "pass"),  # off by a fifth exactly
        (3990, 100_000, 5, "share"),
        (6010, 100_000, 5, "share"),
        (13, 200, 5, "pass"),  # off by 30 %, but by chance
        (1000, 2000, 5, "share"),
        (1900, 2000, 5, "share"),  # services swapped
        (1980, 2000, 100, "pass"),  # 20 of legacy's: 1 %
        (1979, 2000, 100, "share"),
        (90, 100, 100, "pass"),  # 10 stragglers
        (89, 100, 100, "share"),
        (0, 0, 100, "share"),
        (10, 100, 0, "pass"),
        (11, 100, 0, "share"),
        (0, 0, 0, "unverified"),
        (5, 3, 5, "impossible"),
        (math.nan, 3, 5, "impossible"),
    ],
)  # fmt: skip
def test_share(part: float, whole: float, percent: int, key: str) -> None:
    judged = share(Counts(part, whole), percent)
    assert judged.key == key, judged.reason
    assert judged.verdict is (Verdict.PASS if key == "pass" else Verdict.HOLD)


def test_no_sessions_reported_hold() -> None:
    assert judge_domain(replace(HEALTHY, share=None)).key == "no-data"


# --- baseline


@pytest.mark.parametrize(
    ("unified", "legacy", "to", "key"),
    [
        (Counts(0, 1000), Counts(0, 0), 10, "no-legacy"),
        (Counts(0, 1000), None, 10, "no-legacy"),
        (Counts(0, 1000), Counts(0, 1000), 100, "pass"),  # no bad event on either side
        (Counts(30, 1000), Counts(5, 1000), 10, "veto"),
        (Counts(30, 1000), Counts(15, 1000), 10, "pass"),  # twice, not over it
        (Counts(3, 1000), Counts(1, 1000), 10, "pass"),  # three times, by chance
        (Counts(1500, 100_000), Counts(1000, 100_000), 10, "pass"),  # surely worse, but not twice
        (Counts(10, 100_000), Counts(1000, 100_000), 100, "pass"),  # surely different: better
        (Counts(3, 1000), Counts(1, 1000), 100, "above-limit"),
        (Counts(1, 1000), Counts(1, 1000), 100, "pass"),  # observed at legacy's rate
        (Counts(105, 100_000), Counts(100, 100_000), 100, "pass"),  # shown: not twice
        (Counts(0, 0), Counts(1, 1000), 10, "no-data"),
        (None, Counts(1, 1000), 10, "no-data"),
        (Counts(5, 3), Counts(1, 1000), 10, "impossible"),
        (Counts(0, 3), Counts(1, -1), 10, "impossible"),
    ],
)  # fmt: skip
def test_baseline(unified: Counts | None, legacy: Counts | None, to: int, key: str) -> None:
    judged = baseline("errors", unified, legacy, to, good=0.001)
    assert judged.key == key, judged.reason


def test_the_baseline_is_judged_at_errors_and_latency_and_holds_the_domain() -> None:
    worse = having(errors=Seen(9, 10_000, Counts(2, 190_000)))
    answer = judge_domain(worse)
    assert answer.metrics["errors"].verdict is Verdict.PASS, "its own limit is kept"
    assert answer.key == "veto"
    assert set(answer.baseline) == {"errors", "latency"}


def test_after_100_percent_the_kept_baseline_is_used_and_said() -> None:
    judged = baseline("errors", Counts(0, 1000), Counts(3, 1000), None, good=0.001, kept=True)
    assert "since this attempt's first rung" in judged.reason


# --- waivers


def test_exactly_twice_legacys_rate_is_not_over_twice() -> None:
    """However sure it is that the two differ: at many events only the literal half of the veto decides."""
    exactly, legacy = Counts(2000, 10_000), Counts(1000, 10_000)
    assert baseline("errors", exactly, legacy, 10, good=0.001).key == "pass"
    assert baseline("errors", replace(exactly, bad=2001), legacy, 10, good=0.001).key == "veto"


def test_who_plays_many_asks_the_same_comparison() -> None:
    rng = random.Random(5)
    told = set[bool]()
    for _ in range(400):
        own, other = (Counts(rng.randrange(40), rng.randrange(5_000, 20_000)) for _ in range(2))
        if own.bad + other.bad:
            for to in (50, 100):
                held = holds(own, other, 0.001, 1.3, last=to == 100)
                assert held == (baseline("errors", own, other, to, good=0.001, dispersion=1.3).key != "pass")
                told.add(held)
    assert told == {True, False}


def waiver(**changes: object) -> Waiver:
    base = Waiver(
        "jobs-posting-10",
        "jobs",
        "posting",
        10,
        "too-little-data",
        0.95,
        "tested by hand",
        "Ana",
        NOW + timedelta(days=6),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


FEW = having(posting=Seen(0, 2))  # 0 of 2 allow up to 90 %


def with_waiver(ask: Question, **changes: object) -> Answer:
    return judge_domain(replace(ask, waivers=(waiver(**changes),)))


def test_a_waiver_passes_its_one_reason() -> None:
    assert judge_domain(FEW).key == "too-little-data"
    answer = with_waiver(FEW)
    assert answer.verdict is Verdict.PASS
    posting = answer.metrics["posting"]
    assert posting.waived == "jobs-posting-10"
    assert "the data still allow 90 %" in posting.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"domain": "property"},
        {"metric": "search"},
        {"to": 25},
        {"accepts": "above-limit"},
        {"accepts": "no-drill"},
        {"worst": 0.89},  # the data still allow worse
        {"until": NOW},  # expires now
        {"until": NOW + timedelta(days=7, seconds=1)},
    ],
)  # fmt: skip
def test_a_waiver_passes_nothing_else(changes: dict[str, object]) -> None:
    answer = with_waiver(FEW, **changes)
    assert (answer.verdict, answer.key) == (Verdict.HOLD, "too-little-data")


def test_a_waiver_whose_worst_is_just_what_the_data_allow_counts() -> None:
    allowed = judge_domain(FEW).metrics["posting"].worst
    assert allowed is not None
    assert with_waiver(FEW, worst=allowed).verdict is Verdict.PASS
    assert with_waiver(FEW, worst=math.nextafter(allowed, 0)).verdict is Verdict.HOLD


def test_a_waiver_of_exactly_seven_days_counts_and_the_refused_one_says_why() -> None:
    assert with_waiver(FEW, until=NOW + timedelta(days=7)).verdict is Verdict.PASS
    assert "worst is 4 %" in with_waiver(FEW, worst=0.04).metrics["posting"].reason
    assert judge_domain(replace(FEW, waivers=(waiver(),), now=None)).verdict is Verdict.HOLD


@pytest.mark.parametrize(
    ("seen", "limit", "shown"),
    [
        (0.0404, 0.04, ("4.04 %", "4 %")),
        (0.040004, 0.04, ("4.0004 %", "4 %")),
        (0.0404, 0.0403, ("4.04 %", "4.03 %")),
        (0.44, 0.04, ("44 %", "4 %")),
        (0.44, 0.000999, ("44 %", "0.0999 %")),
    ],
)
def test_two_rates_that_differ_are_shown_so(seen: float, limit: float, shown: tuple[str, str]) -> None:
    assert words.two_rates(seen, limit) == shown


def test_a_refused_waiver_shows_two_rates_that_differ() -> None:
    worst = judge_domain(FEW).metrics["posting"].worst
    assert worst is not None
    said = re.search(
        r"still allow (\S+) %, worst is (\S+) %",
        with_waiver(FEW, worst=round(worst - 5e-5, 5)).metrics["posting"].reason,
    )
    assert said is not None
    assert float(said[1]) > float(said[2])


@pytest.mark.parametrize(
    ("ask", "changes"),
    [
        (having(errors=Seen(15, 10_000, Counts(285, 190_000))), {"metric": "errors", "accepts": "above-limit", "worst": 0.004}),
        (having(posting=Seen(5, 100)), {"accepts": "above-limit", "worst": 0.2}),
        (replace(HEALTHY, share=Counts(1000, 2000)), {"metric": "share", "accepts": "share", "worst": None}),
        (having(errors=Seen(9, 10_000, Counts(2, 190_000))), {"metric": "baseline", "accepts": "veto", "worst": 0.01}),
        (having(errors=Seen(0, 2000)), {"metric": "baseline", "accepts": "no-legacy", "worst": None}),
        (having(complaints=Seen(3)), {"metric": "complaints", "accepts": "above-limit", "worst": 0.04}),
    ],
)  # fmt: skip
def test_what_can_be_waived(ask: Question, changes: dict[str, object]) -> None:
    if "veto" in changes.values():
        assert judge_domain(ask).key == "veto"
    else:
        assert judge_domain(ask).verdict is Verdict.HOLD
    answer = with_waiver(ask, **changes)
    held = [line for line in answer.lines() if line.startswith("HOLD")]
    assert answer.verdict is Verdict.PASS or held == [], held


@pytest.mark.parametrize("accepts", ["too-little-data", "no-legacy", "above-limit", "share", "veto", "no-drill"])
@pytest.mark.parametrize(
    "ask",
    [
        having(posting=None),  # a missing series
        having(posting=BURN),  # ROLLBACK
        having(posting=Seen(BURN.bad, BURN.total, Counts(1000, 19_000))),  # the platform
        having(posting=Seen(5, 3)),
        having(posting=Seen(0, 500, periods=100, reported=10)),
        replace(HEALTHY, soak_over=False),
        replace(HEALTHY, latched=True),
        replace(HEALTHY, stale=True),
    ],
)  # fmt: skip
def test_what_can_not_be_waived(ask: Question, accepts: str) -> None:
    before = judge_domain(ask)
    after = with_waiver(ask, accepts=accepts, worst=1.0)
    assert before.verdict is not Verdict.PASS
    assert (after.verdict, after.key) == (before.verdict, before.key)


def test_complaints_over_the_bad_level_are_not_waivable() -> None:
    ask = having(complaints=Seen(4))
    assert with_waiver(ask, metric="complaints", accepts="above-limit", worst=0.04).verdict is Verdict.HOLD


def test_verdicts_are_values() -> None:
    with pytest.raises(AttributeError):
        Judged("errors", Verdict.HOLD, "no-data", "").key = "x"  # type: ignore[misc]
