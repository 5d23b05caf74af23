"""What state an alert policy is in, by counters alone: for stacks whose policies are rows, and no CloudWatch looks at them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

#: Per counter and start of a minute: the sum, and how many data it is of.
Minutes: TypeAlias = Mapping[str, Mapping[datetime, tuple[float, float]]]

#: A policy's states, in this project's words.
OK: Final = "ok"
ALARM: Final = "alarm"
NO_DATA: Final = "no-data"

#: The newest minutes may still be on their way; a policy looks at those before them.
LATE: Final = timedelta(minutes=2)

_RATIO: Final = re.compile(r"IF\(total >= (\d+), bad / total, 0\)")
_NOT_BREACHING: Final = "notBreaching"


@dataclass(frozen=True)
class Watched:
    """A policy as its row has it: which counters, over which time, against which limit.

    `period` in seconds; `periods`: how many in a row must be over `limit`, a share (0.01 is 1 %) or a number. `bad` and
    `total` are names of counters; `total` is empty where a number is counted; `least`: fewer events are no rate.
    """

    name: str
    service: str
    domain: str
    bad: str
    total: str
    least: int
    period: int
    periods: int
    limit: float
    missing_is_ok: bool

    @property
    def span(self) -> timedelta:
        return timedelta(seconds=self.period * self.periods)


@dataclass(frozen=True)
class State:
    """One policy at one look."""

    name: str
    state: str
    reason: str


def watched(name: str, inputs: Mapping[str, object]) -> Watched | State:
    """The policy of a row's inputs (`rollout.model.alarms.alarm.properties`); a `State` where counters can't tell it."""
    try:
        queries = {key: query.rpartition(" ") for key, query in _texts(inputs["queries"]).items()}
        dimensions, expression = _texts(inputs["dimensions"]), str(inputs["expression"])
        ratio = _RATIO.fullmatch(expression)
        bad, _, stat = queries.get("bad", ("", "", ""))
        total = queries["total"][0] if ratio else ""
        if not bad or stat != "Sum" or (expression and not ratio):
            return State(name, NO_DATA, "counters can't tell it: it asks for a distribution")
        return Watched(
            name, dimensions["Service"], dimensions["Domain"], bad, total, int(ratio[1]) if ratio else 0,
            int(float(str(inputs["period"]))), int(float(str(inputs["evaluationPeriods"]))),
            float(str(inputs["threshold"])), inputs["treatMissingData"] == _NOT_BREACHING,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        return State(name, NO_DATA, "the row holds what is no policy")


def _texts(found: object) -> dict[str, str]:
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, Mapping) else {}


def newest(now: datetime) -> datetime:
    """Where the newest period ends."""
    return (now - LATE).replace(second=0, microsecond=0)


def judged(policy: Watched, minutes: Minutes, now: datetime) -> State:
    """The state by the counters' minutes: `minutes[counter][start]` is a sum and how many data it is of."""
    values = [_value(policy, minutes, newest(now), back) for back in range(policy.periods)]
    known = [value for value in values if value is not None]
    shown = ", ".join("no data" if value is None else _shown(policy, value) for value in values)
    limit = _shown(policy, policy.limit)
    if not known:
        return State(policy.name, OK if policy.missing_is_ok else NO_DATA, f"no data over {policy.span}")
    if len(known) == len(values) and all(value > policy.limit for value in known):
        return State(policy.name, ALARM, f"{shown} over {limit}")
    return State(policy.name, OK, f"{shown} of {limit}")


def _value(policy: Watched, minutes: Minutes, end: datetime, back: int) -> float | None:
    """The value of one period, the `back`th from the newest; None where a counter it needs has no datum in it."""
    until = end - timedelta(seconds=policy.period * back)
    since = until - timedelta(seconds=policy.period)
    sums = [_sum(minutes.get(name, {}), since, until) for name in (policy.bad, policy.total) if name]
    if any(total is None for total in sums):
        return None
    bad = sums[0] or 0.0
    if len(sums) == 1:
        return bad
    total = sums[1] or 0.0
    return bad / total if total >= max(policy.least, 1) else 0.0


def _sum(found: Mapping[datetime, tuple[float, float]], since: datetime, until: datetime) -> float | None:
    values: Sequence[float] = [value for at, (value, _) in found.items() if since <= at < until]
    return sum(values) if values else None


def _shown(policy: Watched, value: float) -> str:
    return f"{value:.2%}" if policy.total else f"{value:g}"
