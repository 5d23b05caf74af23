"""What the project's folder holds beside the config: drills on record, the approval, the commit it stands at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollout.model.judge import approval, drill
from rollout.model.judge.approval import Approval
from rollout.model.judge.drill import Drill
from rollout.model.problem import BadInput, Problem
from rollout.provider import git
from rollout.provider.git import GitFailed

#: A file of somebody's that is larger is none of ours.
LARGEST: Final = 64_000
SHOWN: Final = 5


def drills(home: Path) -> list[Drill]:
    """Every drill on record that can be read. One that can't counts as absent."""
    import yaml  # a raise's business alone: no other run pays for it

    found = []
    for path in sorted((home / drill.RECORDS).glob("*.yaml")):
        try:
            plain = yaml.safe_load(path.read_bytes()[:LARGEST])
        except (OSError, yaml.YAMLError):
            continue
        one = Drill.read(plain) if isinstance(plain, dict) else None
        if one is not None:
            found.append(one)
    return found


def approved(path: str) -> Approval:
    """The approval in the file. Raises `BadInput`: without a readable one nothing is approved."""
    try:
        raw = Path(path).read_bytes()[:LARGEST]
    except OSError as error:
        raise BadInput([approval.unreadable(f"ROLLOUT_APPROVED={path}", error.strerror)]) from None
    return approval.read(raw, path)


@dataclass(frozen=True)
class Commit:
    """Where the project's files are at. `dirty`: the tracked files that differ from it."""

    id: str
    tree: str
    dirty: tuple[str, ...]

    @property
    def unclean(self) -> str:
        """Which files aren't as committed, in words; empty where all are."""
        if not self.dirty:
            return ""
        more = f" and {len(self.dirty) - SHOWN} more" if len(self.dirty) > SHOWN else ""
        return f"files differ from the commit: {', '.join(self.dirty[:SHOWN])}{more}"


def commit(home: Path) -> Commit:
    """The commit and the tree of the project's files. Raises `BadInput` where git can't say."""
    try:
        head, tree = git.text(home, "rev-parse", "HEAD", "HEAD^{tree}").split()
        return Commit(head, tree, tuple(git.text(home, "diff", "--name-only", "HEAD").splitlines()))
    except (GitFailed, ValueError):
        problem = Problem("git can't say at which commit this is", str(home), do="deploy from a clone")
        raise BadInput([problem]) from None
