"""What the reports are written from, and what they all ask of it: stretches at a rung, days, notes, what still stands.

`as_of` is the newest entry's time unless it is given: nothing is known of later, and the same record gives the same
bytes again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from rollout.model import times
from rollout.model.catalogue.domain import Catalogue, Domain
from rollout.model.log import runs
from rollout.model.log.journal import RECORDED, Line
from rollout.model.plan import standing
from rollout.model.plan.days import Plan
from rollout.model.reports.parts import whole

Record = Mapping[str, object]


@dataclass(frozen=True)
class Stretch:
    """One domain at one percent. `entered`, `left`: the entries of `moves` that began and ended it (None: it stands).

    `ended`: raise, rollback, stop, outside, restored, or empty while it stands.
    """

    domain: str
    percent: int
    entered: int
    since: datetime
    left: int | None
    until: datetime | None
    ended: str
    counts: Mapping[str, Mapping[str, object]]
    window: tuple[datetime, datetime] | None
    rule: str = ""  # the version of the gate's rule that let it upwards; empty where none did, or none is recorded

    @property
    def place(self) -> str:
        """Where its counts stand: in the move that left it upwards."""
        return f"moves/{self.domain}/{self.left}/counts"


@dataclass(frozen=True)
class Note:
    """An observation from `wa-rollout:notes`: its date as written, the newest text, and the run that brought it."""

    day: str
    text: str
    where: str


@dataclass(frozen=True)
class Story:
    """One stack's record. `incidents` and `drills`: per file name (without ending), as plain values, oldest first."""

    stack: str
    known: Catalogue
    plan: Plan
    start: date | None
    updates: Sequence[runs.Update]
    moves: Mapping[str, Sequence[Record]]
    lines: Sequence[Line]
    incidents: Mapping[str, Record]
    drills: Mapping[str, Record]
    given: datetime | None = None

    @property
    def as_of(self) -> datetime | None:
        """Until when the record tells; None where there is none."""
        return self._newest()[0]

    @property
    def as_of_place(self) -> str:
        return self._newest()[1]

    def _newest(self) -> tuple[datetime | None, str]:
        if self.given is not None:
            return self.given, "argument"
        found = [(line.at, self.place(line)) for line in self.lines]
        found += [
            (at, f"incidents/{name}/at") for name, one in self.incidents.items() if (at := times.moment(one.get("at")))
        ]
        found += [(at, f"drills/{name}/at") for name, one in self.drills.items() if (at := times.moment(one.get("at")))]
        return max(found, default=(None, ""), key=lambda item: item[0])

    def place(self, line: Line) -> str:
        """Where a line's time stands: the flag's own record, else the run."""
        if line.record:
            return f"{line.record}/at"
        number = self.move_number(line)
        return f"history/{line.update}/at" if number is None else f"moves/{line.domain}/{number}/at"

    def move_number(self, line: Line) -> int | None:
        """The index of a line's entry in its domain's `moves`; None for what is no move."""
        record = self.moves.get(line.domain, ()) if line.move else ()
        return next((number for number, move in enumerate(record) if move is line.move), None)

    def day_of(self, at: datetime) -> int | None:
        """The day of the plan, also before and after it."""
        return standing.day_of(self.start, at)

    def day_x(self, at: datetime) -> float:
        """A time as a number of days, 1.0 at the midnight (UTC) that day 1 begins with."""
        first = self.start or min((line.at for line in self.lines), default=at).date()
        return 1 + (at.date() - first).days + (at.hour * 3600 + at.minute * 60 + at.second) / 86400

    def stretches(self, domain: str) -> Sequence[Stretch]:
        """The domain's time at each percent, oldest first; entries whose time or value can't be read end nothing."""
        return self._stretches.get(domain, ())

    @cached_property
    def _stretches(self) -> dict[str, list[Stretch]]:
        """Once for all reports: each of them asks several times for each domain."""
        kinds = {id(line.move): line.kind for line in reversed(self.lines) if line.move}
        return {domain: self._of(domain, kinds) for domain in self.moves}

    def _of(self, domain: str, kinds: Mapping[int, str]) -> list[Stretch]:
        read: list[tuple[int, Record, datetime, int]] = []
        for number, move in enumerate(self.moves.get(domain, ())):
            at, percent = times.moment(move.get("at")), whole(move.get("to"))
            if at is not None and percent is not None and (not read or percent != read[-1][3]):
                read.append((number, move, at, percent))
        found = []
        for index, (number, _, at, percent) in enumerate(read):
            after = read[index + 1] if index + 1 < len(read) else None
            ended = kinds.get(id(after[1]), "outside") if after else ""
            counts = after[1].get("counts") if after and ended == "raise" else None
            found.append(
                Stretch(
                    domain, percent, number, at, after[0] if after else None, after[2] if after else None, ended,
                    counts if isinstance(counts, Mapping) else {}, _window(after[1] if after else {}),
                    str(after[1].get("gate") or "") if after and ended == "raise" else "",
                )
            )  # fmt: skip
        return found

    def percent_at(self, domain: str, at: datetime) -> tuple[int, str]:
        """What was live at a time, and which entry says so; 0 before the first."""
        past = [one for one in self.stretches(domain) if one.since <= at]
        return (past[-1].percent, f"moves/{domain}/{past[-1].entered}/to") if past else (0, "")

    def of_kind(self, *kinds: str) -> list[Line]:
        return [line for line in self.lines if line.kind in kinds]

    def refused(self) -> list[Line]:
        """Raises that a run was asked for, and didn't make."""
        return [line for line in self.lines if line.kind == "not applied" or line.raise_held]

    def notes(self) -> list[Note]:
        """Every note that any run's config had, by date; a note that was changed counts as it stands in the newest."""
        found: dict[str, Note] = {}
        for update in self.updates:
            notes = update.config.get("notes")
            for day, words in notes.items() if isinstance(notes, Mapping) else ():
                if day not in found or found[day].text != str(words):
                    found[day] = Note(str(day), str(words), f"history/{update.number}/config/notes/{day}")
        return [found[day] for day in sorted(found)]

    def standing_entry(self, key: str, name: str = "") -> tuple[object, str]:
        """An entry of the newest config that a run had (under `name`, where it is a map of them); None where none is."""
        for update in reversed(self.updates):
            if update.config:
                entry, place = update.config.get(key), f"history/{update.number}/config/{key}"
                if not name:
                    return entry, place
                return (entry.get(name) if isinstance(entry, Mapping) else entry), f"{place}/{name}"
        return None, ""

    def spans(self, key: str, name: str = "") -> list[tuple[int, int | None]]:
        """From which run to which (the first without it; None: it stands) an entry such as `freeze` was in the config."""
        found: list[tuple[int, int | None]] = []
        begun: int | None = None
        for update in self.updates:
            if not update.config:
                continue
            entry = update.config.get(key)
            there = (isinstance(entry, Mapping) and name in entry) if name else entry is not None
            if there and begun is None:
                begun = update.number
            elif not there and begun is not None:
                found.append((begun, update.number))
                begun = None
        return [*found, (begun, None)] if begun is not None else found

    def run(self, number: int) -> runs.Update:
        """A run by its number."""
        return next(update for update in self.updates if update.number == number)

    def domain(self, name: str) -> Domain:
        return self.known.domains[name]

    def last_day(self) -> int:
        """The last day there is anything of: of the plan, or of the record where it took longer."""
        return max(self.plan.last, (self.day_of(self.as_of) or 0) if self.as_of else 0)

    def day_ends(self, number: int) -> datetime | None:
        """The midnight (UTC) after a day of the plan."""
        if self.start is None:
            return None
        midnight = datetime.combine(self.start, datetime.min.time(), tzinfo=UTC)
        return midnight + timedelta(days=number)


def near(record: Record, at: datetime) -> bool:
    """Whether a record (an incident, a breach) is of what happened at `at`: both are written within minutes."""
    when = times.moment(record.get("at"))
    return when is not None and abs(when - at) <= RECORDED


def _window(move: Record) -> tuple[datetime, datetime] | None:
    window = move.get("window")
    if not isinstance(window, (list, tuple)) or len(window) != 2:
        return None
    start, end = (times.moment(value) for value in window)
    return (start, end) if start and end else None
