"""Periods as the gate takes them; long clean stretches may be one period, which changes no verdict.

A clean period moves nothing but sums: the run of a CUSUM that spoke for good after it began anew within it as well, and
the platform's minutes end by legacy's events, so that periods after one of legacy's bad events are kept as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from rollout.model.gate.platform import AFTER
from rollout.model.gate.seen import Counts, Slot
from tests.bench.decisions.streams import Events


def slots(
    own: tuple[Events, Events], legacy: tuple[Events, Events] | None, begin: datetime, minutes: int = 10, *, whole: bool,
    calm: bool = False,
) -> tuple[Slot, ...]:  # fmt: skip
    """(bad, total) of unified and of legacy as slots; `whole`: one each, else clean stretches together.

    `calm`: legacy can't burn anywhere here, so that unified's bad events alone part them.
    """
    step = timedelta(minutes=minutes)
    bad, total = own[0].tolist(), own[1].tolist()
    other = (legacy[0].tolist(), legacy[1].tolist()) if legacy is not None else None
    bounds = _every(len(bad)) if whole else _stretches(bad, None if calm else other)
    found = []
    for start, end in bounds:
        counts = Counts(sum(other[0][start:end]), sum(other[1][start:end])) if other else None
        found.append(
            Slot(sum(bad[start:end]), sum(total[start:end]), counts, begin + start * step, minutes * (end - start))
        )
    return tuple(found)


def _every(number: int) -> Iterator[tuple[int, int]]:
    return ((index, index + 1) for index in range(number))


def _stretches(bad: list[int], other: tuple[list[int], list[int]] | None) -> Iterator[tuple[int, int]]:
    start, quiet = 0, AFTER + 1 if other is not None else 2 * AFTER + 1
    for index, own in enumerate(bad):
        if other is not None:
            quiet = 0 if other[0][index] else quiet + other[1][index]
        if own or quiet <= 2 * AFTER:
            if start < index:
                yield start, index
            yield index, index + 1
            start = index + 1
    if start < len(bad):
        yield start, len(bad)
