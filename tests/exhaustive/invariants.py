"""What must hold, judged by the explorer's own notes and never by the rules that it explores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rollout.model.flag.moves import Live
from tests.exhaustive.state import Flag
from tests.pure.cases import CATALOGUE, NOW

#: The seed's ladder, written again: an explorer that took it from the rules would believe their jumps.
RUNGS: Final = (0, 5, 10, 25, 50, 100)

#: Other domains' secrets, as far as a prerequisite reads them; what is absent can't be read.
Others = Mapping[str, Live]


def wrong_raise(name: str, flag: Flag, wanted: int, others: Others, forbids: str, counters: str) -> tuple[str, ...]:
    """The invariants that this raise breaks, by the explorer's own notes."""
    domain, latch = CATALOGUE.domains[name], flag.latch
    wrong = []
    if RUNGS.index(wanted) != RUNGS.index(flag.share) + 1:
        wrong.append("a jump")
    if forbids:
        wrong.append(f"a raise while {forbids}")
    if latch is not None and not (flag.share == 0 and latch.mended and latch.age >= 1):
        wrong.append("a raise while latched")
    if counters != "pass":
        wrong.append("a raise without evidence")
    cleared = flag.entry is not None and flag.entry.cleared and flag.entry.age <= flag.age
    if flag.burnt and not cleared:
        wrong.append("a raise over a fire that was met")
    if flag.share and 24 * flag.age < domain.soak_hours[flag.share]:
        wrong.append("a raise within the soak")
    if not flag.climbed and not all(met(others.get(need.domain), need.hours) for need in domain.prerequisites):
        wrong.append("a first raise before its prerequisites")
    return tuple(wrong)


def met(other: Live | None, hours: int) -> bool:
    if other is None or other.text != "100" or other.since is None:
        return False
    burnt = other.breach is not None and other.breach.at >= other.since
    return (NOW - other.since).total_seconds() >= 3600 * hours and not burnt
