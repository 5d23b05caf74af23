"""The simulator's one clock: it goes ahead and never back, is its own simulator's alone, and is read without fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollout import clock, home
from rollout.clock import Clock
from rollout.provider import simulators
from rollout.provider.settings import Settings

URL = "http://127.0.0.1:4599"
HOUR = timedelta(hours=1)
NEAR = timedelta(minutes=1)


def ahead_by(span: timedelta, since: datetime | None = None) -> Clock:
    at = since or datetime.now(UTC) - HOUR
    return Clock(((at.timestamp(), span.total_seconds()),))


def test_it_goes_ahead_and_never_back() -> None:
    machine = datetime.now(UTC)
    later = Clock().set(machine + 48 * HOUR)
    assert abs(later.now() - machine - 48 * HOUR) < NEAR
    assert later.set(machine + 24 * HOUR) is later
    assert Clock().set(machine - HOUR) == Clock()
    assert abs(later.set(machine + 72 * HOUR).ahead - 72 * HOUR) < NEAR


def test_what_was_written_before_a_jump_keeps_its_time() -> None:
    first, second = datetime(2026, 12, 1, 8, tzinfo=UTC), datetime(2026, 12, 1, 9, tzinfo=UTC)
    played = Clock(((first.timestamp(), 86400.0), (second.timestamp(), 172800.0)))
    assert played.at(first - HOUR) == first - HOUR
    assert played.at(first + HOUR / 2) == first + HOUR / 2 + 24 * HOUR
    assert played.at(second + HOUR) == second + HOUR + 48 * HOUR


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 1}', '{"url": "x", "jumps": [["a", "b"]]}', '{"jumps": 3}'])
def test_a_file_that_is_no_clock_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "clock").write_text(text)
    assert clock.read(tmp_path, [URL]) is None
    assert clock.stamp(tmp_path, None) == ""


def test_another_simulators_clock_is_not_ours(tmp_path: Path) -> None:
    clock.write(tmp_path, URL, ahead_by(HOUR))
    assert clock.read(tmp_path, ["http://127.0.0.1:4598"]) is None
    assert clock.read(tmp_path, [URL]) == clock.read(tmp_path)
    clock.forget(tmp_path)
    assert clock.read(tmp_path) is None


def test_a_process_without_rollout_now_goes_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "HOME", tmp_path)
    monkeypatch.setattr(simulators, "says", lambda url: url == URL)  # nothing is started here
    (tmp_path / ".local").mkdir()
    clock.write(tmp_path / ".local", URL, ahead_by(48 * HOUR))
    played = Settings.read({"AWS_ENDPOINT_URL": URL})
    assert played.virtual
    assert abs(played.now() - datetime.now(UTC) - 48 * HOUR) < NEAR
    named = Settings.read({"AWS_ENDPOINT_URL": URL, "ROLLOUT_NOW": "2026-12-03T08:00:00Z"})
    assert named.now() == datetime(2026, 12, 3, 8, tzinfo=UTC)
    assert not Settings.read({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}).virtual
    assert not Settings.read({}).virtual, "production has the machine's clock, whatever lies in the folder"
    clock.write(tmp_path / ".local", URL, Clock())
    assert not Settings.read({"AWS_ENDPOINT_URL": URL}).virtual, "traffic that was never set ahead"


def test_a_run_is_stamped_with_the_time_that_is_played(tmp_path: Path) -> None:
    assert clock.stamp(tmp_path, "2026-12-03T08:00:00Z") == "2026-12-03T08:00:00Z"
    clock.write(tmp_path, URL, Clock())
    assert clock.stamp(tmp_path, None) == ""
    clock.write(tmp_path, URL, ahead_by(48 * HOUR))
    assert abs(datetime.fromisoformat(clock.stamp(tmp_path, None)) - datetime.now(UTC) - 48 * HOUR) < NEAR
