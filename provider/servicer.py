"""The one file that meets Pulumi's provider SDK: gRPC in, plain values to the resources, clean lines out.

The SDK's servicer drops `old_inputs` of an update and a delete, and shows a refusal as "Unexpected <class ...>";
both are put right here, so that a change of the SDK touches this file alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol, cast

import grpc
import grpc.aio
from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue, PropertyValueType
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2_grpc
from pulumi.runtime.rpc import UNKNOWN

from provider import VERSION, orphans
from provider.row import Refused, Row
from provider.store import StoreError
from rollout.problem import BadInput

PARENT_POLL = 2.0  # seconds between two looks whether the engine still lives

Properties = dict[str, Any]
_KINDS = {kind: sdk.PropertyDiffKind[kind.upper()] for kind in ("add", "update", "delete")}
_SEVERITY = {"info": engine_pb2.INFO, "warning": engine_pb2.WARNING}
_old_inputs: contextvars.ContextVar[Properties] = contextvars.ContextVar("old_inputs")


class Resource(Protocol):
    """One resource kind. Handlers are plain functions: they run in a thread and may block."""

    def check(self, new: Properties) -> list[tuple[str, str]]: ...
    def diff(self, urn: str, old: Properties, new: Properties, row: Row) -> Mapping[str, str]: ...
    def read(self, urn: str, state: Properties, row: Row, inputs: Properties | None = None) -> Properties: ...
    def create(self, new: Properties, preview: bool, row: Row) -> tuple[str, Properties]: ...
    def update(
        self, old: Properties, old_inputs: Properties, new: Properties, preview: bool, row: Row
    ) -> Properties: ...
    def delete(self, state: Properties, old_inputs: Properties, row: Row) -> None: ...


def plain(value: PropertyValue) -> Any:
    """A Pulumi value as plain Python; whole numbers, which arrive as floats, are ints again."""
    if value.type is PropertyValueType.MAP:
        return {key: plain(item) for key, item in cast(Mapping[str, PropertyValue], value.value).items()}
    if value.type is PropertyValueType.ARRAY:
        return [plain(item) for item in cast(Sequence[PropertyValue], value.value)]
    if value.type is PropertyValueType.NUMBER:
        number = cast(float, value.value)
        return int(number) if number.is_integer() else number
    return value.value


def wrapped(value: Any, unknown: object) -> PropertyValue:
    """Plain Python as a Pulumi value; `unknown` stands for what only the write will tell."""
    if value is unknown:
        return PropertyValue(UNKNOWN)  # `PropertyValue.computed()` can't be marshalled by this SDK
    if isinstance(value, Mapping):
        return PropertyValue({key: wrapped(item, unknown) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return PropertyValue([wrapped(item, unknown) for item in value])
    return PropertyValue(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)


class RolloutProvider(sdk.Provider):
    """Hands each request to the resource kind it is for."""

    def __init__(
        self, engine: str, unknown: object, resources: Callable[[Mapping[str, Any]], Mapping[str, Resource]]
    ) -> None:
        self._engine = engine
        self._unknown = unknown
        self._make = resources
        self._resources: Mapping[str, Resource] = {}
        self._stub: engine_pb2_grpc.EngineStub | None = None

    async def check_config(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        return sdk.CheckResponse(inputs=request.new_inputs)

    async def diff_config(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        return sdk.DiffResponse(changes=False, detailed_diff={})

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        self._resources = self._make({key: plain(value) for key, value in request.args.items()})
        return sdk.ConfigureResponse(supports_preview=True, accept_secrets=False)

    async def check(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        wrong = self._of(request.urn).check(_all_plain(request.new_inputs))
        failures = [sdk.CheckFailure(name, reason) for name, reason in wrong]
        return sdk.CheckResponse(inputs=request.new_inputs, failures=failures)

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        old, new = _all_plain(request.old_state), _all_plain(request.new_inputs)
        changed = await self._run(
            request.urn, lambda resource, row: resource.diff(request.urn, old, new, row), pure_beside=True
        )
        detailed = {key: sdk.PropertyDiff(_KINDS[kind], input_diff=False) for key, kind in changed.items()}
        return sdk.DiffResponse(changes=bool(changed), diffs=list(changed), detailed_diff=detailed)

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        new = _all_plain(request.properties)
        ident, outputs = await self._run(request.urn, lambda resource, row: resource.create(new, request.preview, row))
        return sdk.CreateResponse("" if request.preview else ident, self._wrapped(outputs))

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        state = _all_plain(request.properties)
        if not state:
            raise Refused(_no_import(request.urn))
        inputs = _all_plain(request.inputs)
        outputs = await self._run(request.urn, lambda resource, row: resource.read(request.urn, state, row, inputs))
        return sdk.ReadResponse(request.resource_id, self._wrapped(outputs), request.inputs)

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        old, new, old_inputs = _all_plain(request.olds), _all_plain(request.news), _old_inputs.get({})
        outputs = await self._run(
            request.urn, lambda resource, row: resource.update(old, old_inputs, new, request.preview, row)
        )
        return sdk.UpdateResponse(self._wrapped(outputs))

    async def delete(self, request: sdk.DeleteRequest) -> None:
        state, old_inputs = _all_plain(request.properties), _old_inputs.get({})
        await self._run(request.urn, lambda resource, row: resource.delete(state, old_inputs, row))

    def _of(self, urn: str) -> Resource:
        kind = urn.split("::")[2].rsplit("$", 1)[-1]
        return self._resources[kind]

    def _wrapped(self, outputs: Properties) -> dict[str, PropertyValue]:
        return {key: wrapped(value, self._unknown) for key, value in outputs.items()}

    async def _run(self, urn: str, handler: Callable[[Resource, Row], Any], *, pure_beside: bool = False) -> Any:
        """Runs a handler off the loop, and puts what it said on the row, also when it refused.

        A kind that may wait for its turn has threads of its own (`pool`), so that a flag never waits for one;
        `pure_beside`: for such a kind this handler calls nothing, and needs none.
        """
        loop, resource = asyncio.get_running_loop(), self._of(urn)
        row = Row(urn, say=lambda text: _soon(loop, self._log(engine_pb2.INFO, urn, text)))
        try:
            pool = getattr(resource, "pool", None)
            if pool is not None and pure_beside:
                return handler(resource, row)
            return await loop.run_in_executor(pool, handler, resource, row)
        finally:
            for severity, text in row.lines:
                await self._log(_SEVERITY[severity], urn, text)

    async def _log(self, severity: Any, urn: str, text: str) -> None:
        if self._stub is None:
            self._stub = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(self._engine))
        with contextlib.suppress(grpc.RpcError):  # a line that can't be shown must not fail the write it is about
            await self._stub.Log(engine_pb2.LogRequest(severity=severity, message=text, urn=urn))


def _soon(loop: asyncio.AbstractEventLoop, log: Coroutine[Any, Any, None]) -> None:
    asyncio.run_coroutine_threadsafe(log, loop)


def _all_plain(values: Mapping[str, PropertyValue]) -> Properties:
    return {key: plain(value) for key, value in values.items()}


def _no_import(urn: str) -> Any:
    from rollout.problem import Problem

    return Problem(
        "`pulumi import` isn't needed", where=urn, do="`pulumi up` adopts a flag that is in the store already"
    )


class Servicer(ProviderServicer):
    """The SDK's servicer with old inputs passed on, and each failure as one clean line."""

    async def Check(self, request: Any, context: Any) -> Any:
        return await self._clean(super().Check, request, context)

    async def Diff(self, request: Any, context: Any) -> Any:
        return await self._clean(super().Diff, request, context)

    async def Configure(self, request: Any, context: Any) -> Any:
        return await self._clean(super().Configure, request, context)

    async def Read(self, request: Any, context: Any) -> Any:
        return await self._clean(super().Read, request, context)

    async def Create(self, request: Any, context: Any) -> Any:
        return await self._clean(super().Create, request, context)

    async def Update(self, request: Any, context: Any) -> Any:
        _old_inputs.set(_all_plain(PropertyValue.unmarshal_map(request.old_inputs)))
        return await self._clean(super().Update, request, context)

    async def Delete(self, request: Any, context: Any) -> Any:
        _old_inputs.set(_all_plain(PropertyValue.unmarshal_map(request.old_inputs)))
        return await self._clean(super().Delete, request, context)

    @staticmethod
    async def _clean(method: Callable[[Any, Any], Any], request: Any, context: Any) -> Any:
        try:
            return await method(request, context)
        except (Refused, StoreError, BadInput, OSError) as error:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))


def _answers(engine: str) -> bool:
    host, _, port = engine.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5):
            return True
    except (OSError, ValueError):
        return False


async def serve(engine: str, provider: sdk.Provider) -> None:
    """Serves until the engine says stop, or is gone. stdout carries the port, and nothing else ever."""
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 400 * 1024 * 1024)])
    servicer = Servicer([], VERSION, provider, engine_address=engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    # The engine stops plug-ins by SIGINT and waits: every call is answered by then, so there is nothing to wind up.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    parent = os.getppid() if _answers(engine) else None  # it may be gone already, and somebody else be the parent
    while os.getppid() == parent:  # noqa: ASYNC110 - an engine killed by -9 tells nobody; a provider must not outlive it
        await asyncio.sleep(PARENT_POLL)
    orphans.end_language_host(engine)
    os._exit(0)
