"""Plays the engine's part for alarms, topics and dashboards: keeps state and inputs of one resource between runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rollout.provider.wire.row import Row
from rollout.provider.wire.servicer import Resource

Properties = dict[str, Any]


@dataclass
class Line:
    """One resource of one kind. `up` is refresh, diff, and create or update where the diff isn't empty."""

    kind: Resource
    state: Properties | None = None
    inputs: Properties = field(default_factory=dict)
    row: Row = field(default_factory=lambda: Row("urn"))
    changed: dict[str, str] = field(default_factory=dict)

    def preview(self, new: Properties) -> dict[str, str]:
        """The properties that the row would show."""
        self.row = Row("urn")
        assert not self.kind.check(new)
        if self.state is None:
            self.kind.create(new, True, self.row)
            return dict.fromkeys(new, "add")
        state = self.kind.read("urn", self.state, self.row, self.inputs)
        changed = dict(self.kind.diff("urn", state, new, self.row))
        if changed:
            self.kind.update(state, self.inputs, new, True, self.row)
        return changed

    def up(self, new: Properties) -> dict[str, str]:
        self.row = Row("urn")
        if self.state is None:
            _, self.state = self.kind.create(new, False, self.row)
            self.changed = dict.fromkeys(new, "add")
        else:
            self.state = self.kind.read("urn", self.state, self.row, self.inputs)
            self.changed = dict(self.kind.diff("urn", self.state, new, self.row))
            if self.changed:
                self.state = self.kind.update(self.state, self.inputs, new, False, self.row)
        self.inputs = new
        return self.changed

    def delete(self) -> None:
        assert self.state is not None
        self.kind.delete(self.state, self.inputs, self.row)

    def said(self) -> str:
        return "\n".join(text for _, text in self.row.lines)
