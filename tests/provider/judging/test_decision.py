"""What a real git says of a raise: which commit asks for it, by which time, and what can't be told."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rollout.model.flag.lowering import Lowering
from rollout.model.judge.decision import Decision
from rollout.provider.judging import decision

FILE = "Pulumi.prod.yaml"
NOON = datetime(2026, 12, 9, 12, tzinfo=UTC)
STOP = Lowering(NOON, 0, "3f0c")


@dataclass
class Clone:
    """A clone with a stack file. Hours are of the stop's day, which was at 12; a commit's author time is always long ago."""

    home: Path

    def git(self, *words: str, hour: int = 8) -> str:
        at = f"2026-12-09T{hour:02d}:00:00Z"
        who = {f"GIT_{one}_{what}": "t@t" for one in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        env = {**os.environ, **who, "GIT_COMMITTER_DATE": at, "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z"}
        done = subprocess.run(["git", *words], cwd=self.home, env=env, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, percent: int, more: str = "") -> None:
        flags = f"  wa-rollout:flags:\n    ai-agents:\n      percent: 50\n    jobs:\n      enabled: true\n      percent: {percent}\n"
        (self.home / FILE).write_text(f"config:\n{flags}{more}")

    def commit(self, percent: int, *, hour: int, more: str = "", message: str = "") -> str:
        self.write(percent, more)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message or f"jobs {percent}", hour=hour)
        return self.git("rev-parse", "HEAD")

    def other(self, *, hour: int) -> None:
        """A commit of another file."""
        (self.home / "other.txt").write_text("other\n")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "other", hour=hour)

    def found(self, wanted: int = 5, *, restore: bool = False) -> Decision:
        return decision.find(self.home, "prod", "jobs", wanted, STOP, restore=restore)

    def by(self, wanted: int = 5) -> tuple[str, int]:
        found = self.found(wanted)
        assert found.at is not None, found
        assert not found.edited
        return found.commit, found.at.hour


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    made = Clone(tmp_path)
    made.git("init", "--quiet", "--initial-branch", "main")
    made.commit(0, hour=7)
    return made


def test_the_commit_that_raised_the_number(clone: Clone) -> None:
    raised = clone.commit(5, hour=9)
    clone.commit(5, hour=14, more="  wa-rollout:start: '2026-12-01'\n")
    assert clone.by() == (raised, 9), "a commit of other lines decides nothing about the domain"


def test_a_merge_of_an_older_diff_is_as_old_as_the_diff(clone: Clone) -> None:
    clone.git("checkout", "--quiet", "-b", "day-3")
    raised = clone.commit(5, hour=9)
    clone.git("checkout", "--quiet", "main")
    clone.other(hour=13)
    clone.git("merge", "--quiet", "--no-ff", "--message", "Merge", "day-3", hour=14)
    assert clone.by() == (raised, 9)


def test_a_raise_and_its_revert_merged_twice(clone: Clone) -> None:
    """0 -> 5 on a branch; main goes up and down again by itself, so that a merge of the branch raises without a conflict."""
    clone.git("checkout", "--quiet", "-b", "again")
    old = clone.commit(5, hour=8)
    clone.git("checkout", "--quiet", "main")
    clone.commit(5, hour=9)
    clone.commit(0, hour=13, message="rollback\n\nRollout-Stop: 3f0c")
    clone.git("merge", "--quiet", "--no-ff", "--message", "Merge", "again", hour=14)
    assert clone.by() == (old, 8)
    assert not clone.found().follows


def test_a_rebase_and_a_cherry_pick_are_as_young_as_they_are(clone: Clone) -> None:
    clone.git("checkout", "--quiet", "-b", "day-3")
    clone.commit(5, hour=9)
    clone.git("checkout", "--quiet", "main")
    clone.other(hour=13)
    clone.git("checkout", "--quiet", "day-3")
    clone.git("rebase", "--quiet", "main", hour=14)
    assert clone.by()[1] == 14
    picked = clone.git("rev-parse", "HEAD")
    clone.git("checkout", "--quiet", "main")
    clone.git("cherry-pick", picked, hour=15)
    assert clone.by()[1] in (14, 15)


def test_the_stops_own_commit_is_an_ancestor(clone: Clone) -> None:
    clone.commit(5, hour=9)
    clone.commit(0, hour=12, message="rollback: jobs 5 -> 0\n\nBy Ana.\nRollout-Stop: 3f0c")
    raised = clone.commit(5, hour=11)  # a clock that goes wrong
    assert clone.found() == Decision(raised, NOON.replace(hour=11), follows=True, unknown="")
    clone.git("checkout", "--quiet", "HEAD~2")
    assert not clone.found().follows, "an older checkout lacks it"


def test_a_commit_that_came_down_to_the_number_is_no_raise(clone: Clone) -> None:
    clone.commit(10, hour=9)
    clone.commit(5, hour=13, message="rollback: jobs 10 -> 5")
    assert "no commit of this branch raised jobs" in clone.found().unknown


def test_a_later_attempt_decides_too(clone: Clone) -> None:
    clone.commit(5, hour=9)
    tried = clone.commit(5, hour=14, more="  wa-rollout:attempt:\n    jobs:\n      number: 2\n")
    assert clone.by() == (tried, 14)
    clone.commit(5, hour=15, more="")
    assert clone.by()[1] == 9, "an entry that was removed decides nothing"


def test_an_edit_counts_only_where_its_number_is_higher(clone: Clone) -> None:
    clone.write(5)
    assert clone.found() == Decision(edited=True, unknown="")
    clone.commit(10, hour=9)
    clone.write(5)
    assert "lower than HEAD's number" in clone.found().unknown
    os.utime(clone.home / FILE)
    clone.write(10)
    assert clone.by(10)[1] == 9, "the same number, written again: a file's time is nobody's decision"


def test_a_restore_is_decided_by_its_entry(clone: Clone) -> None:
    entry = "  wa-rollout:restore:\n    jobs:\n      why: lost\n"
    clone.commit(5, hour=14)
    assert "no commit" in clone.found(restore=True).unknown
    made = clone.commit(5, hour=15, more=entry)
    clone.commit(5, hour=16, more=f"{entry}  wa-rollout:gate: required\n")
    assert (clone.found(restore=True).commit, clone.found(restore=True).unknown) == (made, "")


def test_what_cant_be_told_says_what_to_type_and_that_helps(clone: Clone, tmp_path: Path) -> None:
    bare = Clone(tmp_path / "wheel")
    bare.home.mkdir()
    bare.write(5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        found = bare.found()
        assert "not a git repository" in found.unknown
        subprocess.run(["sh", "-c", found.do], cwd=bare.home, check=True, capture_output=True)
        assert bare.found().at is not None
    (clone.home / "Pulumi.dev.yaml").write_text((clone.home / FILE).read_text().replace("percent: 0", "percent: 5"))
    new = decision.find(clone.home, "dev", "jobs", 5, STOP)
    assert new.unknown == "Pulumi.dev.yaml isn't committed"
    clone.write(10)
    assert "says 10, and 5 was asked for" in clone.found().unknown


def test_a_clone_that_is_cut_off(clone: Clone, tmp_path: Path) -> None:
    clone.commit(5, hour=9)
    clone.git("commit", "--quiet", "--allow-empty", "--message", "later", hour=15)
    clone.git("clone", "--quiet", "--depth", "1", clone.home.as_uri(), str(tmp_path / "shallow"))
    found = Clone(tmp_path / "shallow").found()
    assert (found.unknown, found.do) == ("the clone is cut off before the commit that did", "git fetch --unshallow")
