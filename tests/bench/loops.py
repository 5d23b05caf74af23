"""The long loops whole, of which `make test` runs a few: every day and back, 50 races, 100 kills."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

from tests import kills, kills_database, postgres, races, reverts
from tests.burning import Burning
from tests.harness import Sandbox

DAYS = 21
RACES = 50
KILLS = 100


def there_and_back(folder: Path, say: Callable[[str], None]) -> None:
    """up(d), up(d+1), revert, up for every d."""
    box = Sandbox(folder / "days")
    try:
        say(f"up(d), up(d+1), revert, up for every d: n = {reverts.there_and_back(box, range(DAYS))}, 0 failures")
    finally:
        box.close()


def against_a_raise(folder: Path, say: Callable[[str], None]) -> None:
    """Rollbacks against a raise in flight at random moments: the lower value ends live, each time."""
    stack = Burning(folder / "races")
    try:
        found = races.race(stack, RACES)
    finally:
        stack.sandbox.close()
    down = [one.down_after for one in found]
    gave_way = sum(one.overtaken for one in found)
    say(
        f"a rollback against a raise in flight: n = {len(found)}, 0 ended with the higher value; the raise gave way "
        f"{gave_way} times; down after {statistics.median(down):.1f} s (median), {max(down):.1f} s (longest)"
    )


def killed(folder: Path, say: Callable[[str], None]) -> None:
    """kill -9 of the engine, of its group and of its provider at random moments of create and update; one command and one `up` mend it."""
    stack = Burning(folder / "kills")
    try:
        found = kills.kill(stack, KILLS)
    finally:
        stack.sandbox.close()
    say(
        f"kill -9 of engine, group or provider: n = {len(found)}, 0 failures; {sum(one.locked for one in found)} left a lock, "
        f"{sum(one.pending > 0 for one in found)} pending operations, {sum(one.left > 0 for one in found)} a process"
    )


def killed_on_a_database(folder: Path, say: Callable[[str], None]) -> None:
    """kill -9 of the database's server, the engine and the rollback; one documented command mends each."""
    stack = Burning(postgres.entered(folder / "kills"), store="postgres")
    try:
        say(kills_database.told(list(kills_database.kill(stack, KILLS))))
    finally:
        stack.sandbox.close()
