"""What is written beside a flag, and what becomes of it when a hand has typed there."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from rollout.model import times
from rollout.model.flag import tags
from rollout.model.flag.tags import BreachTag, Stopped

AT = datetime(2026, 12, 9, 2, 14, 59, 999999, tzinfo=UTC)
ALLOWED = re.compile(r"[\w .:/=+\-@]{0,256}")  # AWS's characters of a tag value


def test_there_and_back() -> None:
    stop = Stopped.new("10")
    assert Stopped.parse(stop.text()) == stop
    assert Stopped.new("10") != stop, "each stop is its own"
    breach = BreachTag(2, AT.replace(second=0, microsecond=0), "errors")
    assert BreachTag.parse(breach.text()) == breach
    assert tags.parse_live_since(tags.live_since("v1", AT), "v1") == AT.replace(microsecond=0)
    assert tags.parse_live_since(tags.live_since("v1", AT), "v2") is None, "it speaks of another version"
    for text in (stop.text(), breach.text(), tags.live_since("0" * 36, AT)):
        assert ALLOWED.fullmatch(text)


@pytest.mark.parametrize("text", [None, "", "abc", ":5", "id:", ":"])
def test_no_stop(text: str | None) -> None:
    assert Stopped.parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        None, "", "1", "@", "x@2026-12-09T02:14:00Z:errors", "1@yesterday:errors", "1@2026-12-09T02:14:00:errors",
        "1@2026-12-09T02:14:00Z", "1@2026-12-09T02:14:00Z:", "²@2026-12-09T02:14:00Z:errors",
        "1@0001-01-01T00:00:00+23:59:errors",
    ],
)  # fmt: skip
def test_no_breach(text: str | None) -> None:
    assert BreachTag.parse(text) is None


@pytest.mark.parametrize(
    "text", ["", "now", "2026-12-09", "2026-12-09T02:14:00", "0001-01-01T00:00:00+23:59", "2026-13-01T00:00:00Z"]
)
def test_no_moment(text: str) -> None:
    assert times.moment(text) is None


def test_moments_are_utc() -> None:
    assert times.moment("2026-12-09T04:14:00+02:00") == datetime(2026, 12, 9, 2, 14, tzinfo=UTC)
    assert times.iso(AT) == "2026-12-09T02:14:59Z"
