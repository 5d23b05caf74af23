"""How the gate writes numbers: counts with commas, rates in per cent, odds to 1, events in the reporter's words."""

from __future__ import annotations

import math
import re

#: Odds are shown and recorded up to here; a million clean requests would give a number with hundreds of digits.
MOST_ODDS = 1e12


def count(number: float) -> str:
    """`1,800`; as it was given where it is no count (`nan`, `1.5`, `1e+300`)."""
    return f"{int(number):,}" if abs(number) < 1e15 and number == int(number) else str(number)


def of(bad: float, total: float) -> str:
    """`31/1,800`."""
    return f"{count(bad)}/{count(total)}"


def rate(fraction: float, digits: int = 3) -> str:
    """A fraction in per cent, rounded to `digits` significant ones: `0.0999 %`, `18 %`."""
    percent = 100 * fraction
    if percent <= 0:
        return "0 %"
    places = max(0, digits - 1 - math.floor(math.log10(percent)))
    text = f"{percent:.{min(places, 12)}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def two_rates(seen: float, limit: float) -> tuple[str, str]:
    """A rate over a limit, both with as many digits as show the limit as written and that they differ: `4.04 %`, `4 %`."""
    pairs = [(rate(seen, digits), rate(limit, digits)) for digits in range(2, 13)]
    return next((pair for pair in pairs if pair[0] != pair[1] == pairs[-1][1]), pairs[-1])


def odds(log: float) -> float:
    """The odds whose natural logarithm is `log`, at most `MOST_ODDS`: JSON knows no infinity."""
    return min(MOST_ODDS, math.exp(min(log, 100.0)))


def show_odds(log: float) -> str:
    """`850 to 1`, `over 10^12 to 1`."""
    value = odds(log)
    if value >= MOST_ODDS:
        return "over 10^12 to 1"
    return f"{value:,.0f} to 1" if value >= 10 else f"{value:.2g} to 1"


def events(counter: str) -> str:
    """The counter's events in words: `JobPosts` is `job posts`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", counter).lower()
