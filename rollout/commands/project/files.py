"""The project's files: where they are, which stack is meant, and writing that never leaves half a file."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from rollout import home
from rollout.model import times
from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import Catalogue
from rollout.model.problem import BadInput, Problem, shown
from rollout.model.yaml_text.tree import MAX_BYTES

#: The project's folder. Commands work on it from wherever they are called; tests put a copy in its place.
ROOT = home.HOME
PROJECT = "wa-rollout"


def read(path: Path) -> bytes:
    """The bytes of one of the project's files, at most one more than may be parsed. Raises BadInput where it can't."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        if missing and path.is_relative_to(ROOT):
            home.require(ROOT)
        what = "the file isn't there" if missing else f"the file can't be read: {error.strerror}"
        raise BadInput([Problem(what, name(path))]) from None


def name(path: Path) -> str:
    """The path as messages show it: from the project's folder."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def read_catalogue() -> Catalogue:
    """The catalogue of this project."""
    path = ROOT / "domains.yaml"
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
        Path(temporary).chmod(path.stat().st_mode & 0o7777 if path.exists() else 0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def passing() -> str | None:
    """The folder for what is gone when a command ends, in the project's own; None: the system's, where it can't be made."""
    folder = ROOT / ".local" / "tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return str(folder) if os.access(folder, os.W_OK) else None


@contextmanager
def alone() -> Iterator[None]:
    """One edit of the project's files at a time: of two rollbacks at once, neither loses the other's line."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def moment(option: str, text: str | None) -> datetime | None:
    """The time (aware UTC) that an option gives as a date or a time, None where it isn't given. Raises BadInput."""
    if text is None:
        return None
    if at := times.utc(text):
        return at
    raise BadInput([Problem("no date", option, "2026-12-28 or 2026-12-28T08:00:00Z", text)])


def stack_file(stack: str) -> Path:
    """The stack's config file. Raises BadInput for a name that is none of a stack's."""
    short = stack.rpartition("/")[2]
    if not short or not all(c.isascii() and (c.isalnum() or c in "-_.") for c in short) or short.startswith("."):
        raise BadInput([Problem("no name of a stack", "--stack", "letters, digits, - _ .", shown(stack))])
    return ROOT / f"Pulumi.{short}.yaml"


def find_stack(option: str | None) -> str | None:
    """The stack's short name: the option, else PULUMI_STACK, else what `pulumi stack select` chose, else None."""
    stack = option or os.environ.get("PULUMI_STACK") or _selected()
    return stack.rpartition("/")[2] or stack if stack else None


def need_stack(option: str | None) -> str:
    """As `find_stack`. Raises BadInput where there is none."""
    stack = find_stack(option)
    if stack is None:
        raise BadInput([Problem("no stack is chosen", do="give --stack, set PULUMI_STACK, or `pulumi stack select`")])
    return stack


def _selected() -> str | None:
    """What `pulumi stack select` chose for this folder; read from its file, since starting `pulumi` takes 0.3 s.

    Pulumi 3.259 keeps one choice per backend there, older ones a single choice.
    """
    import hashlib  # a rollback that names its stack doesn't wait for it

    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    digest = hashlib.sha1(str(ROOT / "Pulumi.yaml").encode(), usedforsecurity=False).hexdigest()
    workspace = _json(home / "workspaces" / f"{PROJECT}-{digest}-workspace.json")
    chosen = workspace.get("stacks")
    stacks = chosen if isinstance(chosen, dict) else {}
    backend = os.environ.get("PULUMI_BACKEND_URL") or _json(home / "credentials.json").get("current")
    stack = stacks.get(backend) or (next(iter(stacks.values())) if len(stacks) == 1 else workspace.get("stack"))
    return stack if isinstance(stack, str) and stack else None


def _json(path: Path) -> dict[str, Any]:
    """The object in a file of Pulumi's; empty where there is none, or no such file."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
