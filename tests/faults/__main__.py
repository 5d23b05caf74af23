"""`python -m tests.faults [PART ...]`: plays parts of the fault matrix, or all, and shows the table of what is known."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import pytest_configure
from tests.faults import parts


def main() -> int:
    """Exit code 1 where something is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one or more of: {', '.join(parts.PARTS)}")
    parser.add_argument("--minutes", type=float, default=24 * 60, help="begin nothing after so many")
    parser.add_argument("--workers", type=int, default=4, help="cases at a time")
    parser.add_argument("--anew", action="store_true", help="forget what is known of these parts")
    parser.add_argument("--table", action="store_true", help="play nothing: the table alone")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(parts.PARTS):
        parser.error(f"unknown part: {', '.join(sorted(unknown))}; one or more of: {', '.join(parts.PARTS)}")
    pytest_configure()
    os.environ.pop("TMPDIR", None) if not Path(os.environ.get("TMPDIR", "/")).is_dir() else None
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        Path(folder).chmod(0o755)  # a server that runs as nobody enters it
        return parts.play(
            given.parts or list(parts.PARTS), Path(folder).resolve(), lambda text: print(text, flush=True),
            until=time.monotonic() + given.minutes * 60, workers=given.workers, anew=given.anew, play=not given.table,
        )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
