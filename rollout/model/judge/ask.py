"""What a raise is judged by, and what a reason against it is: the values that the judge and its rules share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rollout.model.catalogue.domain import Catalogue, Domain
from rollout.model.flag.move import Move
from rollout.model.flag.moves import Live
from rollout.model.gate.waiver import LONGEST
from rollout.model.stack_file.conditions import Conditions


@dataclass(frozen=True)
class Refusal:
    """One reason against a raise. `key` names the reason for tests and waivers; `do` is the next step."""

    key: str
    text: str
    do: str = ""


@dataclass(frozen=True)
class Ask:
    """Everything a raise is judged by. `moves` is the flag's own record (see `rollout.model.flag.move`), oldest first.

    `before`: the percent that the stack had until now (None: no such stack); the approval binds it.
    """

    catalogue: Catalogue
    domain: Domain
    live: Live
    wanted: int
    now: datetime
    conditions: Conditions
    moves: Sequence[Move] = ()
    others: Mapping[str, Live] = field(default_factory=dict)
    loopback: bool = False
    only_lower: bool = False
    old_digest: str | None = None
    new_digest: str | None = None
    before: int | None = None

    def waived(self, accepts: str) -> bool:
        """Whether a waiver of this raise, for a week at most, lets the reason `accepts` pass, which is no metric's."""
        return any(
            waiver.domain == self.domain.name and waiver.to == self.wanted and waiver.accepts == accepts
            and self.now < waiver.until <= self.now + LONGEST
            for waiver in self.conditions.waivers
        )  # fmt: skip
