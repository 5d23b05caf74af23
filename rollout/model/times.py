"""Times, as text and back: for machines (`iso`, `moment`, `utc`) and for people (`show`, `show_span`). Aware UTC only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

#: The first and the last moment that a time can be: what is earlier or later ends there.
FIRST: Final = datetime.min.replace(tzinfo=UTC)
LAST: Final = datetime.max.replace(tzinfo=UTC)


def iso(at: datetime) -> str:
    """An aware time as `2026-12-09T02:14:00Z`, whole seconds, UTC: how records, tags and state have it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def moment(written: object) -> datetime | None:
    """The aware UTC time that `iso` wrote, or None for whatever else stands there (a time without offset, no text)."""
    parsed = _parsed(written)
    return parsed if parsed is None or parsed.tzinfo else None


def utc(written: object) -> datetime | None:
    """As `moment`; a date, and a time without an offset, are UTC's."""
    parsed = _parsed(written)
    return parsed.replace(tzinfo=UTC) if parsed and parsed.tzinfo is None else parsed


def _parsed(written: object) -> datetime | None:
    if not isinstance(written, str):
        return None
    try:
        parsed = datetime.fromisoformat(written)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed
    except (ValueError, OverflowError):  # year 1, east of Greenwich
        return None


def later(at: datetime, span: timedelta) -> datetime:
    """`at` and `span` after it; `LAST` (or `FIRST`) where no time is that late: a typed year 9999 is no crash."""
    try:
        return at + span
    except OverflowError:
        return LAST if span > timedelta() else FIRST


def show(at: datetime) -> str:
    """A time for people: `2026-12-09 02:14 UTC`."""
    return at.astimezone(UTC).isoformat(" ", "minutes").replace("+00:00", " UTC")


def show_span(span: timedelta) -> str:
    """A length of time for people: `46 h 05 min`, `12 min`, never negative."""
    minutes = max(0, -(-int(span.total_seconds()) // 60))
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
