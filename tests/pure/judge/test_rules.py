"""What stands in the way of a raise: each reason alone, and its edge to the minute."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.model.flag.moves import Live
from rollout.model.flag.tags import Stopped
from rollout.model.judge.rules import Ask, judge_raise, judge_restore
from rollout.model.ladder import LADDER, next_rung
from rollout.model.stack_file.forms import Breach, Restore, Why
from rollout.model.times import iso
from tests.pure.cases import (
    CATALOGUE,
    CLIMBED,
    DOMAINS,
    EVERYTHING,
    FINISHED,
    LONG_AGO,
    NOW,
    STOP,
    asked,
    breach_tag,
    conditions,
)  # fmt: skip

MINUTE = timedelta(minutes=1)


def keys(ask: Ask) -> list[str]:
    return [refusal.key for refusal in judge_raise(ask)]


def breach(attempt: int = 1, hours_ago: float | None = 100, cleared: Why | None = None) -> Breach:
    at = None if hours_ago is None else NOW - timedelta(hours=hours_ago)
    return Breach(attempt, at, "errors", "", 25, 10, "watch", cleared)


@pytest.mark.parametrize("domain", DOMAINS)
def test_exactly_one_rung(domain: str) -> None:
    """The way that the judge leaves open is the ladder's own, rung by rung; what else goes up is refused for that alone."""
    raises = {pair: keys(asked(*pair, domain)) for pair in itertools.combinations(LADDER, 2)}
    assert [pair for pair, found in raises.items() if not found] == [(0, 5), (5, 10), (10, 25), (25, 50), (50, 100)]
    assert {*map(tuple, raises.values())} == {(), ("ladder",)}


@given(st.integers(0, 99).filter(lambda share: share not in LADDER), st.data())
def test_off_the_ladder_nothing_goes_up(share: int, data: st.DataObject) -> None:
    wanted = data.draw(st.sampled_from([rung for rung in LADDER if rung > share]))
    (refusal,) = judge_raise(asked(share, wanted))
    below = max(rung for rung in LADDER if rung < share)
    assert (refusal.key, refusal.do) == ("ladder", f"lower the stack to {below}, then climb")


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("frozen", {"conditions": conditions(frozen="INC-7; Ana K.")}),
        ("data-audit", {"conditions": conditions(unaudited=("jobs",))}),
        ("held", {"conditions": conditions(held="INC-9; Ana K.")}),
        ("closed", {"conditions": conditions(closed=True)}),
        ("gate", {"conditions": conditions(gate="off")}),
        ("drill", {"conditions": conditions(drill="off")}),
        ("only-lower", {"only_lower": True}),
        ("rules", {"new_digest": "another"}),
        ("hours", {"conditions": conditions(on_call=None)}),
        ("hours", {"conditions": conditions(on_call="10:00-18:00 UTC")}),
        ("hours", {"conditions": conditions(on_call="08:00-18:00 Nowhere/Land")}),
        ("soak", {"live": Live("5", None, "v")}),
        ("soak", {"live": Live("5", NOW, "v")}),
        ("ladder", {"wanted": 25}),
        ("latched", {"live": Live("5", LONG_AGO, "v", breach=breach_tag())}),
        ("latched", {"conditions": conditions(breach=breach())}),
        ("stopping", {"live": Live("5", LONG_AGO, "v", stopped=STOP)}),
        ("checklist", {"conditions": conditions(checked={})}),
        ("prerequisite", {"moves": (), "others": {}}),
    ],
)
def test_each_reason_alone(key: str, changed: dict[str, Any]) -> None:
    found = judge_raise(replace(asked(5, 10), **changed))
    assert {refusal.key for refusal in found} == {key}
    assert all(refusal.text and refusal.do for refusal in found), "each says why, and what to do"


def test_all_reasons_at_once_are_all_said() -> None:
    bad = conditions(
        frozen="x", held="y", closed=True, gate="off", drill="off", on_call=None, breach=breach(), checked={}
    )
    ask = asked(Live("5", NOW, "v"), 25, conditions=bad, moves=(), others={}, only_lower=True, new_digest="n")
    expected = {
        "ladder",
        "frozen",
        "held",
        "closed",
        "gate",
        "drill",
        "only-lower",
        "latched",
        "hours",
        "soak",
        "rules",
    }
    assert set(keys(ask)) == expected | {"prerequisite", "checklist"}


def test_off_switches_are_for_loopback() -> None:
    assert keys(asked(5, 10, conditions=conditions(gate="off", drill="off"), loopback=True)) == []


@pytest.mark.parametrize(("domain", "rung"), list(itertools.product(DOMAINS, LADDER[1:-1])))
def test_soak_to_the_minute(domain: str, rung: int) -> None:
    ends = NOW + timedelta(hours=CATALOGUE.domains[domain].soak_hours[rung] - 2)
    ask = asked(Live(str(rung), NOW, "v"), next_rung(rung) or 0, domain)
    assert keys(replace(ask, now=ends - MINUTE)) == ["soak"]
    assert "in 1 min" in judge_raise(replace(ask, now=ends - MINUTE))[0].do
    assert keys(replace(ask, now=ends)) == []


def test_from_0_nothing_soaks() -> None:
    assert keys(asked(Live("0", NOW, "v"), 5)) == []
    assert keys(asked(Live(None), 5)) == []


def test_the_seeds_soak_hours() -> None:
    hours = {name: [domain.soak_hours[rung] for rung in LADDER[1:]] for name, domain in CATALOGUE.domains.items()}
    others = [48, 24, 24, 24, 48]
    assert hours == {"ai-agents": [48, 48, 24, 24, 48], "jobs": others, "marketplace": others, "property": others}


FIRST = [(domain, need) for domain in DOMAINS for need in CATALOGUE.domains[domain].prerequisites]


@pytest.mark.parametrize(("domain", "need"), FIRST)
def test_a_prerequisite_to_the_minute(domain: str, need: Any) -> None:
    def with_other(other: Live | None) -> list[str]:
        others = {name: live for name, live in FINISHED.items() if name != need.domain}
        return keys(asked(0, 5, domain, moves=(), others=others if other is None else {**others, need.domain: other}))

    slack = timedelta(hours=need.hours - 2)
    assert with_other(Live("100", NOW - slack, "v")) == []
    for other in (
        None,  # can't be read
        Live(None),
        Live("50", LONG_AGO, "v"),
        Live("abc", LONG_AGO, "v"),
        Live("100", NOW - slack + MINUTE, "v"),
        Live("100", None, "v"),
        Live("100", LONG_AGO, "v", breach=breach_tag(hours_ago=1)),
        Live("100", NOW - slack, "v", breach=replace(breach_tag(), at=NOW - slack)),  # the same second: of this value
    ):
        assert with_other(other) == ["prerequisite"], other
    assert with_other(Live("100", NOW - slack, "v", breach=replace(breach_tag(), at=NOW - slack - MINUTE))) == []
    old = Live("100", LONG_AGO, "v", breach=breach_tag(hours_ago=24 * 40))
    assert with_other(old) == [], "a breach before it climbed is over"


@pytest.mark.parametrize("where", ["config", "tag", "both"])
def test_a_breach_of_the_last_year_of_the_calendar_latches(where: str) -> None:
    last = datetime(9999, 12, 31, 23, tzinfo=UTC)
    tag = replace(breach_tag(), at=last) if where != "config" else None
    told = conditions(attempt=9, breach=replace(breach(), at=last) if where != "tag" else None)
    found = judge_raise(asked(Live("0", LONG_AGO, "v", breach=tag), 5, conditions=told, moves=()))
    assert "9999-12-31" in next(one for one in found if one.key == "latched").do


def test_a_value_live_since_the_last_day_of_the_calendar_soaks() -> None:
    ask = asked(Live("5", datetime(9999, 12, 31, 23, tzinfo=UTC), "v"), 10)
    assert keys(ask) == ["soak"]


@pytest.mark.parametrize(("hours", "says"), [("08:00-24:00 UTC", "24:00"), ("00:00-23:00 Mars/Base", "Mars/Base")])
def test_hours_that_cant_be_read_are_named_so(hours: str, says: str) -> None:
    refusal = judge_raise(asked(5, 10, conditions=conditions(on_call=hours)))[0]
    assert refusal.key == "hours"
    assert says in refusal.text
    assert "outside" not in refusal.text


def test_which_prerequisites_there_are() -> None:
    needs = {(domain, need.domain, need.percent, need.hours) for domain, need in FIRST}
    late = {(domain, other, 100, 48) for domain in ("marketplace", "property") for other in ("ai-agents", "jobs")}
    assert needs == {("jobs", "ai-agents", 100, 24), *late}


def test_after_the_first_raise_prerequisites_are_asked_no_more() -> None:
    assert keys(asked(5, 10, moves=CLIMBED, others={})) == []
    assert keys(asked(0, 5, moves=CLIMBED, others={})) == []
    by_hand = [{"from": 0, "to": 5, "verdict": "outside"}]
    assert keys(asked(5, 10, moves=by_hand, others={})) == ["prerequisite"]


@pytest.mark.parametrize("where", ["config", "tag"])
def test_a_breach_latches_until_a_later_attempt_from_0_a_day_later(where: str) -> None:
    def judged(share: int, attempt: int, hours_ago: float = 100, number: int = 1) -> list[str]:
        tag = breach_tag(number, hours_ago) if where == "tag" else None
        written = breach(number, hours_ago) if where == "config" else None
        live = Live(str(share), LONG_AGO, "v", breach=tag)
        return keys(asked(live, next_rung(share) or 0, conditions=conditions(breach=written, attempt=attempt)))

    assert judged(10, 0) == judged(0, 0) == judged(0, 1) == ["latched"]
    assert judged(10, 2) == judged(10, 999) == ["latched"], "above 0 a higher attempt has no effect"
    assert judged(0, 2) == []
    assert judged(0, 2, number=2) == ["latched"]
    assert judged(0, 2, hours_ago=24) == []
    assert judged(0, 2, hours_ago=24 - 1 / 60) == ["latched"]


def test_after_the_new_start_the_climb_goes_on() -> None:
    second = [*CLIMBED, {"from": 0, "to": 5, "verdict": "PASS", "attempt": 2}]
    live = Live("5", LONG_AGO, "v", breach=breach_tag())
    assert keys(asked(live, 10, moves=second, conditions=conditions(attempt=2, breach=breach()))) == []


def test_a_cleared_breach_latches_no_more_in_config_and_tag() -> None:
    cleared = breach(1, cleared=Why("false alarm", "Ana, Ben"))
    assert keys(asked(10, 25, conditions=conditions(breach=cleared))) == []
    tagged = Live("10", LONG_AGO, "v", breach=breach_tag(1))
    assert keys(asked(tagged, 25, conditions=conditions(breach=cleared))) == []
    later = Live("10", LONG_AGO, "v", breach=breach_tag(2))
    assert keys(asked(later, 25, conditions=conditions(breach=cleared))) == ["latched"], "another breach isn't cleared"


def test_clearing_a_breach_clears_no_later_one_of_the_same_attempt() -> None:
    cleared = breach(1, hours_ago=50, cleared=Why("false alarm", "Ana, Ben"))
    for hours_ago, expected in ((50, []), (51, []), (49, ["latched"])):
        tagged = Live("10", LONG_AGO, "v", breach=breach_tag(1, hours_ago))
        assert keys(asked(tagged, 25, conditions=conditions(breach=cleared))) == expected, hours_ago
    timeless = breach(1, hours_ago=None, cleared=Why("false alarm", "Ana, Ben"))
    tagged = Live("10", LONG_AGO, "v", breach=breach_tag(1))
    assert keys(asked(tagged, 25, conditions=conditions(breach=timeless))) == ["latched"]


@pytest.mark.parametrize("where", ["config", "tag"])
def test_a_breach_named_too_low_belongs_to_the_attempt_that_ran(where: str) -> None:
    """The attempt entry was removed above 0 %, so the breach of attempt 2 was named by what was left: 1."""
    second = [*CLIMBED, {"from": 0, "to": 5, "verdict": "PASS", "attempt": 2, "at": iso(NOW - timedelta(days=9))}]

    def judged(share: int, attempt: int, hours_ago: float = 100) -> list[str]:
        told = conditions(attempt=attempt, breach=breach(1, hours_ago) if where == "config" else None)
        live = Live(str(share), LONG_AGO, "v", breach=breach_tag(1, hours_ago) if where == "tag" else None)
        return keys(asked(live, next_rung(share) or 0, moves=second, conditions=told))

    assert judged(5, 0) == judged(0, 2) == ["latched"]
    assert judged(0, 3) == []
    assert judged(5, 0, hours_ago=24 * 9 + 1) == [], "that one was the first attempt's"


def test_a_breach_without_a_readable_time_or_number_latches() -> None:
    assert keys(asked(0, 5, conditions=conditions(breach=breach(1, None), attempt=2))) == ["latched"]
    assert keys(asked(0, 5, conditions=conditions(breach=breach(1_000_000), attempt=999))) == ["latched"]


def test_each_attested_item_is_asked_from_its_rung_on() -> None:
    for domain, wanted in itertools.product(DOMAINS, LADDER[1:]):
        for item in CATALOGUE.domains[domain].checklist:
            checked = {name: text for name, text in EVERYTHING.items() if name != item.name}
            ask = asked(LADDER[LADDER.index(wanted) - 1], wanted, domain, conditions=conditions(checked=checked))
            expected = item.kind == "attested" and wanted >= item.before
            assert keys(ask) == (["checklist"] if expected else []), (domain, wanted, item.name)


def restoring(until_minutes: float = 60, live: Live | None = None, wanted: int = 50, **changed: Any) -> list[str]:
    restore = Restore("deleted by mistake", "Ana K.", NOW + timedelta(minutes=until_minutes))
    moves = [*CLIMBED, {"from": 25, "to": 50, "verdict": "PASS"}, {"from": 50, "to": 0, "verdict": "outside"}]
    told = {"only_lower": changed.pop("only_lower", False)}
    ask = asked(live or Live(None), wanted, conditions=conditions(restore=restore, **changed), moves=moves, **told)
    return [refusal.key for refusal in judge_restore(ask)]


def test_restore() -> None:
    assert restoring() == []
    assert restoring(wanted=25) == []
    assert restoring(wanted=100) == ["restore"]
    assert restoring(until_minutes=0) == restoring(until_minutes=-1) == ["outside"]
    assert restoring(live=Live("0", NOW, "v", stopped=STOP)) == ["stopped"]
    assert restoring(live=Live(None, scheduled=True, stopped=Stopped("id", "50"))) == [], (
        "a rollback to 50 is no stop of it"
    )
    assert restoring(frozen="x") == ["frozen"]
    assert restoring(held="x") == ["held"]
    assert restoring(closed=True) == ["closed"]
    assert restoring(breach=breach()) == restoring(live=Live("0", NOW, "v", breach=breach_tag())) == ["latched"]
    assert restoring(only_lower=True) == ["only-lower"]
    assert restoring(gate="off") == ["gate"]


def test_a_restore_begins_no_later_attempt() -> None:
    """A hand's 0 %, a day after the breach, with the next attempt written: only a raise starts that."""
    latched: dict[str, Any] = {"breach": breach(1), "attempt": 2}
    assert restoring(live=Live("0", NOW, "v"), **latched) == ["latched"]
    assert restoring(live=Live("0", NOW, "v", breach=breach_tag()), attempt=2) == ["latched"]


def test_a_stop_stays_one_when_its_tag_is_lost_with_the_secret() -> None:
    restore = conditions(restore=Restore("deleted by mistake", "Ana K.", NOW + MINUTE))
    stopped = [*CLIMBED, {"from": 5, "to": 10, "verdict": "PASS"}, {"from": 10, "to": 5, "verdict": "stop"}]

    def judged(wanted: int) -> list[str]:
        return [refusal.key for refusal in judge_restore(asked(Live(None), wanted, conditions=restore, moves=stopped))]

    assert judged(10) == ["restore"]
    assert judged(5) == []


@pytest.mark.parametrize(
    ("live", "do"), [(Live("0"), "to 0"), (Live("37"), "to 25"), (Live("abc"), "to 0"), (Live(None), "to 0")]
)
def test_without_a_restore_entry_a_repair_never_raises(live: Live, do: str) -> None:
    (refusal,) = judge_restore(asked(live, 50))
    assert refusal.key == "outside"
    assert "stack 50 %, changed outside" in refusal.text
    assert f"lower the stack {do}" in refusal.do
