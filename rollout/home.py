"""Where the project is whose flags are moved: the folder with Pulumi.yaml, the catalogue, the stack files and the days."""

from __future__ import annotations

from pathlib import Path
from typing import Final

#: The file by which a project is known.
MARK: Final = "Pulumi.yaml"


def find(beside: Path, here: Path) -> Path:
    """The project of the code in `beside`, else the one that `here` is in, else `here`.

    In a checkout, and after `pip install --editable .`, the rooms stand in the project's own folder, and a command works
    on that from wherever it is called. An installed wheel stands in nobody's project: it works on the caller's.
    """
    return next((folder for folder in (beside, here, *here.parents) if (folder / MARK).is_file()), here)


HOME: Final = find(Path(__file__).resolve().parent.parent, Path.cwd())
