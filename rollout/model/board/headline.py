"""The board's first sentence: what burns, what isn't known, what is late, and what comes next. In that order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from rollout.model import schedule, times
from rollout.model.ladder import TOP
from rollout.model.plan.days import Plan
from rollout.model.plan.standing import Standing
from rollout.model.reports.forecast import Ahead, Forecast

#: Steps in which the next on-call hour is looked for, and how far: longer than a night and a day no window is shut.
_STEP: Final = timedelta(minutes=15)
_FAR: Final = 2 * 24 * 4


class State(StrEnum):
    """How bad it is, the worst first. The word is always written: a colour alone says nothing in grey."""

    BURNS = "burns"
    UNKNOWN = "not known"
    STOPPED = "stopped"
    BEHIND = "behind"
    FINE = "fine"
    DONE = "done"


@dataclass(frozen=True)
class Headline:
    """`text`: one to four short sentences; `rest`: what waits while something burns; `do`: the command that is due."""

    state: State
    text: str
    rest: str = ""
    do: str = ""


@dataclass(frozen=True)
class Next:
    """A domain's next raise: to which percent, and when at the earliest."""

    domain: str
    percent: int
    at: datetime


def headline(
    stack: str, rows: Sequence[tuple[Standing, int | None, str]], stands: Sequence[str], following: Next | None,
    ahead: Forecast | None, now: datetime,
) -> Headline:  # fmt: skip
    """`rows`: each domain's standing, its live percent, and the verdict's word; `stands`: a freeze, a hold, a latch."""
    burning = [one for one, _, word in rows if word == "ROLLBACK"]
    unread = [one.domain for one, percent, word in rows if percent is None or word == "not judged"]
    late = [one for one, _, _ in rows if one.behind]
    names = [one.domain for one, _, _ in rows]
    first = [_burns(one) for one in burning]
    if unread:
        first.append(f"{_names(unread)} can't be judged: see what could not be read")
    if not burning and len(unread) < len(rows):
        first.append("nothing else burns" if unread else "nothing burns")
    rest = [*stands, *(_late(n, group) for n, group in _by_days(late).items())]
    if rows and all(percent == TOP for _, percent, _ in rows):
        rest.append(_finished(ahead, now))
        state = State.DONE
    else:
        if following is not None and not stands and not burning:
            rest.append(f"next: {following.domain} to {following.percent} % {when(following.at, now)}")
        state = State.BEHIND if late else State.FINE
    state = State.BURNS if burning else State.UNKNOWN if unread or not rows else State.STOPPED if stands else state
    # Whoever is woken by it reads one thing first; on a quiet day all of it is the headline.
    if state in (State.BURNS, State.UNKNOWN):
        do = f"rollout rollback {burning[0].domain} --to previous --stack {stack}" if burning else ""
        return Headline(state, _sentences(first, names), _sentences(rest, names), do)
    return Headline(state, _sentences([*first, *rest], names))


def next_raise(
    ahead: Forecast | None, plan: Plan, start: date | None, hours: str | None, now: datetime, closed: Sequence[str] = ()
) -> Next | None:
    """The raise that can come first: by soaks and prerequisites, not before its day of the plan, in on-call hours.

    `closed`: the domains that are held, latched, or burn.
    """
    found = [
        Next(one.domain, one.next_percent, answered(hours, max(now, one.next_at, _due(one, plan, start))))
        for one in (ahead.domains.values() if ahead else ())
        if one.next_percent is not None and one.next_at is not None and one.domain not in closed
    ]
    return min(found, key=lambda one: one.at, default=None)


def _due(one: Ahead, plan: Plan, start: date | None) -> datetime:
    day = plan.reached(one.domain, one.next_percent or 0)
    if start is None or day is None:
        return times.FIRST
    return times.later(times.utc(start.isoformat()) or times.FIRST, timedelta(days=day - 1))


def answered(hours: str | None, at: datetime) -> datetime:
    """The first quarter of an hour from `at` on in which somebody answers; `at` where no hours can be read."""
    if hours is None or schedule.somebody_answers(hours, at):
        return at
    rounded = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
    later = (rounded + number * _STEP for number in range(1, _FAR))
    return next((one for one in later if schedule.somebody_answers(hours, one)), at)


def when(at: datetime, now: datetime) -> str:
    """`now`, `today 15:00 UTC`, `tomorrow 09:00 UTC`, else the date."""
    if at <= now:
        return "now"
    days = (at.date() - now.date()).days
    clock = f"{at:%H:%M} UTC"
    return f"today {clock}" if days == 0 else f"tomorrow {clock}" if days == 1 else f"on {at:%Y-%m-%d} {clock}"


def _finished(ahead: Forecast | None, now: datetime) -> str:
    stable = ahead.stable if ahead else None
    if stable is None or stable <= now:
        return "every domain is at 100 %, and has been for 7 days"
    return f"every domain is at 100 %, and stable for 7 days {when(stable, now)}"


def _burns(one: Standing) -> str:
    why = one.verdict.removeprefix("ROLLBACK").strip().removeprefix(one.domain).strip()
    return f"{one.domain} burns at {why}" if why[:1].isdigit() else f"{one.domain} burns: {why}"


def _late(number: int, group: Sequence[Standing]) -> str:
    return f"{_names([one.domain for one in group])} {'is' if len(group) == 1 else 'are'} {_days(number)} behind"


def _by_days(late: Sequence[Standing]) -> Mapping[int, list[Standing]]:
    found: dict[int, list[Standing]] = {}
    for one in sorted(late, key=lambda one: -one.behind):
        found.setdefault(one.behind, []).append(one)
    return found


def _days(number: int) -> str:
    return f"{number} day{'s' if number != 1 else ''}"


def _names(names: Sequence[str], most: int = 4) -> str:
    """`jobs`, `jobs and property`, `a, b, c and 12 more`."""
    shown = list(names) if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _sentences(parts: Sequence[str], names: Sequence[str]) -> str:
    """Each begins with a capital, but for one that begins with a domain's name: names stay as they are written."""
    found = [part.rstrip(".") for part in parts if part]
    return " ".join(f"{part if part.startswith(tuple(names)) else part[0].upper() + part[1:]}." for part in found)
