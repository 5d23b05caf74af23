"""Keeps the SDK's debug lines to itself: four blocking calls to the engine per resource, that nobody reads."""

from __future__ import annotations

import os

import pulumi


def silence_debug() -> None:
    """Drops `pulumi.log.debug` for this program, unless ROLLOUT_DEBUG is set.

    Only for a program run by `pulumi.run`: a program that never gives way to the loop would get slower by it.
    """
    if not os.environ.get("ROLLOUT_DEBUG"):
        pulumi.log.debug = lambda *_, **__: None
