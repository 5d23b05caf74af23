"""The days of a plan, laid from ladder, soaks and prerequisites alone: one run a day, each raising what may rise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from rollout.model.catalogue.domain import Catalogue
from rollout.model.ladder import TOP
from rollout.model.plan.days import Plan
from rollout.model.plan.relay import At, lay
from rollout.model.problem import BadInput, Problem

#: Where the days are laid: which date it is plays no part.
DAY_1: Final = datetime(2001, 1, 1, 9, tzinfo=UTC)
#: The last day that a plan may have: two digits in its file's name.
LAST_DAY: Final = 99


def days(catalogue: Catalogue) -> dict[int, dict[str, int]]:
    """Day -> domain -> percent, from day 0 to the day before the last one at 100 % has been watched.

    Raises `BadInput` where the plan would have more days than there are names for, or where a domain never arrives.
    """
    strict = Catalogue(catalogue.unified, catalogue.protected, 0.0, catalogue.domains, catalogue.ladder)
    laid = lay(Plan.of([]), strict, {name: At(0, DAY_1) for name in catalogue.domains}, DAY_1, None)
    if laid.ends is None:
        raise BadInput([Problem("some domain never comes to 100 %", "domains.yaml", do="look at its prerequisites")])
    found = {0: dict.fromkeys(catalogue.domains, 0)} | {n: row.percents for n, row in enumerate(laid.rows, 1)}
    last = max(
        _arrives(found, name) + -(-catalogue.domains[name].soak_hours[TOP] // 24) - 1 for name in catalogue.domains
    )
    found |= {number: found[max(found)] for number in range(max(found) + 1, last + 1)}
    if max(found) > LAST_DAY:
        allowed = f"at most {LAST_DAY} days"
        raise BadInput([Problem(f"the plan would have {max(found)} days", "domains.yaml", allowed, do="shorter soaks")])
    return found


def _arrives(found: Mapping[int, Mapping[str, int]], name: str) -> int:
    return next(number for number, percents in found.items() if percents[name] == TOP)


def text(number: int, percents: Mapping[str, int], catalogue: Catalogue) -> str:
    """The file of a day: the form that a stack file has, and no more."""
    lines = ["config:", f"  wa-rollout:day: {number}", "  wa-rollout:flags:", *flags(percents, catalogue)]
    return "\n".join([*lines, ""])


def flags(percents: Mapping[str, int], catalogue: Catalogue) -> list[str]:
    """The lines under `wa-rollout:flags`."""
    lines = []
    for name, domain in catalogue.domains.items():
        lines.append(f"    {name}:")
        if domain.enable_flag is not None:
            lines.append(f"      enabled: {'true' if percents[name] else 'false'}")
        lines.append(f"      percent: {percents[name]}")
    return lines
