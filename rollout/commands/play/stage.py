"""What a walk shows: what a person would do, the command as it is typed, and what it really answers."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rollout.commands.project import progress, terminal
from rollout.model.problem import RolloutError

#: The widest that is filled.
WIDEST: Final = 110
#: Words that say how it ends, and how they stand out where there is colour.
WORDS: Final = {
    "PASS": "green", "HOLD": "yellow", "HELD": "yellow", "FROZEN": "yellow", "ROLLBACK": "red", "STOPPED": "red",
    "LATCHED": "red",
}  # fmt: skip


class StepFailed(RolloutError):
    """A command of the walk ended as it mustn't; its output was shown."""


class Stage:
    """Runs commands in `folder` with `env`, one after the other, and prints them as they go."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self.env = dict(env)

    @property
    def width(self) -> int:
        """Columns that are filled: none more than the terminal has."""
        return min(WIDEST, shutil.get_terminal_size((terminal.USUAL, 24)).columns)

    def say(self, text: str) -> None:
        """A paragraph of what is going on."""
        for line in textwrap.wrap(text, self.width, break_on_hyphens=False, break_long_words=False):
            terminal.say(line, fg="cyan")

    def run(self, *command: str, now: str = "", allowed: tuple[int, ...] = (0,)) -> tuple[int, str]:
        """Shows the command and runs it; answers exit code and output. `now`: ROLLOUT_NOW for this one alone.

        Raises `StepFailed` where it ends with a code that isn't `allowed`.
        """
        typed = f"ROLLOUT_NOW={now} {shlex.join(command)}" if now else shlex.join(command)
        for line in _folded(typed, self.width):
            terminal.say(line, bold=True)
        env = {**self.env, "ROLLOUT_NOW": now} if now else self.env
        lines, began = list[str](), time.monotonic()
        with subprocess.Popen(
            command, cwd=self._folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
        ) as child, progress.waiting(f"  {command[0]}") as quiet:  # fmt: skip
            for line in child.stdout or ():
                lines.append(line.rstrip())
                if line.strip():
                    quiet()
                    self._show(line.rstrip())
            code = child.wait()
        terminal.say(f"  ({time.monotonic() - began:.1f} s)", dim=True)
        if code not in allowed:
            raise StepFailed(f"that ended with exit code {code}, and the walk with it: {typed}")
        return code, "\n".join(lines)

    def _show(self, line: str) -> None:
        """One line of a command's: no wider than the terminal, for a line that wraps hides the next."""
        room = self.width - 2
        text = line if len(line) <= room else f"{line[: room - 3]}..."
        terminal.say(f"  {text}", words=WORDS)


def _folded(typed: str, width: int) -> list[str]:
    """A command on as many lines as it needs, so that it can be copied."""
    found = textwrap.wrap(
        typed, width - 4, initial_indent="$ ", subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
    )
    return [f"{line} \\" for line in found[:-1]] + found[-1:]
