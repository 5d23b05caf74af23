"""The plug-in command for a sandbox: the real one where it is on PATH, else a double that behaves as it does."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from tests.harness import Sandbox

NAME = "pulumi-resource-command"
UNKNOWN = "DOUBLE_UNKNOWN"


def add(sandbox: Sandbox, folder: Path, *, unknown: str = "") -> Path:
    """Puts it on the sandbox's PATH, in a folder of its own, and answers that.

    `unknown`: a property that it doesn't know, as an older version wouldn't; then it is the double in any case.
    """
    found = shutil.which(NAME)
    folder.mkdir(parents=True)
    if found and not unknown:
        (folder / NAME).symlink_to(Path(found).resolve())
    else:
        script = Path(__file__).parent / "command_plugin.py"
        start = f"PYTHONPATH={shlex.quote(str(sandbox.folder))} exec {sandbox.folder}/.venv/bin/python {script}"
        (folder / NAME).write_text(f"#!/bin/sh\n{UNKNOWN}={unknown} {start}\n")
        (folder / NAME).chmod(0o755)
    sandbox.env["PATH"] = f"{folder}:{sandbox.env['PATH']}"
    return folder


def remove(sandbox: Sandbox) -> None:
    """None is on PATH any more, nor installed."""
    folders = sandbox.env["PATH"].split(os.pathsep)
    sandbox.env["PATH"] = os.pathsep.join(folder for folder in folders if not Path(folder, NAME).exists())
