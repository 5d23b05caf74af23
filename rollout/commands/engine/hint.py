"""After a `pulumi` command of the Makefile that failed: what of this machine is in the way, and what to type then.

Usage: python -m rollout.commands.engine.hint STACK. Says nothing where nothing of it is: the engine's own words stand above.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

from rollout.commands.engine import backend
from rollout.commands.project import files
from rollout.model import trouble
from rollout.model.problem import BadInput, Problem
from rollout.model.typed import PLAYED
from rollout.provider import shell


def problems(stack: str) -> Iterator[Problem]:
    """What is in the way of an engine's run on a stack, as far as files tell."""
    typed = shell.typed(stack)
    if not shutil.which("pulumi"):
        yield Problem("pulumi isn't set up here", do=typed.set_up())
        return
    try:
        path = files.stack_file(stack)
        merge = trouble.conflict(files.read(path).decode("utf-8", "replace"), path.name)
    except BadInput as error:
        yield from error.problems
        return
    if merge is not None:
        yield merge
    if stack in PLAYED and backend.state(stack) is None:
        yield Problem(f"there is no stack {stack} yet", do=typed.up())
    elif backend.is_locked(stack):
        yield Problem(f"another run holds the lock of {stack}", do=trouble.engine("currently locked by", typed))


def main(arguments: list[str]) -> int:
    for problem in problems(arguments[0]):
        print(problem.block(), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
