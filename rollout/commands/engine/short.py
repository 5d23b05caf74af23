"""Runs a `pulumi up` and shows what a person reads of it: verdicts, warnings, errors and the sum; the rows go by in one line.

Usage: python -m rollout.commands.engine.short pulumi up ...    Its exit code is the command's.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Final

from rollout.commands.project import progress

#: A row on its way (` +  rollout:index:Topic hold creating (0s)`), what marks time, and lines that say nothing.
_ROW: Final = re.compile(r"^ (?:[+~=-]{1,2}|\+-|\*\*|>>)? *[\w-]+:[\w/-]+:\w+ \S+ (?:\w+ )*(\w+)(?: \(|$| )")
_IDLE: Final = re.compile(r"^(?:@ |Updating \(|Duration: |Diagnostics:|\s*$)")
#: A row that failed isn't left out.
_BAD: Final = re.compile(r"\*\*|\berror:|\bwarning:")


def read(line: str) -> bool:
    """Whether a person wants to read it."""
    return bool(_BAD.search(line)) or not (_ROW.match(line) or _IDLE.match(line))


def main(command: list[str]) -> int:
    """Runs it; answers its exit code."""
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace"
    ) as child, progress.waiting("pulumi up") as quiet:  # fmt: skip
        for line in child.stdout or ():
            if read(line.rstrip("\n")):
                quiet()
                sys.stdout.write(line)
                sys.stdout.flush()
        return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
