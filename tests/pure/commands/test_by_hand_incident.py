"""The incident of a rollback by hand: on record because of a metric alone, never in the way of a step, never silent when it fails."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollout.commands.project import files
from rollout.commands.rollback import incident
from rollout.commands.rollback.order import Down, Order
from rollout.commands.rollback.stop import EXIT_LEFT_TO_DO, EXIT_NOT_DOWN, Stop
from rollout.model.flag.moves import Live
from rollout.model.flag.name import FlagName

NOW = datetime(2026, 12, 14, 2, 14, tzinfo=UTC)
FILE = "records/incidents/2026-12-14T021400Z-jobs-errors.yaml"


def order(because: str | None = "errors") -> Order:
    return Order("jobs", "local", "previous", because, "Ana K.", 0, 0, commit=False)


def down(to: int = 10) -> Down:
    none: Any = None
    return Down(Stop(FlagName("local", "jobs", "JOBS_ROLLOUT_PERCENT"), Live("25"), to, None), none, none, NOW)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    monkeypatch.setattr(files, "ROOT", tmp_path)
    return []


def run(said: list[str], folder: Path, order_: Order, code: int = 0, to: int = 10) -> tuple[int, bool]:
    """The exit code, and whether a file stood there before the first step."""
    early: list[bool] = []

    def carry_on(tell: Any) -> int:
        early.append((folder / FILE).exists())
        tell("  pulumi   up: recorded in state and history")
        return code

    def tell(text: str, *, err: bool = False) -> None:
        said.append(text)

    found = incident.recorded(order_, down(to), carry_on, tell)
    return found, early[0]


def test_it_is_written_before_the_steps_and_again_after_them(said: list[str], tmp_path: Path) -> None:
    assert run(said, tmp_path, order()) == (0, True)
    record = yaml.safe_load((tmp_path / FILE).read_text())
    assert (record["severity"], record["by"], record["from"], record["to"], record["done"]) == (
        "major", "Ana K.", "25 %", "10 %", "all of it",
    )  # fmt: skip
    assert record["steps"][0].endswith("s: pulumi up: recorded in state and history")
    assert said == ["  pulumi   up: recorded in state and history", f"  incident {FILE}"]


def test_what_goes_to_zero_is_critical(said: list[str], tmp_path: Path) -> None:
    run(said, tmp_path, order(), to=0)
    assert yaml.safe_load((tmp_path / FILE).read_text())["severity"] == "critical"


@pytest.mark.parametrize("code", [EXIT_LEFT_TO_DO, EXIT_NOT_DOWN])
def test_what_is_left_to_do_is_on_record(said: list[str], tmp_path: Path, code: int) -> None:
    assert run(said, tmp_path, order(), code) == (code, True)
    assert "left to do" in yaml.safe_load((tmp_path / FILE).read_text())["done"]


@pytest.mark.parametrize(("code", "ends"), [(0, EXIT_LEFT_TO_DO), (EXIT_NOT_DOWN, EXIT_NOT_DOWN)])
def test_where_it_can_t_be_written_every_step_is_done_and_it_says_so(
    said: list[str], tmp_path: Path, code: int, ends: int
) -> None:
    (tmp_path / "records").write_text("a file")
    assert run(said, tmp_path, order(), code) == (ends, False)
    assert said[0] == "  pulumi   up: recorded in state and history"
    assert said[1].startswith("  incident FAILED: ")
    assert f"do:      write {FILE} by hand" in said[1]


def test_a_doubt_is_no_incident(said: list[str], tmp_path: Path) -> None:
    assert run(said, tmp_path, order(None)) == (0, False)
    assert not (tmp_path / "records").exists()
