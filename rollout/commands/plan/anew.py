"""`plan --from DATE`: what is left, laid anew from what is live. Writes nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from rollout.commands.reading import around
from rollout.commands.reading.around import Around
from rollout.model import schedule
from rollout.model.flag.moves import Live
from rollout.model.judge import rules
from rollout.model.ladder import TOP
from rollout.model.plan import relay
from rollout.model.plan.relay import At, Laid
from rollout.model.problem import BadInput, Problem
from rollout.model.schedule import OnCallHours

#: The hour (UTC) of the daily run where the on-call hours don't say when they begin.
HOUR: Final = time(9)
WIDTH: Final = 80


def lay(stack: str, first: str) -> tuple[Around, Laid, list[str]]:
    """The stack, what is left from that date on, and what stands in the way beside time. Raises `BadInput`."""
    seen = around.look(stack)
    try:
        begins = date.fromisoformat(first)
    except ValueError:
        raise BadInput([Problem("no date", "--from", "2026-12-09", first)]) from None
    if begins < seen.now.date():
        raise BadInput([Problem("that day is over", "--from", f"{seen.now.date()} or later", first)])
    at, notes = dict[str, At](), list(seen.wrong)
    for name, live in seen.live.items():
        percent = live.percent if live is not None else None
        if live is None or percent is None:
            notes.append(f"{name}: its live value isn't known; laid as if it were 0 %")
        breach = seen.config.breach.get(name)
        latched = live is not None and _latched(seen, name, live)
        if latched:
            notes.append(
                f"{name}: latched by the breach of {breach.metric if breach else '?'}: from 0 %, by a later attempt"
            )
        held = seen.config.held.get(name)
        if held is not None:
            notes.append(f"{name}: held ({held.why}): it waits until that is lifted")
        ready = relay.ready(breach.at) if latched and breach else None
        since = live.since if live is not None and live.since is not None else seen.now
        at[name] = At(0 if latched else percent or 0, since, ready)
    if seen.config.freeze is not None:
        notes.append(f"frozen ({seen.config.freeze.why}): nothing rises until that is lifted")
    return seen, relay.lay(seen.plan, seen.known, at, _first_run(seen, begins), seen.config.start), notes


def _latched(seen: Around, name: str, live: Live) -> bool:
    """Whether a breach stands in the way of the next raise, as the judge sees it."""
    domain = seen.known.domains[name]
    ask = seen.ask(domain, live, domain.ladder.next(live.percent or 0) or TOP)
    return any(refusal.key == "latched" for refusal in rules.judge_raise(ask))


def _first_run(seen: Around, begins: date) -> datetime:
    """That day, when somebody comes on call; today not before now."""
    hours = OnCallHours.parse(seen.config.on_call.hours) if seen.config.on_call else None
    opens = datetime.combine(begins, hours.opens, hours.zone) if hours else datetime.combine(begins, HOUR, UTC)
    return max(opens.astimezone(UTC), seen.now)


def text(laid: Laid, notes: Iterable[str], names: Iterable[str], planned: date | None) -> Iterable[str]:
    """For a terminal, under 80 columns: the days on which something moves, and when it ends."""
    shown = list(names)
    yield "  ".join(["day", "date      ", *(f"{name:>9}" for name in shown)])
    for row in laid.rows:
        if row.changed or row is laid.rows[0]:
            cells = (f"{row.percents[name]}{'*' if name in row.changed else ' '}" for name in shown)
            columns = (f"{cell:>{max(9, len(name))}}" for cell, name in zip(cells, shown, strict=True))
            yield "  ".join([f"{row.number:>3}", f"{row.date!s:<10}", *columns]).rstrip()
    said = ["the earliest days that no soak and no prerequisite forbids, if the gate passes; nothing was written"]
    if laid.ends is None or laid.stable is None:
        said.append(f"by these rules it doesn't end within {relay.LONGEST} days")
    else:
        late = "" if planned is None else _late((laid.ends - planned).days)
        said.append(f"all at 100 % on {laid.ends}{late}; stable for {schedule.STABLE.days} days on {laid.stable}")
    for line in (*said, *(f"note: {note}" for note in notes)):
        yield from textwrap.wrap(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _late(days: int) -> str:
    if days == 0:
        return ", as planned"
    return f", {abs(days)} day{'s' * (abs(days) != 1)} {'after' if days > 0 else 'before'} the plan's"


def planned_end(seen: Around) -> date | None:
    """When the plan has all domains at 100 %; None without a start."""
    if seen.config.start is None:
        return None
    reached = [seen.plan.reached(name, 100) for name in seen.known.domains]
    days = [day for day in reached if day is not None]
    return seen.config.start + timedelta(days=max(days) - 1) if len(days) == len(reached) else None


def as_json(laid: Laid, notes: Iterable[str]) -> Mapping[str, Any]:
    """The same in plain values."""
    days = [
        {"day": row.number, "date": str(row.date), "percent": row.percents, "changed": row.changed} for row in laid.rows
    ]
    return {"days": days, "ends": _day(laid.ends), "stable": _day(laid.stable), "notes": list(notes)}


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()
