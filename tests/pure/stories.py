"""Small stories for the reports' tests: a few entries of history and `moves`, put together as a command does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from rollout.model.ladder import LADDER
from rollout.model.log import journal
from rollout.model.log import runs as history
from rollout.model.reports.story import Story
from tests.pure.cases import CATALOGUE
from tests.pure.plan.test_standing import PLAN

START = date(2026, 12, 1)
DAY_1 = datetime(2026, 12, 1, 8, tzinfo=UTC)
#: What both services count, unified better than legacy.
BETTER = {"bad": 1, "total": 9000, "legacy_bad": 9, "legacy_total": 9000}
CLEAN = {"bad": 0, "total": 4000, "legacy_bad": 2, "legacy_total": 4000}


def day(number: float) -> datetime:
    return DAY_1 + timedelta(days=number - 1)


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def move(number: float, old: int, new: int, verdict: str = "PASS", **counts: Mapping[str, Any]) -> dict[str, Any]:
    """One entry of a flag's record; with counts as the gate keeps them."""
    found: dict[str, Any] = {
        "from": float(old),
        "to": float(new),
        "at": iso(day(number)),
        "verdict": verdict,
        "attempt": 1,
    }
    if counts:
        found |= {"gate": "1", "window": [iso(day(number - 1)), iso(day(number))], "counts": counts}
    return found


def climb(first: float, **last: Mapping[str, Any]) -> list[dict[str, Any]]:
    """From 0 to 100 %, a rung a day from day `first` on; `last`: more counts of the last raise."""
    found = [move(1, 0, 0, "PASS 0 %")]
    for index, (old, new) in enumerate(pairwise(LADDER)):
        own = {"errors": BETTER, "latency": BETTER, "sessions": CLEAN} if old else {}
        found.append(
            move(
                first + index, old, new, f"PASS {old} -> {new} %: gate PASS", **{**own, **(last if new == 100 else {})}
            )
        )
    return found


def run(number: float, percents: Any = None, **entries: Any) -> dict[str, Any]:
    """One run of the engine, as `pulumi stack history --json` has it."""
    flags = {name: {"percent": (percents or {}).get(name, 0)} for name in CATALOGUE.domains}
    keys = {
        "flags": flags,
        "start": START.isoformat(),
        **{key.replace("_", "-"): value for key, value in entries.items()},
    }
    return {
        "kind": "update", "startTime": iso(day(number)), "endTime": iso(day(number) + timedelta(seconds=2)),
        "result": "succeeded", "message": f"a run {number} [by Ana K.]", "resourceChanges": {"same": 52, "update": 1},
        "environment": {"git.head": "a" * 40, "git.author": "who wrote HEAD"},
        "config": {f"wa-rollout:{key}": {"value": "", "objectValue": value, "secret": False} for key, value in keys.items()},
    }  # fmt: skip


def story(
    moves: Mapping[str, Sequence[Mapping[str, Any]]] | None = None, runs: Sequence[Mapping[str, Any]] = (),
    incidents: Mapping[str, Mapping[str, Any]] | None = None, drills: Mapping[str, Mapping[str, Any]] | None = None,
    as_of: datetime | None = None,
) -> Story:  # fmt: skip
    """The story of these; a domain without moves has none."""
    records = {name: (moves or {}).get(name, []) for name in CATALOGUE.domains}
    updates = history.read(list(runs)[::-1])
    lines = journal.lines(updates, records, PLAN, START)
    return Story("local", CATALOGUE, PLAN, START, updates, records, lines, incidents or {}, drills or {}, as_of)


def finished(end: float = 30, **entries: Any) -> Story:
    """All four at 100 % since day 12, told until day `end`."""
    everywhere = dict.fromkeys(CATALOGUE.domains, 100)
    runs = [run(1), run(12, everywhere), run(end, everywhere, **entries)]
    return story({name: climb(8) for name in CATALOGUE.domains}, runs)
