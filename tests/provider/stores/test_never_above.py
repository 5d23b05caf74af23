"""What people get is never more than the old value or the new one, at no moment of any order of calls: raise, stop, both."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from rollout.model.flag import tags
from rollout.provider.errors import Scheduled, StoreError
from rollout.provider.stores import lowering, one_write, raising, writing
from rollout.provider.stores.store import Entry, Store
from tests.provider.memory import MemoryStore, Stage, every_order
from tests.provider.stores import test_races as races
from tests.provider.stores.test_races import NAME, judged_raise, killed_after_the_put, stop

Choose = Callable[[Sequence[int]], int]
_on_stage = races._on_stage  # the fixture: nobody sleeps, and what is begun is an actor


class Seen(MemoryStore):
    """Keeps what the service would read after each call, also between two of one program."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[int] = []

    def _do(self, operation: str, act: Callable[[], object]) -> object:  # type: ignore[override]
        try:
            return super()._do(operation, act)
        finally:
            self.read.append(int(self.live(NAME.secret) or 0))


def prepared(live: str | None, *, scheduled: bool = False) -> tuple[Seen, Stage]:
    stage, store = Stage(), Seen()
    races.STAGE[0] = stage
    if live is not None:
        store.values[NAME.secret] = [("v0", "0"), ("v1", live)]
        store.marks[NAME.secret] = dict(NAME.tags)
    if scheduled:
        store.scheduled.add(NAME.secret)
    store.turn = stage.turn
    return store, stage


def highest(store: Seen) -> int:
    return max(store.read, default=0)


@pytest.mark.parametrize(
    ("live", "to", "stop_to"),
    [("5", "10", "0"), ("5", "10", "5"), ("0", "5", "0"), (None, "5", "0"), ("25", "50", "10")],
)
def test_a_raise_and_a_stop_in_every_order(live: str | None, to: str, stop_to: str) -> None:
    most = max(int(live or 0), int(to))

    def once(choose: Choose) -> None:
        store, stage = prepared(live)
        stage.play([judged_raise(store, to, []), stop(store, stop_to)], choose)
        assert highest(store) <= most, (store.read, store.written)

    assert every_order(once, lambda: races.STAGE[0].going_on, races.BREAKS) > 20


def test_a_killed_stop_and_a_tag_that_lands_late() -> None:
    """The value is written, the tag never or at last; whatever the raise then puts back, it isn't above what was."""

    def once(choose: Choose) -> None:
        store, stage = prepared("5")
        stage.play([judged_raise(store, "10", []), killed_after_the_put(store, "0")], choose)
        assert highest(store) <= 10, store.read
        assert store.live(NAME.secret) == "0"

    assert every_order(once, lambda: races.STAGE[0].going_on, races.BREAKS) > 5
    for seed in range(200):
        store, stage = prepared("5")
        stage.play([judged_raise(store, "10", []), stop(store, "0")], tag_last(random.Random(seed)))
        assert highest(store) <= 10, (seed, store.read)


def tag_last(chance: random.Random) -> Choose:
    """What an actor began beside its own calls, a stop's tag, goes on when nobody else can."""
    return lambda waiting: chance.choice(sorted(waiting)[:2])


@pytest.mark.parametrize("to", ["0", "10", "25"])
def test_a_lowering_of_what_waits_for_its_deletion_shows_nobody_the_old_value(to: str) -> None:
    store, _ = prepared("50", scheduled=True)
    writing.lower(store, NAME, to, pause=0)
    assert highest(store) == 0, store.read


def test_a_raise_restores_only_what_it_then_overwrites() -> None:
    """AWS takes no put on what waits: the old value is live between two calls, and nothing above it ever is."""
    store, _ = prepared("5", scheduled=True)
    back = writing.raise_to(
        store, NAME, "5", before=store.get(NAME.secret), judged_tags=store.tags(NAME.secret), pause=0
    )
    assert back.text == "5"
    assert highest(store) == 5
    store, _ = prepared("50", scheduled=True)
    found, before = store.tags(NAME.secret), store.get(NAME.secret)
    store.turn = lambda operation: "before" if operation == "put" else None
    with pytest.raises(StoreError):
        writing.raise_to(store, NAME, "5", before=before, judged_tags=found, pause=0)
    assert highest(store) == 50, "and it says that 0 wasn't read back"


def test_two_stops_in_every_order_only_lower() -> None:
    def once(choose: Choose) -> None:
        store, stage = prepared("50")
        stage.play([stop(store, "25"), stop(store, "0")], choose)
        assert highest(store) <= 50
        assert store.live(NAME.secret) == "0"

    assert every_order(once, lambda: races.STAGE[0].going_on, 1) > 5


# --- planted bugs


def test_a_lowering_that_restores_first_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it once was: 50 is live again for as long as the put takes."""
    real = lowering._Lowering._put

    def restores(self: lowering._Lowering, made: str) -> None:
        self._store.restore(NAME.secret)
        real(self, made)

    monkeypatch.setattr(lowering._Lowering, "_put", restores)
    with pytest.raises(AssertionError, match="50"):
        test_a_lowering_of_what_waits_for_its_deletion_shows_nobody_the_old_value("0")


def test_a_raise_that_writes_over_what_it_didnt_judge_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A put of the wrong rung, set right afterwards, is seen by nobody but here."""
    real = one_write.write

    def twice(store: Store, name: object, value: str, *, before: Entry | None, **given: object) -> str:
        real(store, NAME, "100", before=before, virtual=None, extra={})
        return real(store, NAME, value, before=store.get(NAME.secret), virtual=None, extra={})

    monkeypatch.setattr("rollout.provider.stores.raising.write", twice)
    with pytest.raises(AssertionError):
        test_a_raise_and_a_stop_in_every_order("5", "10", "0")


def test_a_raise_that_gives_way_to_nobody_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a stop that was killed before its tag, the version that was replaced is all that tells."""
    monkeypatch.setattr(raising, "_overwritten", lambda *_: None)
    with pytest.raises(AssertionError):
        test_a_killed_stop_and_a_tag_that_lands_late()


def test_what_waits_takes_no_put_in_this_store() -> None:
    """Else none of this would be true of the store that it stands for."""
    store, _ = prepared("50", scheduled=True)
    with pytest.raises(Scheduled):
        store.put(NAME.secret, "0", "t")
    with pytest.raises(Scheduled):
        store.tag(NAME.secret, {tags.STOPPED: "x:0"})
