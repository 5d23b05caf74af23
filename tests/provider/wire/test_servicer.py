"""The provider's own server: values on the wire, refusals in clean lines, and what it doesn't load."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import struct_pb2

from rollout.model.problem import Problem
from rollout.provider.__main__ import resources
from rollout.provider.wire import values
from rollout.provider.wire.protos import provider_pb2, provider_pb2_grpc, status_pb2
from rollout.provider.wire.row import Partly, Refused, Row
from rollout.provider.wire.servicer import Servicer

HOME = Path(__file__).resolve().parents[3]
URN = "urn:pulumi:local::wa-rollout::wa-rollout:index:DomainRollout$rollout:index:TrafficFlag::jobs-percent"
LATER = object()


class Kind:
    """A resource kind that notes what it is told to update."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def check(self, new: dict[str, Any]) -> list[tuple[str, str]]:
        return [("percent", "off the ladder")] if new["percent"] == 7 else []

    def diff(self, _urn: str, old: dict[str, Any], new: dict[str, Any], _row: Row) -> dict[str, str]:
        return {key: "update" if key in old else "add" for key in new if old.get(key) != new[key]}

    def read(self, _urn: str, state: dict[str, Any], *_: object) -> dict[str, Any]:
        return state

    def create(self, new: dict[str, Any], preview: bool, _row: Row) -> tuple[str, dict[str, Any]]:
        return "name", {**new, "version": LATER if preview else "v1"}

    def update(self, *told: Any) -> dict[str, Any]:
        self.seen.append(told[:-1])
        raise Refused(Problem("HOLD jobs 5 % -> 25 %", where="Pulumi.local.yaml", do="set percent: 10"))

    def delete(self, *_: object) -> None:
        raise OSError("the store is gone")


def served(make: Callable[[Any, str], Any], question: Callable[[Any], Any]) -> Any:
    """The answer of a server that isn't configured yet, over a socket. `make`: its resources, by config and stack."""

    async def run() -> Any:
        server = grpc.aio.server()
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer("127.0.0.1:1", LATER, make), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                return await question(provider_pb2_grpc.ResourceProviderStub(channel))
        finally:
            await server.stop(None)

    return asyncio.run(run())


def asked(kind: Any, question: Callable[[Any], Any]) -> Any:
    """The answer of a configured server."""

    async def configured(stub: Any) -> Any:
        await stub.Configure(provider_pb2.ConfigureRequest())
        return await question(stub)

    return served(lambda *_: {"rollout:index:TrafficFlag": kind}, configured)


def sent(**given: Any) -> struct_pb2.Struct:
    return values.struct(given, LATER)


def test_values_go_and_come_back() -> None:
    given = {
        "text": "a", "none": None, "yes": True, "no": False, "whole": 5, "half": 0.5, "empty": "", "list": [1, [], {}],
        "map": {"deep": {"er": [True, None, "x"]}}, "pair": (1, 2),
    }  # fmt: skip
    back = values.plain(values.struct(given, LATER))
    assert back == {**given, "pair": [1, 2]}
    assert [type(back[key]) for key in ("yes", "whole", "half")] == [bool, int, float]


def test_a_wrapped_secret_is_its_value_and_what_is_later_has_pulumis_mark() -> None:
    secret = {values.SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "value": {"a": 1}}
    assert values.plain(values.struct({"token": secret}, LATER)) == {"token": {"a": 1}}
    assert values.plain(values.struct({"since": LATER}, LATER)) == {"since": values.UNKNOWN}
    with pytest.raises(TypeError, match="set is no Pulumi value"):
        values.struct({"bad": {1}}, LATER)


def test_marks_are_the_sdks() -> None:
    from pulumi.runtime import rpc

    assert values.UNKNOWN == rpc.UNKNOWN
    assert rpc._special_sig_key == values.SIGNATURE


def bare(config: Any, stack: str) -> Any:
    """The provider's own resources, in no environment."""
    return resources(config, {}, stack)


@pytest.mark.parametrize("key", ["store", "source"])
def test_config_that_is_wrong_is_told_of_with_its_file(key: str) -> None:
    """By the check: an engine's `up` waits for ever for a provider that can't be configured."""
    urn, config = URN.replace(":local::", ":prod::"), sent(**{key: "redis"})
    answer = served(bare, lambda stub: stub.CheckConfig(provider_pb2.CheckRequest(urn=urn, news=config)))
    (failure,) = answer.failures
    assert f"where:   Pulumi.prod.yaml rollout:{key}\n" in failure.reason
    with pytest.raises(grpc.aio.AioRpcError) as wrong:
        served(bare, lambda stub: stub.Configure(provider_pb2.ConfigureRequest(urn=urn, args=config)))
    assert f"where:   Pulumi.prod.yaml rollout:{key}\n" in str(wrong.value.details())


def test_what_was_checked_is_what_is_configured() -> None:
    made: list[Any] = []

    def noted(config: Any, stack: str) -> Any:
        made.append(config)
        return bare(config, stack)

    async def both(stub: Any) -> Any:
        for region in ("eu-west-1", "eu-west-1", "us-east-1"):
            checked = await stub.CheckConfig(provider_pb2.CheckRequest(urn=URN, news=sent(region=region)))
            await stub.Configure(provider_pb2.ConfigureRequest(urn=URN, args=checked.inputs))

    served(noted, both)
    assert [one["region"] for one in made] == ["eu-west-1", "us-east-1"]


def test_check_and_diff() -> None:
    bad = asked(Kind(), lambda stub: stub.Check(provider_pb2.CheckRequest(urn=URN, news=sent(percent=7))))
    assert [(each.property, each.reason) for each in bad.failures] == [("percent", "off the ladder")]
    assert bad.inputs == sent(percent=7)
    request = provider_pb2.DiffRequest(urn=URN, olds=sent(percent=5, a=1), news=sent(percent=10, a=1, b=2))
    answer = asked(Kind(), lambda stub: stub.Diff(request))
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert {key: each.kind for key, each in answer.detailedDiff.items()} == {
        "percent": provider_pb2.PropertyDiff.UPDATE, "b": provider_pb2.PropertyDiff.ADD,
    }  # fmt: skip
    same = provider_pb2.DiffRequest(urn=URN, olds=sent(percent=5), news=sent(percent=5))
    answer = asked(Kind(), lambda stub: stub.Diff(same))
    assert (answer.changes, answer.hasDetailedDiff) == (provider_pb2.DiffResponse.DIFF_NONE, True)


def test_read_keeps_the_inputs_and_an_import_is_refused() -> None:
    state, inputs = sent(percent=5, since="x"), sent(percent=5)
    request = provider_pb2.ReadRequest(id="name", urn=URN, properties=state, inputs=inputs)
    answer = asked(Kind(), lambda stub: stub.Read(request))
    assert (answer.id, answer.properties, answer.inputs) == ("name", state, inputs)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        asked(Kind(), lambda stub: stub.Read(provider_pb2.ReadRequest(id="name", urn=URN)))
    assert str(caught.value.details()).startswith("`pulumi import` isn't needed")


@pytest.mark.parametrize(("preview", "ident", "version"), [(True, "", values.UNKNOWN), (False, "name", "v1")])
def test_create_has_no_id_at_preview(preview: bool, ident: str, version: str) -> None:
    request = provider_pb2.CreateRequest(urn=URN, properties=sent(percent=5), preview=preview)
    answer = asked(Kind(), lambda stub: stub.Create(request))
    assert (answer.id, values.plain(answer.properties)) == (ident, {"percent": 5, "version": version})


def test_update_gets_the_old_inputs_and_a_refusal_is_its_own_words() -> None:
    kind = Kind()
    request = provider_pb2.UpdateRequest(
        urn=URN, olds=sent(percent=0), old_inputs=sent(percent=5), news=sent(percent=25), preview=True
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        asked(kind, lambda stub: stub.Update(request))
    assert kind.seen == [({"percent": 0}, {"percent": 5}, {"percent": 25}, True)]
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert str(caught.value.details()).splitlines()[0] == "HOLD jobs 5 % -> 25 %"
    with pytest.raises(grpc.aio.AioRpcError, match="the store is gone"):
        asked(kind, lambda stub: stub.Delete(provider_pb2.DeleteRequest(urn=URN, properties=sent(percent=5))))


class Policies(Kind):
    """A kind whose rows are about several things, and which did a part of what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.deleted: list[Any] = []

    def check(self, _new: dict[str, Any]) -> list[tuple[str, str]]:
        return []

    def create(self, new: dict[str, Any], _preview: bool, _row: Row) -> tuple[str, dict[str, Any]]:
        if new.get("fails"):
            raise Partly("b failed", "its-id", {**new, "policies": {"a": {}}})
        return "its-id", new

    def update(self, *told: Any) -> dict[str, Any]:
        raise Partly("b failed", "its-id", {**told[2], "policies": {"a": {}}})

    def delete(self, *told: Any) -> None:
        state, old_inputs, _ = told
        self.deleted.append((set(state.get("policies", {})), set(old_inputs.get("policies", {})), state.get("policy")))


def alerts(name: str) -> str:
    return f"urn:pulumi:local::wa-rollout::rollout:index:TrafficFlag::{name}"


def row_of(*policies: str, **more: Any) -> Any:
    return sent(stack="local", domain="jobs", policies={name: {"x": 1} for name in policies}, policy="a", **more)


def one(policy: str) -> Any:
    return sent(stack="local", domain="jobs", policy=policy, name=f"alarm {policy}")


def deleted(kind: Policies, before: list[Callable[[Any], Any]], urn: str, state: Any, inputs: Any) -> list[Any]:
    async def both(stub: Any) -> None:
        for question in before:
            await question(stub)
        await stub.Delete(provider_pb2.DeleteRequest(urn=urn, properties=state, old_inputs=inputs))

    asked(kind, both)
    return kind.deleted


def created(urn: str, state: Any) -> Callable[[Any], Any]:
    return lambda stub: stub.Create(provider_pb2.CreateRequest(urn=urn, properties=state))


def test_a_row_whose_things_another_row_is_about_goes_without_a_call() -> None:
    """From rows of one thing each to a row of all, and back; renamed; replaced by itself."""
    jobs = row_of("a", "b")
    assert deleted(Policies(), [created(alerts("jobs"), jobs)], alerts("jobs-a"), one("a"), one("a")) == []
    assert deleted(Policies(), [created(alerts("jobs"), jobs)], alerts("another"), jobs, jobs) == []
    assert deleted(Policies(), [created(alerts("jobs"), jobs)], alerts("jobs"), jobs, jobs) == []
    each = [created(alerts(f"jobs-{name}"), one(name)) for name in ("a", "b")]
    assert deleted(Policies(), each, alerts("jobs"), jobs, jobs) == []


def test_only_what_no_other_row_is_about_is_deleted() -> None:
    jobs = row_of("a", "b")
    assert deleted(Policies(), [], alerts("jobs"), jobs, jobs) == [({"a", "b"}, {"a", "b"}, "a")], (
        "a destroy makes no row"
    )
    assert deleted(Policies(), [created(alerts("jobs"), jobs)], alerts("jobs-c"), one("c"), one("c")) == [
        (set(), set(), "c")
    ]
    fewer = [created(alerts("new"), row_of("a", "c"))]
    assert deleted(Policies(), fewer, alerts("jobs"), jobs, row_of("a", "b", "d")) == [({"b"}, {"b", "d"}, "a")]


def test_what_was_done_in_part_keeps_the_row_and_what_stands() -> None:
    new = row_of("a", "b", fails=True)
    asks: list[Callable[[Any], Any]] = [
        lambda stub: stub.Create(provider_pb2.CreateRequest(urn=URN, properties=new)),
        lambda stub: stub.Update(provider_pb2.UpdateRequest(urn=URN, olds=row_of("c"), news=new)),
    ]
    for ask in asks:
        with pytest.raises(grpc.aio.AioRpcError, match="b failed") as caught:
            asked(Policies(), ask)
        packed = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
        (detail,) = status_pb2.Status.FromString(packed).details
        failed = provider_pb2.ErrorResourceInitFailed()
        assert detail.Unpack(failed)
        assert (failed.id, set(failed.properties["policies"].fields), failed.inputs) == ("its-id", {"a"}, new)


def test_an_update_that_did_nothing_changes_no_record() -> None:
    state = row_of("a")
    with pytest.raises(grpc.aio.AioRpcError, match="b failed") as caught:
        asked(
            Policies(),
            lambda stub: stub.Update(provider_pb2.UpdateRequest(urn=URN, olds=sent(policies={"a": {}}), news=sent())),
        )
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert state == row_of("a")


def test_the_engine_is_told_the_property_and_the_path() -> None:
    class Deep(Kind):
        def diff(self, *_: object) -> dict[str, str]:
            return {
                "policies.errors.threshold": "update",
                'widgets["a.b"]': "add",
                "policies.errors": "delete",
                "name": "add",
            }

    answer = asked(Deep(), lambda stub: stub.Diff(provider_pb2.DiffRequest(urn=URN, olds=sent(), news=sent(percent=5))))
    assert list(answer.diffs) == ["policies", "widgets", "name"]
    assert set(answer.detailedDiff) == {"policies.errors.threshold", 'widgets["a.b"]', "policies.errors", "name"}


def test_nothing_is_loaded_that_only_some_runs_need() -> None:
    """Each was tenths of a second of every preview."""
    heavy = (
        "pulumi",
        "botocore",
        "dill",
        "rollout.provider.judging.judging",
        "rollout.model.gate.metric",
        "rollout.model.stack_file.config",
    )
    code = f"import sys, rollout.provider.__main__; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=HOME, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_provider_is_ended_by_the_engines_signal(tmp_path: Path) -> None:
    """Started as the engine does, from any folder, with CDPATH set."""
    start = [str(HOME / "rollout" / "provider" / "pulumi-resource-rollout")]
    env = {**os.environ, "CDPATH": str(tmp_path)}
    with socket.create_server(("127.0.0.1", 0)) as engine:
        start.append(f"127.0.0.1:{engine.getsockname()[1]}")
        with subprocess.Popen(start, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as provider:
            assert provider.stdout is not None
            assert provider.stdout.readline().strip().isdigit()
            provider.send_signal(signal.SIGINT)
            assert provider.wait(timeout=60) == -signal.SIGINT
