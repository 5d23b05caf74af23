"""Runs git in a project's folder: for what is committed, what differs from it, and a rollback's own commit."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from rollout.model.problem import RolloutError


class GitFailed(RolloutError):
    """git is missing, or didn't do what it was asked; the text is its own line about it."""


def run(home: Path, *arguments: str, env: Mapping[str, str] | None = None, data: bytes | None = None) -> bytes:
    """What `git ARGUMENTS` in `home` prints. `env`: beside the caller's own; `data`: its input. Raises `GitFailed`."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=home,
            env={**os.environ, **(env or {})},
            input=data or b"",
            capture_output=True,
            check=False,
            start_new_session=True,  # Ctrl-C in a terminal goes to its whole group: a commit half made helps nobody
        )
    except OSError as error:
        raise GitFailed(f"git can't be started: {error.strerror}") from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
        said = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[0] if lines else "?")
        raise GitFailed(f"git {arguments[0]}: {said}")
    return done.stdout


def text(home: Path, *arguments: str, env: Mapping[str, str] | None = None, data: bytes | None = None) -> str:
    """The same as text; what is no UTF-8 in it is shown as such."""
    return run(home, *arguments, env=env, data=data).decode("utf-8", "replace")
