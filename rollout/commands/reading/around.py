"""What `status` and `review` look at: stack file, plan, live flags, the flags' records, and the gate on each domain."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rollout.commands.engine import pulumi
from rollout.commands.project import files, place
from rollout.commands.reading import deployed, shown
from rollout.commands.reading.days import read_plan
from rollout.model.catalogue.domain import Catalogue, Domain
from rollout.model.flag.move import Move
from rollout.model.flag.moves import Live
from rollout.model.flag.name import secret_name
from rollout.model.judge.rules import Ask
from rollout.model.ladder import TOP
from rollout.model.plan import standing
from rollout.model.plan.days import Plan
from rollout.model.stack_file import conditions, config
from rollout.model.stack_file.conditions import Conditions
from rollout.model.stack_file.config import StackConfig
from rollout.provider.aws.sdk import Sdk
from rollout.provider.errors import StoreError
from rollout.provider.judging import evidence
from rollout.provider.judging.context import Context
from rollout.provider.judging.evidence import Look
from rollout.provider.sources import choose as sources
from rollout.provider.stores import choose as stores
from rollout.provider.stores.store import Entry


@dataclass
class Around:
    """One stack as it stands. `live`: None where it couldn't be read; `wrong`: what couldn't be; `day`: of the plan.

    `outputs`: what its newest run exported, of the same state as `records`; None where that couldn't be read.
    """

    stack: str
    known: Catalogue
    config: StackConfig
    plan: Plan
    context: Context
    now: datetime
    live: Mapping[str, Live | None]
    records: Mapping[str, deployed.Flag]
    wrong: list[str] = field(default_factory=list)
    enabled: Mapping[str, str] = field(default_factory=dict)  # per domain that has one the live enable flag, as shown
    outputs: Mapping[str, Any] | None = None

    @property
    def day(self) -> int | None:
        return standing.day_of(self.config.start, self.now)

    def planned(self, domain: str) -> int | None:
        """Today's percent by the plan; None without a start."""
        return None if self.day is None else self.plan.percent(min(max(self.day, 0), self.plan.last), domain)

    def moves(self, domain: str) -> list[Move]:
        """The flag's record, oldest first."""
        return self.records[domain].moves if domain in self.records else []

    def ask(self, domain: Domain, live: Live, wanted: int) -> Ask:
        """What a raise of the domain to `wanted` would be judged by."""
        record = self.records.get(domain.name)
        return Ask(
            catalogue=self.known, domain=domain, live=live, wanted=wanted, now=self.now,
            conditions=Conditions.from_inputs(conditions.conditions(self.config, domain.name)),
            moves=self.moves(domain.name),
            others={name: other for name, other in self.live.items() if other is not None},
            loopback=self.context.settings.simulator, only_lower=self.context.settings.only_lower,
            old_digest=record.rules if record else None, new_digest=domain.digest,
            before=record.percent if record else None,
        )  # fmt: skip

    def look(self, ask: Ask) -> tuple[Look | None, str]:
        """The gate's look at a domain, and why there is none; beside a top rung on ROLLBACK alone."""
        percent, live = ask.live.percent, ask.live
        if self.config.gate == "off":
            return None, "gate off"
        if not percent or live.since is None:
            return None, ""
        try:
            look = evidence.look(
                self.context,
                ask.domain,
                live,
                ask.moves,
                ask if percent < TOP and ask.wanted > percent else None,
            )
        except StoreError as error:
            return None, f"not judged: {error}"
        return (look, "") if look.over.starts() else (None, "too young to judge")


def look(stack: str) -> Around:
    """Reads everything, the engine's part beside the store's. Raises `BadInput` where a file is wrong."""
    known, settings, wrong = files.read_catalogue(), place.settings(stack), list[str]()
    path = files.stack_file(stack)
    stack_config = config.parse(files.read(path), files.name(path), known)
    sdk = Sdk()
    counters = sources.source(settings, sdk, attempts=1)
    context = Context(settings, stores.store(settings, sdk), counters=counters)
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(deployed.flags_and_outputs, stack)
        names = {name: context.percent_name(stack, name) for name in known.domains}
        switches = {name: secret_name(stack, one.enable_flag) for name, one in known.domains.items() if one.enable_flag}
        entries = context.store.get_many([*(name.secret for name in names.values()), *switches.values()])
        found = {name: _live(context, entries[names[name].secret], wrong) for name in known.domains}
        enabled = {name: shown.word(entries[secret]) for name, secret in switches.items()}
        wrong += [str(error) for secret in switches.values() if isinstance(error := entries[secret], StoreError)]
        try:
            records, outputs = reading.result()
        except pulumi.EngineFailed as error:
            records, outputs = {}, None
            wrong.append(f"the stack's state: {error}")
    return Around(
        stack, known, stack_config, read_plan(known), context, settings.now(), found, records, wrong, enabled, outputs
    )


def _live(context: Context, entry: Entry | StoreError | None, wrong: list[str]) -> Live | None:
    try:
        if isinstance(entry, StoreError):
            raise entry
        return context.live(entry, context.store.tags(entry.name) if entry else {})
    except StoreError as error:
        wrong.append(str(error))
        return None
