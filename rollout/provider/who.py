"""Who is at work here: for the flags' records, for entries and for messages that name somebody."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rollout.provider import git
from rollout.provider.git import GitFailed

#: Where a runner of CI says whose event it works on.
ACTORS: Final = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN")
UNNAMED: Final = "unnamed"


def named(home: Path, by: str = "", environ: Mapping[str, str] = os.environ) -> str:
    """`by` where it is given; else CI's actor; else whom git knows in `home` (`user.name`); else $USER, else `unnamed`.

    Never HEAD's author: who wrote a diff isn't who carries it out. Never raises.
    """
    actor = next((environ[key] for key in ACTORS if environ.get(key)), "")
    if found := by.strip() or actor.strip():
        return found
    return known_to_git(home) or environ.get("USER") or UNNAMED


@functools.cache  # an `up` may move every flag, and none of them waits for it twice
def known_to_git(home: Path) -> str:
    """Whom git knows in `home`; empty where there is no git, or nobody is named."""
    try:
        return git.text(home, "config", "user.name").strip()
    except GitFailed:
        return ""
