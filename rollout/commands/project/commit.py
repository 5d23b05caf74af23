"""Commits one edit of one file, and nothing else that is lying in the tree."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from rollout.commands.project import files
from rollout.provider import git
from rollout.provider.git import GitFailed

#: Somebody else may commit between our look at HEAD and our commit: so often it is tried again on the new HEAD.
TRIES: Final = 5
NEW_FILE: Final = "100644"


class _Moved(GitFailed):
    """HEAD is another commit than the one that was read."""


def commit_edit(file: Path, edit: Callable[[bytes], bytes], message: str, *, new: bool = False) -> str:
    """Commits `edit` of `file` as it stands in HEAD; answers a line such as `ad5f5bf on main`, or "" where HEAD has it.

    `new`: a file that HEAD doesn't have is made, from no bytes.

    Made from HEAD's version with an index of its own: a rollback in a dirty tree must not commit what nobody has
    reviewed. No hook runs: none may stand in the way. What others have staged of the file stays staged, with the
    edit in it, or their next commit would take it back. Raises `GitFailed`.
    """
    for _ in range(TRIES - 1):
        with suppress(_Moved):
            return _commit(file, edit, message, new)
    return _commit(file, edit, message, new)


def _commit(file: Path, edit: Callable[[bytes], bytes], message: str, new_file: bool) -> str:
    path = _git("rev-parse", "--show-prefix").strip() + file.relative_to(files.ROOT).as_posix()
    head = _git("rev-parse", "--verify", "HEAD^{commit}").strip()
    there = _git("ls-tree", "--full-tree", head, "--", path).split()
    old = b"" if new_file and not there else _git_bytes("show", f"{head}:{path}")
    new = _applied(edit, old, f"{path} as committed")
    if new == old:
        return ""
    mode = there[0] if there else NEW_FILE
    blob = _git("hash-object", "-w", "--stdin", data=new).strip()
    with tempfile.TemporaryDirectory(dir=files.passing()) as folder:
        private = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        _git("read-tree", head, env=private)
        _git("update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}", env=private)
        tree = _git("write-tree", env=private).strip()
    made = _git("commit-tree", tree, "-p", head, "-m", message).strip()
    try:
        _git("update-ref", "-m", f"commit: {message.splitlines()[0]}", "HEAD", made, head)
    except GitFailed as error:
        raise _Moved(str(error)) from None
    short = _git("rev-parse", "--short", made).strip()
    if there:
        _stage(path, edit, short)
    else:
        _git("update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}")
    try:
        branch = _git("symbolic-ref", "--quiet", "--short", "HEAD").strip()
    except GitFailed:
        return f"{short} on no branch (detached HEAD): git branch rollback-{short} {short}, then push that"
    return f"{short} on {branch}: {_push(made)}"


def _push(made: str) -> str:
    """How the commit gets to the others, as far as is known here: nobody is asked over the network after a stop."""
    try:
        behind = _git("rev-list", "--count", f"{made}..@{{upstream}}").strip()
    except GitFailed:
        return "push it"
    return "push it" if behind == "0" else f"its upstream has {behind} more: git pull --rebase, then push it"


def _stage(path: str, edit: Callable[[bytes], bytes], made: str) -> None:
    """Puts the edit into the index too: an index that lags behind HEAD would take the rollback back by the next commit."""
    undone = f"{made} is made, but the index couldn't follow, and the next commit would take it back"
    do = f"git reset -- {path}"
    staged = _git("ls-files", "--full-name", "--stage", "--", f":/{path}").splitlines()
    if len(staged) != 1 or staged[0].split()[2] != "0":
        if staged:
            raise GitFailed(f"{made} is made, but {path} is in the middle of a merge: keep the lower percent in it")
        return  # deleted in the index: nothing of it can be committed by mistake
    mode, old, *_ = staged[0].split()
    try:
        new = _applied(edit, _git_bytes("cat-file", "blob", old), f"{path} as staged")
        blob = _git("hash-object", "-w", "--stdin", data=new).strip()
        _git("update-index", "--cacheinfo", f"{mode},{blob},{path}")
    except GitFailed as error:
        raise GitFailed(f"{undone} ({error}): {do}") from None


def _applied(edit: Callable[[bytes], bytes], old: bytes, what: str) -> bytes:
    try:
        return edit(old)
    except Exception as error:  # noqa: BLE001 - whoever's edit it is
        raise GitFailed(f"{what} can't be edited: {error}") from None


def _git(*arguments: str, env: Mapping[str, str] | None = None, data: bytes | None = None) -> str:
    return git.text(files.ROOT, *arguments, env=env, data=data)


def _git_bytes(*arguments: str) -> bytes:
    return git.run(files.ROOT, *arguments)
