"""Hours: how long a flag must have held, and when somebody is there to answer. Times are aware UTC arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from rollout.model import times
from rollout.model.problem import shown

ALWAYS: Final = "always"

#: After a breach, the seed's wait before a new start (contingency scenario 1: "Wait: 24 hours").
BREACH_WAIT: Final = timedelta(hours=24)

#: "Stable" in the seed's final success criteria: 100 % for 7 days.
STABLE: Final = timedelta(days=7)

#: How on-call hours are written, for messages.
HOURS: Final = "always, or 08:00-18:00 Africa/Kigali"

_HOURS: Final = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2}) (\S+)", re.ASCII)
#: Names in a machine's zone folder that are no zone of anybody's: the machine's own, and counts with leap seconds.
_NO_ZONE: Final = re.compile(r"localtime|posixrules|Factory|(posix|right)/.*")


def stable_from(since: datetime, slack_hours: float) -> datetime:
    """From when on a domain that is at 100 % since `since` is stable; the slack is the soak's, here too."""
    return soak_ends(since, STABLE / timedelta(hours=1), slack_hours)


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
        """The window, or None where `wrong_hours` says why there is none."""
        read = _read(text)
        return None if isinstance(read, tuple) else read

    def covers(self, now: datetime) -> bool:
        """Whether `now` is inside: the opening minute is, the closing minute isn't."""
        local = now.astimezone(self.zone).time()
        if self.opens <= self.closes:
            return self.opens <= local < self.closes
        return local >= self.opens or local < self.closes


def wrong_hours(text: str) -> tuple[str, str] | None:
    """What is wrong with on-call hours, and what to do; None where they are `always` or a window in a known zone."""
    read = None if text.strip() == ALWAYS else _read(text)
    return read if isinstance(read, tuple) else None


def _read(text: str) -> OnCallHours | tuple[str, str]:
    """The window, or what is wrong and what to do."""
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        return "hours is no window", "write HH:MM-HH:MM and the name of a zone"
    opens, closes = match[1] + match[2], match[3] + match[4]
    if "2400" in (opens, closes):
        return "24:00 is no time of a clock", "write 00:00 for midnight, or always for the whole day"
    try:
        window = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    except ValueError:
        return "hours has a time that no clock shows", "hours from 00 to 23, minutes from 00 to 59"
    if opens == closes:
        return f"hours opens and closes at {match[1]}:{match[2]}: no minute is inside", "write always for the whole day"
    zone = _zone(match[5])
    if zone is None:
        return f"no zone {shown(match[5])} is known", "write a name such as Africa/Kigali, Europe/Berlin or UTC"
    return OnCallHours(*window, zone)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return None if _NO_ZONE.fullmatch(name) else ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ../../etc/passwd, a folder, a zone nobody knows
        return None


def somebody_answers(hours: str | None, now: datetime) -> bool:
    """Whether a raise may happen at `now` by the on-call hours; unreadable or absent hours are none."""
    if hours is None:
        return False
    if hours.strip() == ALWAYS:
        return True
    window = OnCallHours.parse(hours)
    return window is not None and window.covers(now)
