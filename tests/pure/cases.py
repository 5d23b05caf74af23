"""What a raise that passes looks like: the tests of the judge change one thing of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rollout.model.catalogue import reading as catalogue
from rollout.model.flag.move import recorded
from rollout.model.flag.moves import Live
from rollout.model.flag.tags import BreachTag, Stopped
from rollout.model.judge.rules import Ask
from rollout.model.stack_file.conditions import Conditions

HOME = Path(__file__).resolve().parents[2]
CATALOGUE = catalogue.parse((HOME / "domains.yaml").read_bytes(), "domains.yaml")
DOMAINS = list(CATALOGUE.domains)
NOW = datetime(2026, 12, 9, 9, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)
EVERYTHING = {item.name: "Ben, 2026-12-07" for domain in CATALOGUE.domains.values() for item in domain.checklist}
FINISHED = {name: Live("100", LONG_AGO, "v") for name in DOMAINS}
CLIMBED = recorded([{"from": 0, "to": 5, "verdict": "PASS", "attempt": 1}])
STOP = Stopped("id", "0")


def conditions(**changed: Any) -> Conditions:
    """Nothing that forbids, somebody on call, everything attested."""
    return replace(Conditions(on_call="always", checked=EVERYTHING), **changed)


def asked(live: Live | int, wanted: int, domain: str = "jobs", **changed: Any) -> Ask:
    """A raise of a domain that has climbed before, soaked long ago, in a quiet stack at NOW."""
    there = live if isinstance(live, Live) else Live(str(live), LONG_AGO, "v1")
    ask = Ask(
        catalogue=CATALOGUE, domain=CATALOGUE.domains[domain], live=there, wanted=wanted, now=NOW,
        conditions=conditions(), moves=CLIMBED, others=FINISHED, old_digest="d", new_digest="d",
    )  # fmt: skip
    return replace(ask, **changed)


def breach_tag(attempt: int = 1, hours_ago: float = 100) -> BreachTag:
    return BreachTag(attempt, NOW - timedelta(hours=hours_ago), "errors")
