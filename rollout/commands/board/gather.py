"""Puts the board together: live flags and state, history, records, and one question for counters a domain."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from rollout.commands import status
from rollout.commands.engine import pulumi
from rollout.commands.project import files
from rollout.commands.reading import around, history
from rollout.commands.reading.around import Around
from rollout.commands.reading.on_call import on_call
from rollout.commands.reading.records import records
from rollout.model.board import board as values
from rollout.model.board import curves
from rollout.model.board.board import Board, card
from rollout.model.board.links import Forge
from rollout.model.catalogue.domain import Domain
from rollout.model.gate import fire
from rollout.model.gate.window import Points, Window
from rollout.model.judge import drill, latch
from rollout.model.ladder import TOP
from rollout.model.log import runs
from rollout.model.problem import BadInput
from rollout.model.reports.story import Story
from rollout.provider import alerts, git
from rollout.provider.aws.sdk import Sdk
from rollout.provider.errors import StoreError
from rollout.provider.git import GitFailed
from rollout.provider.sources import choose as sources
from rollout.provider.sources.source import Together

#: Questions that are asked at once: they wait for answers, not for this machine.
AT_ONCE = 8


def board(stack: str, repository: str = "", days: int = curves.DAYS) -> Board:
    """The board of `stack`. What can't be read is named in `wrong`. Raises `BadInput` where a file of the stack is wrong."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        past = pool.submit(_updates, stack)
        seen = around.look(stack)
        domains = list(seen.known.domains.values())
        judged = [pool.submit(status.row, seen, domain) for domain in domains]
        updates, unread = past.result()
        told, broken = _story(seen, updates)
        over = curves.over(
            _first(told, seen.now, days), seen.now, timedelta(seconds=seen.context.settings.count_period)
        )
        counted = counters(seen, domains, over, pool)
        standings = [one.result() for one in judged]
    cards = [
        card(seen.known, standing, seen.live[standing.domain], counted[standing.domain], over) for standing in standings
    ]
    stands, closed = _stands(seen)
    wrong = [*seen.wrong, *unread, *broken, *filter(None, [alerts.silence(seen.context.settings, stack)])]
    return values.board(
        told, seen.config, cards, over, stands, closed, wrong, forge(repository), on_call(stack),
        simulated=seen.context.settings.simulator,
    )  # fmt: skip


def counters(
    seen: Around, domains: Sequence[Domain], over: Window, pool: ThreadPoolExecutor
) -> Mapping[str, Points | str]:
    """Per domain its counters over `over`, or why they couldn't be read: a question a domain, or one for all of them."""
    source = sources.source(seen.context.settings, Sdk(), attempts=1)
    asked = [(one.name, curves.asked(one, seen.known.unified), over) for one in domains]
    if isinstance(source, Together):
        try:
            return dict(zip((name for name, _, _ in asked), source.read_all(asked), strict=True))
        except StoreError as error:
            return {name: f"the counters can't be read: {error}" for name, _, _ in asked}
    reading = {name: pool.submit(source.read, name, series, over) for name, series, _ in asked}
    found: dict[str, Points | str] = {}
    for name, answer in reading.items():
        try:
            found[name] = answer.result()
        except StoreError as error:
            found[name] = f"the counters can't be read: {error}"
    return found


def forge(repository: str) -> Forge | None:
    """Where commits are seen: as given, else CI's own repository, else git's remote `origin`; None where there is none."""
    server, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    remote = repository or (f"{server}/{name}" if server and name else "")
    if not remote:
        with contextlib.suppress(GitFailed):
            remote = git.text(files.ROOT, "remote", "get-url", "origin").strip()
    return Forge.of(remote)


def _updates(stack: str) -> tuple[list[runs.Update], list[str]]:
    try:
        return history.updates(stack), []
    except pulumi.EngineFailed as error:
        return [], [f"the stack's history can't be read, so the strip and what happened may be incomplete: {error}"]


def _story(seen: Around, updates: Sequence[runs.Update]) -> tuple[Story, list[str]]:
    records_of = {name: flag.moves for name, flag in seen.records.items()}
    switched = {name: flag.switched for name, flag in seen.records.items()}
    found = history.tell(seen.stack, seen.known, updates, records_of, seen.plan, switched)
    kept: dict[str, dict[str, Mapping[str, object]]] = {}
    wrong: list[str] = []
    for folder in (fire.RECORDS, drill.RECORDS):
        try:
            kept[folder] = records(folder, seen.stack)
        except BadInput as error:  # a page without them says so; no page says nothing
            kept[folder] = {}
            wrong += [problem.line() for problem in error.problems]
    return Story(
        seen.stack,
        seen.known,
        found.plan,
        found.start,
        found.updates,
        found.moves,
        found.lines,
        kept[fire.RECORDS],
        kept[drill.RECORDS],
        seen.now,
    ), wrong


def _first(told: Story, now: datetime, days: int) -> datetime:
    """Where the curves begin: a day before the first raise, at most `days` back; a day back where nothing rose yet."""
    raised = [line.at for line in told.lines if line.kind == "raise"]
    begin = min(raised, default=now) - timedelta(days=1)
    return max(begin, now - timedelta(days=days))


def _stands(seen: Around) -> tuple[list[str], list[str]]:
    """What forbids raises now, in words; and of which domains."""
    found, closed = list[str](), list[str]()
    if seen.config.freeze:
        found.append(f"frozen: no domain rises ({seen.config.freeze.why}; {seen.config.freeze.by})")
        closed += list(seen.known.domains)
    for name, held in seen.config.held.items():
        found.append(f"{name} is held ({held.why}; {held.by})")
        closed.append(name)
    for name, live in seen.live.items():
        domain = seen.known.domains[name]
        share = live.percent if live else None
        if live is not None and share is not None and share < TOP:
            latched = latch.refusals(seen.ask(domain, live, domain.ladder.next(share) or TOP), share)
            found += [f"{name} is {one.text}" for one in latched]
            closed += [name for _ in latched]
    return found, closed
