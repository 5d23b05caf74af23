"""A terminal: how wide a table may be, and this program's own colours, which are the only codes that reach it."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from typing import Final, TextIO

import click

from rollout.model.problem import visible

#: Columns where nobody says (a pipe), and the narrowest that tables are made for.
USUAL: Final = 80
NARROW: Final = 60


def columns(most: int = USUAL) -> int:
    """The terminal's columns, from `NARROW` to `most`; COLUMNS says it where there is none."""
    return min(most, max(NARROW, shutil.get_terminal_size((USUAL, 24)).columns))


def say(
    text: str, *, fg: str | None = None, bold: bool | None = None, dim: bool | None = None, words: Mapping[str, str] | None = None
) -> None:  # fmt: skip
    """Prints `text`, in colour on a terminal. `words`: word -> its own colour. What `text` itself holds of codes is shown as such."""
    seen = visible(text)
    if sys.stdout.isatty():
        for word, colour in (words or {}).items():
            seen = re.sub(rf"\b{word}\b", click.style(word, fg=colour), seen)
        seen = click.style(seen, fg=fg, bold=bold, dim=dim) if fg or bold or dim else seen
    inner(sys.stdout).write(f"{seen}\n")
    sys.stdout.flush()


def inner(stream: TextIO) -> TextIO:
    """The stream under the one that writes codes out."""
    found: TextIO = getattr(stream, "inner", stream)
    return found
