"""Runs the real `__main__.py` on Pulumi's mocks, and notes every registration with its dependencies."""

from __future__ import annotations

import asyncio
import json
import runpy
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, rpc, settings, stack

from components import stack_file
from rollout.model.problem import BadInput
from rollout.model.yaml_text.tree import Map, Node, Scalar, read

HOME = Path(__file__).resolve().parents[2]


@dataclass
class Registered:
    """One resource that the program asked for."""

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    depends: list[str] = field(default_factory=list)


class Engine(mocks.MockMonitor):
    """A monitor that keeps what a mock isn't told: parents and dependencies."""

    def __init__(self) -> None:
        super().__init__(_Echo())
        self.seen: list[Registered] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name that the SDK calls
        if request.type != "pulumi:pulumi:Stack":
            depends = [*request.dependencies, *(urn for p in request.propertyDependencies.values() for urn in p.urns)]
            inputs = rpc.deserialize_properties(request.object)
            self.seen.append(
                Registered(request.type, request.name, inputs, request.parent.rpartition("::")[2], depends)
            )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


class _Echo(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        raise AssertionError(f"the program looks nothing up: {args.token}")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Engine]]:
    """`program(text)` runs the stack file `text`; `given` is what Pulumi was told, where that isn't the file's content."""
    before = signal.getsignal(signal.SIGINT)  # the program sets its own, and this process goes on
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    def run(
        text: str | bytes,
        given: dict[str, str] | None = None,
        into: list[Engine] | None = None,
        engine: Engine | None = None,
        preview: bool = False,
    ) -> Engine:
        path = tmp_path / "Pulumi.test.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        monkeypatch.setenv(stack_file.CONFIG_FILE, str(path))
        engine = engine or Engine()
        if into is not None:
            into.append(engine)
        settings.reset_options()
        pulumi.runtime.set_mocks(None, "wa-rollout", "test", preview=preview, monitor=engine)  # type: ignore[arg-type]
        settings.set_root_resource(None)  # type: ignore[arg-type]
        pulumi.runtime.set_all_config(_as_pulumi(path.read_bytes()) if given is None else given)

        def source() -> None:
            runpy.run_path(str(HOME / "__main__.py"), run_name="__main__")

        loop.run_until_complete(stack.run_in_stack(source))
        return engine

    yield run
    asyncio.set_event_loop(None)
    loop.close()
    signal.signal(signal.SIGINT, before)
    pulumi.runtime.set_all_config({})


def _as_pulumi(raw: bytes) -> dict[str, str]:
    """The config as the engine hands it on: scalars as text, maps as JSON."""
    try:
        section = read(raw, "Pulumi.test.yaml").values.get("config")
    except BadInput:
        return {}
    values = section.values if isinstance(section, Map) else {}
    return {key: node.text if hasattr(node, "text") else json.dumps(_plain(node)) for key, node in values.items()}


def _plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Map):
        return {key: _plain(value) for key, value in node.values.items()}
    return [_plain(item) for item in node.items]
