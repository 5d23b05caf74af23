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
import grpc.aio
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc


class Command(provider_pb2_grpc.ResourceProviderServicer):
    async def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="1.2.1")

    async def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse()

    async def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    async def Check(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    async def Diff(self, request: Any, context: Any) -> Any:
        old, new = map(json_format.MessageToDict, (request.old_inputs, request.news))
        changed = [key for key in new if old.get(key) != new[key]]
        some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some, diffs=changed)

    async def Create(self, request: Any, context: Any) -> Any:
        return provider_pb2.CreateResponse(id="" if request.preview else "ran", properties=request.properties)

    async def Read(self, request: Any, context: Any) -> Any:
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

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

    async def Delete(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    async def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


async def main() -> None:
    server = grpc.aio.server()
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Command(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
