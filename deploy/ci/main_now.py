"""What main says by now, and whether a change touches what a deploy is about. Standard library only.

The list of paths stands once, in deploy.yml: a push that touches none of them is deployed by nobody, a pull request that
touches none of them has no review, and a run is overtaken when main differs from its commit in one of them.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from . import actions
from .actions import Unanswered

DEPLOY: Final = Path(__file__).resolve().parents[2] / ".github" / "workflows" / "deploy.yml"
#: The hosting's comparison of two commits ends at so many files; beyond that nobody can say what differs.
MOST_FILES: Final = 300


@cache
def patterns() -> tuple[str, ...]:
    """`on.push.paths` of deploy.yml, by text: this runs before anything is installed."""
    block = re.search(r"^    paths:[^\n]*\n((?:      - [^\n]+\n)+)", DEPLOY.read_text(encoding="utf-8"), re.M)
    if block is None:
        raise RuntimeError(f"{DEPLOY.name} names no paths")
    return tuple(line.strip().removeprefix("- ") for line in block[1].splitlines())


def matters(names: Iterable[str]) -> bool:
    """Whether one of these files is among the paths: `folder/**` is all below it, `*` is part of one name."""
    return any(_fits(name, pattern) for name in names for pattern in patterns())


def _fits(name: str, pattern: str) -> bool:
    if pattern.endswith("/**"):
        return name.startswith(pattern.removesuffix("**"))
    return name.count("/") == pattern.count("/") and fnmatch.fnmatchcase(name, pattern)


def overtaken(repo: str, commit: str) -> bool:
    """Whether main differs from `commit` in what is deployed. Where that can't be known: no; every move is judged anyway."""
    try:
        found = actions.ask(f"repos/{repo}/compare/{commit}...main")
        files = [name for one in found["files"] for name in (one["filename"], one.get("previous_filename")) if name]
    except (Unanswered, KeyError, TypeError):
        return False
    return len(found["files"]) >= MOST_FILES or matters(files)
