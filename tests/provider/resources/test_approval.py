"""ROLLOUT_APPROVED inside the write: the provider compares what it is about to raise with what was approved."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from rollout.model.judge import approval
from rollout.model.judge.approval import Raise
from rollout.provider.judging.context import Context
from rollout.provider.settings import Settings
from rollout.provider.stores import choose as stores
from rollout.provider.wire.row import Refused
from tests.provider.desk import Desk
from tests.provider.shelf import BOTH, Shelf

SHELVES = BOTH


def git(home: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run(
        ["git", "-C", str(home), *identity, *arguments], check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with the catalogue, committed: where the provider looks for its files and its commit."""
    source = Path(__file__).resolve().parents[3] / "domains.yaml"
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "domains.yaml").write_bytes(source.read_bytes())
    git(folder, "init", "-q")
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@pytest.fixture
def desk(settings: Settings, home: Path) -> Desk:
    """AI agents live at 5 %, soaked; from now on only what is approved may rise."""
    desk = Desk(Context(settings, stores.store(settings)))
    desk.climb("ai-agents", 5)
    desk.later(hours=48)
    approved = replace(desk.context.settings, approved=str(home.parent / "approval.json"))
    desk.context = Context(approved, desk.store, home=home)
    return desk


def approve(desk: Desk, home: Path, *raises: Raise) -> None:
    head, tree = git(home, "rev-parse", "HEAD", "HEAD^{tree}").split()
    Path(str(desk.context.settings.approved)).write_text(
        approval.make("test", head, tree, desk.context.settings.now(), raises).text()
    )


def secret(desk: Desk) -> str:
    return desk.context.percent_name("test", "ai-agents").secret


def wanted(desk: Desk) -> Raise:
    entry = desk.store.get(secret(desk))
    assert entry is not None
    digest = desk.context.catalogue.domains["ai-agents"].digest
    return Raise("ai-agents", 5, 10, "5", digest, version=entry.version)


def refused(desk: Desk, to: int = 10) -> str:
    with pytest.raises(Refused) as refusal:
        desk.percent("ai-agents", to)
    assert desk.live("ai-agents") == "5"
    return str(refusal.value)


def test_what_was_approved_is_applied(desk: Desk, home: Path) -> None:
    approve(desk, home, wanted(desk))
    desk.percent("ai-agents", 10)
    assert desk.live("ai-agents") == "10"


def test_what_wasnt_is_refused_and_named(desk: Desk, home: Path) -> None:
    approve(desk, home, replace(wanted(desk), limits="before"))
    assert "not what was approved: the limits of ai-agents were before" in refused(desk)
    approve(desk, home)
    assert "no raise of ai-agents was approved" in refused(desk)


def test_the_first_write_to_the_flag_ends_it(desk: Desk, home: Path, shelf: Shelf) -> None:
    """Down and up again by somebody else: the value is as it was approved, and isn't the one that was looked at."""
    approve(desk, home, wanted(desk))
    shelf.put(secret(desk), "3")
    shelf.put(secret(desk), "5")
    assert "ai-agents was written since it was approved, with the value that it had" in refused(desk)


def test_a_week_ends_it(desk: Desk, home: Path) -> None:
    approve(desk, home, wanted(desk))
    desk.later(hours=7 * 24)
    assert "an approval ends after 7 days" in refused(desk)


def test_a_commit_on_top_and_an_edited_file_are_named(desk: Desk, home: Path) -> None:
    approve(desk, home, wanted(desk))
    (home / "domains.yaml").write_bytes((home / "domains.yaml").read_bytes() + b"# more\n")
    assert "files differ from the commit: domains.yaml" in refused(desk)
    git(home, "commit", "-q", "-a", "-m", "more")
    assert "with other files" in refused(desk)


def test_an_empty_commit_on_top_is_the_same_files(desk: Desk, home: Path) -> None:
    """A merge makes a new commit of what was reviewed."""
    approve(desk, home, wanted(desk))
    git(home, "commit", "-q", "--allow-empty", "-m", "Merge pull request #5 from ana/day-3")
    desk.percent("ai-agents", 10)


@pytest.mark.parametrize("text", [None, "{}"])
def test_without_a_readable_approval_nothing_rises(desk: Desk, text: str | None) -> None:
    if text is not None:
        Path(str(desk.context.settings.approved)).write_text(text)
    assert "approval" in refused(desk)


def test_no_lowering_asks_for_one(desk: Desk, home: Path, shelf: Shelf) -> None:
    approve(desk, home, wanted(desk))
    shelf.put(secret(desk), "3")
    shelf.put(secret(desk), "5")
    desk.later(hours=8 * 24)
    desk.percent("ai-agents", 0)
    assert desk.live("ai-agents") == "0"
