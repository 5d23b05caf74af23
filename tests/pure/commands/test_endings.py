"""What a command leaves, and when it ends: nothing outside the project's folder, no lock, and never later than it says."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rollout.commands import rehearse
from rollout.commands.drill import play
from rollout.commands.project import files
from rollout.commands.report import fonts
from rollout.simulator import env
from rollout.simulator.rehearsal import story
from rollout.simulator.scratch import CommandFailed


def test_what_passes_stays_in_the_project_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ROOT", tmp_path)
    assert files.passing() == str(tmp_path / ".local" / "tmp")
    assert Path(files.passing() or "").is_dir()


def test_where_the_folder_can_t_be_made_a_rollback_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".local").write_text("a file where the folder should be")
    monkeypatch.setattr(files, "ROOT", tmp_path)
    assert files.passing() is None


@pytest.mark.processes
@pytest.mark.processes
def test_a_drill_s_command_ends_by_the_drill_s_own_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it had said until then; and it has failed."""
    monkeypatch.setattr(play, "PATIENCE", 1.0)
    hangs = "import time; print('  file     written', flush=True); time.sleep(60)"
    began = time.monotonic()
    seconds, steps, code = play._timed([sys.executable, "-c", hangs], {}, Path.cwd())
    assert time.monotonic() - began < 30
    assert [text for _, text in steps] == ["file written"]
    assert code != 0
    assert seconds == 1.0


def test_a_lock_of_matplotlib_s_that_a_killed_report_left_is_taken_away(tmp_path: Path) -> None:
    """matplotlib's own would wait 5 s for it, and raise TimeoutError."""
    from matplotlib import cbook

    left = tmp_path / "fontlist.json.matplotlib-lock"
    left.touch()
    with fonts.alone(tmp_path), cbook._lock_path(tmp_path / "fontlist.json"):
        assert left.exists(), "its own, now"
    assert not left.exists()


def test_a_rehearsal_that_is_cut_short_ends_with_the_reports_of_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    class Cut:
        closed = False

        def __init__(self, *_: Any, **__: Any) -> None: ...

        def play(self, days: int) -> Iterator[Any]:
            yield from ()
            raise CommandFailed(f"pulumi up didn't end within 1200 s of {days} days")

        def report(self, out: Path) -> str:
            assert not Cut.closed
            return f"written: {out.name}/final.md"

        def close(self) -> None:
            Cut.closed = True

    monkeypatch.setattr(story, "Story", Cut)
    monkeypatch.setattr(env, "isolate", lambda _: None)
    done = CliRunner().invoke(rehearse.command, ["--story"])
    assert done.exit_code == rehearse.EXIT_FAILED
    assert "FAILED on day 1: pulumi up didn't end within 1200 s" in done.output
    assert "written: story/final.md" in done.output
    assert Cut.closed
