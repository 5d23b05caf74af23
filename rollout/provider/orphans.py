"""What a killed engine leaves running: its language host, which notices only after up to 5 minutes.

The provider notices by itself (`rollout.provider.wire.servicer`).
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from rollout.home import HOME

_HOST = "pulumi-language-"


def language_hosts() -> Iterator[tuple[int, str]]:
    """Process id and engine address (`127.0.0.1:PORT`) of each language host that works in this project's folder."""
    import psutil  # when a run has ended: no other one pays for it

    for process in psutil.process_iter():
        try:
            if Path(process.cwd()) != HOME:
                continue
            words = process.cmdline()
        except (psutil.Error, OSError):  # gone meanwhile, or somebody else's
            continue
        if words and Path(words[0]).name.startswith(_HOST) and words[-1].startswith("127.0.0.1:"):
            yield process.pid, words[-1]


def end_language_host(engine: str) -> None:
    """Ends the language host of the engine at `engine`, which is gone: nobody else can have the same address."""
    for pid, address in language_hosts():
        if address == engine:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM)
