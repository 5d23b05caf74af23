"""The watch: judges every domain above 0 again and again, and brings down what burns. It acts first and records after.

It works from the store, the counters and the catalogue; of the stack file it takes the region's line and no more.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from rollout.commands.project import files, options, place
from rollout.commands.rollback.order import say
from rollout.commands.rollback.stop import EXIT_LEFT_TO_DO
from rollout.commands.watch.board import Boarding
from rollout.commands.watch.ending import Ended, Ending
from rollout.commands.watch.news import News
from rollout.commands.watch.percents import Percents
from rollout.commands.watch.recorder import Recorder, part_with_engines
from rollout.model import times
from rollout.model.alarms import alarm as alarms
from rollout.model.catalogue.domain import Catalogue, Domain
from rollout.model.flag.moves import Live
from rollout.model.flag.name import secret_name
from rollout.model.gate import fire
from rollout.model.gate.fire import Fire
from rollout.model.gate.metric import Verdict
from rollout.model.gate.window import LEGACY_COUNTERS
from rollout.model.problem import masked
from rollout.provider import alerts
from rollout.provider.aws.alarms import LiveAlarm
from rollout.provider.aws.sdk import Sdk
from rollout.provider.errors import StoreError
from rollout.provider.judging import evidence
from rollout.provider.judging.context import Context
from rollout.provider.postgres.policies import Change
from rollout.provider.settings import Settings
from rollout.provider.sources import choose as sources
from rollout.provider.stores import choose as stores
from rollout.provider.stores.store import Entry

#: Seconds between two looks (docs/rules/gate.md#when-it-is-judged).
EVERY: Final = 60.0
EXIT_BURNING: Final = 4
#: A value that is younger than now by more than this isn't just raised: one of the two clocks is wrong, and it would stay unjudged.
AHEAD: Final = timedelta(minutes=5)
NOT_READ: Final = "alarms not read"


@dataclass(frozen=True)
class Row:
    """One domain at one look. `live` is None where it can't be read; `fire` is what has to be done about it."""

    domain: str
    live: Live | None
    text: str
    fire: Fire | None = None
    judged: bool = True
    unread: bool = False  # an alarm that would bring it down couldn't be read


@dataclass
class Watch:
    """Looks, and what has to be remembered from one look to the next."""

    stack: str
    settings: Settings
    known: Catalogue
    acts: bool = True
    changes: list[Change] = field(default_factory=list)  # of policies that this watch evaluates, at the last look
    _in_alarm: dict[str, int] = field(default_factory=dict)
    _newest: dict[str, tuple[int, int]] = field(default_factory=dict)  # by domain: the newest version, and its percent
    _measured: dict[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sdk = Sdk()
        self._store, self._counters = stores.store(self.settings, sdk), sources.source(self.settings, sdk)
        self._alarms = alerts.alarms(self.settings, sdk, brief=True)

    def look(self) -> Iterator[Row]:
        """Every domain, in the catalogue's order. What can't be read is said, and acted on by nobody."""
        context = Context(self.settings, self._store, counters=self._counters)  # what it remembers is one look's
        context.measured = self._measured  # but for legacy's past
        names = {name: context.percent_name(self.stack, name).secret for name in self.known.domains}
        found = self._store.get_many(names.values())
        self._evaluate()
        states, unread = self._alarm_states([name for name, secret in names.items() if _above_zero(found[secret])])
        self._read_ahead(context, {name: found[secret] for name, secret in names.items()})
        for domain in self.known.domains.values():
            yield self._row(context, domain, found[names[domain.name]], states, unread)

    def _read_ahead(self, context: Context, found: Mapping[str, Entry | StoreError | None]) -> None:
        """All domains' counters at once, where the source can and the store knows when a value was written."""
        if self._store.can.own_clock or not self.settings.virtual:
            lives = [
                (domain, Live(entry.text, context.since(entry, {}, ()), entry.version))
                for domain in self.known.domains.values()
                if isinstance(entry := found[domain.name], Entry) and _above_zero(entry)
            ]
            evidence.read_ahead(context, lives)

    def follow(self) -> list[str]:
        """After a look: what somebody stopped in a mirror is stopped in the store. Answers what there is to say."""
        return stores.follow(
            self._store, [secret_name(self.stack, one.percent_flag) for one in self.known.domains.values()]
        )

    def _evaluate(self) -> None:
        """Where policies are rows, this look is what evaluates them; what can't be is told by what is read of them next."""
        self.changes = []
        rows = alerts.policies(self.settings) if self.acts else None
        if rows is not None:
            with contextlib.suppress(StoreError):
                self.changes = rows.look(self.stack, alarms.names(self.known, self.stack), self.settings.now())

    def _row(
        self,
        context: Context,
        domain: Domain,
        entry: Entry | StoreError | None,
        states: dict[str, LiveAlarm],
        unread: str,
    ) -> Row:
        if isinstance(entry, StoreError):
            return Row(domain.name, None, f"not read: {entry}", judged=False)
        live = Live(None) if entry is None else Live(entry.text, version=entry.version)
        if entry is not None:
            self._remember(domain.name, entry.version, live.percent)
        if entry is None or not live.percent:
            text = "" if live.percent == 0 else f"live '{masked(live.text or '')}' is no percent"
            return Row(domain.name, live, text, judged=live.percent == 0)
        if (burning := self._set_back(domain.name, entry.version, live.percent or 0)) is not None:
            return Row(
                domain.name, live, f"{Verdict.ROLLBACK} {burning.reason.removeprefix(f'{domain.name} ')}", burning
            )
        try:
            tagged = context.store.tags(entry.name) if self.settings.virtual else {}
            since = context.since(entry, tagged, ())
            live = Live(entry.text, since, entry.version)
            look = evidence.look(context, domain, live, (), watching=True)
        except StoreError as error:
            return Row(domain.name, live, f"not judged: {error}", judged=False)
        age = self.settings.now() - since if since else timedelta(0)
        fires = [
            fire.from_answer(domain.name, look.answer, domain.ladder),
            *self._alarmed(domain, live.percent or 0, age, look, states),
        ]
        burning = fire.lowest([one for one in fires if one is not None], live.percent or 0)
        if burning is None and since is not None and -age > AHEAD:
            told = f"not judged: live since {times.show(since)}, which is ahead of this clock ({times.show(self.settings.now())})"
            return Row(domain.name, live, told, judged=False)
        if burning is None and not look.over.starts():
            return Row(domain.name, live, f"just raised: counted from {times.show(look.over.counted)} on")
        said = burning.reason if burning else look.answer.why()
        text = f"{Verdict.ROLLBACK if burning else look.answer.verdict} {said.removeprefix(f'{domain.name} ')}"
        return Row(domain.name, live, f"{text}{f'; {unread}' if unread else ''}", burning, unread=NOT_READ in unread)

    def _remember(self, name: str, version: str, percent: int | None) -> None:
        if version.isdigit() and percent is not None and int(version) >= self._newest.get(name, (0, 0))[0]:
            self._newest[name] = int(version), percent

    def _set_back(self, name: str, version: str, percent: int) -> Fire | None:
        """The fire in a value that is older, and higher, than one this watch has seen."""
        newest, before = self._newest.get(name, (0, 0))
        older = version.isdigit() and int(version) < newest and percent > before
        return fire.from_set_back(name, percent, before) if older else None

    def _alarmed(
        self, domain: Domain, percent: int, age: timedelta, look: evidence.Look, states: dict[str, LiveAlarm]
    ) -> Iterator[Fire | None]:
        metrics = {metric.name: metric for metric in domain.metrics}
        for policy in domain.alerts:
            name = alarms.alarm_name(self.stack, domain.name, policy.name)
            alarm = states.get(name)
            self._in_alarm[name] = self._in_alarm.get(name, 0) + 1 if alarm and alarm.state == "ALARM" else 0
            own = alarm.since if alarm and not self.settings.virtual else None  # the store's clock is the machine's
            looks = fire.looks_of(self._in_alarm[name], own, self.settings.now())
            counters = {metrics[policy.metric].bad, metrics[policy.metric].total} if policy.metric in metrics else set()
            yield fire.from_alarm(
                domain.name, percent, policy, looks, age, look.metrics.get(policy.metric),
                compared=bool(counters) and counters <= LEGACY_COUNTERS, ladder=domain.ladder,
            )  # fmt: skip

    def _alarm_states(self, domains: list[str]) -> tuple[dict[str, LiveAlarm], str]:
        """The state of every alarm that brings one of `domains` down; and what is said of those that can't be read or aren't there."""
        names = [
            alarms.alarm_name(self.stack, name, policy.name)
            for name in domains
            for policy in self.known.domains[name].alerts
            if policy.action.startswith("rollback-")
        ]
        found = self._alarms.get_many(names) if names else {}
        failed = next((str(alarm) for alarm in found.values() if isinstance(alarm, StoreError)), "")
        states = {
            name: alarm for name, alarm in found.items() if alarm is not None and not isinstance(alarm, StoreError)
        }
        absent = [name for name, alarm in found.items() if alarm is None]
        said = [
            f"{NOT_READ}: {failed}" if failed else "",
            f"alarms not found: {', '.join(absent)}" if absent else "",
        ]
        return states, "; ".join(filter(None, said))


def _above_zero(entry: Entry | StoreError | None) -> bool:
    return isinstance(entry, Entry) and bool(Live(entry.text).percent)


def table(rows: list[Row], now: datetime) -> str:
    """The look for a terminal."""
    lines = [f"watch at {times.show(now)}"]
    for row in rows:
        shown = "?" if row.live is None else "absent" if row.live.text is None else row.live.show()
        lines.append(f"{row.domain:<13}{shown:>7}  {row.text}".rstrip())
    return "\n".join(lines)


def as_json(rows: list[Row]) -> str:
    """One line of JSON."""
    shown: list[dict[str, Any]] = [
        {
            "domain": row.domain,
            "percent": row.live.percent if row.live else None,
            "says": row.text,
            "judged": row.judged,
            "fire": {"metric": row.fire.metric, "to": row.fire.to, "seen": row.fire.seen} if row.fire else None,
        }
        for row in rows
    ]
    return json.dumps(shown)


def looks(watch: Watch, every: float | None, ending: Ending) -> Iterator[list[Row]]:
    """One look, or one every so many seconds until a signal comes: it ends a look and a pause at once, no stop."""
    with contextlib.suppress(Ended):
        while True:
            with ending.may_leave():
                rows = list(watch.look())
            yield rows
            if every is None:
                return
            with ending.may_leave():
                time.sleep(every)


def exit_code(recorder: Recorder, every: float | None, rows: list[Row] | None) -> int:
    """Of the recorder's work; for a single look (None: it was ended before it could say anything) also of what it saw."""
    if recorder.code or every is not None:
        return recorder.code
    if any(row.fire for row in rows or ()):
        return EXIT_BURNING
    return 0 if rows is not None and all(row.judged and not row.unread for row in rows) else EXIT_LEFT_TO_DO


@click.command("watch")
@options.stack
@click.option(
    "--every", type=click.FloatRange(min=1), is_flag=False, flag_value=EVERY, metavar="[SECONDS]",
    help=f"Look again so often (without a number: {EVERY:.0f}), until Ctrl-C.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--no-commit", is_flag=True, help="Edit the stack file and write the record, but commit nothing.")
@click.option(
    "--board", type=click.Path(dir_okay=False, path_type=Path), metavar="PATH",
    help="After each look, write the board there (see `rollout board`).",
)  # fmt: skip
@options.json("Print each look as one line of JSON.")
def command(
    stack: str | None, every: float | None, dry_run: bool, no_commit: bool, board: Path | None, json_: bool
) -> None:
    """Judge every domain above 0, and bring down what burns.

    Once, or every SECONDS until it is ended. Ctrl-C or SIGTERM: no more looks, and what is brought down is recorded
    first; a second one ends it at once. Exit code of a single look: 0 nothing burns; 4 something burnt, and is down
    (--dry-run: burns); 1 something couldn't be judged, or a step after the stop is left to do; 3 a domain isn't known
    to be down. With --every: 0, 1 or 3.
    """
    chosen = files.need_stack(stack)
    recorder = Recorder(chosen, not no_commit)
    ending = Ending(recorder.last, recorder.abandon, part_with_engines)
    ending.install()
    watch = Watch(chosen, place.settings(chosen), place.known(), acts=not dry_run)
    news = News(watch.settings, chosen)
    percents = Percents(watch.settings, chosen)
    boarding = Boarding(chosen, board.absolute() if board else None)
    live = every is not None and sys.stdout.isatty() and not json_
    rows: list[Row] | None = None
    try:
        for rows in looks(watch, every, ending):
            if live:
                click.clear()
            say(as_json(rows) if json_ else table(rows, watch.settings.now()))
            fires = [(row.fire, row.live.percent or 0) for row in rows if row.fire and row.live]
            for burning, _ in fires if dry_run else ():
                say(f"would bring {burning.domain} down to {burning.to}, because of {burning.metric}")
            recorder.stop([] if dry_run else fires)
            news.tell(watch.changes)  # after the stops, and beside the next look
            if not dry_run:
                percents.tell(
                    {row.domain: row.live.percent for row in rows if row.live and row.live.percent is not None}
                )
                for text in watch.follow():
                    say(text, err=True)
            boarding.write()
    finally:  # whatever ends the looks: what is down gets its record
        recorder.wait()
        news.wait()
        percents.wait()
        boarding.wait()
    sys.exit(exit_code(recorder, every, rows))
