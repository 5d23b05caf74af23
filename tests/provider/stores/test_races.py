"""The most important promise: whatever a raise and a stop do at the same time, the lower value is live at the end."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from rollout.model.flag import tags
from rollout.model.flag.moves import Live
from rollout.model.flag.name import FlagName
from rollout.model.ladder import next_rung
from rollout.provider.errors import StoreError
from rollout.provider.stores import at_once, writing
from rollout.provider.stores.writing import StoppedMeanwhile
from tests.provider.memory import MemoryStore, Stage, every_order, faults, first

NAME = FlagName("test", "jobs", "JOBS_ROLLOUT_PERCENT")
Choose = Callable[[Sequence[int]], int]


@pytest.fixture(autouse=True)
def _on_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an actor begins beside its own calls is an actor of the same stage; and nobody sleeps."""
    monkeypatch.setattr(at_once, "begin", lambda call: STAGE[0].begin(call, late="_trace" not in call.__qualname__))
    monkeypatch.setattr(at_once, "first", first)
    monkeypatch.setattr(at_once, "PAUSE", 0)


#: How often somebody who could go on is interrupted, in the enumerations.
BREAKS = 2

#: The stage that is being played on.
STAGE: list[Stage] = [Stage()]


@dataclass
class Scene:
    """A store with one flag, and what happened in it."""

    store: MemoryStore
    stage: Stage
    results: list[object]

    @property
    def live(self) -> str | None:
        return self.store.live(NAME.secret)


def prepared(live: str | None, scheduled: bool = False, stopped: str = "") -> tuple[MemoryStore, Stage]:
    """A store where the flag has climbed to `live` (None: absent), and the stage that its calls wait on."""
    store, stage = MemoryStore(), Stage()
    STAGE[0] = stage
    if live is not None:
        store.values[NAME.secret] = [("v0", "0"), ("v1", live)]
        store.marks[NAME.secret] = dict(NAME.tags)
    if stopped:
        store.marks[NAME.secret][tags.STOPPED] = stopped
    if scheduled:
        store.scheduled.add(NAME.secret)
    store.turn = stage.turn
    return store, stage


def judged_raise(store: MemoryStore, to: str, seen: list[str]) -> Callable[[], object]:
    """A raise as `TrafficFlag` does it: tags first, the value after them, then the judged write.

    `seen` gets the stop that was over when the raise was judged: such a raise comes after it, whatever it does next.
    """

    def act() -> object:
        found = store.tags(NAME.secret)
        before = store.get(NAME.secret)
        live = Live(before.text if before else None, stopped=tags.Stopped.parse(found.get(tags.STOPPED)))
        if live.stopping or next_rung(live.percent or 0) != int(to):  # what the judge refuses
            return None
        if live.stopped is not None and live.percent == int(live.stopped.value):
            seen.append(live.stopped.id)
        return writing.raise_to(store, NAME, to, before=before, judged_tags=found, pause=0)

    return act


def stop(store: MemoryStore, to: str) -> Callable[[], object]:
    return lambda: writing.lowered(store, NAME, to, pause=0)


def looked_at_again(scene: Scene, stopped: object) -> Scene:
    """What `rollback` does after a stop whose tag doesn't stand: it looks until no raise can be under way."""
    assert isinstance(stopped, writing.Lowered)
    if not stopped.marked:
        writing.lower(scene.store, NAME, stopped.entry.text or "0", pause=0)
    return scene


def killed_after_the_put(store: MemoryStore, to: str) -> Callable[[], object]:
    """A stop that is killed between its two calls: the value is written, no tag ever is, and nobody reads it back."""
    return lambda: store.put(NAME.secret, to, "a-stop-that-was-killed")


def play(scene: tuple[MemoryStore, Stage], actors: Sequence[Callable[[], object]], choose: Choose) -> Scene:
    store, stage = scene
    return Scene(store, stage, stage.play(actors, choose))


@pytest.mark.parametrize(
    ("live", "to", "stop_to", "stopped"),
    [
        ("5", "10", "0", ""),
        ("5", "10", "5", ""),  # the stop's value is live already when it looks
        ("0", "5", "0", ""),  # the first raise, and "zero" asked for meanwhile
        ("5", "10", "0", "an-older-stop:5"),  # the raise takes the old tag away
        (None, "5", "0", ""),  # creation
    ],
)
def test_every_order_of_a_raise_and_a_stop_ends_with_the_lower_value(
    live: str | None, to: str, stop_to: str, stopped: str
) -> None:
    def once(choose: Choose) -> None:
        seen: list[str] = []
        start = prepared(live, stopped=stopped)
        scene = play(start, [judged_raise(start[0], to, seen), stop(start[0], stop_to)], choose)
        if "an-older-stop" not in seen and seen:
            return
        looked_at_again(scene, scene.results[1])
        assert scene.live == stop_to, (scene.results, scene.store.written)
        assert scene.results[1].entry.text == stop_to, "the stop says what it read back"  # type: ignore[attr-defined]
        assert not isinstance(scene.results[0], Exception) or isinstance(
            scene.results[0], (StoppedMeanwhile, StoreError)
        )

    assert every_order(once, lambda: STAGE[0].going_on, BREAKS) > 20


def test_a_stop_that_is_killed_before_its_tag_stops_a_raise_all_the_same() -> None:
    """The version that the raise's put replaced isn't the one it was judged with: that alone tells it."""

    def once(choose: Choose) -> None:
        start = prepared("5", stopped="an-older-stop:5")
        scene = play(start, [judged_raise(start[0], "10", []), killed_after_the_put(start[0], "0")], choose)
        assert scene.live == "0", (scene.results, scene.store.written)

    assert every_order(once, lambda: STAGE[0].going_on, BREAKS) > 5


@pytest.mark.parametrize("how", ["fails", "hangs"])
def test_a_stop_whose_tag_never_stands(how: str) -> None:
    """It says so, and a raise in flight gives way all the same: it sees what its put replaced."""

    def once(choose: Choose) -> None:
        store, stage = prepared("5")

        def turn(operation: str) -> str | None:
            stage.turn(operation)
            return "before" if operation == "tag" and stage.number() == 1 else None

        store.turn = turn
        results: list[writing.Lowered] = []
        actors = [judged_raise(store, "10", []), lambda: results.append(writing.lowered(store, NAME, "0", pause=0))]
        scene = play((store, stage), actors, choose)
        assert scene.live == "0", (scene.results, store.written)
        assert not results[0].marked

    if how == "fails":
        assert every_order(once, lambda: STAGE[0].going_on, BREAKS) > 20
        return
    for seed in range(200):  # the tag is the last that anybody lets through
        start, chance = prepared("5"), random.Random(seed)
        actors = [judged_raise(start[0], "10", []), stop(start[0], "0")]
        scene = play(start, actors, lambda waiting, chance=chance: chance.choice(sorted(waiting)[:2]))  # type: ignore[misc]
        looked_at_again(scene, scene.results[1])
        assert scene.live == "0", (seed, scene.results, start[0].written)


def test_over_a_secret_that_waits_for_its_deletion_a_stop_says_that_it_isnt_protected() -> None:
    """It takes no tag and no value, so a raise that restores it can't see the stop: the stop is told, and looks again."""
    for seed in range(300):
        chance, seen = random.Random(seed), list[str]()
        start = prepared("5", scheduled=True)
        scene = play(start, [judged_raise(start[0], "5", seen), stop(start[0], "0")], chance.choice)
        looked_at_again(scene, scene.results[1])
        assert scene.live in ("0", None), (seed, scene.results, scene.store.written)


def test_what_waits_for_its_deletion_is_down_and_stays_so() -> None:
    store, _ = prepared("50", scheduled=True)
    for value in ("0", "25"):
        back = writing.lower(store, NAME, value, pause=0)
        assert (back.text, back.scheduled) == (None, True)
    assert NAME.secret in store.scheduled
    assert store.written == []


def test_a_raise_that_restores_and_cannot_put_takes_it_back_down() -> None:
    store, _ = prepared("50", scheduled=True)
    found, before = store.tags(NAME.secret), store.get(NAME.secret)
    puts = 0

    def turn(operation: str) -> str | None:
        nonlocal puts
        puts += operation == "put"
        return "before" if operation == "put" and puts == 1 else None

    store.turn = turn
    with pytest.raises(StoreError, match=r"restored for that from its deletion, and taken down to 0 % again"):
        writing.raise_to(store, NAME, "5", before=before, judged_tags=found, pause=0)
    assert store.live(NAME.secret) == "0"
    store, _ = prepared("50", scheduled=True)
    store.turn = lambda operation: "before" if operation == "put" else None
    with pytest.raises(StoreError, match=r"0 % wasn't read back .* look at it now"):
        writing.raise_to(store, NAME, "5", before=store.get(NAME.secret), judged_tags=found, pause=0)


@pytest.mark.parametrize(("one", "other", "breaks"), [("25", "0", 0), ("10", "10", 1)])
def test_every_order_of_two_stops_ends_with_the_lower_value(one: str, other: str, breaks: int) -> None:
    def once(choose: Choose) -> None:
        start = prepared("50")
        scene = play(start, [stop(start[0], one), stop(start[0], other)], choose)
        assert scene.live == min(one, other, key=int), (scene.results, scene.store.written)
        assert not any(isinstance(result, Exception) for result in scene.results)

    assert every_order(once, lambda: STAGE[0].going_on, breaks) > 5
    for seed in range(500):
        once(random.Random(seed).choice)


def test_a_raise_and_two_stops_in_random_orders() -> None:
    """The raise never survives. That of two stops in the same instant as a raise the lower one wins isn't promised: they
    share one tag, and the later one can write over a finished one's before the raise looks."""
    for seed in range(800):
        chance = random.Random(seed)
        start = prepared("50", stopped=chance.choice(["", "old:50"]))
        actors = [judged_raise(start[0], "100", []), stop(start[0], "25"), stop(start[0], "0")]
        scene = play(start, actors, chance.choice)
        assert scene.live in ("0", "25"), (seed, scene.results, scene.store.written)


def test_one_failing_call_anywhere_changes_nothing_about_it() -> None:
    """Each call of either side fails once, before or after it is carried out, in random orders of the two."""
    for actor in (0, 1):
        for number, when in faults(7):
            for seed in range(20):
                chance = random.Random(seed)
                live, to = chance.choice([("5", "10"), (None, "5")])
                store, stage = prepared(live)
                calls, seen = [0, 0], list[str]()

                def turn(
                    operation: str, stage: Stage = stage, calls: list[int] = calls,
                    actor: int = actor, number: int = number, when: str = when,
                ) -> str | None:  # fmt: skip
                    me = stage.number()
                    stage.turn(operation)
                    calls[me] += 1
                    return when if (me, calls[me] - 1) == (actor, number) else None

                store.turn = turn
                scene = play((store, stage), [judged_raise(store, to, seen), stop(store, "0")], chance.choice)
                assert seen or scene.live == "0", (actor, number, when, seed, scene.results, store.written)
                assert not isinstance(scene.results[1], Exception)


def test_a_stop_that_is_over_before_the_write_keeps_the_raise_from_writing_at_all() -> None:
    store, _ = prepared("5")
    found, before = store.tags(NAME.secret), store.get(NAME.secret)
    writing.lower(store, NAME, "0", pause=0)
    with pytest.raises(StoreError, match="changed while the raise was judged"):
        writing.raise_to(store, NAME, "10", before=before, judged_tags=found, pause=0)
    assert store.written == ["0"], "no consumer may see the raise's value after a finished stop"


def test_a_lowering_never_raises() -> None:
    store, _ = prepared("5")
    assert writing.lower(store, NAME, "25", pause=0).text == "5"
    assert store.written == []
