"""Counters in a project's own PostgreSQL (`rollout.minutes`), as raw sums: what CloudWatch's reader would answer of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
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
        for number, service, counter, start, total, data in _rows(answer, about, len(asked)):
            periods = found[number].get((service, counter))
            if periods is not None:
                _, _, window = asked[number]
                at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=start)
                if (at - window.start) % window.period:
                    raise StoreError(
                        f"{about}: the source answered a period that begins at {at:%H:%M:%S}, not asked for"
                    )
                periods[at] = (float(total), float(data))
        return found


def _question(domain: str, series: Sequence[Series], window: Window) -> list[str | int]:
    times = [int(window.start.timestamp()), int(window.end.timestamp()), int(window.period.total_seconds())]
    services = {service for service, _ in series}
    return [domain, *times, *(services if len(services) == 1 else ())]


def _rows(answer: Mapping[str, Any], about: str, asked: int) -> list[tuple[int, str, str, int, int, int]]:
    rows = answer.get("rows")
    if not isinstance(rows, list) or not all(
        isinstance(row, list) and len(row) == 6 and isinstance(row[0], int) and row[0] < asked for row in rows
    ):
        raise StoreError(f"{about}: the source answered what is no count")
    return [(row[0], str(row[1]), str(row[2]), row[3], row[4], row[5]) for row in rows]
