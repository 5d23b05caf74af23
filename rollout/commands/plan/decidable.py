"""How `plan` shows whether the gate can decide each raise within its soak."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rollout.model.catalogue.domain import Catalogue
from rollout.model.plan import chances, feasible
from rollout.model.plan.chances import Chance
from rollout.model.plan.feasible import Raise

WIDTH: Final = 80
#: What looks like a way out and is none.
NO_OPTION: Final = "no option: a bigger step (the ladder), or needs: presence (it proves nothing about errors)"

#: What `chances` assumes where the catalogue says nothing.
TAKEN: Final = (
    "bad events come one by one, at 30 % of each good limit (latency 50 %, sessions 20 %), half a complaint a day; "
    "legacy shows 14 days of it before"
)

_ANSWER: Final[Mapping[bool | None, str]] = {True: "yes", False: "NO", None: "unknown"}


def text(catalogue: Catalogue, planned: Mapping[str, int] | None = None, width: int = WIDTH) -> Iterator[str]:
    """The block under the table of days: how many raises can be decided, a row for each, and what to do about the rest.

    `planned`: the day of each domain's first raise, for the plan's end. `width`: columns; in fewer than 80 a row has no counts.
    """
    found = {name: feasible.raises(domain) for name, domain in catalogue.domains.items()}
    every = [one for raises in found.values() for one in raises]
    good = sum(one.decided is True for one in every)
    yield from _wrapped(
        f"gate: {good} of {len(every)} raises can be decided within their soak, if no event is bad", width
    )
    wide = max(map(len, found), default=0)
    counts = width >= WIDTH
    yield f"days until it can, of its soak{'; needed and expected: whole-domain events a day' if counts else ''}"
    yield f"{'raise':<{wide + 14}}  decided  days, soak  bottleneck{'     needed  expected' if counts else ''}"
    for one in every:
        yield _row(one, wide, counts)
    for name, raises in found.items():
        yield from _unknown(name, raises, width)
        yield from _options(name, raises, width)
    yield ""
    yield from _likely(catalogue, planned or {}, wide, width)


def _likely(catalogue: Catalogue, planned: Mapping[str, int], wide: int, width: int) -> Iterator[str]:
    """What is to be expected of a service in health, whose events aren't all clean."""
    played = {name: chances.chances(domain) for name, domain in catalogue.domains.items()}
    yield from _wrapped("a service in health: raise to, chance at the first look, days late on average", width)
    for name, raises in played.items():
        cells = [
            f"{one.to:>3}: {'?' if one.first is None or one.late is None else f'{100 * one.first:>3.0f} % {one.late:>4.1f}'}"
            for one in raises
        ]
        beside = max(1, (width - wide) // (1 + max(map(len, cells), default=1)))
        for start in range(0, max(1, len(cells)), beside):
            yield f"{'' if start else name:<{wide}} {' '.join(cells[start : start + beside])}".rstrip()
    end = chances.whole(catalogue, planned, played)
    if end is not None:
        told = (
            f"the whole plan: ends at most {chances.SLACK_DAYS} days late with a chance of {100 * end.on_time:.0f} %, "
            f"{end.late:.1f} days late on average, {end.median} in the middle"
        )
        yield from _wrapped(told, width)
    yield from _wrapped(f"taken for granted: {TAKEN}", width)


def _wrapped(told: str, width: int) -> list[str]:
    whole = told.replace(" %", "\N{NO-BREAK SPACE}%")
    found = textwrap.wrap(whole, width, subsequent_indent="  ", break_on_hyphens=False)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in found]


def _row(one: Raise, wide: int, counts: bool) -> str:
    """`jobs   10 ->  25 %  NO       5.8 of 1  sessions         2,340       400`."""
    need = one.bottleneck
    days, name, needed, expected = "?", "-", "", ""
    if need is not None:
        days = "never" if need.days is None else f"{need.days:.1f}"
        name, needed, expected = need.metric.name, f"{need.needed:,.0f}", f"{need.expected:,}"
    move = f"{one.domain:<{wide}}  {one.percent:>3} -> {one.to:>3} %"
    span = f"{days} of {one.soak_hours / 24:g}"
    row = f"{move}  {_ANSWER[one.decided]:<7}  {span:>10}  {name:<13}"
    return f"{row} {needed:>7} {expected:>9}".rstrip() if counts else row.rstrip()


def _unknown(name: str, raises: Sequence[Raise], width: int) -> Iterator[str]:
    metrics = list(dict.fromkeys(metric for one in raises for metric in one.unknown))
    if metrics:
        told = f"{name}: expected traffic unknown: {', '.join(metrics)}; add it to expected-per-day in domains.yaml"
        yield from textwrap.wrap(told, width, subsequent_indent="  ", break_on_hyphens=False)


def _options(name: str, raises: Sequence[Raise], width: int) -> Iterator[str]:
    options = feasible.options(raises)
    if not options:
        return
    late = sum(one.decided is False for one in raises)
    extra = feasible.longer(raises)
    takes = "some are never decided" if extra is None else f"about {extra:.0f} days more than its soaks"
    yield ""
    yield from _wrapped(f"{name}: {late} of {len(raises)} raises not decided in time, {takes}", width)
    for option in options:
        yield from _item(f"- {option}", width)
    yield from _item(NO_OPTION, width)


def _item(told: str, width: int) -> list[str]:
    whole = told.replace(" %", "\N{NO-BREAK SPACE}%")  # a number and its sign stay on one line
    found = textwrap.wrap(whole, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in found]


def as_json(catalogue: Catalogue) -> list[dict[str, Any]]:
    """One object per domain: its raises, and what can be done where they can't be decided."""
    return [
        _domain(name, feasible.raises(domain), chances.chances(domain)) for name, domain in catalogue.domains.items()
    ]


def _domain(name: str, raises: Sequence[Raise], played: Sequence[Chance]) -> dict[str, Any]:
    extra = feasible.longer(raises)
    return {
        "domain": name,
        "raises": [_raise(one, chance) for one, chance in zip(raises, played, strict=True)],
        "days_longer": None if extra is None else round(extra, 2),
        "options": feasible.options(raises),
    }


def _raise(one: Raise, chance: Chance) -> dict[str, Any]:
    need = one.bottleneck
    return {
        "from": one.percent,
        "to": one.to,
        "soak_hours": one.soak_hours,
        "decided": one.decided,
        "bottleneck": None if need is None else need.metric.name,
        "needed_per_day": None if need is None else round(need.needed, 1),
        "expected_per_day": None if need is None else need.expected,
        "days": None if need is None or need.days is None else round(need.days, 2),
        "unknown": list(one.unknown),
        "first_look": None if chance.first is None else round(chance.first, 3),
        "days_late": None if chance.late is None else round(chance.late, 2),
    }
