"""The ladder: the only shares of traffic that a domain may be given. The catalogue says it, and a domain may have its own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

#: Where every ladder ends: all of a domain's traffic, in per cent.
TOP: Final = 100


def why_none(rungs: tuple[int, ...]) -> str:
    """Why `rungs` are no ladder; nothing where they are one."""
    if any(type(rung) is not int or not 0 <= rung <= TOP for rung in rungs):
        return f"a rung is no whole number from 0 to {TOP}"
    if rungs[:1] != (0,):
        return "it doesn't begin at 0"
    if rungs[-1] != TOP:
        return f"it doesn't end at {TOP}"
    stuck = next((f"{high} after {low}" for low, high in pairwise(rungs) if high <= low), "")
    return f"it doesn't rise: {stuck}" if stuck else ""


@dataclass(frozen=True)
class Ladder:
    """Rungs in per cent of a domain's traffic, from 0 to 100, each above the one before.

    Raises `ValueError` for anything else; the reader of the catalogue names the place (`rollout.model.catalogue.reading`).
    """

    rungs: tuple[int, ...] = (0, 5, 10, 25, 50, TOP)  # the seed: 0 -> 5 -> 10 -> 25 -> 50 -> 100

    def __post_init__(self) -> None:
        if wrong := why_none(self.rungs):
            raise ValueError(wrong)

    @property
    def above(self) -> tuple[int, ...]:
        """The rungs with traffic: all but 0."""
        return self.rungs[1:]

    @property
    def first(self) -> int:
        """The lowest rung with traffic, where every domain begins."""
        return self.rungs[1]

    def __contains__(self, percent: object) -> bool:
        """Whether `percent` is a rung; `True` and `5.0` are not, since only a plain integer is a percent."""
        return type(percent) is int and percent in self.rungs

    def next(self, percent: int) -> int | None:
        """The rung a raise from `percent` goes to, or None at the top. `percent` need not be a rung itself."""
        return next((rung for rung in self.rungs if rung > percent), None)

    def previous(self, percent: int) -> int:
        """The rung that `rollback-previous` goes to from `percent`: the highest one under it, 0 at the bottom."""
        return max((rung for rung in self.rungs if rung < percent), default=0)

    def under(self, percent: int) -> int:
        """The highest rung at or under `percent`: where a stack may stand that follows such a value down."""
        return max((rung for rung in self.rungs if rung <= percent), default=0)

    def height(self, percent: int) -> float:
        """Where `percent` stands, counted in rungs: 2 for the second above 0, between two for what is on none."""
        below = max(n for n, rung in enumerate(self.rungs) if rung <= max(percent, 0))
        if below + 1 == len(self.rungs):
            return below
        start, end = self.rungs[below : below + 2]
        return below + (max(percent, 0) - start) / (end - start)

    def show(self) -> str:
        """The ladder for a message: `0, 5, 10, 25, 50, 100`."""
        return ", ".join(map(str, self.rungs))

    def show_above(self) -> str:
        """The rungs with traffic for a message: `5, 10, 25, 50, 100`."""
        return ", ".join(map(str, self.above))


#: The seed's ladder: what a catalogue has that names none.
DEFAULT: Final = Ladder()


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
    return value if value <= TOP else None


#: The seed's rungs, for what is about the seed's plan alone (tests); a rule asks the domain's own ladder.
LADDER: Final = DEFAULT.rungs
next_rung, previous_rung, rung_under, on_ladder, show = (
    DEFAULT.next, DEFAULT.previous, DEFAULT.under, DEFAULT.__contains__, DEFAULT.show,
)  # fmt: skip
