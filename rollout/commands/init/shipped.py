"""What the package brings for a project beside its modules: set-up's scripts, pinned requirements, workflows, and itself.

An installed wheel has them in `rollout/shipped`, put there by `setup/wheel.py`; in a checkout they stand at their own places.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

_PACKAGE: Final = Path(__file__).resolve().parents[2]
_SHIPPED: Final = _PACKAGE / "shipped"
_CHECKOUT: Final = _PACKAGE.parent
NAME: Final = "wa-rollout"
#: One pinned package with its hashes and its notes.
_BLOCK: Final = re.compile(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==.*\n(?:[ ]+.*\n?)*")


def setup_folder() -> Path:
    """The folder of python.sh and engine.sh."""
    return _SHIPPED / "setup" if _SHIPPED.is_dir() else _CHECKOUT / "setup"


def text(name: str) -> str:
    """A shipped file of requirements."""
    return ((_SHIPPED if _SHIPPED.is_dir() else _CHECKOUT) / name).read_text(encoding="utf-8")


def workflow(name: str) -> str:
    """One of this repository's own workflows."""
    folder = _SHIPPED / "workflows" if _SHIPPED.is_dir() else _CHECKOUT / ".github" / "workflows"
    return (folder / name).read_text(encoding="utf-8")


def wheel() -> Path | None:
    """The wheel that this package was installed from, by pip's own record, or the newest that was built in this checkout."""
    if not _SHIPPED.is_dir():
        built = sorted((_CHECKOUT / "dist").glob("wa_rollout-*.whl"), key=lambda path: path.stat().st_mtime)
        return built[-1] if built else None
    try:
        record = importlib.metadata.distribution(NAME).read_text("direct_url.json") or "{}"
        url = urlsplit(json.loads(record).get("url", ""))
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None
    path = Path(unquote(url.path))
    return path if url.scheme == "file" and path.suffix == ".whl" and path.is_file() else None


def closure(requirements: str, roots: Iterable[str]) -> str:
    """Of pinned requirements with pip-compile's `# via` notes the blocks of `roots`, and of all that those ask for."""
    whole = {found[1]: found[0] for found in _BLOCK.finditer(requirements)}
    wanted, asked_by = set(roots), {name: _via(block) for name, block in whole.items()}
    while more := {name for name, parents in asked_by.items() if name not in wanted and parents & wanted}:
        wanted |= more
    return "".join(block for name, block in whole.items() if name in wanted)


def _via(block: str) -> set[str]:
    """Who asks for a block's package."""
    notes = block.partition("# via")[2]
    return {name for name in re.findall(r"[A-Za-z0-9._-]+", notes) if name not in ("r", "-r", "#")}
