"""Counters in a project's own PostgreSQL (`rollout.minutes`), as raw sums: what CloudWatch's reader would answer of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rollout.provider.errors import StoreError
from rollout.provider.postgres.answer import believed
from rollout.provider.postgres.link import Link
from rollout.provider.sources.source import Found

if TYPE_CHECKING:
    from rollout.model.gate.window import Series, Window


class Minutes:
    """`rollout.provider.sources.source.Counters` on a database. `virtual`: the clock of a simulator, else None.

    What arrived after that clock isn't there yet: a late minute is a gap for whoever looked before it came.
    """

    def __init__(self, link: Link, virtual: datetime | None = None) -> None:
        self._link = link
        self._virtual = virtual.isoformat() if virtual else None

    def read(self, domain: str, series: Sequence[Series], window: Window) -> Found:
        (found,) = self.read_all([(domain, series, window)])
        return found

    def read_all(self, asked: Sequence[tuple[str, Sequence[Series], Window]]) -> list[Found]:
        """The answers to many questions, by one query. Raises `StoreError`, of all of them."""
        about = f"counters of {', '.join(dict.fromkeys(domain for domain, _, _ in asked))}"
        questions = [_question(*one) for one in asked]
        statement = "select rollout.counted(%s::jsonb, %s::timestamptz)"
        answer = believed(about, self._link.ask(about, statement, [json.dumps(questions), self._virtual]))
        found: list[Found] = [{one: {} for one in series} for _, series, _ in asked]
        starts = {window: _starts(window) for _, _, window in asked}
        for number, service, counter, *counted in _rows(answer, about, len(asked)):
            periods, window = found[number].get((service, counter)), asked[number][2]
            if periods is None:
                continue
            try:
                periods |= _periods(window, starts[window], counted)
            except (IndexError, TypeError, ValueError):
                raise StoreError(f"{about}: the source answered a period that was not asked for") from None
        return found


def _starts(window: Window) -> list[datetime]:
    """When each of its periods begins; the last one may be cut."""
    return [window.start + number * window.period for number in range(-((window.start - window.end) // window.period))]


def _question(domain: str, series: Sequence[Series], window: Window) -> list[str | int | bool | None]:
    """The sixth part asks for a row a series; a database with older migrations answers a row a period all the same."""
    times = [int(window.start.timestamp()), int(window.end.timestamp()), int(window.period.total_seconds())]
    services = {service for service, _ in series}
    return [domain, *times, services.pop() if len(services) == 1 else None, True]


def _rows(answer: Mapping[str, Any], about: str, asked: int) -> list[Any]:
    rows = answer.get("rows")
    if not isinstance(rows, list) or not all(
        isinstance(row, list) and len(row) == 6 and isinstance(row[0], int) and row[0] < asked for row in rows
    ):
        raise StoreError(f"{about}: the source answered what is no count")
    return rows


def _periods(window: Window, starts: Sequence[datetime], counted: Sequence[Any]) -> dict[datetime, tuple[float, float]]:
    """What a row tells: of a whole series, by its periods' numbers, or of one period, by when it begins."""
    if isinstance(counted[0], list):
        numbers, totals, data = counted
    else:
        second, total, datum = counted
        since = second - int(window.start.timestamp())
        if since % int(window.period.total_seconds()):
            raise ValueError
        numbers, totals, data = [since // int(window.period.total_seconds())], [total], [datum]
    if numbers and min(numbers) < 0:
        raise IndexError
    values = zip(map(float, totals), map(float, data), strict=True)
    return dict(zip([starts[number] for number in numbers], values, strict=True))
