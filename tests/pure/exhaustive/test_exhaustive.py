"""Every story of a few troubles, on the real rules: none breaks an invariant, and from everywhere a legal way leads to 100 %.

`make bench ARGS=exhaustive` explores more troubles. A bug planted in a rule is found, with the shortest story to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rollout.model.flag import lowering, moves
from rollout.model.flag.moves import Kind, Live
from rollout.model.gate import verdict
from rollout.model.judge import approval, decided, latch, rules
from tests.exhaustive import steps
from tests.exhaustive.explore import Found, World
from tests.exhaustive.invariants import RUNGS
from tests.exhaustive.steps import Alphabet
from tests.exhaustive.walk import walk
from tests.pure.cases import DOMAINS

pytestmark = pytest.mark.explore


@pytest.fixture(autouse=True)
def _fresh_verdicts() -> Iterator[None]:
    """The gate's answers are kept: a bug planted in it must not outlive its test."""
    steps.verdict.cache_clear()
    yield
    steps.verdict.cache_clear()


@pytest.mark.parametrize(
    ("names", "alphabet", "anywhere", "states"),
    [
        (("jobs",), Alphabet(2), True, 5_000),  # whatever its prerequisite does meanwhile
        (("ai-agents", "jobs"), Alphabet(1), False, 13_000),  # one waits for the other
        (("marketplace", "property"), Alphabet(1), False, 14_000),  # side by side
    ],
)
def test_no_story_breaks_an_invariant(names: tuple[str, ...], alphabet: Alphabet, anywhere: bool, states: int) -> None:
    world = World(names, alphabet, anywhere=anywhere)
    found = world.explore()
    print(found.show())
    assert (found.wrong, found.stuck) == ({}, []), found.show()
    assert found.states > states, "a part of the alphabet is gone"
    flags = world.flags()
    assert {flag.percent for flag in flags} == {None, *RUNGS}
    assert any(flag.latch for flag in flags)
    assert any(flag.burnt for flag in flags)
    assert any(flag.scheduled for flag in flags)
    assert any(flag.started > 1 for flag in flags), "a second attempt climbs"
    assert any(flag.share > flag.stack for flag in flags)
    assert any(flag.share < flag.stack for flag in flags)


def test_four_domains_by_chance() -> None:
    found = walk(seed=6, walks=60, length=400)
    print(found.show())
    assert (found.wrong, found.stuck) == ({}, []), found.show()
    assert found.states > 1_000
    assert found.finished == set(DOMAINS), "every domain gets to the top, with troubles on the way"


# --- bugs that are planted in the rules


def explored(troubles: int = 0, *, odd: bool = False, restores: bool = False) -> Found:
    found = World(["jobs"], Alphabet(troubles, restores, odd), anywhere=True).explore()
    print(found.show())
    return found


def test_a_jump_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_ladder", lambda *_: [])
    assert explored().wrong["a jump"] == ["day 1: jobs: up 0 -> 10 %: no traffic yet"]


@pytest.mark.parametrize("what", ["frozen", "held"])
def test_a_raise_while_forbidden_is_found(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    real = rules.forbidden
    monkeypatch.setattr(rules, "forbidden", lambda ask: [found for found in real(ask) if found.key != what])
    assert explored().wrong[f"a raise while {what}"] == [f"day 1: jobs: up 0 -> 5 % while {what}: no traffic yet"]


def test_a_raise_while_latched_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latch, "refusals", lambda *_: [])
    assert explored(1).wrong["a raise while latched"] == [
        "day 1: jobs: up 0 -> 5 %: no traffic yet",
        "day 1: jobs: breach of errors, 5 -> 0 %",
        "day 1: jobs: up 0 -> 5 %: no traffic yet",
    ]


def test_a_raise_over_a_fire_that_was_met_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it once was: thirty per cent of errors for two minutes, forgotten four hours later."""
    monkeypatch.setattr(latch, "still_burnt", lambda *_: frozenset())
    assert explored(1).wrong["a raise over a fire that was met"] == [
        "day 1: jobs: up 0 -> 5 %: no traffic yet",
        "day 3: jobs: a fire is met, and out again",
        "day 3: jobs: up 5 -> 10 %: PASS",
    ]


def test_a_refused_rollback_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = moves.classify

    def refuses(live: Any, wanted: int, old: int | None) -> Kind:
        kind = real(live, wanted, old)
        return Kind.OUTSIDE if kind is Kind.LOWER and wanted == 10 else kind

    monkeypatch.setattr(moves, "classify", refuses)
    assert explored().wrong["a rollback is refused"] == [
        "day 1: jobs: up 0 -> 5 %: no traffic yet",
        "day 3: jobs: up 5 -> 10 %: PASS",
        "day 4: jobs: up 10 -> 25 %: PASS",
        "day 4: jobs: up 25 -> 10 % is changed outside: refused",
    ]


@pytest.mark.parametrize("rule", ["_prerequisites", "first_raise"])
def test_a_first_raise_too_early_is_found(monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    monkeypatch.setattr(rules, rule, lambda _: [])
    story = ["day 1: jobs: up 0 -> 5 %: no traffic yet"]
    assert explored().wrong["a first raise before its prerequisites"] == story


def test_two_dependent_domains_show_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_stable", lambda *_: [])
    story = (
        World(["ai-agents", "jobs"], Alphabet(0, False, False))
        .explore()
        .wrong["a first raise before its prerequisites"]
    )
    assert story[-2:] == ["day 7: ai-agents: up 50 -> 100 %: PASS", "day 7: jobs: up 0 -> 5 %: no traffic yet"]
    assert len(story) == 6


def test_a_raise_without_evidence_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "_first_hold", lambda *_: ("", ""))
    story = ["day 1: jobs: up 0 -> 5 %: no traffic yet", "day 3: jobs: up 5 -> 10 %: HOLD"]
    assert explored().wrong["a raise without evidence"] == story


def test_a_raise_within_the_soak_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_soak", lambda *_: [])
    story = ["day 1: jobs: up 0 -> 5 %: no traffic yet", "day 1: jobs: up 5 -> 10 %: PASS"]
    assert explored().wrong["a raise within the soak"] == story


def test_a_restore_that_undoes_a_stop_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it once was: the stop's tag is lost with the secret, and its record didn't count."""
    real = moves.value_before
    ours = ("outside", "stop")
    monkeypatch.setattr(
        moves, "value_before", lambda made: real([move for move in made if move["verdict"] not in ours])
    )
    monkeypatch.setattr(rules, "value_before", moves.value_before)
    assert explored(2, odd=True, restores=True).wrong["a restore above the value before"] == [
        "day 1: jobs: up 0 -> 5 %: no traffic yet",
        "day 1: jobs: rollback 5 -> 0 %, the stack's file stays at 5 %",
        "day 1: jobs: the secret is lost",
        "day 1: jobs: restore lost -> 5 %",
    ]


@pytest.mark.parametrize("who", steps.OLDER)
def test_a_raise_that_was_decided_before_the_stop_is_found(monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    """As it once was: a finished rollback was undone by whatever asked for the old number again."""
    if who == steps.OLDER[-1]:
        monkeypatch.setattr(approval, "older", lambda *_: [])
    else:
        monkeypatch.setattr(decided, "refusals", lambda *_: [])
    assert explored().wrong["a raise that was decided before the stop"] == [
        "day 1: jobs: up 0 -> 5 %: no traffic yet",
        "day 1: jobs: up 5 -> 0 %: lowered",
        f"day 1: jobs: up 0 -> 5 % by {steps.OLDER[0] if who != steps.OLDER[-1] else who}",
    ]


@pytest.mark.parametrize("forgotten", ["lowered", "moves"])
def test_a_stop_that_is_forgotten_after_the_next_raise_is_found(
    monkeypatch: pytest.MonkeyPatch, forgotten: str
) -> None:
    """Neither memory is enough alone: a hand leaves no tag, and a lost secret takes its tags along."""
    real = lowering.newest

    def forgets(live: Live, made: Any, **given: Any) -> Any:
        return real(replace(live, lowered=None, stopped=None), made) if forgotten == "lowered" else real(live, [])

    monkeypatch.setattr(lowering, "newest", forgets)
    found = explored(1, odd=True).wrong
    if forgotten == "moves":
        assert found["a raise that was decided before the stop"]
    else:
        assert found == {}, "what the record has, it has without tags"


def test_a_stop_stays_a_latch_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that asks too much is found as well: from a stop no legal way would lead up again."""
    monkeypatch.setattr(decided, "_passes", lambda *_: False)
    assert explored().stuck[-1:] == ["day 1: jobs: up 5 -> 0 %: lowered"]


@pytest.fixture
def _no_later_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead end: whatever attempt is written, a raise belongs to the first."""
    for module in (latch, moves):
        monkeypatch.setattr(module, "current_attempt", lambda *_, **__: 1)


@pytest.mark.usefixtures("_no_later_attempt")
def test_a_dead_end_is_found() -> None:
    found = explored(1)
    assert found.wrong == {}
    assert found.stuck == ["day 1: jobs: up 0 -> 5 %: no traffic yet", "day 1: jobs: breach of errors, 5 -> 0 %"]
    assert 0 < found.stuck_states < found.states


@pytest.mark.usefixtures("_no_later_attempt")
def test_a_dead_end_is_found_by_chance_too() -> None:
    found = walk(seed=6, walks=5, length=150)
    assert any("breach of" in line for line in found.stuck), found.show()
