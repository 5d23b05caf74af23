"""Which lowering is the newest: of tags, the record and the live value itself, with a real clock or a virtual one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from rollout.model.flag import lowering
from rollout.model.flag.moves import Live
from rollout.model.flag.tags import Stopped
from rollout.model.times import iso
from tests.pure.cases import LONG_AGO, NOW

MINUTE = timedelta(minutes=1)


def move(before: int | None, to: int | None, at: datetime, verdict: str = "PASS", version: str = "") -> dict[str, Any]:
    return {"from": before, "to": to, "at": iso(at), "verdict": verdict, "version": version or f"v{to}"}


CLIMBED = [move(0, 5, LONG_AGO)]


def test_none_where_nothing_ever_came_down() -> None:
    assert lowering.newest(Live("5", LONG_AGO, "v5", written=LONG_AGO), CLIMBED) is None
    assert lowering.newest(Live(None), []) is None


def test_the_stops_mark_and_its_version_are_one_event() -> None:
    live = Live("0", NOW, "v0", stopped=Stopped("id", "0", NOW), written=NOW + MINUTE)
    moves = [*CLIMBED, move(5, 0, NOW + MINUTE, "stop", "v0")]
    assert lowering.newest(live, moves) == lowering.Lowering(NOW + MINUTE, 0, "id")


def test_a_mark_of_an_older_version_is_as_old_as_the_live_value() -> None:
    live = Live("0", NOW, "v0", stopped=Stopped.parse("id:0"), written=NOW)
    assert lowering.newest(live, CLIMBED) == lowering.Lowering(NOW, 0, "id")


def test_a_hands_lower_value_counts_before_anybody_recorded_it() -> None:
    live = Live("0", NOW, "hand", written=NOW)
    assert lowering.newest(live, CLIMBED) == lowering.Lowering(NOW, 0, "hand")
    assert lowering.newest(live, [*CLIMBED, move(5, 0, NOW, "outside", "hand")]) == lowering.Lowering(NOW, 0, "hand")


def test_it_is_remembered_after_the_next_raise() -> None:
    stop = Stopped("id", "0", LONG_AGO + MINUTE)
    live = Live("5", NOW, "again", lowered=stop, written=NOW)
    assert lowering.newest(live, []) == lowering.Lowering(stop.at, 0, "id")
    assert lowering.newest(Live("5", NOW, "again"), [*CLIMBED, move(5, 0, NOW - MINUTE, "rollback"), move(0, 5, NOW)])
    assert lowering.Lowering(stop.at, 0, "id").mark() == stop


def test_the_newest_of_many_wins() -> None:
    live = Live(
        "5", NOW, "v", stopped=Stopped("old", "0", LONG_AGO), lowered=Stopped("new", "5", NOW), written=LONG_AGO
    )
    found = lowering.newest(live, [*CLIMBED, move(10, 5, NOW - MINUTE, "rollback")])
    assert found is not None
    assert found.id == "new"


def test_the_first_value_of_a_stack_is_none() -> None:
    """A flag is made at 0 by the same writing, mark and all; a stop of later, over the same value, is one."""
    made = [move(0, 0, NOW, "set", "v0")]
    live = Live("0", NOW, "v0", stopped=Stopped("id", "0", NOW), written=NOW)
    assert lowering.newest(live, made) is None
    later = Live("0", NOW, "v0", stopped=Stopped("id", "0", NOW + 3 * MINUTE), written=NOW)
    assert lowering.newest(later, made) is not None


def test_a_virtual_clocks_times_say_nothing() -> None:
    moves = [*CLIMBED, move(5, 0, NOW, "rollback"), move(0, 5, NOW + MINUTE, version="v5")]
    live = Live("5", NOW, "v5", written=NOW)
    assert lowering.newest(live, moves, virtual=True) is None
    assert lowering.newest(live, moves) is not None


def test_what_an_approval_names_holds_before_and_after_a_refresh() -> None:
    live = Live("0", NOW, "hand", written=NOW)
    before = lowering.ids(live, CLIMBED)
    found = lowering.newest(live, [*CLIMBED, move(5, 0, NOW, "outside", "hand")])
    assert found is not None
    assert found.id in before
    stop = lowering.newest(Live("0", NOW, "hand", stopped=Stopped("new", "0", NOW + MINUTE), written=NOW), CLIMBED)
    assert stop is not None
    assert stop.id not in before, "a stop over the same value came after the review"
