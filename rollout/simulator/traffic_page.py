"""The simulator's page /traffic: starts, shows and stops the traffic source (`rollout.simulator.traffic.loop`).

GET     {"running": false}, or what is running: scenario, about, seed, stack, region, period, began, goes_on (from what ran),
        published_up_to, minutes_published, last_error
PUT     {"scenario": "healthy", "seed": 1, "stack": "local", "period": 60, "store": "secrets-manager"}: starts it, in the place of one that runs.
        All but the scenario may be left out. "region": of the stack's flags, else the local stack's; "began":
        "2026-12-01T00:00:00Z" starts in the middle of a scenario
DELETE  stops it
What is wrong with a PUT is answered with 400, and what was running goes on.

And its page /clock, the one clock of what plays here:
GET     {"now": "2026-12-03T08:00:07Z", "ahead": seconds before the machine's}
PUT     {"now": "2026-12-03T08:00:00Z"}: sets it ahead, and answers when the traffic of the time between is published, at the
        percents that are live. It never goes back, and without traffic it stays the machine's
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rollout import clock as clocks
from rollout.clock import Clock
from rollout.model import times
from rollout.model.problem import BadInput, Problem, shown
from rollout.simulator import env

if TYPE_CHECKING:
    from rollout.provider.settings import Settings
    from rollout.simulator.traffic.loop import Loop

DEFAULTS: Final = {
    "seed": 1, "stack": env.LOCAL, "store": "secrets-manager", "region": env.REGION, "period": 60, "began": None,
}  # fmt: skip
MAX_SEED: Final = 2**63 - 1

Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class _Running:
    """What publishes: minute by minute, and many periods at once; and what was asked for."""

    loop: Loop
    all: Callable[[Sequence[tuple[datetime, datetime]]], None]
    order: Mapping[str, Any]


class TrafficPage:
    """Speaks to the simulator at `url`, over HTTP as every other program does: faults and counts apply to it too."""

    def __init__(self, url: str, project: Path = env.PROJECT, folder: Path | None = None) -> None:
        self._url = url
        self._folder = folder or project / ".local"
        self._project = project
        self._lock = threading.Lock()  # one start or stop at a time
        self._running: _Running | None = None
        self._clock = Clock()

    def now(self) -> datetime:
        """The simulator's time, aware UTC."""
        return self._clock.now()

    def clock(self, method: str, given: Mapping[str, Any]) -> Answer:
        """Status and body for one request of /clock."""
        with self._lock:
            if method == "PUT":
                wanted = times.moment(given.get("now"))
                if wanted is None or list(given) != ["now"]:
                    return 400, {"message": 'PUT /clock takes {"now": "2026-12-03T08:00:00Z"}'}
                if self._running is not None and wanted > self.now():
                    try:
                        self._running.loop.until(wanted, self._running.all)
                    except Exception as error:  # noqa: BLE001 - the page says it; the next PUT goes on from there
                        return 503, {
                            "message": f"traffic up to {times.iso(wanted)}: {type(error).__name__} {error}"[:300]
                        }
                    self._clock = self._clock.set(wanted)
                    clocks.write(self._folder, self._url, self._clock)
            return 200, {"now": times.iso(self.now()), "ahead": self._clock.ahead.total_seconds()}

    def answer(self, method: str, given: Mapping[str, Any]) -> Answer:
        """Status and body for one request; `given` is the body of a PUT."""
        with self._lock:
            if method == "PUT":
                try:
                    made = self._made(given)
                except BadInput as error:
                    return 400, {"message": "; ".join(problem.line() for problem in error.problems)}
                except OSError as error:
                    return 400, {"message": f"can't be read: {error.filename}: {error.strerror}"}
                self._stop()
                made.loop.start()
                self._running = made
                clocks.write(self._folder, self._url, self._clock)
            elif method == "DELETE":
                self._stop()
                self._clock = Clock()
                clocks.forget(self._folder)
            if self._running is None:
                return 200, {"running": False}
            return 200, {"running": True, **self._running.order, **self._running.loop.status()}

    def _stop(self) -> None:
        if self._running is not None:
            self._running.loop.stop()
            self._running = None

    def _made(self, given: Mapping[str, Any]) -> _Running:
        """A loop that isn't started, and what it was asked. Raises BadInput, or OSError on an unreadable file."""
        from rollout.provider.judging.context import (
            load_catalogue,  # these cost 0.2 s that a simulator without traffic doesn't need
        )
        from rollout.simulator.traffic import loop, publish, scenario

        order = _order(given)
        period = timedelta(seconds=order["period"])
        first = loop.first_start(self.now(), period)
        if (
            self._clock.jumps and self._running is not None
        ):  # what is published up to there stays, and isn't counted again
            first = max(first, self._running.loop.next)
        catalogue = load_catalogue(self._project)
        began = times.moment(order["began"]) if order["began"] else first
        story = scenario.load(order["scenario"], catalogue, began or first)
        clients = publish.connect(self._settings(order))

        common = clients, order["stack"], story, order["seed"], catalogue

        def one(start: datetime, end: datetime) -> object:
            return publish.publish_period(*common, start, end)

        def several(periods: Sequence[tuple[datetime, datetime]]) -> None:
            publish.publish_periods(*common, periods, period)

        goes_on = self._running is not None and bool(self._clock.jumps)
        told = {**order, "about": story.about, "began": times.iso(story.began), "goes_on": goes_on}
        return _Running(loop.Loop(one, first, period, self.now, whole=clients.whole), several, told)

    def _settings(self, order: Mapping[str, Any]) -> Settings:
        """Where this traffic goes, and where it reads the flags: the simulator itself, or the database beside it."""
        from rollout.provider.settings import POSTGRES, Settings

        environ = {"AWS_ENDPOINT_URL": self._url, "AWS_REGION": order["region"]}
        if order["store"] != POSTGRES:
            return Settings.read(environ)
        environ["ROLLOUT_DATABASE_URL"] = env.database_url(self._folder / "postgres")
        return Settings.read(environ, store=POSTGRES, source=POSTGRES)


def _order(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a PUT asks for, with the defaults. Raises BadInput with everything that is wrong."""
    order = {**DEFAULTS, **given}
    checks: dict[str, tuple[Callable[[Any], bool], str]] = {
        "scenario": (lambda name: isinstance(name, str), 'the name of a scenario, such as "healthy"'),
        "seed": (lambda seed: _whole(seed) and 0 <= seed <= MAX_SEED, f"a whole number from 0 to {MAX_SEED}"),
        "stack": (lambda name: isinstance(name, str) and bool(re.fullmatch(r"[\w.-]{1,100}", name)), "a stack's name"),
        "store": (lambda name: name in env.STACKS, ", ".join(env.STACKS)),
        "region": (
            lambda name: isinstance(name, str) and bool(re.fullmatch(r"[a-z0-9-]{1,30}", name)),
            "an AWS region",
        ),
        "period": (
            lambda period: _whole(period) and 60 <= period <= 86_400 and period % 60 == 0,
            "whole minutes in seconds, 60 to 86400",
        ),
        "began": (
            lambda text: text is None or times.moment(text) is not None,
            "2026-12-01T08:00:00Z",
        ),
    }
    problems = [
        Problem(f"{key} is wrong" if key in order else f"{key} is missing", "PUT /traffic", allowed, _given(order, key))
        for key, (right, allowed) in checks.items()
        if key not in order or not right(order[key])
    ]
    unknown = [key for key in given if key not in checks]
    problems += [Problem(f"unknown key {shown(key)}", "PUT /traffic", ", ".join(checks)) for key in unknown]
    if problems:
        raise BadInput(problems)
    return order


def _given(order: Mapping[str, Any], key: str) -> str:
    return shown(order[key]) if key in order else "nothing"


def _whole(value: object) -> bool:
    return type(value) is int
