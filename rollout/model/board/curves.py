"""What the board's curves are drawn from: which counters are read, over which time, and their rates, period by period.

One question to the source a domain. A period without data is a gap, never zero; counts are summed before they are divided,
so a coarse period is as true as a fine one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rollout.model.catalogue.domain import Domain, Metric
from rollout.model.gate import window
from rollout.model.gate.window import KEPT, SESSIONS, Points, Series, Window

#: The metrics of every domain that have a curve, beside the share.
METRICS: Final = ("errors", "latency")
#: Points of one curve at most: more than a phone has pixels for is weight, no picture.
MOST: Final = 168
#: The days that curves go back at most, unless more are asked for.
DAYS: Final = 60
_MINUTES: Final = (1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Rate:
    """Bad events of all events."""

    bad: float
    total: float

    @property
    def fraction(self) -> float | None:
        """None where there were no events at all."""
        return self.bad / self.total if self.total > 0 else None


@dataclass(frozen=True)
class Curve:
    """One metric of one domain. `unified`, `legacy`: per period bad and total, None where a service reported nothing.

    For the share `bad` is unified's sessions of all of the domain's, and there is no legacy's. `good`, `bad`: the limits as
    fractions; None where the metric has none.
    """

    metric: str
    unified: Sequence[Rate | None]
    legacy: Sequence[Rate | None]
    good: float | None = None
    bad: float | None = None

    def newest(self, over: Window, side: str = "unified") -> Rate | None:
        """The sums of the last 24 hours (one period at least); None where nothing was reported in them."""
        last = max(1, int(_DAY / over.period))
        found = [one for one in getattr(self, side)[-last:] if one is not None]
        return Rate(sum(one.bad for one in found), sum(one.total for one in found)) if found else None

    def empty(self) -> bool:
        return not any(one is not None for one in (*self.unified, *self.legacy))


def over(first: datetime, now: datetime, finest: timedelta = window.MINUTE, most: int = MOST) -> Window:
    """The periods from `first` to `now`, at most `most` of them, none finer than the reporter's own (`finest`).

    Nor finer than what the source still keeps of that time (docs/rules/gate.md#what-is-counted). They end with the last
    whole hour, or the last whole period where that is shorter.
    """
    first = min(first, now - timedelta(hours=3))
    age = now - first
    least = max(finest, next((grid for kept, grid in KEPT if age < kept), window.HOUR), age / most)
    period = next((span for n in _MINUTES if (span := timedelta(minutes=n)) >= least), timedelta(minutes=_MINUTES[-1]))
    end = window.floor(now, min(period, max(window.HOUR, finest)))
    count = -(-(end - first) // period)
    return Window(end - count * period, end, period)


def asked(domain: Domain, unified: str) -> list[Series]:
    """The series that a domain's curves need, each once."""
    names = dict.fromkeys([*(name for one in _metrics(domain) for name in (one.bad, one.total) if name), SESSIONS])
    return [*((unified, name) for name in names), *((domain.legacy, name) for name in names)]


def curves(domain: Domain, unified: str, points: Points, periods: Window) -> list[Curve]:
    """Errors, slow requests and the share, out of what was read."""
    found = [
        Curve(
            one.name,
            _rates(points, periods, (unified, one.bad), (unified, one.total or "")),
            _rates(points, periods, (domain.legacy, one.bad), (domain.legacy, one.total or "")),
            one.good, one.bad_level,
        )
        for one in _metrics(domain)
    ]  # fmt: skip
    return [*found, Curve("share", _shares(points, periods, (unified, SESSIONS), (domain.legacy, SESSIONS)), ())]


def _metrics(domain: Domain) -> list[Metric]:
    return [one for one in domain.metrics if one.name in METRICS and one.total]


def _rates(points: Points, periods: Window, bad: Series, total: Series) -> list[Rate | None]:
    bads, totals = points.get(bad, {}), points.get(total, {})
    return [
        Rate(bads[start][0], totals[start][0]) if start in bads and start in totals else None
        for start in periods.starts()
    ]


def _shares(points: Points, periods: Window, unified: Series, legacy: Series) -> list[Rate | None]:
    """Unified alone is no share of anything: after legacy is switched off it is the whole."""
    ours, theirs = points.get(unified, {}), points.get(legacy, {})
    return [
        None if start not in ours else Rate(ours[start][0], ours[start][0] + _sum(theirs, start))
        for start in periods.starts()
    ]


def _sum(data: Mapping[datetime, tuple[float, float]], start: datetime) -> float:
    return data[start][0] if start in data else 0.0
