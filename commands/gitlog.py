"""Commits one edit of one file, and nothing else that is lying in the tree."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from commands.files import ROOT


class CommitFailed(Exception):
    """The commit couldn't be made; the text says why. The working tree holds the edit all the same."""


def commit_edit(file: Path, edit: Callable[[bytes], bytes], message: str) -> str:
    """Commits `edit` of `file` as it stands in HEAD; answers the short hash. Other edits, staged or not, stay as they were.

    The commit is made from HEAD's version with a private index: a rollback in a dirty tree must not commit what
    nobody has reviewed. Raises `CommitFailed`.
    """
    path = file.relative_to(ROOT).as_posix()
    prefix = _git("rev-parse", "--show-prefix").strip()
    head = _git("rev-parse", "HEAD").strip()
    old = _git_bytes("show", f"HEAD:{prefix}{path}")
    try:
        new = edit(old)
    except Exception as error:
        raise CommitFailed(f"{path} as committed can't be edited: {error}") from None
    if new == old:
        return ""
    mode = _git("ls-tree", "HEAD", "--", path).split()[0]
    blob = _git("hash-object", "-w", "--stdin", data=new).strip()
    entry = f"{mode},{blob},{prefix}{path}"
    with tempfile.TemporaryDirectory() as folder:
        private = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        _git("read-tree", "HEAD", env=private)
        _git("update-index", "--cacheinfo", entry, env=private)
        tree = _git("write-tree", env=private).strip()
    made = _git("commit-tree", tree, "-p", head, "-m", message).strip()
    staged_before = _git("ls-files", "--stage", "--", path).split()
    _git("update-ref", "-m", f"rollback: {message.splitlines()[0]}", "HEAD", made, head)
    if len(staged_before) > 1 and staged_before[1] == _git("rev-parse", f"{head}:{prefix}{path}").strip():
        _git("update-index", "--cacheinfo", entry)  # nothing of it was staged: keep it so
    return _git("rev-parse", "--short", made).strip()


def _git(*arguments: str, env: dict[str, str] | None = None, data: bytes | None = None) -> str:
    return _git_bytes(*arguments, env=env, data=data).decode("utf-8", "replace")


def _git_bytes(*arguments: str, env: dict[str, str] | None = None, data: bytes | None = None) -> bytes:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, env={**os.environ, **(env or {})}, input=data, capture_output=True, check=False
        )
    except OSError as error:
        raise CommitFailed(f"git can't be started: {error.strerror}") from None
    if done.returncode != 0:
        first = (done.stderr.decode("utf-8", "replace").strip() or "?").splitlines()[0]
        raise CommitFailed(f"git {arguments[0]}: {first}")
    return done.stdout
