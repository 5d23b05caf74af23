"""What a killed engine leaves running: its language host, which notices only after up to 5 minutes.

The provider notices by itself (`rollout.provider.wire.servicer`). Linux alone: elsewhere the 5 minutes are waited for.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
_HOST = "pulumi-language-"


def language_hosts() -> Iterator[tuple[int, str]]:
    """Process id and engine address (`127.0.0.1:PORT`) of each language host that works in this project's folder."""
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            if (proc / "cwd").resolve() != HOME:
                continue
            words = (proc / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        except OSError:  # gone meanwhile, or somebody else's
            continue
        if Path(words[0]).name.startswith(_HOST) and words[-1].startswith("127.0.0.1:"):
            yield int(proc.name), words[-1]


def end_language_host(engine: str) -> None:
    """Ends the language host of the engine at `engine`, which is gone: nobody else can have the same address."""
    for pid, address in language_hosts():
        if address == engine:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM)
