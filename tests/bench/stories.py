"""The exhaustive check with more troubles than `make test` has time for, and longer walks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.exhaustive.explore import Found, World
from tests.exhaustive.steps import Alphabet
from tests.exhaustive.walk import walk

WALKS = 1000
LENGTH = 400


def _explorations() -> Iterator[tuple[str, Found]]:
    anywhere = "whatever its prerequisites do"
    yield (
        f"{anywhere}, any number of the plan's own troubles",
        World(["jobs"], Alphabet(1000, restores=False, odd=False), anywhere=True).explore(),
    )
    yield f"{anywhere}, up to 3 troubles of any kind", World(["jobs"], Alphabet(3), anywhere=True).explore()
    for names in (("ai-agents", "jobs"), ("marketplace", "property")):
        yield "up to 2 of the plan's own troubles, and restores", World(names, Alphabet(2, odd=False)).explore()
    yield "by chance", walk(seed=6, walks=WALKS, length=LENGTH)


def run(say: Callable[[str], None]) -> None:
    """Explores, and says how much. Raises AssertionError with the story of a broken invariant or of a dead end."""
    for what, found in _explorations():
        assert not found.wrong, found.show()
        assert not found.stuck, found.show()
        say(f"{found.line()}: {what}; 0 invariants broken, 0 dead ends")
