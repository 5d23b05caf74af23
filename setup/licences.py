"""The licences of what set-up installs, from the installed packages themselves: the lower part of docs/licences.md.

Usage: .venv-dev/bin/python setup/licences.py    writes the part anew (`make licences`); tests/pure/docs holds the page against it
"""

from __future__ import annotations

import importlib.metadata
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

HOME: Final = Path(__file__).resolve().parent.parent
PAGE: Final = HOME / "docs" / "licences.md"
#: Where the part begins; it goes on to the page's end.
BEGINS: Final = "<!-- from here on: make licences -->\n"
#: Lock files of what the tests take from npm.
NPM: Final = ("tests/axe", "tests/edge_deno", "tests/edge_function")
_PINNED: Final = re.compile(r"^([\w.-]+)==", re.M)


def pinned(file: str) -> list[str]:
    """The packages that a requirements file pins."""
    return _PINNED.findall((HOME / file).read_text(encoding="utf-8"))


def said(name: str) -> str | None:
    """The licence that an installed package names, most exactly first: an SPDX expression, its classifiers, its own words.

    None where it isn't installed: it is another platform's.
    """
    try:
        told = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    if expression := told.get_all("License-Expression"):
        return str(expression[0])
    classes = [
        one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or () if one.startswith("License :: OSI")
    ]
    own = str((told.get_all("License") or [""])[0]).strip().partition("\n")[0]
    return ", ".join(sorted(classes)) or own or "says none"


def of_npm() -> dict[str, str]:
    """The licences that the lock files name."""
    found: dict[str, str] = {}
    for folder in NPM:
        packages = json.loads((HOME / folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
        for path, package in packages.items():
            if path:
                found[path.rpartition("node_modules/")[2]] = str(package.get("license") or "says none")
    return found


def _table(packages: Mapping[str, str]) -> list[str]:
    by: dict[str, list[str]] = {}
    for name, licence in packages.items():
        by.setdefault(licence, []).append(name)
    rows = [
        f"| {licence} | {', '.join(sorted(names))} |"
        for licence, names in sorted(by.items(), key=lambda row: row[0].lower())
    ]
    return ["| licence | packages |", "|---|---|", *rows]


def _known(names: Iterable[str]) -> dict[str, str]:
    return {name: licence for name in names if (licence := said(name)) is not None}


def part() -> str:
    """The part, as it should stand."""
    run = pinned("requirements.txt")
    dev = [name for name in pinned("requirements-dev.txt") if name not in run]
    return "\n".join(
        [
            "## All that is installed, as each package says of itself", "",
            "At run time (`.venv`):", "", *_table(_known(run)), "",
            "For the simulator, the reports' page, linters and tests (`.venv-dev` beside these):", "", *_table(_known(dev)), "",
            "From npm, for tests alone:", "", *_table(of_npm()), "",
        ]
    )  # fmt: skip


def main() -> None:
    """Writes the part into the page."""
    text = PAGE.read_text(encoding="utf-8").partition(BEGINS)[0]
    PAGE.write_text(f"{text.rstrip()}\n\n{BEGINS}{part()}", encoding="utf-8")


if __name__ == "__main__":
    main()
