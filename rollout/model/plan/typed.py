"""What to type next, in one place, in the shell in which it is read: one with the project's tools on its PATH, or make's."""

from __future__ import annotations

from dataclasses import dataclass

#: The stack that make means where none is given.
LOCAL = "local"


@dataclass(frozen=True)
class Typed:
    """Command lines for a stack. `make`: whoever reads them typed `make ...`, and has neither pulumi nor our Python there.

    `day`: the plan's, which a promotion goes up to.
    """

    stack: str
    make: bool = False
    day: int = 0

    def rollback(self, domain: str, to: str) -> str:
        """The stop of a domain: the store first, then the stack file. `to`: `previous`, `zero` or a rung."""
        if self.make:
            return f"make rollback DOMAIN={domain} TO={to}{self._stack()}"
        return f"python -m rollout rollback {domain} --to {to} --stack {self.stack}"

    def promote(self, domain: str) -> str:
        """The next rung into the stack file, at most that of the plan's day."""
        if self.make:
            return f"make day DAY={self.day} DOMAIN={domain}{self._stack()}"
        return f"python -m rollout promote {self.day} --domain {domain} --stack {self.stack}"

    def preview(self) -> str:
        """The review of what the stack file asks for."""
        return f"make preview{self._stack()}" if self.make else f"pulumi preview --diff --stack {self.stack}"

    def up(self) -> str:
        """Carries the stack file out."""
        if self.make and self.stack == LOCAL:
            return "make up"
        return f"pulumi up --stack {self.stack}"

    def unfreeze(self, domain: str = "") -> str:
        """Takes the freeze, or a domain's hold, out of the stack file."""
        python = ".venv/bin/python" if self.make else "python"
        only = f" --domain {domain}" if domain else ""
        return f"{python} -m rollout unfreeze{only} --stack {self.stack}"

    def _stack(self) -> str:
        return "" if self.stack == LOCAL else f" STACK={self.stack}"
