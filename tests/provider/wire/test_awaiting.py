"""A raise that waits, on the wire: the engine's own word for it, its text on the row first, and a plain `up` goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import empty_pb2

from rollout.model.log import awaited
from rollout.model.problem import Problem
from rollout.provider.wire import awaiting, values
from rollout.provider.wire.protos import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2
from rollout.provider.wire.row import Refused, Row, Waiting
from rollout.provider.wire.servicer import Servicer

URN = "urn:pulumi:local::wa-rollout::wa-rollout:index:DomainRollout$rollout:index:TrafficFlag::jobs-percent"
PROBLEM = Problem("HOLD jobs 5 % -> 25 %: skips a rung", where="Pulumi.local.yaml", do="set percent: 10")
MOVES = [{"from": 0, "to": 5}]


class Engine(engine_pb2_grpc.EngineServicer):
    """The engine's side: what it is told, and whether it is new enough."""

    def __init__(self, knows: bool) -> None:
        self.knows = knows
        self.asked: list[str] = []
        self.lines: list[tuple[str, str]] = []

    async def RequirePulumiVersion(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        self.asked.append(request.pulumi_version_range)
        if not self.knows:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "too old")
        return engine_pb2.RequirePulumiVersionResponse()

    async def Log(self, request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol's name
        self.lines.append((engine_pb2.LogSeverity.Name(request.severity), request.message))
        return empty_pb2.Empty()


class Kind:
    """A flag whose raise is refused, for one reason or another."""

    def __init__(self, refusal: Refused) -> None:
        self._refusal = refusal

    def create(self, _new: Any, _preview: bool, row: Row) -> Any:
        return self.update(row)

    def update(self, *told: Any) -> Any:
        told[-1].info("errors 0/1,966")
        raise self._refusal


def asked(engine: Engine, refusal: Refused, *questions: Callable[[Any], Any]) -> list[Any]:
    """The answers of a provider beside a living engine; an error is an answer."""

    async def run() -> list[Any]:
        beside, server = grpc.aio.server(), grpc.aio.server()
        engine_pb2_grpc.add_EngineServicer_to_server(engine, beside)
        address = f"127.0.0.1:{beside.add_insecure_port('127.0.0.1:0')}"
        flags: dict[str, Any] = {"rollout:index:TrafficFlag": Kind(refusal)}
        servicer = Servicer(address, object(), lambda *_: flags)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await beside.start()
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            await stub.Configure(provider_pb2.ConfigureRequest())
            found = []
            for question in questions:
                try:
                    found.append(await question(stub))
                except grpc.aio.AioRpcError as error:
                    found.append(error)
        await server.stop(None)
        await beside.stop(None)
        return found

    return asyncio.run(run())


def update(stub: Any, preview: bool = False) -> Any:
    olds, news = values.struct({"percent": 5, "moves": MOVES}, None), values.struct({"percent": 25}, None)
    return stub.Update(provider_pb2.UpdateRequest(urn=URN, olds=olds, news=news, preview=preview))


def create(stub: Any, preview: bool = False) -> Any:
    properties = values.struct({"percent": 25}, None)
    return stub.Create(provider_pb2.CreateRequest(urn=URN, properties=properties, preview=preview))


def held(stub: Any, name: str = "jobs-percent") -> Any:
    return stub.Invoke(provider_pb2.InvokeRequest(tok=awaited.FUNCTION, args=values.struct({"name": name}, None)))


def words(error: Any) -> list[str]:
    """The types of a failure's details."""
    return [
        detail.type_url
        for key, value in error.trailing_metadata() or ()
        if key == "grpc-status-details-bin"
        for detail in status_pb2.Status.FromString(value).details
    ]


@pytest.mark.parametrize("question", [update, create])
@pytest.mark.parametrize("preview", [True, False])
def test_it_ends_by_the_engines_own_word_and_its_text_is_the_rows_first_line(
    question: Callable[..., Any], preview: bool
) -> None:
    engine = Engine(knows=True)
    (error,) = asked(engine, Waiting(PROBLEM), lambda stub: question(stub, preview))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert words(error) == ["type.googleapis.com/pulumirpc.ErrorResourceAwaitFailed"]
    assert engine.asked == [f">={awaiting.SINCE}"]
    assert engine.lines == [("WARNING", PROBLEM.block()), ("INFO", "errors 0/1,966")]


def test_the_word_is_the_one_of_the_newest_protocol() -> None:
    name = provider_pb2.ErrorResourceAwaitFailed.DESCRIPTOR.full_name
    assert awaiting._WORD.endswith(f"/{name}")
    assert not provider_pb2.ErrorResourceAwaitFailed.DESCRIPTOR.fields


def test_an_engine_that_does_not_know_the_word_shows_the_text_once() -> None:
    engine = Engine(knows=False)
    first, second = asked(engine, Waiting(PROBLEM), update, update)
    assert str(first.details()) == str(second.details()) == PROBLEM.block()
    assert [severity for severity, _ in engine.lines] == ["INFO", "INFO"]
    assert len(engine.asked) == 1, "asked once a run"


def test_what_fails_does_not_wait() -> None:
    engine = Engine(knows=True)
    error, nothing = asked(engine, Refused(PROBLEM), update, held)
    assert not words(error)
    assert values.plain(getattr(nothing, "return")) == {}
    assert engine.lines == [("INFO", "errors 0/1,966")]


def test_the_preview_of_an_up_goes_on_and_the_up_itself_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaiting, "previews_first", lambda: True)
    engine = Engine(knows=True)
    previews = (lambda stub: update(stub, True), lambda stub: create(stub, True))
    kept, made, waits = asked(engine, Waiting(PROBLEM), *previews, update)
    assert values.plain(kept.properties) == {"percent": 5, "moves": MOVES}, "it stays as it is"
    assert (made.id, values.plain(made.properties)) == ("", {"percent": 25})
    assert words(waits)
    assert engine.lines.count(("WARNING", PROBLEM.block())) == 3
    (old,) = asked(Engine(knows=False), Waiting(PROBLEM), previews[0])
    assert isinstance(old, grpc.aio.AioRpcError), "an engine that fails at the `up` says so at its preview"


def test_the_program_is_told_the_verdict_and_the_moves_so_far() -> None:
    *_, found, other, unknown = asked(
        Engine(knows=True), Waiting(PROBLEM), update, held, lambda stub: held(stub, "property-percent"),
        lambda stub: stub.Invoke(provider_pb2.InvokeRequest(tok="rollout:index:other")),
    )  # fmt: skip
    told = values.plain(getattr(found, "return"))
    assert told["moves"] == MOVES
    assert awaited.read({"jobs": {"verdict": told["verdict"]}})["jobs"].to == 25
    assert values.plain(getattr(other, "return")) == {}
    assert unknown.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("line", "up"),
    [
        ("pulumi up --yes", True),
        ("/opt/pulumi --non-interactive --color never update -s prod", True),
        ("pulumi preview --diff --message up", False),
        ("pulumi pre", False),
        ("python -m pytest", False),
        ("", False),
    ],
)
def test_a_plain_up_is_told_from_a_preview(line: str, up: bool) -> None:
    assert awaiting.is_up(line.split()) is up
