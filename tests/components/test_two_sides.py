"""A resource is declared twice, in the program and in the provider: what one sends, the other takes, and answers as promised."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components import resources
from rollout.provider import __main__ as provider
from rollout.provider.judging.change import CONDITIONS
from rollout.provider.stores import choose
from rollout.provider.wire.row import Row
from rollout.provider.wire.values import plain, struct
from tests.components.conftest import Engine
from tests.components.test_program import LOCAL
from tests.provider.memory import MemoryStore

#: What a resource is told and doesn't show.
HIDDEN = {CONDITIONS, "closed"}
#: What an enable flag is judged by, and doesn't show: they are its domain's.
JUDGED = {"FlagSecret": {"percent", "rules"}}
CLOSED = "  wa-rollout:closed:\n    why: archived\n    by: Ana K.\n"


@pytest.mark.parametrize("more", ["", CLOSED], ids=["running", "closed"])
def test_what_the_program_sends_the_provider_takes(
    more: str, program: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    declared: dict[str, set[str]] = {}
    register = pulumi.CustomResource.__init__

    def noted(self: Any, kind: str, name: str, props: dict[str, Any], *args: Any, **more: Any) -> None:
        declared[name] = set(props)
        register(self, kind, name, props, *args, **more)

    monkeypatch.setattr(pulumi.CustomResource, "__init__", noted)
    monkeypatch.setattr(choose, "store", lambda *_: MemoryStore())
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nothing listens: at preview nothing is asked
    kinds = provider.resources({})
    seen = [item for item in program(_at_zero(LOCAL) + more).seen if item.type in kinds]
    assert {item.type for item in seen} == set(kinds), "each kind of the provider is made, and no other"
    for item in seen:
        kind = item.type.rpartition(":")[2]
        inputs = plain(struct(item.inputs, object()))  # over the wire, where a number has no kind
        assert kinds[item.type].check(inputs) == [], item.name
        _, outputs = kinds[item.type].create(inputs, True, Row(item.name))
        assert set(outputs) == declared[item.name] - HIDDEN - JUDGED.get(kind, set()), (
            f"{kind}: the properties of both sides"
        )
        promised = set(getattr(resources, kind).__annotations__)
        assert promised <= set(outputs), f"{kind}: outputs that the program may read"


def _at_zero(text: str) -> str:
    """A stack that carries nothing: no raise is judged."""
    return re.sub(r"percent: \d+", "percent: 0", text)
