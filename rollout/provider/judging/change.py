"""One change of a domain's percent, as the engine asks for it: what travels together from the request to the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rollout.model.flag.move import Move, recorded
from rollout.model.flag.name import FlagName
from rollout.provider.wire.row import Row

#: What the judge is told and the row doesn't show: a domain that doesn't move has no diff.
CONDITIONS = "conditions"


@dataclass(frozen=True)
class Change:
    """`inputs`: what the flag is to have; `state`: what it had, empty at its creation.

    `before`: the percent that the stack's config had until now (not the live one), None at the flag's creation.
    """

    inputs: Mapping[str, object]
    state: Mapping[str, object]
    before: int | None
    preview: bool
    row: Row

    @property
    def name(self) -> FlagName:
        return name_of(self.inputs)

    @property
    def wanted(self) -> int:
        """The percent asked for; `check` has let through nothing but a rung."""
        return int(str(self.inputs["percent"]))

    @property
    def lowers(self) -> bool:
        """Whether it takes traffic away by what the stack said until now; 0 always may."""
        return self.wanted == 0 or (self.before is not None and self.wanted < self.before)

    @property
    def moves(self) -> list[Move]:
        """The flag's own record, oldest first."""
        return recorded(self.state.get("moves"))

    @property
    def verdict(self) -> str:
        """The verdict of the last raise, as the state has it."""
        return str(self.state.get("verdict") or "")

    @property
    def rules(self) -> str | None:
        """The digest of the domain's rules now."""
        return _text(self.inputs.get("rules"))

    @property
    def rules_before(self) -> str | None:
        """The digest that the state was written by; None at the flag's creation."""
        return _text(self.state.get("rules"))

    @property
    def where(self) -> str:
        """The line of the stack file that asks for it."""
        return f"Pulumi.{self.inputs['stack']}.yaml wa-rollout:flags.{self.inputs['domain']}.percent"


@dataclass(frozen=True)
class Switch:
    """An enable flag's change to `true`. `live`: true, false, an odd text, None where there is no value.

    `inputs`: the domain's percent, rules and conditions are among them; `before`: the inputs until now, empty at creation.
    """

    inputs: Mapping[str, object]
    before: Mapping[str, object]
    live: object
    row: Row

    @property
    def outside(self) -> bool:
        """Whether the stack said `true` all along, and somebody wrote something else."""
        return self.before.get("enabled") is True

    @property
    def percent_before(self) -> int | None:
        """The percent that the stack had until now, None at creation. An older version didn't say: off was 0."""
        if not self.before:
            return None
        known = self.before.get("percent")
        return int(known) if isinstance(known, (int, float)) else 0


def name_of(properties: Mapping[str, object]) -> FlagName:
    """The flag that inputs or a state are of."""
    return FlagName(str(properties["stack"]), str(properties["domain"]), str(properties["flag"]))


def conditions_of(inputs: Mapping[str, object] | None) -> Mapping[str, object]:
    """What the judge is told beside the percent (`rollout.model.stack_file.conditions`); empty where there is nothing."""
    found = (inputs or {}).get(CONDITIONS)
    return found if isinstance(found, Mapping) else {}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
