"""Step 5 of `rollout rollback`: one edit of one file becomes a commit, and nothing else in the repository moves."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests import burning, days
from tests.burning import Burning
from tests.harness import Sandbox

FILE = "Pulumi.local.yaml"


@pytest.fixture(scope="module")
def _once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burning]:
    made = Burning(tmp_path_factory.mktemp("git"), deployed=False)
    yield made
    assert not made.sandbox.close()


@pytest.fixture
def sandbox(_once: Burning) -> Sandbox:
    """Flags, file and commit at burning.START; an engine that knows of nothing."""
    return _once.again()


def rollback(sandbox: Sandbox, *args: str, code: int = 0, env: dict[str, str] | None = None) -> str:
    """Rolls jobs back to 10; asserts the exit code; answers what was printed, stdout first."""
    done = sandbox.rollout("rollback", "jobs", *args, "--stack", "local", "--wait", "0", check=False, env=env)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said
    assert burning.live(sandbox, "jobs") == "10"
    return said


def committed(sandbox: Sandbox) -> list[str]:
    """The changed lines of the last commit."""
    shown = sandbox.git("show", "--format=", "--unified=0", "HEAD").stdout.splitlines()
    return [line for line in shown if line[0] in "+-" and line[:3] not in ("+++", "---")]


def status(sandbox: Sandbox) -> list[str]:
    """`git status --porcelain`, its lines."""
    return sandbox.git("status", "--porcelain").stdout.splitlines()


OURS = ["-      percent: 25", "+      percent: 10"]


def test_others_edits_of_the_tree_stay_what_they_were(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, {"marketplace": 10})  # unstaged, in the same file
    (sandbox.folder / "domains.yaml").write_text((sandbox.folder / "domains.yaml").read_text() + "# staged\n")
    sandbox.git("add", "domains.yaml")
    (sandbox.folder / "new.txt").write_text("untracked\n")
    rollback(sandbox)
    assert committed(sandbox) == OURS
    assert status(sandbox) == [f" M {FILE}", "M  domains.yaml", "?? new.txt"]
    assert sandbox.git("diff", "--unified=0").stdout.splitlines()[-2:] == ["-      percent: 5", "+      percent: 10"]


def test_a_staged_edit_of_the_same_file_stays_staged_and_doesnt_take_the_rollback_back(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, {"marketplace": 10})
    sandbox.git("add", FILE)
    rollback(sandbox)
    assert committed(sandbox) == OURS
    assert status(sandbox) == [f"M  {FILE}"]
    sandbox.git("commit", "--quiet", "--message", "the other's")
    assert committed(sandbox) == ["-      percent: 5", "+      percent: 10"]
    assert "percent: 25" not in sandbox.git("show", f"HEAD:{FILE}").stdout


def test_detached_head(sandbox: Sandbox) -> None:
    sandbox.git("checkout", "--quiet", "--detach")
    said = rollback(sandbox)
    made = sandbox.git("rev-parse", "--short", "HEAD").stdout.strip()
    assert (
        f"  commit   {made} on no branch (detached HEAD): git branch rollback-{made} {made}, then push that\n" in said
    )
    assert committed(sandbox) == OURS


def test_no_repository(sandbox: Sandbox) -> None:
    (sandbox.folder / ".git").rename(sandbox.folder / "not-git")
    said = rollback(sandbox, code=1)
    (sandbox.folder / "not-git").rename(sandbox.folder / ".git")
    assert "  commit   FAILED: git rev-parse: fatal: not a git repository" in said
    assert said.endswith("jobs is down at 10 %. Left to do by hand: commit\n")
    assert "percent: 10" in sandbox.read_config()


def test_no_git_at_all(sandbox: Sandbox) -> None:
    folder = sandbox.folder / ".local" / "bin"
    folder.mkdir(exist_ok=True)
    said = rollback(sandbox, code=1, env={"PATH": os.pathsep.join([str(sandbox.folder / ".venv/bin"), str(folder)])})
    assert "  commit   FAILED: git can't be started: No such file or directory\n" in said


def test_no_identity(sandbox: Sandbox) -> None:
    for key in [key for key in sandbox.env if key.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_"))]:
        del sandbox.env[key]
    sandbox.git("config", "user.useConfigOnly", "true")
    said = rollback(sandbox, code=1)
    sandbox.git("config", "--unset", "user.useConfigOnly")
    assert "  commit   FAILED: git commit-tree: fatal: " in said
    (do,) = [line for line in said.splitlines() if line.strip().startswith("do:")]
    assert do.endswith(f"; git commit -m 'rollback: jobs 25 -> 10 on local' -- {FILE}"), do
    assert "git config user.name" in do
    assert status(sandbox) == [f" M {FILE}"]


def test_no_hook_stands_in_the_way(sandbox: Sandbox) -> None:
    hooks = sandbox.folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-commit", "commit-msg", "prepare-commit-msg", "post-commit"):
        (hooks / name).write_text("#!/bin/sh\ntouch hook-ran\nexit 1\n")
        (hooks / name).chmod(0o755)
    rollback(sandbox)
    for name in ("pre-commit", "commit-msg", "prepare-commit-msg", "post-commit"):
        (hooks / name).unlink()
    assert committed(sandbox) == OURS
    assert not (sandbox.folder / "hook-ran").exists()


def test_an_index_that_somebody_locked_is_said_since_it_would_take_the_rollback_back(sandbox: Sandbox) -> None:
    (sandbox.folder / ".git" / "index.lock").touch()
    said = rollback(sandbox, code=1)
    assert "is made, but the index couldn't follow, and the next commit would take it back" in said
    assert f"git reset -- {FILE}" in said
    assert committed(sandbox) == OURS


def test_in_the_middle_of_a_merge(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, {"property": 5})
    sandbox.git("checkout", "--quiet", "-b", "other")
    sandbox.commit("other")
    sandbox.git("checkout", "--quiet", "main")
    sandbox.write_config(sandbox.read_config().replace("      percent: 0\n", "      percent: 0 # here\n"))
    sandbox.commit("mine")
    assert sandbox.git("merge", "other", check=False).returncode != 0
    said = rollback(sandbox, code=1)
    assert "is in the middle of a merge: keep the lower percent in it" in said
    assert committed(sandbox) == OURS
    sandbox.git("merge", "--abort", check=False)


def test_a_file_that_was_never_committed(sandbox: Sandbox) -> None:
    sandbox.git("rm", "--quiet", "--cached", FILE)
    sandbox.git("commit", "--quiet", "--message", "forgotten")
    said = rollback(sandbox, code=1)
    assert "  commit   FAILED: git show: fatal: path" in said
    assert status(sandbox) == [f"?? {FILE}"]


def test_no_commit_where_none_is_asked_for(sandbox: Sandbox) -> None:
    said = rollback(sandbox, "--no-commit")
    assert f"  commit   none, as asked: commit {FILE} yourself\n" in said
    assert status(sandbox) == [f" M {FILE}"]


def test_a_project_in_a_subfolder_of_its_repository(sandbox: Sandbox) -> None:
    above = sandbox.folder.parent
    (sandbox.folder / ".git").rename(sandbox.folder / "not-git")
    sandbox.env["GIT_CEILING_DIRECTORIES"] = str(above.parent)
    sandbox.run("git", "init", "--quiet", "--initial-branch", "main", str(above))
    try:
        sandbox.git("add", FILE)
        sandbox.git("commit", "--quiet", "--message", "begin")
        assert "on main: push it" in rollback(sandbox)
        assert committed(sandbox) == OURS
        assert sandbox.git("status", "--porcelain", "--untracked-files=no").stdout == ""
    finally:
        (above / ".git").rename(above / "was-git")
        (sandbox.folder / "not-git").rename(sandbox.folder / ".git")
