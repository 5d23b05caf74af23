"""`DomainRollout`: all that one domain has in a stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from rollout.model.catalogue.domain import Domain
from rollout.model.log import awaited
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
        self._percent_name, self._enable_name = f"{domain.name}-percent", f"{domain.name}-enabled"
        percent = TrafficFlag(
            self._percent_name,
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
                self._enable_name,
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

        A flag that was refused has no outputs in that run, and says so instead. What the SDK makes of them would either end
        the program, while another domain's rollback is still on its way, or put an unknown's placeholder into the state.
        """
        flags = self.resources
        found: dict[str, object] = {
            name: _or_refused(getattr(flags.percent, name), flags.percent.percent) for name in ("percent", "since")
        }
        found["verdict"] = pulumi.Output.from_input(_verdict(flags.percent, self._percent_name))
        if flags.enable is not None:
            found["enabled"] = _or_refused(flags.enable.enabled, flags.enable.enabled)
        return found

    async def answered(self) -> Moves | None:
        """Waits until the domain's flags are done: its moves (at preview, with the move to come); None where one failed.

        A flag that waits has made no move: its moves are those that it had.
        """
        flags = self.resources
        if (
            flags.enable is not None
            and not await _answered(flags.enable.enabled)
            and not await _held(self._enable_name)
        ):
            return None
        if not await _answered(flags.percent.percent):
            held = await _held(self._percent_name)
            return held["moves"] if held else None
        known = await flags.percent.moves.is_known()
        found = await flags.percent.moves.future()
        wanted = await flags.percent.percent.future()
        return (found or ()) if known else ({"from": None, "to": wanted, "verdict": "known after the write"},)


async def _answered(given: pulumi.Output[Any]) -> bool:
    """Whether a flag's resource answered, by an output that is one of its inputs: known at preview too, unless it was refused.

    Where it was, the output of an SDK before 3.271 holds the failure, and that of a newer one is unknown.
    """
    try:
        await given.future()
        return await given.is_known()
    except Exception:  # noqa: BLE001 - whatever the engine's refusal is called in this SDK
        return False


async def _verdict(flag: TrafficFlag, name: str) -> Any:
    """The flag's verdict on its last raise; of one that waits the newest, which only the provider knows."""
    return flag.verdict if await _answered(flag.percent) else (await _held(name)).get("verdict", REFUSED)


async def _held(name: str) -> Mapping[str, Any]:
    """Of a row that waits in this run its `verdict` and its `moves` so far; empty where it failed."""
    try:
        found = await pulumi.runtime.invoke_async(awaited.FUNCTION, {"name": name})
    except Exception:  # noqa: BLE001 - the row says it all the same
        return {}
    return found if isinstance(found, Mapping) else {}


def _or_refused(output: pulumi.Output[Any], given: pulumi.Output[Any]) -> pulumi.Output[Any]:
    async def shown() -> Any:
        return output if await _answered(given) else REFUSED

    return pulumi.Output.from_input(shown())
