"""What every flag store must do, held against each one that there is. A further store needs a `Shelf`, and no line here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from rollout.model.flag import tags
from rollout.model.flag.name import FlagName
from rollout.provider.errors import Absent, Exists
from rollout.provider.stores import choose, writing
from rollout.provider.stores.store import Store
from tests.provider.memory import MemoryStore
from tests.provider.shelf import Shelf

NAME = FlagName("test", "jobs", "JOBS_ROLLOUT_PERCENT")
SECRET = NAME.secret


#: The test double too: races are played on it, so it must keep the same contract.
MEMORY = "memory"


@pytest.fixture(params=[*choose.STORES, MEMORY])
def kept(request: pytest.FixtureRequest, shelf_of: Callable[[str], Shelf]) -> Store:
    if request.param == MEMORY:
        return MemoryStore()
    shelf = shelf_of(request.param)
    made = shelf.fresh(shelf.settings(None))
    made.warm()
    return made


def test_what_is_absent_is_said_by_name(kept: Store) -> None:
    assert kept.get(SECRET) is None
    assert kept.get_many([SECRET, "other"]) == {SECRET: None, "other": None}
    assert kept.tags(SECRET) == {}
    with pytest.raises(Absent):
        kept.put(SECRET, "5", "t" * 32)
    with pytest.raises(Absent):
        kept.tag(SECRET, {"a": "b"})


def test_a_write_is_read_back_and_a_token_counts_once(kept: Store) -> None:
    kept.create(SECRET, "0", "a" * 32, NAME.tags)
    with pytest.raises(Exists):
        kept.create(SECRET, "5", "b" * 32, NAME.tags)
    version = kept.put(SECRET, "5", "c" * 32)
    assert kept.put(SECRET, "5", "c" * 32) == version
    entry = kept.get(SECRET)
    assert entry is not None
    assert (entry.name, entry.text, entry.version, entry.scheduled) == (SECRET, "5", version, False)
    assert kept.get_many([SECRET, "other"]) == {SECRET: entry, "other": None}


def test_it_can_what_it_says(kept: Store) -> None:
    first = kept.create(SECRET, "0", "a" * 32, NAME.tags)
    kept.put(SECRET, "5", "b" * 32)
    again = kept.put(SECRET, "0", "c" * 32)
    assert (again != first) is kept.can.versions, "a return to an old value has a version of its own"
    entry = kept.get(SECRET)
    assert entry is not None
    assert (entry.created is not None) is kept.can.times
    if entry.created is not None:
        assert entry.created.utcoffset() == timedelta(0), "aware, UTC"
    if kept.can.tags:
        kept.tag(SECRET, {tags.STOPPED: "x:0"})
        assert kept.tags(SECRET) == {**NAME.tags, tags.STOPPED: "x:0"}
        kept.untag(SECRET, [tags.STOPPED, "never-there"])
        assert kept.tags(SECRET) == NAME.tags


def test_the_ways_up_and_down_end_where_they_say(kept: Store) -> None:
    assert writing.lower(kept, NAME, "0").text == "0"
    before = kept.get(SECRET)
    up = writing.raise_to(kept, NAME, "5", before=before, judged_tags=kept.tags(SECRET))
    assert up.text == "5"
    assert writing.lower(kept, NAME, "0").text == "0"
    entry = kept.get(SECRET)
    assert entry is not None
    assert entry.text == "0"
