"""A raise that has to wait, in the engine's own word for it: `ErrorResourceAwaitFailed`.

An engine that knows the word counts the resource as awaiting. Nothing else stops for it, at preview too, an updated row
keeps the inputs that it had, a created one leaves no state, and a run in which things only waited ends with exit code 10.
An older engine takes the same answer for a failure, as every refusal was before.

One thing does stop for it: `pulumi up` previews first, and carries nothing out where that preview ended with anything but 0.
There a raise that has to wait is a warning on its row, and the `up` itself is where it waits: else a rollback beside it
would have to wait as well.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

import grpc
from google.protobuf import any_pb2

from rollout.provider.wire.protos import engine_pb2, status_pb2

#: `pulumirpc.ErrorResourceAwaitFailed`, which has no fields. Only the newest SDK has it in its protocol; this works with all.
_WORD: Final = "type.googleapis.com/pulumirpc.ErrorResourceAwaitFailed"
#: The oldest engine in which `awaiting` was seen to work; 3.259 was seen not to know it.
SINCE: Final = "3.274.0"
_KEY: Final = "grpc-status-details-bin"
_UP: Final = ("up", "update")
_COMMANDS: Final = (*_UP, "preview", "pre", "refresh", "destroy", "watch", "import")


async def known(engine: Any) -> bool:
    """Whether the engine behind this stub is one that knows the word. One that can't say is taken for one that doesn't:
    its row then shows the reason as an error, and nothing is lost."""
    try:
        await engine.RequirePulumiVersion(engine_pb2.RequirePulumiVersionRequest(pulumi_version_range=f">={SINCE}"))
    except grpc.RpcError:
        return False
    return True


def details(text: str) -> tuple[tuple[str, bytes], ...]:
    """The trailing metadata that makes a FAILED_PRECONDITION of this text an `awaiting`."""
    word = any_pb2.Any(type_url=_WORD)
    code = grpc.StatusCode.FAILED_PRECONDITION.value[0]
    return ((_KEY, status_pb2.Status(code=code, message=text, details=[word]).SerializeToString()),)


def previews_first() -> bool:
    """Whether the engine that started this process is a `pulumi up`, whose preview decides whether anything is carried out."""
    import psutil  # where a raise waits at preview: no other run pays for it

    try:
        return is_up(psutil.Process(os.getppid()).cmdline())
    except (psutil.Error, OSError):
        return False


def is_up(words: Sequence[str]) -> bool:
    """Whether the command line of an engine is `pulumi up`, and not `pulumi preview`."""
    return next((word for word in words[1:] if word in _COMMANDS), None) in _UP
