"""The pure tier's promise: no process is started, unless the test is marked `processes` (`make quick` leaves those out)."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

_STARTS = ("subprocess.Popen", "os.system", "os.fork", "os.posix_spawn", "socket.connect")
_watched: list[str] = []  # the test that runs now, where it may start none
_started: list[str] = []


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if _watched and event in _STARTS:
        _started.append(f"{event} {arguments[0]!r}")


sys.addaudithook(_hear)  # can't be taken out again: it hears only between the two lines of the fixture


@pytest.fixture(autouse=True)
def _starts_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("processes"):
        yield
        return
    _started.clear()
    _watched.append(request.node.nodeid)
    yield
    _watched.clear()
    assert not _started, f"marked `processes`? It starts {_started}"
