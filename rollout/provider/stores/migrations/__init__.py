"""The store's migrations, as plain SQL files that a team applies with its own tool."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent

#: `meta.version` that the newest file leaves.
VERSION: Final = 1

#: The roles that somebody may log in as; `rollout_owner`, whose everything is, is none of them.
ROLES: Final = ("rollout_service", "rollout_reporter", "rollout_watcher", "rollout_deployer")


def files() -> list[Path]:
    """The files, in the order in which they are applied."""
    return sorted(FOLDER.glob("[0-9]*.sql"))


def texts() -> list[str]:
    """Their texts."""
    return [path.read_text(encoding="utf-8") for path in files()]
