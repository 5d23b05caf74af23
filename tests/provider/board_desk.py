"""A stack around the board's reading: files, a store, counters and the engine's answers, all in memory, of any size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from rollout.commands.engine import pulumi
from rollout.commands.project import files
from rollout.commands.reading import days as reading_days
from rollout.model.gate.window import HOUR, Series, Window
from rollout.model.reports.story import Story
from rollout.provider.errors import StoreError
from rollout.provider.judging import context
from rollout.provider.sources import choose as sources
from rollout.provider.stores import choose as stores
from tests import boards
from tests.provider.memory import MemoryStore


class Counters:
    """What both services counted, by the hour or finer; `asked`: every question; `fails`: the domains that can't be read."""

    def __init__(self, story: Story, fails: Sequence[str] = ()) -> None:
        self.story, self.fails = story, fails
        self.asked: list[tuple[str, Window]] = []

    def read(
        self, domain: str, series: Sequence[Series], window: Window
    ) -> dict[Series, dict[datetime, tuple[float, float]]]:
        self.asked.append((domain, window))
        if domain in self.fails:
            raise StoreError(f"GetMetricData of {domain}: the source answered 503")
        made = boards.counted(self.story.known, domain, self.story, window)
        return {one: dict(made.get(one, {})) for one in series}


class Desk:
    """One stack at one time. `engine`: what the engine's commands answer, by their first word; None: it fails."""

    def __init__(
        self, patch: pytest.MonkeyPatch, folder: Path, domains: int = 4, days: float = 60, fails: Sequence[str] = ()
    ) -> None:
        self.story = story = boards.told(domains, days)
        known, now = story.known, story.as_of
        assert now is not None
        self.counters, self.store = Counters(story, fails), MemoryStore()
        percents = {name: story.percent_at(name, now)[0] for name in known.domains}
        for name, domain in known.domains.items():
            secret = f"wa-webhook-unified/local/{domain.percent_flag}"
            self.store.values[secret] = [("v1", str(percents[name]))]
            found = story.stretches(name)
            since = found[-1].since if found else now
            self.store.marks[secret] = {"live-since": f"v1@{since:%Y-%m-%dT%H:%M:%SZ}"}
        self.engine: dict[str, Any] = {"history": boards.history_of(story), "export": self._state()}
        (folder / "Pulumi.local.yaml").write_text(boards.stack_text(known, percents))
        patch.setattr(files, "ROOT", folder)
        patch.setattr(files, "read_catalogue", lambda: known)
        patch.setattr(context, "load_catalogue", lambda *_: known)
        patch.setattr("rollout.commands.reading.around.read_plan", lambda _: story.plan)
        patch.setattr(reading_days, "read_plan", lambda _: story.plan)
        patch.setattr(sources, "source", lambda *_, **__: self.counters)
        patch.setattr(stores, "store", lambda *_, **__: self.store)
        patch.setattr(pulumi, "read_json", self._answer)
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        patch.setattr("rollout.provider.simulators.says", lambda *_: True)
        patch.setenv("ROLLOUT_NOW", f"{now:%Y-%m-%dT%H:%M:%SZ}")

    def drawn(self) -> list[str]:
        """The domains that were asked for curves: over more than the gate's own hours and minutes, once each."""
        return [name for name, window in self.counters.asked if window.period > HOUR]

    def _state(self) -> Mapping[str, Any]:
        resources = [
            {"type": "rollout:index:TrafficFlag", "inputs": {"domain": name, "percent": moves[-1]["to"]}, "outputs": {"moves": moves}}
            for name, moves in self.story.moves.items()
        ]  # fmt: skip
        return {"deployment": {"resources": resources}}

    def _answer(self, *arguments: str) -> Any:
        found = self.engine[arguments[1]]
        if found is None:
            raise pulumi.EngineFailed("no such bucket")
        return found
