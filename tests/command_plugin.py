"""Stands in for the plug-in `command` where none is on PATH: of local.Command what this project uses, by Pulumi's protocol.

A changed environment or text runs `update`, with that environment beside the engine's whole own, in the engine's folder; one
that fails isn't in the state; what is printed stands there, in plain text. A creation without `create` runs nothing.
"""

# ruff: noqa: N802, ARG002 - the protocol's names, and what it hands over

from __future__ import annotations

import asyncio
import os
from typing import Any

import grpc
from google.protobuf import json_format, struct_pb2

from rollout.provider.script.absent import Absent, serve
from rollout.provider.wire.protos import provider_pb2


class Command(Absent):
    """What the protocol asks of any plug-in is as in the one that stands in where there is none; what a script meets is here."""

    async def Check(self, request: Any, context: Any) -> Any:
        unknown = os.environ.get("DOUBLE_UNKNOWN", "")
        if unknown not in request.news:
            return await super().Check(request, context)
        why = provider_pb2.CheckFailure(
            property=unknown, reason=f"Unrecognized field '{unknown}' on 'local.CommandInputs'"
        )
        return provider_pb2.CheckResponse(inputs=request.news, failures=[why])

    async def Diff(self, request: Any, context: Any) -> Any:
        old, new = map(json_format.MessageToDict, (request.old_inputs, request.news))
        changed = [key for key in new if old.get(key) != new[key]]
        some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some, diffs=changed)

    async def Update(self, request: Any, context: Any) -> Any:
        new = json_format.MessageToDict(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=request.news)
        env = {**os.environ, **new["environment"]}
        child = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", new["update"], env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        said, errors = await child.communicate()
        if child.returncode:
            await context.abort(grpc.StatusCode.UNKNOWN, f"exit status {child.returncode}: running {new['update']!r}")
        found = json_format.ParseDict({**new, "stdout": said.decode(), "stderr": errors.decode()}, struct_pb2.Struct())
        return provider_pb2.UpdateResponse(properties=found)


if __name__ == "__main__":
    asyncio.run(serve(Command()))
