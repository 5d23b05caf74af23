"""How a step of a workflow speaks to its run, and asks the hosting's API. Standard library only."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final

#: An approval that approves nothing: each raise is refused, and whatever lowers goes.
NOTHING: Final = "{}\n"
APPROVAL: Final = Path("approval.json")


class Unanswered(Exception):
    """The API didn't give what was asked for; the text says what was asked, and the answer's last line."""


def output(name: str, value: str) -> None:
    """`steps.<id>.outputs.<name>` of the step that runs."""
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.write(f"{name}={' '.join(value.split())}\n")


def summary(text: str) -> None:
    """Adds Markdown to the run's page."""
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as file:
        file.write(f"{text}\n")


def warn(title: str, text: str, *, level: str = "warning") -> None:
    """An annotation, which the run's page shows on top; `level`: notice, warning or error."""
    flat = text.replace("%", "%25").replace("\r", "").replace("\n", "%0A")
    print(f"::{level} title={title}::{flat}", flush=True)


def gh(*arguments: str) -> str:
    """What `gh` prints. Raises `Unanswered`."""
    try:
        done = subprocess.run(["gh", *arguments], capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise Unanswered(f"gh can't be started: {error.strerror}") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Unanswered(f"gh {' '.join(arguments[:2])}: {last}")
    return done.stdout


def ask(path: str, *options: str) -> Any:
    """The JSON that the API answers to `path`. Raises `Unanswered`."""
    text = gh("api", path, *options)
    try:
        return json.loads(text)
    except ValueError:
        raise Unanswered(f"gh api {path}: no JSON: {text[:80]!r}") from None
