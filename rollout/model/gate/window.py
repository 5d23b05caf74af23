"""From raw counters to what the gate is asked: which series are read, over which time, and what they amount to.

Times are aware UTC arguments. All ends are whole periods, so that what is printed is what was counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rollout.model.catalogue.domain import Domain
from rollout.model.gate import bunches
from rollout.model.gate import seen as gate_seen
from rollout.model.gate.seen import NOTHING, Counts, Datum, Seen

#: What legacy publishes before day 1 (docs/rules/gate.md#the-metrics-contract); a domain's own metrics are unified's alone.
LEGACY_COUNTERS: Final = frozenset({"Requests", "Errors", "SlowRequests", "Sessions", "BrokenSessions"})
#: The counter that says whether a service reports at all, and the one whose sums are the share.
REQUESTS: Final = "Requests"
SESSIONS: Final = "Sessions"

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
#: The newest hours are read by the reporter's own period, the time before by the hour (docs/rules/gate.md#what-is-counted).
FINE: Final = timedelta(hours=3)
#: CloudWatch keeps single minutes for 15 days, five together for 63, and hours after that: begin where it can.
KEPT: Final = ((timedelta(days=14), MINUTE), (timedelta(days=62), timedelta(minutes=5)))
#: What complaints are counted over (docs/rules/gate.md#the-metrics-contract).
DAY: Final = timedelta(hours=24)

#: One counter of one service of the domain: (service, counter).
Series = tuple[str, str]
#: Of each series, per start of a period that has data: their sum, and how many data there are.
Points = Mapping[Series, Mapping[datetime, tuple[float, float]]]


@dataclass(frozen=True)
class Window:
    """Whole periods from `start` up to, and without, `end`; none where they are equal."""

    start: datetime
    end: datetime
    period: timedelta

    def starts(self) -> list[datetime]:
        """When each period begins."""
        return [self.start + number * self.period for number in range((self.end - self.start) // self.period)]


@dataclass(frozen=True)
class Windows:
    """What is read of a domain: `hours` by the hour, then `fine` by the reporter's period, up to the newest whole one.

    Both may begin before `counted`, from where the live value is judged: complaints look back a day. `proven` is where
    the counts for PASS end; those for ROLLBACK end with `fine`.
    """

    hours: Window
    fine: Window
    counted: datetime
    proven: datetime

    @property
    def each(self) -> tuple[Window, ...]:
        """The windows that have a period in them; each is one question to the source."""
        return tuple(window for window in (self.hours, self.fine) if window.start < window.end)

    def starts(self) -> list[datetime]:
        """The periods that the live value is judged by, oldest first."""
        return [start for window in self.each for start in window.starts() if start >= self.counted]

    def minutes(self, start: datetime) -> int:
        """How long the period is that begins at `start`."""
        return int((self.hours if start < self.fine.start else self.fine).period / MINUTE)

    def late(self) -> int:
        """How many of the newest ones are too young for a PASS."""
        return sum(start >= self.proven for start in self.starts())


def windows(
    since: datetime, now: datetime, period: timedelta = MINUTE, settling: timedelta = gate_seen.SETTLING
) -> Windows:
    """The windows for a value that is live since `since`. `period` is the reporter's: a part of an hour, or an hour;
    `settling`: until consumers obey it.

    Hours are counted from the first minute on, not from the clock's: a source that answers by the hour begins where it
    is asked to, and the hour in which the value went live is a whole one as well.
    """
    newest = floor(now, period)
    counted = _ceil(since + settling, _grid(since, now, period))
    # Whole hours from there: one that is cut would be counted twice, or in part.
    border = counted + (newest - FINE - counted) // HOUR * HOUR
    begin = min(counted, counted + (newest - DAY - counted) // HOUR * HOUR)
    if period == HOUR:
        border = begin  # one question is enough
    return Windows(
        Window(begin, border, HOUR), Window(border, newest, period), counted, floor(now - gate_seen.LATE, period)
    )


def _grid(since: datetime, now: datetime, period: timedelta) -> timedelta:
    """The times at which the counts of a value of this age can begin, by what CloudWatch still keeps."""
    return max(period, next((grid for age, grid in KEPT if now - since < age), HOUR))


def before(now: datetime) -> Window:
    """The hours of legacy's past that the dispersion is measured on."""
    end = floor(now, HOUR)
    return Window(end - bunches.BACK, end, HOUR)


def past(domain: Domain) -> list[Series]:
    """The series of legacy that the dispersion is measured on."""
    metrics = [metric for metric in domain.metrics if metric.name in bunches.PRIORS]
    names = dict.fromkeys(name for metric in metrics for name in (metric.bad, metric.total) if name)
    return [(domain.legacy, name) for name in names]


def dispersions(domain: Domain, points: Points, starts: Sequence[datetime]) -> dict[str, float]:
    """Per metric that has one its dispersion, by legacy's counts in the periods that begin at `starts`, hour by hour."""
    found = {}
    for metric in domain.metrics:
        if metric.name in bunches.PRIORS and metric.total is not None:
            hours: dict[int, Counts] = {}
            data = _data(points, starts, (domain.legacy, metric.bad), (domain.legacy, metric.total))
            for start, one in zip(starts, data, strict=True):
                if one.bad is not None and one.total is not None:
                    hour = (start - starts[0]) // HOUR
                    hours[hour] = gate_seen.add(hours.get(hour, Counts(0, 0)), Counts(one.bad, one.total))
            size = bunches.dispersion(metric.name, list(hours.values()), metric.good, metric.bad_level)
            found[metric.name] = round(size, 3)
    return found


def wanted(domain: Domain, unified: str) -> list[Series]:
    """Every series that the domain is judged by, unified's first, each once."""
    counters = dict.fromkeys(name for metric in domain.metrics for name in (metric.bad, metric.total) if name)
    return [
        *((unified, name) for name in counters),
        *((domain.legacy, name) for name in counters if name in LEGACY_COUNTERS),
    ]


def seen(
    domain: Domain, unified: str, points: Points, over: Windows, dispersion: Mapping[str, float] | None = None
) -> dict[str, Seen]:
    """What was read, per metric; one without any series is absent.

    `dispersion`: per metric, as it was measured on legacy's past; None: by the counts that are here.
    """
    starts, late = over.starts(), over.late()
    fine = sum(start >= over.fine.start for start in starts)
    expected = (len(starts) - fine) * (HOUR // over.fine.period) + fine - late
    lengths = [over.minutes(start) for start in starts]
    if dispersion is None:
        dispersion = dispersions(domain, points, starts)
    found: dict[str, Seen] = {}
    for metric in domain.metrics:
        if metric.total is None:
            count = _last_day(points.get((unified, metric.bad), {}), over)
            if count is not None:
                found[metric.name] = Seen(count)
            continue
        own, other = (
            _data(points, starts, (service, metric.bad), (service, metric.total))
            for service in (unified, domain.legacy)
        )
        if any(datum is not NOTHING for datum in own):
            found[metric.name] = gate_seen.collect(
                own, other, late=late, expected=expected,
                starts=starts, lengths=lengths, dispersion=dispersion.get(metric.name, 1.0),
            )  # fmt: skip
    return found


def share(domain: Domain, unified: str, points: Points, over: Windows) -> Counts | None:
    """Sessions that began on unified, of all of the domain's; None where unified reported none, not even zeros."""
    sums: list[float | None] = []
    for service in (unified, domain.legacy):
        data = points.get((service, SESSIONS), {})
        values = [data[start][0] for start in over.starts() if start < over.proven and start in data]
        sums.append(sum(values) if values else None)
    part, rest = sums
    return None if part is None else Counts(part, part + (rest or 0))


def newest(points: Points, series: Series, over: Windows) -> datetime | None:
    """The end of the newest fine period in which a series has data; None where there is none."""
    starts = [start for start in points.get(series, {}) if over.fine.start <= start < over.fine.end]
    return max(starts) + over.fine.period if starts else None


def silent(domain: Domain, unified: str, points: Points, over: Windows, now: datetime) -> list[Series]:
    """The series that have no data of the last 15 minutes: asked before the first rung, where nothing else can be.

    A reporter sends zeros from the beginning, so a name that is misspelt shows here, before there is traffic.
    """
    return [series for series in wanted(domain, unified) if gate_seen.stale(newest(points, series, over), now)]


def _data(points: Points, starts: Sequence[datetime], bad: Series, total: Series) -> list[Datum]:
    """The pair's periods."""
    bads, totals = points.get(bad, {}), points.get(total, {})
    found = []
    for start in starts:
        one, all_of_them = bads.get(start), totals.get(start)
        if one is None and all_of_them is None:
            found.append(NOTHING)
            continue
        found.append(
            Datum(
                bad=one[0] if one else None,
                total=all_of_them[0] if all_of_them else None,
                bad_samples=one[1] if one else 0,
                total_samples=all_of_them[1] if all_of_them else 0,
            )
        )
    return found


def _last_day(data: Mapping[datetime, tuple[float, float]], over: Windows) -> float | None:
    """The sum of 24 hours and what the first one needs to be whole; None without any datum."""
    since = over.fine.end - DAY - HOUR
    values = [value for start, (value, _) in data.items() if since < start < over.fine.end]
    return sum(values) if values else None


def floor(moment: datetime, period: timedelta) -> datetime:
    """The start of the whole period (a part of a day) that `moment` is in."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // period * period


def _ceil(moment: datetime, period: timedelta) -> datetime:
    down = floor(moment, period)
    return down if down == moment else down + period
