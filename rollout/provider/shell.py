"""Which shell reads what is said here: one with the project's tools on its PATH, or one that typed `make ...`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import Final

from rollout.model.typed import LOCAL, Typed

#: The Makefile sets it to `make` for what it runs: its own recipes have tools on their PATH that the reader's shell hasn't.
TYPED: Final = "ROLLOUT_TYPED"


def typed(stack: str | None = None, day: int = 0, environ: Mapping[str, str] = os.environ) -> Typed:
    """How commands for a stack are typed there; a shell without `pulumi` on its PATH takes make's.

    Without a stack, the one that the environment names.
    """
    make = environ.get(TYPED) == "make" or not shutil.which("pulumi", path=environ.get("PATH"))
    return Typed(stack or environ.get("PULUMI_STACK") or LOCAL, make, day)
