"""Hours: how long a flag must have held, and when somebody is there to answer. Times are aware UTC arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from rollout.model import times

ALWAYS: Final = "always"

#: After a breach, the seed's wait before a new start (contingency scenario 1: "Wait: 24 hours").
BREACH_WAIT: Final = timedelta(hours=24)

#: "Stable" in the seed's final success criteria: 100 % for 7 days.
STABLE: Final = timedelta(days=7)

_HOURS = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2}) (\S+)")


def soak_ends(since: datetime, hours: float, slack_hours: float) -> datetime:
    """When a value that is live since `since` has held long enough: `hours` less the slack of a daily run."""
    return times.later(since, timedelta(hours=hours - slack_hours))


@dataclass(frozen=True)
class OnCallHours:
    """A daily window in a zone, such as `08:00-18:00 Africa/Kigali`; one that ends before it starts crosses midnight."""

    opens: time
    closes: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> OnCallHours | None:
        """The window, or None where the text is no window or names no known zone."""
        match = _HOURS.fullmatch(text.strip())
        if match is None:
            return None
        try:
            opens = time(int(match[1]), int(match[2]))
            closes = time(int(match[3]), int(match[4]))
            return cls(opens, closes, ZoneInfo(match[5]))
        except (ValueError, OSError, KeyError):  # 25:00, ../../etc/passwd, a zone nobody knows
            return None

    def covers(self, now: datetime) -> bool:
        """Whether `now` is inside: the opening minute is, the closing minute isn't."""
        local = now.astimezone(self.zone).time()
        if self.opens <= self.closes:
            return self.opens <= local < self.closes
        return local >= self.opens or local < self.closes


def somebody_answers(hours: str | None, now: datetime) -> bool:
    """Whether a raise may happen at `now` by the on-call hours; unreadable or absent hours are none."""
    if hours is None:
        return False
    if hours.strip() == ALWAYS:
        return True
    window = OnCallHours.parse(hours)
    return window is not None and window.covers(now)
