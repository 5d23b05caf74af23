"""Boards for tests and pictures: a migration of any number of domains and days, with counters of its own, and no I/O."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from rollout.commands.init import project
from rollout.commands.init.answers import Answers
from rollout.model.board import board as values
from rollout.model.board import curves
from rollout.model.board.board import Board
from rollout.model.board.links import Forge
from rollout.model.catalogue.domain import Catalogue
from rollout.model.flag.moves import Live
from rollout.model.gate.window import Points, Window
from rollout.model.ladder import TOP
from rollout.model.log import journal
from rollout.model.log import runs as history
from rollout.model.plan import standing, written
from rollout.model.plan.days import Plan
from rollout.model.plan.standing import Standing
from rollout.model.reports.story import Story
from rollout.model.stack_file import config
from rollout.model.stack_file.config import StackConfig
from tests.pure.cases import CATALOGUE
from tests.pure.plan.test_standing import PLAN
from tests.pure.stories import START, climb, day, iso, move, run

FORGE = Forge("https://github.com/example/wa-rollout")
CONFIG = """config:
  wa-rollout:start: "2026-12-01"
  wa-rollout:on-call:
    who: Ana K.
    reach: "#wa-oncall"
    hours: "08:00-18:00 Africa/Kigali"
  wa-rollout:flags:
"""
INCIDENT: dict[str, Any] = {
    "domain": "jobs", "stack": "local", "severity": "major", "by": "watch", "at": iso(day(14)), "metric": "errors",
    "seen": "31 of 1,800", "reason": "jobs 25 %: errors 31/1,800 = 1.72 %, bad from 1 %", "from": "25 %", "to": "10 %",
    "rows": ["errors ROLLBACK 31/1,800, odds 4,100 to 1"], "done": "all of it",
}  # fmt: skip


def catalogue(domains: int) -> Catalogue:
    """The catalogue's own four domains, and copies of the last under other names."""
    named = dict(CATALOGUE.domains)
    last = next(reversed(named.values()))
    more = {f"{last.name}-{n}": replace(last, name=f"{last.name}-{n}") for n in range(len(named), domains)}
    return replace(CATALOGUE, domains=dict([*named.items(), *more.items()][:domains]))


def told(domains: int = 4, days: float = 24, **entries: Any) -> Story:
    """The third domain falls on day 22, the second on day 14; the others stand where the days have brought them."""
    known = catalogue(domains)
    records: dict[str, list[dict[str, Any]]] = {}
    for number, name in enumerate(known.domains):
        records[name] = _record(number, days)
    percents = {name: int(moves[-1]["to"]) for name, moves in records.items()}
    runs = _runs(records, known, days, percents, entries)
    updates = history.read(runs[::-1])
    moves = {name: [one for one in record if _at(one) <= day(days)] for name, record in records.items()}
    lines = journal.lines(updates, moves, PLAN, START)
    incidents = {"2026-12-14T080000Z-jobs-errors": INCIDENT} if days > 14 else {}
    drill = {"domain": "ai-agents", "stack": "local", "at": iso(day(1) - timedelta(hours=1)), "passed": True,
             "decision_to_live": 0.4, "traffic_back": 61}  # fmt: skip
    return Story(
        "local", known, PLAN, START, updates, moves, lines, incidents, {"d1": drill}, day(days) + timedelta(hours=3)
    )


def _record(number: int, days: float) -> list[dict[str, Any]]:
    if number == 0:
        found = climb(1)
    elif number == 1:
        found = [*climb(9)[:4], move(14, 25, 10, "stop"), *(m for m in climb(15)[3:])]
    elif number == 2:
        found = [*climb(16)[:4], move(20.5, 25, 0, "rollback"), move(20.6, 0, 5), move(20.7, 5, 0, "rollback"),
                 move(20.75, 0, 5), move(20.8, 5, 0, "outside"), *climb(23)[1:]]  # fmt: skip
    else:
        found = climb(22.2 + 0.2 * number)
    kept = [one for one in found if _at(one) <= day(days)]
    return kept or found[:1]


def _at(one: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(one["at"])


def _runs(
    records: Mapping[str, Sequence[Mapping[str, Any]]], known: Catalogue, days: float, percents: Mapping[str, int],
    entries: Mapping[str, Any],
) -> list[dict[str, Any]]:  # fmt: skip
    """A run for each day, with the percents that were live at its end."""
    found = []
    for number in range(1, int(days) + 1):
        then = {
            name: int([one for one in record if _at(one) <= day(number)][-1:][0]["to"]) if _at(record[0]) <= day(number) else 0
            for name, record in records.items()
        }  # fmt: skip
        freeze = {"freeze": {"why": "INC-7: duplicate applications", "by": "Ana K."}} if number == 19 else {}
        made = run(number, then, **freeze, **(entries if number == int(days) else {}))
        made["message"] = f"day {number} (#{100 + number})"
        found.append(made)
    return found


def counted(known: Catalogue, name: str, story: Story, over: Window) -> Points:
    """Counters of a domain: quiet, with a gap of three periods, and bad before each time that it came down."""
    domain, chance = known.domains[name], random.Random(name)
    found: dict[tuple[str, str], dict[datetime, tuple[float, float]]] = {
        series: {} for series in curves.asked(domain, known.unified)
    }
    falls = [line.at for line in story.lines if line.domain == name and line.kind in ("stop", "rollback")]
    for number, start in enumerate(over.starts()):
        if 60 <= number < 63:
            continue
        percent, _ = story.percent_at(name, start)
        burns = any(start <= fall < start + 2 * over.period for fall in falls)
        events = 400 * over.period.total_seconds() / 3600 * chance.uniform(0.6, 1.4)
        for service, part in ((known.unified, percent / 100), (domain.legacy, 1 - percent / 100)):
            requests = round(events * part)
            rate = 0.02 if burns and service == known.unified else 0.0005
            counts = {"Requests": requests, "Errors": round(requests * rate * chance.uniform(0, 2)),
                      "SlowRequests": round(requests * 0.02 * chance.uniform(0.4, 1.8)), "Sessions": round(requests / 4)}  # fmt: skip
            for counter, value in counts.items():
                found[service, counter][start] = (float(value), 60.0)
    return found


def stack_text(known: Catalogue, percents: Mapping[str, int]) -> str:
    """A stack file that asks for what is live."""
    text = CONFIG
    for name, percent in percents.items():
        enabled = f"      enabled: {str(percent > 0).lower()}\n" if known.domains[name].enable_flag else ""
        text += f"    {name}:\n{enabled}      percent: {percent}\n"
    return text


def settings(known: Catalogue, percents: Mapping[str, int]) -> StackConfig:
    """The same, read."""
    return config.parse(stack_text(known, percents).encode(), "Pulumi.local.yaml", known)


def history_of(story: Story) -> list[dict[str, Any]]:
    """The story's runs as the engine lists them, newest first."""
    found = []
    for update in story.updates:
        made = run(1)
        made |= {"startTime": iso(update.at), "endTime": iso(update.end), "message": f"{update.message}"}
        made["config"] = {
            f"wa-rollout:{key}": {"value": "", "objectValue": value, "secret": False}
            for key, value in update.config.items()
        }
        found.append(made)
    return found[::-1]


def board(
    story: Story, *, burning: str = "", unread: str = "", stands: Sequence[str] = (), wrong: Sequence[str] = ()
) -> Board:
    """The board of a story. `burning`, `unread`: the domain that burns, and the one whose counters can't be read."""
    known, now = story.known, story.as_of
    assert now is not None
    percents = {name: story.percent_at(name, now)[0] for name in known.domains}
    over = curves.over(max(day(0), now - timedelta(days=curves.DAYS)), now)
    cards = []
    for name in known.domains:
        what = (
            "the counters can't be read: the source answered 503"
            if name == unread
            else counted(known, name, story, over)
        )
        since = story.stretches(name)[-1].since if story.stretches(name) else None
        one = _standing(story, name, percents[name], name == burning, name == unread)
        cards.append(values.card(known, one, Live(str(percents[name]), since), what, over))
    return values.board(
        story, settings(known, percents), cards, over, stands, list(known.domains) if stands else [], wrong, FORGE,
        "Ana K., #wa-oncall (08:00-18:00 Africa/Kigali)",
    )  # fmt: skip


def _standing(story: Story, name: str, percent: int, burns: bool, unread: bool) -> Standing:
    now, known = story.as_of, story.known
    assert now is not None
    number = story.day_of(now)
    behind = standing.behind(story.plan, number, name, percent)
    planned = story.plan.percent(min(number or 0, story.plan.last), name)
    if percent == TOP and not unread and not burns:
        return Standing(name, "100 %", 100, planned, 0, None, "nothing burns", "none: at 100 %")
    says = (
        f"HOLD {name} {percent} % -> {known.domains[name].ladder.next(percent)} %: errors 0/412 is too few: 0.73 % isn't excluded"
        if percent
        else ""
    )
    if burns:
        says = f"ROLLBACK {name} {percent} %: errors 31/1,800 = 1.72 %, bad from 1 %, odds 4,100 to 1"
    if unread:
        says = "not judged: the counters can't be read: the source answered 503"
    left = timedelta(hours=17, minutes=5) if percent else None
    why = (f"soak at {percent} % not over: 17 h 05 min of 24 h left", "gate: too little data") if percent else ()
    return Standing(
        name,
        f"{percent} %",
        percent,
        planned,
        behind,
        left,
        says,
        f"promote to {known.domains[name].ladder.next(percent)} %",
        why,
    )


def own(answers: Answers, days: float) -> Story:
    """A project of one's own, `days` into its plan: each domain where the plan has it, and the last one a stop lower."""
    known = project.known(answers)
    laid = written.days(known)
    plan = Plan.of(
        config.parse_day(written.text(number, percents, known).encode(), f"stacks/day-{number:02}.yaml", known)
        for number, percents in laid.items()
    )
    reached = [number for number in sorted(laid) if number <= days]
    records: dict[str, list[dict[str, Any]]] = {name: [move(1, 0, 0, "PASS 0 %")] for name in known.domains}
    runs = []
    for number in reached:
        for name, record in records.items():
            was, to = int(record[-1]["to"]), laid[number][name]
            if was != to:
                record.append(move(number, was, to, f"PASS {was} -> {to} %: gate PASS"))
        made = run(number)
        made["config"]["wa-rollout:flags"]["objectValue"] = {
            name: {"percent": laid[number][name]} for name in known.domains
        }
        runs.append(made)
    last = [name for name in known.domains if records[name][-1]["to"]][-1]
    was = int(records[last][-1]["to"])
    records[last].append(move(days - 0.5, was, known.domains[last].ladder.under(was), "stop"))
    updates = history.read(runs[::-1])
    return Story(
        "local", known, plan, START, updates, records, journal.lines(updates, records, plan, START), {}, {}, day(days)
    )
