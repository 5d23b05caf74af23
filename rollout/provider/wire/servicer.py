"""The one file that speaks the engine's protocol: gRPC in, plain values to the resources, clean lines out.

It serves Pulumi's generated stubs itself. The SDK's own provider server drops `old_inputs` of an update and a delete,
shows a refusal as "Unexpected <class ...>", and takes 0.1 s longer to start (`rollout.provider.wire.protos`).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import re
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import grpc
import grpc.aio
from google.protobuf import any_pb2, empty_pb2

from rollout.model.log import awaited
from rollout.model.problem import Problem, RolloutError
from rollout.provider import VERSION, notes, orphans, shell
from rollout.provider.errors import StoreError
from rollout.provider.wire import standing
from rollout.provider.wire.protos import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)
from rollout.provider.wire.row import Partly, Refused, Row, Waiting
from rollout.provider.wire.standing import Standing
from rollout.provider.wire.values import Properties, plain, struct

PARENT_POLL = 2.0  # seconds between two looks whether the engine still lives

_KINDS = {kind: provider_pb2.PropertyDiff.Kind.Value(kind.upper()) for kind in ("add", "update", "delete")}
_SEVERITY = {"info": engine_pb2.INFO, "warning": engine_pb2.WARNING}
_ROOT = re.compile(r"[.[]")  # what ends the property's name in a path: of it alone an engine makes `[diff: ~policies]`
Answer = TypeVar("Answer")


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


#: What makes the resource kinds, by their token, of the provider's config and the stack it is for.
Made = Callable[[Mapping[str, Any], str], Mapping[str, Resource]]


def _clean(method: Callable[[Any, Any, Any], Awaitable[Answer]]) -> Callable[[Any, Any, Any], Awaitable[Answer]]:
    """What a handler refuses, or what failed outside, is the row's error in its own words."""

    @functools.wraps(method)
    async def answered(self: Any, request: Any, context: Any) -> Any:
        try:
            return await method(self, request, context)
        except Waiting as waits:
            await self._wait(_spoken(str(waits), request), context)
        except (RolloutError, OSError) as error:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, _spoken(str(error), request))

    return answered


def _spoken(text: str, request: Any) -> str:
    """What is said of a row, with the commands in it as the shell takes them that reads it."""
    return shell.typed(_stack(request) or None).spoken(text)


def _stack(request: Any) -> str:
    """The stack of the row that a request is about; empty where it names none."""
    return str(getattr(request, "urn", "")).partition("::")[0].rpartition(":")[2]


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Hands each request to the resource kind it is for."""

    def __init__(self, engine: str, unknown: object, resources: Made) -> None:
        self._engine = engine
        self._unknown = unknown
        self._make = resources
        self._resources: Mapping[str, Resource] = {}
        self._config: Mapping[str, Any] | None = None  # by which they were made
        self._stub: engine_pb2_grpc.EngineStub | None = None
        self._standing = Standing()
        self._knows_waiting: bool | None = None  # whether this engine does; asked when something waits
        self._held: dict[str, Properties] = {}  # by the row's name: a raise that waits, as `held` answers it

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    async def CheckConfig(self, request: Any, context: Any) -> Any:
        """What is wrong with config or environment is said here: of a provider that fails to configure an engine writes its
        message, and an `up` then waits for ever.
        """
        try:
            self._configured(plain(request.news), _stack(request))
        except (RolloutError, OSError) as error:
            failure = provider_pb2.CheckFailure(reason=_spoken(str(error), request))
            return provider_pb2.CheckResponse(inputs=request.news, failures=[failure])
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(hasDetailedDiff=True)

    @_clean
    async def Configure(self, request: Any, context: Any) -> Any:
        self._configured(plain(request.args), _stack(request))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def _configured(self, config: Mapping[str, Any], stack: str) -> None:
        """The resources as they are with that config; checked and configured with the same one they are made once."""
        if config != self._config:
            self._resources, self._config = self._make(config, stack), config

    async def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    @_clean
    async def Check(self, request: Any, context: Any) -> Any:
        wrong = self._of(request.urn).check(plain(request.news))
        failures = [provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in wrong]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    @_clean
    async def Diff(self, request: Any, context: Any) -> Any:
        urn, old, new = request.urn, plain(request.olds), plain(request.news)
        self._standing.seen(urn, new)
        changed = await self._run(urn, lambda kind, row: kind.diff(urn, old, new, row), pure_beside=True)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=list(dict.fromkeys(_ROOT.split(path)[0] for path in changed)),
            detailedDiff={key: provider_pb2.PropertyDiff(kind=_KINDS[kind]) for key, kind in changed.items()},
            hasDetailedDiff=True,
        )

    @_clean
    async def Create(self, request: Any, context: Any) -> Any:
        new, preview = plain(request.properties), request.preview
        self._standing.seen(request.urn, new)
        try:
            ident, outputs = await self._run(request.urn, lambda kind, row: kind.create(new, preview, row))
        except Waiting as waits:
            await self._hold(request.urn, waits, {}, preview)
            return provider_pb2.CreateResponse(properties=request.properties)
        except Partly as error:
            self._standing.made(request.urn, new)
            await self._unfinished(context, error, request.properties)
        except StoreError as error:
            half = getattr(self._of(request.urn), "half_made", None)
            if preview or half is None:
                raise
            await self._unfinished(context, Partly(str(error), half(new), new), request.properties)
        if not preview:
            self._standing.made(request.urn, new)
        return provider_pb2.CreateResponse(id="" if preview else ident, properties=struct(outputs, self._unknown))

    @_clean
    async def Read(self, request: Any, context: Any) -> Any:
        urn, state, inputs = request.urn, plain(request.properties), plain(request.inputs)
        if not state:
            do = "`pulumi up` adopts a flag that is in the store already"
            raise Refused(Problem("`pulumi import` isn't needed", where=urn, do=do))
        self._standing.seen(urn, state)
        outputs = await self._run(urn, lambda kind, row: kind.read(urn, state, row, inputs))
        properties = request.properties if outputs is state else struct(outputs, self._unknown)
        return provider_pb2.ReadResponse(id=request.id, properties=properties, inputs=request.inputs)

    @_clean
    async def Update(self, request: Any, context: Any) -> Any:
        old, new, old_inputs = plain(request.olds), plain(request.news), plain(request.old_inputs)
        preview = request.preview
        try:
            outputs = await self._run(request.urn, lambda kind, row: kind.update(old, old_inputs, new, preview, row))
        except Waiting as waits:
            await self._hold(request.urn, waits, old, preview)
            return provider_pb2.UpdateResponse(properties=request.olds)
        except Partly as error:
            if error.state == old:
                raise
            await self._unfinished(context, error, request.news)
        return provider_pb2.UpdateResponse(properties=struct(outputs, self._unknown))

    @_clean
    async def Delete(self, request: Any, context: Any) -> Any:
        state, old_inputs = plain(request.properties), plain(request.old_inputs)
        about = standing.things(request.urn, state, old_inputs)
        if others := self._standing.others(request.urn, about):
            text = "another row of it stands: this one alone goes, and nothing is touched"
            if others != about:
                state, old_inputs = (standing.without(request.urn, each, others) for each in (state, old_inputs))
                text = f"another row of {len(others)} of its {len(about)} stands: they are not touched"
            await self._log(engine_pb2.INFO, request.urn, text)
            if others == about:
                return empty_pb2.Empty()
        await self._run(request.urn, lambda kind, row: kind.delete(state, old_inputs, row))
        return empty_pb2.Empty()

    async def Invoke(self, request: Any, context: Any) -> Any:
        """`rollout:index:held`: of a row that waits in this run the `verdict`, and its `moves` so far; else nothing."""
        if request.tok != awaited.FUNCTION:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"no such function: {request.tok}")
        held = self._held.get(str(plain(request.args).get("name")), {})
        return provider_pb2.InvokeResponse(**{"return": struct(held, self._unknown)})

    def _of(self, urn: str) -> Resource:
        return self._resources[standing.kind(urn)]

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
        except Waiting as waits:
            if await self._knows():  # and drops the status' text; before the evidence, as its headline
                row.lines.insert(0, ("warning", str(waits)))
            raise
        finally:
            for severity, text in row.lines:
                await self._log(_SEVERITY[severity], urn, text)

    async def _unfinished(self, context: Any, error: Partly, inputs: Any) -> None:
        """Ends a create or update that did a part: the row stays in the state, so that `destroy` and the next `up` find it."""
        half = provider_pb2.ErrorResourceInitFailed(
            id=error.ident, properties=struct(error.state, self._unknown), reasons=[str(error)], inputs=inputs
        )
        detail = any_pb2.Any()
        detail.Pack(half)
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error), details=[detail])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        await context.abort(grpc.StatusCode.UNKNOWN, str(error))

    async def _wait(self, text: str, context: Any) -> None:
        """Ends the call as awaiting."""
        from rollout.provider.wire import awaiting  # a run in which nothing waits is 10 ms faster without

        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, text, awaiting.details(text))

    async def _knows(self) -> bool:
        """Whether the engine knows what awaiting is."""
        from rollout.provider.wire import awaiting

        if self._knows_waiting is None:
            self._knows_waiting = await awaiting.known(self._engine_stub())
        return self._knows_waiting

    async def _hold(self, urn: str, waits: Waiting, old: Properties, preview: bool) -> None:
        """Keeps what is asked of a row that waits, and lets it wait; not in the preview of an `up`, which would carry out nothing
        at all if something waited there."""
        from rollout.provider.wire import awaiting

        self._held[urn.rpartition("::")[2]] = {
            "verdict": awaited.text(str(waits), datetime.now(UTC)), "moves": old.get("moves") or [],
        }  # fmt: skip
        if not (preview and await self._knows() and awaiting.previews_first()):
            raise waits

    def _engine_stub(self) -> engine_pb2_grpc.EngineStub:
        if self._stub is None:
            self._stub = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(self._engine))
        return self._stub

    async def _log(self, severity: Any, urn: str, text: str) -> None:
        with contextlib.suppress(grpc.RpcError):  # a line that can't be shown must not fail the write it is about
            said = engine_pb2.LogRequest(severity=severity, message=text, urn=urn)
            said.message = _spoken(text, said)
            await self._engine_stub().Log(said)


def _soon(loop: asyncio.AbstractEventLoop, log: Coroutine[Any, Any, None]) -> None:
    asyncio.run_coroutine_threadsafe(log, loop)


def _answers(engine: str) -> bool:
    host, _, port = engine.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5):
            return True
    except (OSError, ValueError):
        return False


async def serve(engine: str, servicer: Servicer) -> None:
    """Serves until the engine says stop, or is gone. stdout carries the port, and nothing else ever."""
    # The engine stops plug-ins by SIGINT and waits: every call is answered by then, so there is nothing to wind up. The
    # system's own way: a handler in Python has to wait for the loop's next turn where another thread gets the signal.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 400 * 1024 * 1024)])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    parent = os.getppid() if _answers(engine) else None  # it may be gone already, and somebody else be the parent
    if parent is not None:
        notes.write(parent)
    while os.getppid() == parent:  # noqa: ASYNC110 - an engine killed by -9 tells nobody; a provider must not outlive it
        await asyncio.sleep(PARENT_POLL)
    orphans.end_language_host(engine)
    os._exit(0)
