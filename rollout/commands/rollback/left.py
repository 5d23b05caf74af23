"""What a rollback still has to do after its first step: told to the operator, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rollout.commands.rollback.order import Order
from rollout.commands.rollback.stop import Stop
from rollout.model.ladder import parse_percent
from rollout.provider.stores import lowering
from rollout.provider.stores.store import Store


@dataclass
class Left:
    """What the operator still has to do, by step; and the way to tell him."""

    order: Order
    done: Stop
    say: Callable[..., None]
    store: Store
    steps: list[str] = field(default_factory=list)
    live: int = 0  # the percent that was read last
    ran: bool = False  # our own `up` has held the stack's lock since
    lost: bool = False  # somebody raised it again, and it couldn't be lowered again

    def __post_init__(self) -> None:
        self.live = self.done.to

    @property
    def rung(self) -> int:
        """The highest legal percent that isn't over what was live when it was read last."""
        return self.done.under(min(self.live, self.done.to))

    def read(self) -> int | None:
        """Reads the flag again; None where it holds no percent. Raises `StoreError`."""
        entry = lowering.read(self.store, self.done.name.secret)
        percent = 0 if entry is None or entry.text is None else parse_percent(entry.text)
        self.live = self.live if percent is None else percent
        return percent

    def fact(self, step: str, text: str) -> None:
        self.say(f"  {step:<8} {text}")

    def fail(self, step: str, error: object, do: str) -> None:
        lines = str(error).splitlines() or [type(error).__name__]
        known = any(line.strip().startswith("do:") for line in lines)  # the error knows better what helps
        shown = "\n".join(f"           {line.strip()}" for line in [*lines[1:], *([] if known else [f"do:      {do}"])])
        self.say(f"  {step:<8} FAILED: {lines[0]}\n{shown}", err=True)
        if step not in self.steps:
            self.steps.append(step)
