"""A look of the watch over a database: one question about counters for all domains, and the same verdicts as domain by domain."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from rollout.commands.watch.command import Watch
from rollout.model.gate import window as gate_window
from rollout.provider.errors import StoreError
from rollout.provider.judging import evidence
from rollout.provider.judging.context import load_catalogue
from rollout.provider.sources.postgres import Minutes
from tests.provider.shelf import BOTH, PostgresShelf, Shelf

NOW = datetime(2026, 12, 9, 9, 0, 30, tzinfo=UTC)
RAISED = NOW - timedelta(hours=5)
ABOVE = {"ai-agents": "50", "jobs": "25", "marketplace": "5"}


@pytest.fixture
def shelf(shelf_of: Callable[[str], Shelf]) -> PostgresShelf:
    """Three domains above 0 for five hours, reported on; one of them burns."""
    found = shelf_of(BOTH[1])
    assert isinstance(found, PostgresShelf)
    known = load_catalogue()
    with found.connect() as hand:
        hand.execute("select set_config('rollout.virtual', %s, false)", [RAISED.isoformat()])
        for name, domain in known.domains.items():
            flag = f"wa-webhook-unified/test/{domain.percent_flag}"
            hand.execute(
                "insert into rollout.flags (name, value, version, written) values (%s, %s, 0, now())",
                [flag, ABOVE.get(name, "0")],
            )
            counts: dict[str, dict[str, int]] = {}
            for service, counter in gate_window.wanted(domain, known.unified):
                bad = {"Requests": 40, "Sessions": 12}.get(counter, 9 if (name, counter) == ("jobs", "Errors") else 0)
                counts.setdefault(service, {})[counter] = bad if service == known.unified or bad != 9 else 0
            for service, one in counts.items():
                hand.execute(
                    "insert into rollout.minutes (minute, service, domain, counter, value, arrived) select at, %s, %s, key, value::bigint, at"
                    " from generate_series(%s::timestamptz, %s, interval '1 minute') as at, jsonb_each_text(%s)",
                    [service, name, RAISED.replace(second=0), NOW.replace(second=0), json.dumps(one)],
                )
    found.door.reset()
    return found


def looked(shelf: PostgresShelf) -> list[str]:
    """What one look of a new watch says of each domain."""
    watch = Watch("test", shelf.settings(NOW), load_catalogue())
    return [f"{row.domain} {row.text} {row.fire.to if row.fire else ''}" for row in watch.look()]


def test_one_question_for_all_domains(shelf: PostgresShelf, monkeypatch: pytest.MonkeyPatch) -> None:
    together = looked(shelf)
    assert shelf.door.calls["rollout.counted"] == 1
    assert [line.split()[:2] for line in together[:2]] == [["ai-agents", "HOLD"], ["jobs", "ROLLBACK"]], together
    shelf.door.calls.clear()
    monkeypatch.setattr(evidence, "read_ahead", lambda *_: None)
    assert looked(shelf) == together
    assert shelf.door.calls["rollout.counted"] > len(ABOVE)


def test_what_isn_t_answered_at_once_is_asked_domain_by_domain(
    shelf: PostgresShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One domain too much for one answer hides no other one's fire."""
    together, whole = looked(shelf), Minutes.read_all

    def too_much(self: Minutes, asked: list[tuple[str, object, object]]) -> object:
        if len({domain for domain, _, _ in asked}) > 1:
            raise StoreError("the statement took longer than its time")
        return whole(self, asked)  # type: ignore[arg-type]

    monkeypatch.setattr(Minutes, "read_all", too_much)
    assert looked(shelf) == together


def test_bunches_are_measured_on_the_same_past_either_way(
    shelf: PostgresShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Legacy's up to when the value went live: what came since says nothing of it, at 100 % least of all."""
    known = load_catalogue()
    with shelf.connect() as hand:
        for at in (RAISED - timedelta(hours=hours) for hours in range(2, 200)):
            for counter, value in {"Errors": 1, "Requests": 9000}.items():
                hand.execute(
                    "insert into rollout.minutes (minute, service, domain, counter, value, arrived) values (%s, %s, 'ai-agents', %s, %s, %s)",
                    [at.replace(second=0), known.domains["ai-agents"].legacy, counter, value, at],
                )
        hand.execute(
            "update rollout.minutes set value = 30 where domain = 'ai-agents' and service = %s and counter = 'Errors' and minute > %s"
            " and extract(minute from minute) < 3",
            [known.domains["ai-agents"].legacy, RAISED],
        )

    def measured() -> dict[tuple[str, str], dict[str, float]]:
        watch = Watch("test", shelf.settings(NOW), known)
        list(watch.look())
        return {key: dict(found) for key, found in watch._measured.items()}

    together = measured()
    (errors,) = [found["errors"] for (name, _), found in together.items() if name == "ai-agents"]
    assert errors < 2
    monkeypatch.setattr(evidence, "read_ahead", lambda *_: None)
    assert measured() == together
