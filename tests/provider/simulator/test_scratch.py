"""A copy of the project that can't be made whole leaves nothing running behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.simulator import scratch
from rollout.simulator.scratch import Scratch
from rollout.simulator.simulator import Simulator


def test_a_database_that_doesnt_start_leaves_no_simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("initdb ended with 1")

    monkeypatch.setattr(scratch, "_database", fails)
    with pytest.raises(RuntimeError, match="initdb"):
        Scratch(tmp_path / "copy", git=False, stack=False, store="postgres")
    assert Simulator(tmp_path / "copy" / ".local").pid() is None
