"""Plays the engine's part for the resource kinds: keeps state and inputs between runs, as a stack does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from rollout.provider.judging.context import Context
from rollout.provider.resources.flag_secret import FlagSecret
from rollout.provider.resources.traffic_flag import TrafficFlag
from rollout.provider.stores import choose
from rollout.provider.stores.store import Store
from rollout.provider.wire.row import Row

Properties = dict[str, Any]


@dataclass
class Desk:
    """One stack called `test`. `percent(...)` is what an `up` of a domain's percent does: diff, then create or update."""

    context: Context
    state: dict[str, Properties] = field(default_factory=dict)
    inputs: dict[str, Properties] = field(default_factory=dict)
    row: Row = field(default_factory=lambda: Row("urn"))

    @property
    def store(self) -> Store:
        return self.context.store

    @property
    def traffic(self) -> TrafficFlag:
        """The handlers, as fresh as in a new run."""
        return TrafficFlag(self.context)

    @property
    def flags(self) -> FlagSecret:
        return FlagSecret(self.context)

    def inputs_of(self, domain: str, percent: int, **conditions: Any) -> Properties:
        """A quiet stack's inputs: somebody on call, everything attested, gate and drill off (loopback)."""
        known = self.context.catalogue.domains[domain]
        checked = {item.name: "Ben" for item in known.checklist}
        quiet = {"on_call": "always", "gate": "off", "drill": "off", "checked": checked}
        return {
            "stack": "test", "domain": domain, "flag": known.percent_flag, "percent": percent, "rules": known.digest,
            "conditions": {**quiet, **conditions},
        }  # fmt: skip

    def percent(self, domain: str, percent: int, *, preview: bool = False, **conditions: Any) -> Properties:
        """Raises what the handler raises; state and inputs then stay as they were, as in the engine."""
        self.row = Row("urn")
        new = self.inputs_of(domain, percent, **conditions)
        old = self.state.get(domain)
        if old is None:
            _, outputs = self.traffic.create(new, preview, self.row)
        else:
            outputs = self.traffic.update(old, self.inputs[domain], new, preview, self.row)
        if not preview:
            self.state[domain], self.inputs[domain] = outputs, new
        return outputs

    def refresh(self, domain: str) -> Properties:
        """A new run's `read`."""
        self.new_run()
        self.row = Row("urn")
        self.state[domain] = self.traffic.read(f"urn-{domain}", self.state[domain], self.row, self.inputs[domain])
        return self.state[domain]

    def new_run(self) -> None:
        """A fresh process: snapshots and what was read are gone."""
        self.context = Context(
            self.context.settings, self.context.store, self.context.home, counters=self.context._counters
        )

    def later(self, **span: float) -> None:
        """The virtual clock goes on."""
        now = self.context.settings.now() + timedelta(**span)
        settings = replace(self.context.settings, virtual_now=now)
        store = choose.store(settings) if self.store.can.own_clock else self.store
        self.context = Context(settings, store, self.context.home, counters=self.context._counters)

    def climb(self, domain: str, to: int, **conditions: Any) -> None:
        """Up to `to`, rung by rung, each soaked."""
        for rung in (0, 5, 10, 25, 50, 100):
            if rung <= to:
                self.percent(domain, rung, **conditions)
                self.later(hours=48)

    def name(self, domain: str) -> str:
        return self.context.percent_name("test", domain).secret

    def live(self, domain: str) -> str | None:
        entry = self.store.get(self.name(domain))
        return None if entry is None else entry.text

    def said(self, severity: str = "warning") -> str:
        return "\n".join(text for kind, text in self.row.lines if kind == severity)
