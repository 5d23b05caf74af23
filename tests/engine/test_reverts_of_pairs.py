"""Any two edits that don't change the same value: the earlier reverts without a conflict, and leaves the later one alone.

Every ordered pair of what the commands write, in real git, on the stack files as they come.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from rollout.model.stack_file import edit
from rollout.model.stack_file.forms import Attempt, Breach, Why
from rollout.simulator import env
from tests import days
from tests.harness import Sandbox

Edit = Callable[[str], str]
WHY: Final = Why("INC-7: duplicates", "Ana K.")
BREACH: Final = Breach(1, datetime(2026, 12, 9, 2, 14, tzinfo=UTC), "errors", "31 of 1,800", 25, 10, "watch")


def edits() -> Mapping[str, Edit]:
    """What promote, rollback, freeze and their kind write; an entry of each domain in each section."""
    found: dict[str, Edit] = {"freeze": partial(edit.add_freeze, freeze=WHY)}
    for name in days.DOMAINS:
        found[f"percent {name}"] = partial(
            edit.set_flag, domain=name, percent=10, enabled=True if name != "ai-agents" else None
        )
        found[f"held {name}"] = partial(edit.add_held, domain=name, held=WHY)
        found[f"breach {name}"] = partial(edit.add_breach, domain=name, breach=BREACH)
        found[f"attempt {name}"] = partial(edit.add_attempt, domain=name, attempt=Attempt(2, "mended", "Ana K."))
    found["gate"] = partial(edit.set_value, key=edit.GATE, value="off")
    return found


@dataclass
class Git:
    """A repository with one stack file."""

    sandbox: Sandbox
    file: Path

    def apply(self, change: Edit, message: str) -> str:
        with self.file.open(newline="") as file:
            text = change(file.read())
        with self.file.open("w", newline="") as file:
            file.write(text)
        return self.sandbox.commit(message)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("stack", ["prod", "local"])
def test_the_earlier_of_any_two_edits_reverts_alone(new_sandbox: Callable[..., Sandbox], stack: str) -> None:
    sandbox = new_sandbox(stack=False)
    file = sandbox.folder / f"Pulumi.{stack}.yaml"
    file.write_text((env.PROJECT / file.name).read_text())
    begin, repo, known = sandbox.commit("begin"), Git(sandbox, file), edits()
    failed = []
    for first, second in itertools.permutations(known, 2):
        sandbox.git("reset", "--quiet", "--hard", begin)
        commit = repo.apply(known[first], first)
        repo.apply(known[second], second)
        if sandbox.git("revert", "--no-edit", commit, check=False).returncode:
            failed.append((first, second))
            sandbox.git("revert", "--abort", check=False)
            continue
        reverted = file.read_text()
        sandbox.git("reset", "--quiet", "--hard", begin)
        repo.apply(known[second], second)
        assert reverted == file.read_text(), (first, second)
    assert not failed, failed


def test_a_rollback_between_a_freeze_and_its_end(sandbox: Sandbox) -> None:
    """By the commands themselves: freeze, rollback --because errors, unfreeze, each committed; then the rollback's revert."""
    days.begin(sandbox, {**days.percents(0), "ai-agents": 25}, day=6)
    sandbox.rollout("freeze", "--why", "INC-7", "--by", "Ana", "--stack", "local")
    sandbox.commit("freeze")
    sandbox.rollout("rollback", "ai-agents", "--to", "zero", "--because", "errors", "--stack", "local", "--wait", "0")
    rollback = sandbox.git("rev-parse", "HEAD~1").stdout.strip()  # HEAD holds the incident
    before = sandbox.read_config()
    assert "ai-agents:\n      attempt: 1" in before
    sandbox.rollout("unfreeze", "--stack", "local")
    sandbox.commit("unfreeze")
    sandbox.git("revert", "--no-edit", rollback)
    text = sandbox.read_config()
    assert "attempt: 1" not in text
    assert "INC-7" not in text
    assert edit.percent_of(text, "ai-agents") == 25
    days.refused(sandbox)  # and it raises nothing: the breach is on the secret too
