"""The ladder: the only shares of traffic that a domain may be given."""

from __future__ import annotations

from typing import Final

#: Legal values of a domain's percent, in per cent of its traffic (the seed: 0 -> 5 -> 10 -> 25 -> 50 -> 100).
LADDER: Final = (0, 5, 10, 25, 50, 100)


def on_ladder(percent: object) -> bool:
    """Whether `percent` is a rung; `True` and `5.0` are not, since only a plain integer is a percent."""
    return type(percent) is int and percent in LADDER


def next_rung(percent: int) -> int | None:
    """The rung a raise from `percent` goes to, or None at the top. `percent` need not be a rung itself."""
    return next((rung for rung in LADDER if rung > percent), None)


def previous_rung(percent: int) -> int:
    """The rung that `rollback-previous` goes to from `percent`: the highest one under it, 0 at the bottom."""
    return max((rung for rung in LADDER if rung < percent), default=0)


def rung_under(percent: int) -> int:
    """The highest rung at or under `percent`: where a stack may stand that follows such a value down."""
    return max((rung for rung in LADDER if rung <= percent), default=0)


def parse_percent(text: str | None) -> int | None:
    """The whole number that a stored flag holds, or None where it holds anything else.

    A value off the ladder, such as 37, is returned as it is: somebody wrote it and the service obeys it.
    """
    if text is None:
        return None
    stripped = text.strip()
    if not (stripped.isascii() and stripped.isdigit()) or len(stripped) > 20:  # `int` refuses thousands of digits
        return None
    value = int(stripped)
    return value if value <= 100 else None


def show() -> str:
    """The ladder for a message: `0, 5, 10, 25, 50, 100`."""
    return ", ".join(map(str, LADDER))
