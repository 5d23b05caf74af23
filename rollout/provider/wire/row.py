"""What a resource says on its own row, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rollout.model.problem import Problem, RolloutError, visible


class Refused(RolloutError):
    """The change is refused; nothing was written. The text is what the operator reads on the row."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.block())


class Waiting(Refused):
    """The raise may not happen now; the next run asks again. Nothing else has to stop for it."""


class Partly(RolloutError):
    """A part of what a row is about was done, the rest failed. `state`: the row's record of what stands; the next `up` does the rest."""

    def __init__(self, text: str, ident: str, state: Mapping[str, Any]) -> None:
        self.ident = ident
        self.state = state
        super().__init__(text)


@dataclass
class Row:
    """Lines for one resource, in order; what they quote of a store or a file shows every character. The servicer hands them to the engine when the handler is done.

    `say` hands one line over at once: for a handler that is about to wait.
    """

    urn: str
    lines: list[tuple[Literal["info", "warning"], str]] = field(default_factory=list)
    say: Callable[[str], None] | None = None

    def info(self, text: str) -> None:
        self.lines.append(("info", visible(text)))

    def warn(self, text: str) -> None:
        self.lines.append(("warning", visible(text)))

    def now(self, text: str) -> None:
        if self.say is None:
            self.info(text)
        else:
            self.say(visible(text))
