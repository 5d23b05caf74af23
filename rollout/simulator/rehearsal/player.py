"""Plays the operator: each morning the traffic of the day before, the watch, the day's promotion and its `pulumi up`."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from rollout.model import times
from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import Catalogue
from rollout.model.gate.window import HOUR
from rollout.model.log import runs
from rollout.model.stack_file import config, edit
from rollout.model.stack_file.forms import Attempt
from rollout.simulator.scratch import CommandFailed, Scratch
from rollout.simulator.traffic import publish, scenario

#: The morning of day 1 (UTC): the date in Pulumi.local.yaml, at an hour when somebody is on call.
FIRST: Final = datetime(2026, 12, 1, 8, tzinfo=UTC)
#: The last day of the seed's plan.
LAST_DAY: Final = 21
#: Seconds for one command: a rehearsal on a machine that is ten times slower still ends with its reports.
PATIENCE: Final = 1200.0
#: Hours of traffic before day 1: the first raise asks that both services report.
BEFORE: Final = 3

#: A row of the engine's diagnostics, and in it the line that is the verdict on a move.
_ROW: Final = re.compile(r"(?m)^  rollout:index:TrafficFlag \(([a-z-]+)-percent\):\n((?:    .*\n|\n)*)")
_VERDICT: Final = re.compile(r"(?:PASS \d+ -> |(?:HOLD|ROLLBACK) [a-z-]+ ).*")


@dataclass
class Morning:
    """What one day brought. `live`: percent per domain at its end; `said`: verdicts and refusals; `burnt`: domains."""

    day: int
    at: datetime
    live: dict[str, int]
    moved: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    burnt: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Player:
    """A rehearsal in `folder`, a copy of the project that nothing else sees. `drills`: as each week's first raises ask."""

    def __init__(
        self, folder: Path, name: str, seed: int, *, drills: bool = True, store: str = "secrets-manager"
    ) -> None:
        self.scratch = Scratch(folder, store=store)
        self.stack = self.scratch.name
        self.scratch.patience = PATIENCE
        self._drills = drills
        self.known: Catalogue = catalogue.parse((self.scratch.folder / "domains.yaml").read_bytes(), "domains.yaml")
        self._scenario = scenario.load(name, self.known, FIRST - BEFORE * HOUR)
        self._seed = seed
        self._clients = publish.connect(self.scratch.settings())
        self._published = FIRST - BEFORE * HOUR
        self.scratch.env["ROLLOUT_COUNT_PERIOD"] = str(int(HOUR.total_seconds()))
        self._begin()

    def play(self, days: int = LAST_DAY) -> Iterator[Morning]:
        """Day by day. Raises `CommandFailed` with the output where a command fails in a way that isn't a verdict."""
        before = dict.fromkeys(self.known.domains, 0)
        for day in range(1, days + 1):
            began = time.monotonic()
            now = FIRST + timedelta(days=day - 1)
            self._traffic(now)
            self.scratch.env["ROLLOUT_NOW"] = times.iso(now)
            morning = Morning(day, now, before)
            self._watch(morning)
            self._operate(morning)
            morning.live = self.live()
            morning.moved = [
                f"{name} {before[name]} -> {percent} %"
                for name, percent in morning.live.items()
                if percent != before[name]
            ]
            before = morning.live
            morning.seconds = time.monotonic() - began
            yield morning

    def live(self) -> dict[str, int]:
        """What is live now, read from the store."""
        return publish.live_percents(self._clients.store, self.stack, self.known)

    def incidents(self) -> list[Path]:
        """The incidents that the watch has written, oldest first."""
        return sorted((self.scratch.folder / "records" / "incidents").glob("*.yaml"))

    def report(self, out: Path) -> str:
        """Writes the reports into `out`, with the page where its libraries are; answers what the command said."""
        done = self.scratch.run(
            ".venv-dev/bin/python", "-m", "rollout", "report", "--stack", self.stack, "--out", str(out.resolve())
        )
        return done.stdout.rstrip()

    def close(self) -> list[str]:
        """Ends everything; answers what had to be killed."""
        return self.scratch.close()

    def _begin(self) -> None:
        """Day 0: everything at 0, applied."""
        text = self._file.read_text()
        if not self._drills:
            text = edit.set_value(text, edit.DRILL, "off")
        for name in self.known.domains:
            text = self._set(text, name, 0)
        self._file.write_text(text)
        self.scratch.env["ROLLOUT_NOW"] = times.iso(FIRST - HOUR)
        self._up("day 0: everything at 0")
        self.scratch.commit("day 0")

    @property
    def _file(self) -> Path:
        return self.scratch.stack_file

    def _edit(self, change: Callable[[str], str]) -> None:
        """`change` of the stack file's text."""
        self._file.write_text(change(self._file.read_text()))

    def _set(self, text: str, name: str, percent: int) -> str:
        """The stack file's text with a domain at `percent`; its enable flag, if it has one, goes with it."""
        has_switch = self.known.domains[name].enable_flag is not None
        return edit.set_flag(text, name, percent, percent > 0 if has_switch else None)

    def _traffic(self, until: datetime) -> None:
        """An hour at a time: each goes where the flags send it."""
        while self._published < until:
            end = self._published + HOUR
            publish.publish_period(
                self._clients, self.stack, self._scenario, self._seed, self.known, self._published, end
            )
            self._published = end

    def _watch(self, morning: Morning) -> None:
        done = self.scratch.rollout("watch", "--stack", self.stack, check=False)
        burnt = re.findall(r"(?m)^ROLLBACK ((\S+) .*)$", done.stdout)
        morning.said += [f"ROLLBACK {line}" for line, _ in burnt]
        morning.burnt += [name for _, name in burnt]
        if "Traceback" in done.stderr or done.returncode == 2:
            raise CommandFailed(f"watch ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        for name in morning.burnt:
            self._start_again(name)

    def _start_again(self, name: str) -> None:
        """Contingency scenario 1: from 0 again, by a new attempt (24 h after the breach: the judge sees to that)."""
        breach = config.parse(self._file.read_bytes(), self._file.name, self.known).breach.get(name)
        if breach is None:
            raise CommandFailed(f"{name} burnt, and {self._file.name} keeps no breach of it")
        number = breach.attempt + 1
        attempt = Attempt(number, "fixed in unified, see the incident", "rehearsal")
        self._edit(lambda text: edit.add_attempt(self._set(text, name, 0), name, attempt))
        self._up(f"{name}: to 0, attempt {number}")
        self.scratch.commit(f"{name}: to 0, attempt {number}")

    def _operate(self, morning: Morning) -> None:
        """What the operator does of a morning: the day's promotion."""
        self._promote(morning)

    def _promote(self, morning: Morning) -> None:
        self.scratch.rollout("promote", str(min(morning.day, LAST_DAY)), "--stack", self.stack)
        self._drill(morning)
        done = self._up(f"day {morning.day}", check=False)
        said = done.stdout + done.stderr
        if "Traceback" in said:
            raise CommandFailed(said)
        for name, lines in _ROW.findall(said):
            verdict = _VERDICT.search(lines)
            if verdict:
                morning.said.append(verdict[0] if name in verdict[0] else f"{verdict[0]} ({name})")
        if done.returncode:
            self._withdraw(said, morning.day)
        self.scratch.commit(f"day {morning.day}")

    def _drill(self, morning: Morning) -> None:
        """What the day's raises ask for: the first of a week, and no other."""
        if self._drills:
            done = self.scratch.rollout("drill", "--due", "--stack", self.stack)
            morning.said += re.findall(r"(?m)^drill of .*$", done.stdout)

    def _withdraw(self, said: str, day: int) -> None:
        """A raise that was refused leaves the stack file again: what is live is what the file says."""
        text = before = self._file.read_text()
        for name, percent in self.live().items():
            have = edit.percent_of(text, name)
            if have is not None and have > percent:
                text = self._set(text, name, percent)
        if text == before:
            raise CommandFailed(f"`pulumi up` failed, and no raise was refused:\n{said}")
        self._file.write_text(text)
        self._up(f"day {day}: what was refused leaves the stack file")

    def _up(self, message: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`pulumi up`, with the virtual time in its message: the log's only source for it."""
        stamped = runs.stamp(message, times.moment(self.scratch.env["ROLLOUT_NOW"]))
        return self.scratch.up("--suppress-outputs", "--message", stamped, check=check)
