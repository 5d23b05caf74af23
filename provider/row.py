"""What a resource says on its own row, and how it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rollout.problem import Problem


class Refused(Exception):
    """The change is refused; nothing was written. The text is what the operator reads on the row."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.block())


@dataclass
class Row:
    """Lines for one resource, in order. The servicer hands them to the engine."""

    urn: str
    lines: list[tuple[Literal["info", "warning"], str]] = field(default_factory=list)

    def info(self, text: str) -> None:
        self.lines.append(("info", text))

    def warn(self, text: str) -> None:
        self.lines.append(("warning", text))
