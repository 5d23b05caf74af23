"""Whether the gate can decide each raise within its soak, by the traffic that the catalogue expects; and if not, what can be done.

Counted as `rollout.model.gate.metric.per_day_needed` does: the fewest events that let a raise pass, which is if none of them is bad.
A raise from 0 % isn't here: no evidence is asked for it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rollout.model.catalogue.domain import Domain, Metric
from rollout.model.gate import odds, words
from rollout.model.gate.metric import per_day_needed


@dataclass(frozen=True)
class Need:
    """What one metric asks of one raise: whole-domain events a day, needed within the soak and expected (None: unknown).

    `days` until the gate can decide: None where the expected traffic is unknown or 0.
    """

    metric: Metric
    needed: float
    expected: int | None
    days: float | None

    @property
    def decided(self) -> bool | None:
        """Whether the soak is long enough; None where the expected traffic is unknown."""
        return None if self.expected is None else self.expected >= self.needed


@dataclass(frozen=True)
class Raise:
    """One raise of a domain: `percent` -> `to`, after `soak_hours`, and what each of its metrics with a total asks."""

    domain: str
    percent: int
    to: int
    soak_hours: int
    needs: tuple[Need, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """The metrics whose expected traffic isn't in the catalogue."""
        return tuple(need.metric.name for need in self.needs if need.expected is None)

    @property
    def bottleneck(self) -> Need | None:
        """The metric that is decided last; None where no expected traffic is known, or no metric asks for events."""
        known = [need for need in self.needs if need.expected is not None]
        return max(known, key=lambda need: math.inf if need.days is None else need.days, default=None)

    @property
    def decided(self) -> bool | None:
        """Whether every metric is decided within the soak; None where that hangs on unknown traffic."""
        answers = [need.decided for need in self.needs]
        return False if False in answers else None if None in answers else True

    @property
    def days(self) -> float | None:
        """Days until the raise: the soak, or longer where the known bottleneck takes longer; None: never."""
        slowest = self.bottleneck
        if slowest is None:
            return self.soak_hours / 24
        return None if slowest.days is None else max(self.soak_hours / 24, slowest.days)

    @property
    def slow(self) -> tuple[Need, ...]:
        """The metrics that aren't decided within the soak."""
        return tuple(need for need in self.needs if need.decided is False)


def raises(domain: Domain, *, strict: bool = False) -> list[Raise]:
    """Every raise of a domain above 0 %, rung by rung. `strict` as in `gate.judge_metric`."""
    found = []
    for percent, to in itertools.pairwise(domain.ladder.above):
        hours = domain.soak_hours[percent]
        needs = []
        for metric in domain.metrics:
            needed = per_day_needed(metric, percent, to, hours, strict=strict)
            if needed is not None:
                expected = domain.expected_per_day.get(metric.name)
                days = needed * hours / 24 / expected if expected else None
                needs.append(Need(metric, needed, expected, days))
        found.append(Raise(domain.name, percent, to, hours, tuple(needs)))
    return found


def longer(found: Sequence[Raise]) -> float | None:
    """Days by which the raises take longer than their soaks, by the known traffic; None where one is never decided."""
    extra = 0.0
    for one in found:
        if one.days is None:
            return None
        extra += one.days - one.soak_hours / 24
    return extra


def soaks(found: Sequence[Raise]) -> Mapping[int, int]:
    """The `soak-hours` with which each late raise can be decided, by rung; without those that never can."""
    return {one.percent: math.ceil(24 * one.days) for one in found if one.decided is False and one.days is not None}


def traffic(found: Sequence[Raise]) -> Mapping[str, int]:
    """Events a day with which each late metric is decided within every soak."""
    late = [need.metric.name for one in found for need in one.slow]
    return {
        name: math.ceil(max(need.needed for one in found for need in one.needs if need.metric.name == name))
        for name in dict.fromkeys(late)
    }


def worst(one: Raise, need: Need) -> float:
    """The worst rate (a fraction) that the soak's expected events still allow if none is bad: a waiver's least `worst`."""
    events = math.floor((need.expected or 0) * one.percent / 100 * one.soak_hours / 24)
    return odds.upper_bound(0, events)


def options(found: Sequence[Raise]) -> list[str]:
    """What can be done where raises of one domain can't be decided within their soaks; nothing where all can."""
    late = [one for one in found if one.decided is False]
    if not late:
        return []
    said = []
    if hours := soaks(found):
        said.append(f"longer soak-hours: {', '.join(f'{rung}: {hour}' for rung, hour in hours.items())}")
    waivers = [
        f"{need.metric.name} to {one.to} from {words.rate(_rounded_up(worst(one, need)), 2)}"
        for one in late
        for need in one.slow
        if need.expected  # with no events at all everything would have to be accepted
    ]
    if waivers:
        said.append(f"waivers that accept too-little-data, with `worst`: {', '.join(waivers)}")
    more = ", ".join(f"{name} {events:,}" for name, events in traffic(found).items())
    said.append(f"more traffic, a day: {more}")
    return said


def _rounded_up(rate: float) -> float:
    """To the two digits that are shown, and up: a waiver with this `worst` isn't refused for a rounding."""
    step = 10.0 ** (math.floor(math.log10(rate)) - 1)
    return min(1.0, math.ceil(rate / step - 1e-9) * step)
