"""Applies the stack file of this commit: `pulumi up`, in which the provider refuses each raise that isn't approved.

Usage: python -m deploy.ci.up STACK. Its exit code is the engine's; the page of the run shows what it printed.
"""

from __future__ import annotations

import os
import sys
from typing import Final

from deploy.ci import actions
from rollout.commands.engine import pulumi

PATIENCE: Final = 600.0  # seconds that another run's lock is waited for: a rollback's takes a few


def main(stack: str) -> int:
    """Without an approval on file nothing is approved: never an `up` that asks for none."""
    if not actions.APPROVAL.exists():
        actions.APPROVAL.write_text(actions.NOTHING)
    arguments = (
        "up", "--yes", "--skip-preview", "--diff", "--continue-on-error", "--suppress-outputs",
        "--stack", stack, "--message", f"deploy {os.environ.get('GITHUB_SHA', '')[:12]}",
    )  # fmt: skip
    env = {"ROLLOUT_APPROVED": str(actions.APPROVAL.resolve())}
    try:
        done = pulumi.run_locked(lambda: arguments, stack, patience=PATIENCE, say=print, env=env)
    except pulumi.EngineFailed as error:
        actions.warn("No up", str(error), level="error")
        return 1
    shown = f"{done.stdout}\n{done.stderr}".strip()
    print(shown)
    actions.summary("\n".join(f"    {line}" for line in shown.splitlines()))  # indented: a code block
    if done.returncode != 0:
        actions.warn("Not all of it was applied", pulumi.failure(done), level="error")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
