"""`DomainRollout`: all that one domain has in a stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from rollout.model.catalogue.domain import Domain
from rollout.model.stack_file.conditions import conditions
from rollout.model.stack_file.config import StackConfig

from .resources import FlagSecret, TrafficFlag

#: What an output says in a run that left its flag as it was.
REFUSED = "not changed in this run: see the row"

#: A flag's own record, oldest move first (`rollout.model.flag.record`).
Moves = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class DomainRolloutResources:
    """Everything the component makes. A flag depends on nothing, and nothing depends on a flag."""

    percent: TrafficFlag
    enable: FlagSecret | None


class DomainRollout(pulumi.ComponentResource):
    """One domain's flags. Rows are named after the domain: `jobs-percent`, `jobs-enabled`."""

    resources: DomainRolloutResources

    def __init__(self, domain: Domain, config: StackConfig, stack: str) -> None:
        super().__init__("wa-rollout:index:DomainRollout", domain.name)
        wanted = config.flags[domain.name]
        told = conditions(config, domain.name)
        child = pulumi.ResourceOptions(parent=self)
        percent = TrafficFlag(
            f"{domain.name}-percent",
            stack=stack,
            domain=domain.name,
            flag=domain.percent_flag,
            percent=wanted.percent,
            rules=domain.digest,
            conditions=told,
            opts=child,
        )
        enable = None
        if domain.enable_flag is not None:
            enable = FlagSecret(
                f"{domain.name}-enabled",
                stack=stack,
                domain=domain.name,
                flag=domain.enable_flag,
                enabled=bool(wanted.enabled),
                percent=wanted.percent,
                rules=domain.digest,
                conditions=told,
                closed=config.closed is not None,
                opts=child,
            )
        self.resources = DomainRolloutResources(percent, enable)
        self.register_outputs({})

    def outputs(self) -> dict[str, object]:
        """What the stack exports of this domain. None of it changes by itself.

        A flag that was refused has no outputs in that run. They are replaced here, since a faulted one would end the
        program with a traceback while another domain's rollback is still on its way.
        """
        flags = self.resources
        found: dict[str, pulumi.Output[object]] = {
            name: getattr(flags.percent, name) for name in ("percent", "since", "verdict")
        }
        if flags.enable is not None:
            found["enabled"] = flags.enable.enabled
        return {name: output.recover(lambda _: REFUSED) for name, output in found.items()}

    async def answered(self) -> Moves | None:
        """Waits until the domain's flags are done: its moves (at preview, the move to come); None where one was refused."""
        flags = self.resources
        try:
            if flags.enable is not None:
                await flags.enable.enabled.future()
            known = await flags.percent.moves.is_known()
            found = await flags.percent.moves.future()
            wanted = await flags.percent.percent.future()
        except Exception:  # noqa: BLE001 - whatever the engine's refusal is called in this SDK
            return None
        return (found or ()) if known else ({"from": None, "to": wanted, "verdict": "known after the write"},)
