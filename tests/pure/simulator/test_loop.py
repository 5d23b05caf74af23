"""The live loop by a clock of the test's own: what it publishes when, and what an error does."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest

from rollout.simulator.traffic.loop import PAUSE, Loop, first_start

NOW = datetime(2026, 12, 9, 9, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Desk:
    """A loop that is stepped by hand; `done` is what it published, `failing` what its next calls raise."""

    def __init__(self, period: timedelta = MINUTE) -> None:
        self.now = NOW
        self.done: list[tuple[datetime, datetime]] = []
        self.failing: list[Exception] = []
        self.loop = Loop(self.publish, first_start(NOW, period), period, lambda: self.now)

    def publish(self, start: datetime, end: datetime) -> None:
        if self.failing:
            raise self.failing.pop(0)
        self.done.append((start, end))


@pytest.mark.parametrize(
    ("period", "first"),
    [
        (60, datetime(2026, 12, 9, 8, 50, tzinfo=UTC)),
        (300, datetime(2026, 12, 9, 8, 50, tzinfo=UTC)),
        (3600, datetime(2026, 12, 9, 8, 0, tzinfo=UTC)),
        (86_400, datetime(2026, 12, 8, tzinfo=UTC)),
    ],
)
def test_where_it_begins(period: int, first: datetime) -> None:
    assert first_start(NOW, timedelta(seconds=period)) == first


def test_ten_minutes_at_once_and_then_each_as_it_ends() -> None:
    desk = Desk()
    assert desk.loop.status() == {"published_up_to": None, "minutes_published": 0, "last_error": ""}
    assert desk.loop.step() == PAUSE  # 30 s are left; it looks again sooner
    assert [start for start, _ in desk.done] == [NOW.replace(second=0) + n * MINUTE for n in range(-10, 0)]
    assert all(end - start == MINUTE for start, end in desk.done)
    desk.now += timedelta(seconds=28)
    assert desk.loop.step() == 2
    assert len(desk.done) == 10
    desk.now += timedelta(seconds=2)
    desk.loop.step()
    assert desk.done[10:] == [(NOW.replace(second=0), NOW.replace(second=0) + MINUTE)]
    desk.now += 5 * MINUTE  # it was kept waiting: nothing is left out
    desk.loop.step()
    assert len(desk.done) == len(set(desk.done)) == 16
    status = {"published_up_to": "2026-12-09T09:06:00Z", "minutes_published": 16, "last_error": ""}
    assert desk.loop.status() == status


def test_an_hour_counts_as_sixty_minutes() -> None:
    desk = Desk(timedelta(hours=1))
    desk.loop.step()
    assert desk.loop.status()["minutes_published"] == 60


def test_an_error_is_kept_and_the_period_tried_again() -> None:
    desk = Desk()
    desk.failing = [OSError("no route\nto host"), KeyError("x")]
    for _ in range(2):
        assert desk.loop.step() == PAUSE
        assert desk.done == []
    desk.loop.step()
    assert len(desk.done) == 10
    assert desk.done[0][0] == NOW.replace(second=0) - 10 * MINUTE
    error = desk.loop.status()["last_error"]
    assert error == "2026-12-09T09:00:30Z period from 2026-12-09T08:50:00Z: KeyError 'x'"


def test_the_thread_outlives_an_error_and_ends_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollout.simulator.traffic.loop.PAUSE", 0.01)
    desk = Desk()
    desk.failing = [OSError("down")]
    caught_up = threading.Event()
    publish = desk.publish

    def watched(start: datetime, end: datetime) -> None:
        publish(start, end)
        if len(desk.done) == 10:
            caught_up.set()

    loop = Loop(watched, first_start(NOW, MINUTE), MINUTE, lambda: desk.now)
    loop.start()
    assert caught_up.wait(10)
    loop.stop()
    assert "down" in loop.status()["last_error"]
    desk.now += 5 * MINUTE
    assert not [thread for thread in threading.enumerate() if thread.name == "traffic"]
    assert loop.step() == 0
    assert len(desk.done) == 10


def test_a_stop_waits_for_the_call_under_way() -> None:
    entered, leave = threading.Event(), threading.Event()
    done: list[datetime] = []

    def slow(start: datetime, end: datetime) -> None:
        entered.set()
        leave.wait(10)
        done.append(end)

    loop = Loop(slow, first_start(NOW, MINUTE), MINUTE, lambda: NOW)
    loop.start()
    assert entered.wait(10)
    threading.Timer(0.1, leave.set).start()
    loop.stop()
    assert len(done) == 1  # that one was finished, and no other begun


Pieces = list[tuple[datetime, datetime]]


def set_ahead(desk: Desk, to: datetime) -> Pieces:
    """What a loop publishes when its clock is set to `to`, as one list of periods."""
    done: Pieces = []
    desk.loop.until(to, done.extend)
    return done


def test_a_clock_that_is_set_ahead_publishes_the_time_between() -> None:
    desk = Desk()
    desk.loop.step()
    to = NOW + timedelta(hours=48)
    done = set_ahead(desk, to)
    assert done[0][0] == desk.done[-1][1], "from where it stood"
    assert all(one[1] == other[0] for one, other in itertools.pairwise(done)), "no gap, nothing twice"
    assert done[-1][1] == to.replace(second=0)
    lengths = [end - start for start, end in done]
    assert max(lengths) == 15 * MINUTE
    assert all(end - start == MINUTE for start, end in done if start >= to - timedelta(hours=4)), "what is read finely"
    assert desk.loop.status()["minutes_published"] == 10 + 48 * 60
    desk.loop.step()
    assert len(desk.done) == 10, "what was published ahead isn't published again"


def test_a_source_of_single_minutes_gets_single_minutes() -> None:
    desk = Desk()
    desk.loop = Loop(desk.publish, first_start(NOW, MINUTE), MINUTE, lambda: desk.now, whole=False)
    assert {end - start for start, end in set_ahead(desk, NOW + timedelta(hours=30))} == {MINUTE}


def test_far_ahead_is_by_the_hour_and_not_without_end() -> None:
    done = set_ahead(Desk(), NOW + timedelta(days=400))
    assert done[0][0] == NOW.replace(second=0) + timedelta(days=340)
    assert len(done) < 2500
    assert max(end - start for start, end in done) == timedelta(hours=1)


def test_a_clock_set_back_publishes_nothing() -> None:
    desk = Desk()
    desk.loop.step()
    assert set_ahead(desk, NOW - timedelta(days=1)) == []
    assert desk.loop.next == NOW.replace(second=0)


def test_what_failed_is_published_by_the_next_try() -> None:
    desk = Desk()

    def down(_: object) -> None:
        raise OSError("down")

    with pytest.raises(OSError, match="down"):
        desk.loop.until(NOW + timedelta(hours=1), down)
    done = set_ahead(desk, NOW + timedelta(hours=1))
    assert done[0][0] == NOW.replace(second=0) - 10 * MINUTE
