"""One stack in one process: plays the engine's part over the provider's own servicer, whose calls go out over real sockets.

A whole engine costs 3 s of a processor's time for each of some thousand cases; what a fault meets is the provider. The
few cases that run on the real engine are in tests/faults/engines.py.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rollout.model.alarms import dashboard as dashboards
from rollout.model.alarms import policies
from rollout.model.alarms.topics import TOPICS, topic_name
from rollout.provider.__main__ import resources
from rollout.provider.resources.traffic_flag import UNKNOWN
from rollout.provider.wire import values
from rollout.provider.wire.protos import provider_pb2, status_pb2
from rollout.provider.wire.servicer import Made, Servicer
from tests.pure.samples import CATALOGUE

Properties = dict[str, Any]
#: Two domains are enough: one that moves, one beside it.
MOVES: Final = "jobs"
BESIDE: Final = "ai-agents"


class Aborted(Exception):
    """How a handler ends a call that failed, in the servicer's own words."""


class Half(Aborted):
    """A create or update that did a part: the row stays in the state, as `state`."""

    def __init__(self, text: str, state: Properties) -> None:
        super().__init__(text)
        self.state = state


class _Context:
    """The part of a gRPC context that the servicer uses."""

    half: Properties | None = None

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes], ...]) -> None:
        (detail,) = status_pb2.Status.FromString(metadata[0][1]).details
        failed = provider_pb2.ErrorResourceInitFailed()
        detail.Unpack(failed)
        self.half = values.plain(failed.properties)

    async def abort(self, _code: object, text: str, *_: object) -> None:
        raise Aborted(text) if self.half is None else Half(text, self.half)


class _Heard(Servicer):
    """A servicer whose lines are kept instead of sent to an engine."""

    def __init__(self, made: Made) -> None:
        super().__init__("127.0.0.1:1", UNKNOWN, made)
        self.said: list[str] = []

    async def _log(self, severity: Any, urn: str, text: str) -> None:  # noqa: ARG002 - the servicer's own
        self.said.append(text)

    async def _knows(self) -> bool:
        return True


@dataclass
class Run:
    """What one run said. `failed`: row to what its call was ended with; `faults`: what nobody caught."""

    said: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        return 1 if self.failed or self.faults else 0

    def text(self) -> str:
        return "\n".join([*self.said, *self.failed.values(), *self.faults])


@dataclass
class Stack:
    """Rows, their state and inputs, as an engine keeps them between runs. `config`: the provider's.

    `beside`: with alarms, a topic and a dashboard; a `database` has no topic and no dashboard.
    """

    name: str
    config: Mapping[str, str]
    database: bool = False
    beside: bool = True
    state: dict[str, Properties] = field(default_factory=dict)
    inputs: dict[str, Properties] = field(default_factory=dict)

    def rows(self, percents: Mapping[str, int], gate: str) -> dict[str, tuple[str, Properties]]:
        """Row to kind and inputs, as the program's components register them."""
        found: dict[str, tuple[str, Properties]] = {}
        for name, percent in percents.items():
            domain = CATALOGUE.domains[name]
            checked = {item.name: "Ben" for item in domain.checklist}
            told = {"on_call": "always", "gate": gate, "drill": "off", "checked": checked}
            own = {"stack": self.name, "domain": name, "rules": domain.digest, "conditions": told}
            found[f"{name}-percent"] = "TrafficFlag", {**own, "flag": domain.percent_flag, "percent": percent}
            if domain.enable_flag is not None:
                switch = {"flag": domain.enable_flag, "enabled": percent > 0, "percent": percent, "closed": False}
                found[f"{name}-enabled"] = "FlagSecret", {**own, **switch}
        if not self.beside:
            return found
        found[f"{MOVES}-alerts"] = "AlertPolicy", policies.row(CATALOGUE, CATALOGUE.domains[MOVES], self.name)
        if not self.database:
            for action in TOPICS[:1]:
                known = {"stack": self.name, "action": action, "name": topic_name(self.name, action)}
                found[action] = "Topic", {**known, "subscriptions": {"ana": "ana@example.org"}}
            domain = CATALOGUE.domains[MOVES]
            board = {"name": dashboards.dashboard_name(self.name, MOVES), "stack": self.name, "domain": MOVES}
            summary = dashboards.summary(dashboards.body(CATALOGUE, domain, self.name))
            found[f"{MOVES}-dashboard"] = "Dashboard", {**board, "widgets": summary}
        return found

    def run(
        self, percents: Mapping[str, int], environ: Mapping[str, str], *, gate: str = "off", preview: bool = False
    ) -> Run:
        """A preview or an `up` of these percents: refresh, then each row by what differs. Flags first, then what stands beside."""
        return asyncio.run(self._run(self.rows(percents, gate), environ, preview))

    async def _run(self, rows: Mapping[str, tuple[str, Properties]], environ: Mapping[str, str], preview: bool) -> Run:
        run, server = Run(), _Heard(lambda config, stack: resources(config, environ, stack))
        if await self._asked(run, "provider", server.Configure(_configured(self.config), _Context())) is None:
            return run
        known = [name for name in rows if name in self.state]
        await asyncio.gather(*(self._refreshed(run, server, name, rows[name][0]) for name in known))
        flags = [name for name, (kind, _) in rows.items() if kind in ("TrafficFlag", "FlagSecret")]
        for some in (flags, [name for name in rows if name not in flags]):
            await asyncio.gather(*(self._stepped(run, server, name, *rows[name], preview) for name in some))
        run.said += server.said
        return run

    async def _refreshed(self, run: Run, server: Servicer, name: str, kind: str) -> None:
        request = provider_pb2.ReadRequest(
            id=name, urn=_urn(kind, name), properties=_struct(self.state[name]), inputs=_struct(self.inputs[name])
        )
        answer = await self._asked(run, name, server.Read(request, _Context()))
        if answer is not None:
            self.state[name] = values.plain(answer.properties)

    async def _stepped(self, run: Run, server: Servicer, name: str, kind: str, new: Properties, preview: bool) -> None:
        urn, sent = _urn(kind, name), _struct(new)
        check = provider_pb2.CheckRequest(urn=urn, news=sent)
        checked = await self._asked(run, name, server.Check(check, _Context()))
        if checked is None or checked.failures:
            run.failed.setdefault(name, str(checked))
            return
        if name not in self.state:
            create = provider_pb2.CreateRequest(urn=urn, properties=sent, preview=preview)
            answer = await self._asked(run, name, server.Create(create, _Context()), half=new)
        else:
            olds, before = _struct(self.state[name]), _struct(self.inputs[name])
            diff = provider_pb2.DiffRequest(urn=urn, olds=olds, old_inputs=before, news=sent)
            found = await self._asked(run, name, server.Diff(diff, _Context()))
            if found is None:
                return
            if found.changes != provider_pb2.DiffResponse.DIFF_SOME:
                self.inputs[name] = self.inputs[name] if preview else new
                return
            update = provider_pb2.UpdateRequest(
                id=name, urn=urn, olds=olds, old_inputs=before, news=sent, preview=preview
            )
            answer = await self._asked(run, name, server.Update(update, _Context()), half=new)
        if answer is not None and not preview:
            self.state[name], self.inputs[name] = values.plain(answer.properties), new

    async def _asked(self, run: Run, name: str, call: Awaitable[Any], half: Properties | None = None) -> Any:
        """The answer; None where the call was ended, and kept is with what."""
        try:
            return await call
        except Half as error:
            run.failed[name] = str(error)
            if half is not None:
                self.state[name], self.inputs[name] = error.state, half
        except Aborted as error:
            run.failed[name] = str(error)
        except Exception:  # noqa: BLE001 - exactly what is looked for: an engine would show it as a fault of the provider
            run.faults.append(traceback.format_exc())
        return None

    def percent(self, domain: str = MOVES) -> object:
        """What the state says of a domain."""
        return self.state.get(f"{domain}-percent", {}).get("percent")


def _configured(config: Mapping[str, str]) -> Any:
    return provider_pb2.ConfigureRequest(args=_struct(config))


def _struct(given: Mapping[str, Any]) -> Any:
    return values.struct(given, UNKNOWN)


def _urn(kind: str, name: str) -> str:
    return f"urn:pulumi:play::wa-rollout::rollout:index:{kind}::{name}"
