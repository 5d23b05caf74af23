"""Two raises and a stop at the same moment, on a real server, each with a connection of its own: no stop is ever lost."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from rollout.model.flag import tags
from rollout.model.flag.name import FlagName
from rollout.provider.errors import StoreError
from rollout.provider.postgres.link import Link
from rollout.provider.settings import Settings
from rollout.provider.stores import writing
from rollout.provider.stores.postgres import Postgres
from rollout.provider.stores.writing import StoppedMeanwhile
from tests.provider.shelf import BOTH, PostgresShelf, Shelf

NAME = FlagName("test", "jobs", "JOBS_ROLLOUT_PERCENT")
RACES = 300


@pytest.fixture
def shelf(shelf_of: Callable[[str], Shelf]) -> PostgresShelf:
    found = shelf_of(BOTH[1])
    assert isinstance(found, PostgresShelf)
    return found


def own(settings: Settings) -> Postgres:
    """As another process has it: connections of its own."""
    assert settings.database is not None
    return Postgres(Link(replace(settings.database)))


def test_three_hundred_races_of_two_raises_and_a_stop(shelf: PostgresShelf) -> None:
    chance = random.Random(300)
    first, second, third = (own(shelf.settings(None)) for _ in range(3))
    overtaken = 0
    for number in range(RACES):
        shelf.empty()
        writing.lower(first, NAME, "25", pause=0)
        gate = threading.Barrier(3)
        results: dict[str, object] = {}

        def act(
            key: str,
            what: Callable[[], object],
            wait: float,
            gate: threading.Barrier = gate,
            results: dict[str, object] = results,
        ) -> None:
            gate.wait()
            time.sleep(wait)
            try:
                results[key] = what()
            except Exception as error:  # noqa: BLE001 - what it raised is the result
                results[key] = error

        def raised(store: Postgres) -> Callable[[], object]:
            found, before = store.tags(NAME.secret), store.get(NAME.secret)
            return lambda: writing.raise_to(store, NAME, "50", before=before, judged_tags=found, pause=0)

        stop_to = chance.choice(["0", "10"])

        def stopped_by(to: str = stop_to) -> object:
            return writing.lower(third, NAME, to, pause=0)

        actors: dict[str, Callable[[], object]] = {
            "one": raised(first),
            "other": raised(second),
            "stop": stopped_by,
        }
        threads = [
            threading.Thread(target=act, args=(key, what, chance.uniform(0, 0.004))) for key, what in actors.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        live = first.get(NAME.secret)
        assert live is not None
        assert live.text == stop_to, (number, live, results)
        assert getattr(results["stop"], "text", None) == stop_to, results
        winners = [key for key in ("one", "other") if getattr(results[key], "text", None) == "50"]
        assert len(winners) < 2, (number, results)
        assert all(
            isinstance(results[key], (StoppedMeanwhile, StoreError)) for key in ("one", "other") if key not in winners
        )
        overtaken += not winners
        left = tags.Stopped.parse(first.tags(NAME.secret).get(tags.STOPPED))
        assert left is not None, "a stop leaves its mark"
        assert left.value == stop_to
    print(f"{RACES} races: {overtaken} without a winner")
    assert 0 < overtaken < RACES, "both orders were played"


def test_two_stops_at_once_end_with_the_lower(shelf: PostgresShelf) -> None:
    stores = [own(shelf.settings(None)) for _ in range(2)]
    for number in range(50):
        shelf.empty()
        writing.lower(stores[0], NAME, "50", pause=0)
        targets = random.Random(number).sample(["0", "5", "10", "25"], 2)
        threads = [
            threading.Thread(target=writing.lower, args=(store, NAME, to), kwargs={"pause": 0})
            for store, to in zip(stores, targets, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        live = stores[0].get(NAME.secret)
        assert live is not None
        assert live.text == min(targets, key=int), targets
