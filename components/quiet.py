"""What the SDK and Python do for every resource, and nobody needs in a program that lives for a second."""

from __future__ import annotations

import atexit
import gc
import os

import pulumi
from pulumi.runtime.proto import source_pb2


def silence_debug() -> None:
    """Drops `pulumi.log.debug` for this program, unless ROLLOUT_DEBUG is set: four blocking calls to the engine per resource.

    Only for a program run by `pulumi.run`: a program that never gives way to the loop would get slower by it.
    """
    if not os.environ.get("ROLLOUT_DEBUG"):
        pulumi.log.debug = lambda *_, **__: None


def collect_rarely() -> None:
    """Looks for garbage every 100,000 new objects, not every 700, and at the end for none: each walk through the SDK's
    objects takes 40 ms, and a program that ends in a second needs no memory back.
    """
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)


def leave_out_stack_traces() -> None:
    """Sends no stack trace with a registration: a third of the state, rewritten at every step of an `up`, and a tenth of
    this program's time. It also wrote this machine's paths into the state. The SDK has no setting for it.
    """
    pulumi.runtime.resource._get_stack_trace = lambda: source_pb2.StackTrace()
