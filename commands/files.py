"""The project's files, read by the rules and written whole or not at all. `commands.place` says which ones."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from commands.place import HOME
from rollout import catalogue
from rollout.catalogue import Catalogue
from rollout.problem import BadInput, Problem
from rollout.yamltext import MAX_BYTES


def read(path: Path) -> bytes:
    """The bytes of one of the project's files, at most one more than may be parsed. Raises BadInput where it can't."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        what = (
            "the file isn't there"
            if isinstance(error, FileNotFoundError)
            else f"the file can't be read: {error.strerror}"
        )
        raise BadInput([Problem(what, name(path))]) from None


def name(path: Path) -> str:
    """The path as messages show it: from the project's folder."""
    return str(path.relative_to(HOME)) if path.is_relative_to(HOME) else str(path)


def read_catalogue() -> Catalogue:
    """The catalogue of this project."""
    path = HOME / "domains.yaml"
    return catalogue.parse(read(path), name(path))


def write(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all, with the permissions it had; a link stays a link."""
    path = path.resolve()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode & 0o7777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
