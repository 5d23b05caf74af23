"""Applies the stack file of this commit: `pulumi up`, in which the provider refuses each raise that isn't approved.

Whether main has moved on is asked again once the lock is had: what was true when the run began may be an hour old.

Usage: python -m deploy.ci.up STACK. Its exit code is the engine's, but 0 with a notice where nothing failed and a
raise waits: the next run asks again. The page of the run shows what it printed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from rollout.commands.engine import pulumi

from . import actions, main_now

WAITS: Final = "everything else was applied; the next deploy asks again"
PATIENCE: Final = 600.0  # seconds that another run's lock is waited for: a rollback's takes a few


class Overtaken(Exception):
    """Main says something else by now; the newer run applies it."""


def main(stack: str) -> int:
    """Without an approval on file nothing is approved: never an `up` that asks for none."""
    if not actions.APPROVAL.exists():
        actions.APPROVAL.write_text(actions.NOTHING)
    arguments = (
        "up", "--yes", "--skip-preview", "--diff", "--continue-on-error", "--suppress-outputs",
        "--stack", stack, "--message", f"deploy {os.environ.get('GITHUB_SHA', '')[:12]} {run_name()}".rstrip(),
    )  # fmt: skip

    def prepare() -> Sequence[str]:
        if main_now.overtaken(os.environ.get("REPO", ""), os.environ.get("GITHUB_SHA", "")):
            raise Overtaken
        return arguments

    env = {"ROLLOUT_APPROVED": str(actions.APPROVAL.resolve())}
    try:
        done = pulumi.run_locked(prepare, stack, patience=PATIENCE, say=print, env=env)
    except Overtaken:
        actions.warn("Overtaken", "main has changed meanwhile: the newer run applies it", level="notice")
        return 0
    except pulumi.EngineFailed as error:
        actions.warn("No up", str(error), level="error")
        return 1
    shown = f"{done.stdout}\n{done.stderr}".strip()
    print(shown)
    actions.summary("\n".join(f"    {line}" for line in shown.splitlines()))  # indented: a code block
    if done.returncode == pulumi.EXIT_WAITS:
        actions.warn("Waits", "\n".join([*pulumi.waiting(done), WAITS]), level="notice")
        return 0
    if done.returncode != 0:
        actions.warn("Not all of it was applied", pulumi.failure(done), level="error")
    return done.returncode


def run_name() -> str:
    """What this run's entry in the history is known by: `run 41.1`, the hosting's number and attempt."""
    number, attempt = os.environ.get("GITHUB_RUN_ID", ""), os.environ.get("GITHUB_RUN_ATTEMPT", "")
    return f"run {number}.{attempt}" if number else ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
