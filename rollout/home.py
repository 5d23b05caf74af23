"""Where the project is whose flags are moved: the folder with Pulumi.yaml, the catalogue, the stack files and the days.

Every room takes it from here, so that the provider, the command line and what a killed run left are of one project.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

#: The file by which a Pulumi project is known; it is one of ours by the other, or by the provider that the first names.
MARK: Final = "Pulumi.yaml"
CATALOGUE: Final = "domains.yaml"
PROVIDER: Final = re.compile(rb"""^[\s-]*name:\s*['"]?rollout['"]?\s*$""", re.M)
#: Names the project, before all else.
VARIABLE: Final = "ROLLOUT_PROJECT"


def find(beside: Path, here: Path, environ: Mapping[str, str] | None = None) -> Path:
    """What ROLLOUT_PROJECT names; else the project of the code in `beside`; else the one that `here` is in; else `here`.

    In a checkout, and after `pip install --editable .`, the rooms stand in the project's own folder, and a command works
    on that from wherever it is called. An installed wheel stands in nobody's project: it works on the caller's, and passes
    over other programs'. One that lost its catalogue is still a project: it is read from the last commit.

    Never raises, and doesn't look into what the variable names: whoever reads a file there says what is wrong (`require`).
    """
    named = (environ or {}).get(VARIABLE)
    if named:
        return (here / named).resolve()
    if (beside / MARK).is_file():
        return beside
    return next((folder for folder in (here, *here.parents) if _ours(folder)), here)


def _ours(folder: Path) -> bool:
    try:
        text = (folder / MARK).read_bytes()
    except OSError:
        return False
    return (folder / CATALOGUE).is_file() or bool(PROVIDER.search(text))


def require(folder: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Raises `BadInput` where `folder` is no project at all: then no file in it is worth a message of its own."""
    if (folder / MARK).is_file() or (folder / CATALOGUE).is_file():
        return
    from rollout.model.problem import BadInput, Problem  # here: setup takes this file before anything is installed

    do = f"cd into the project, or set {VARIABLE} to its folder"
    if environ.get(VARIABLE):
        do = f"set {VARIABLE} to the project's folder, or unset it"
    allowed = f"a folder with {MARK} and {CATALOGUE}, or one below it"
    raise BadInput([Problem("no project is here", str(folder), allowed, do=do)])


HOME: Final = find(Path(__file__).resolve().parent.parent, Path.cwd(), os.environ)
