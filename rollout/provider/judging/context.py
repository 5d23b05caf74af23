"""What every resource of one provider process shares: settings, catalogue, store, and one view of a live flag."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from rollout.home import HOME
from rollout.model import times
from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import Catalogue, Domain
from rollout.model.flag import tags
from rollout.model.flag.move import Move
from rollout.model.flag.moves import Live
from rollout.model.flag.name import FlagName, secret_name
from rollout.model.stack_file import off
from rollout.provider.errors import StoreError
from rollout.provider.settings import Settings
from rollout.provider.stores.snapshot import Snapshot
from rollout.provider.stores.store import Entry, Store

if TYPE_CHECKING:
    from rollout.model.gate import window as gate_window
    from rollout.provider.sources.source import Counters, Found


#: Seconds for which counters that were read are taken again: the refresh and the judgement of one preview.
FRESH: Final = 20


@cache
def load_catalogue(home: Path = HOME) -> Catalogue:
    """`domains.yaml`, read once. Raises `BadInput` or `OSError`."""
    path = home / "domains.yaml"
    return catalogue.parse(path.read_bytes(), path.name)


class Context:
    """The provider's surroundings; tests build one around a store of their own."""

    def __init__(self, settings: Settings, store: Store, home: Path = HOME, counters: Counters | None = None) -> None:
        self.settings = settings
        self.store = store
        self._counters = counters
        self._counted: dict[tuple[str, str], tuple[float, gate_window.Points | StoreError]] = {}
        self._counting: dict[str, Lock] = {}
        #: Dispersions by domain and live version: of one process, and of all looks of a watch.
        self.measured: dict[tuple[str, str], Mapping[str, float]] = {}
        self.home = home
        self.records: dict[tuple[str, str], Sequence[Move]] = {}  # a percent's record, for its enable flag
        self.raised: set[tuple[str, str]] = set()  # percents that passed and were written in this run
        self._snapshots: dict[str, Snapshot[Entry]] = {}
        self._left_out: set[str] = set()

    @cached_property
    def catalogue(self) -> Catalogue:
        return load_catalogue(self.home)

    @cached_property
    def unverified(self) -> list[str]:
        """What is said once a run: ways to a database that nobody has verified, but for one that plays."""
        database = self.settings.database
        return [] if database is None or not database.warnings or self.settings.simulator else [*database.warnings]

    def left_out(self, conditions: Mapping[str, object]) -> list[str]:
        """What is said once a run, on the first row that is read or judged: that the gate or the drill is off."""
        found = off.lines(conditions)
        new, self._left_out = [text for text in found if text not in self._left_out], {*self._left_out, *found}
        return new

    def snapshot(self, stack: str) -> Snapshot[Entry]:
        """The batched view of all flags of a stack, made at its first use in this process."""
        if stack not in self._snapshots:
            flags = [flag for domain in self.catalogue.domains.values() for flag in domain.flags]
            made = Snapshot(self.store, [secret_name(stack, flag) for flag in flags])
            self._snapshots.setdefault(stack, made)  # many rows ask at once: the first one's is everybody's
        return self._snapshots[stack]

    def counted(self, domain: Domain, version: str, over: gate_window.Windows) -> gate_window.Points:
        """The domain's counters over `over`, for the live version `version`. Raises `StoreError`, also the last one's."""
        if self._counters is None:
            raise StoreError(f"counters of {domain.name}: no source of counters")
        with self._counting.setdefault(domain.name, Lock()):
            at, found = self._counted.get((domain.name, version), (0.0, None))
            if found is None or time.monotonic() - at > FRESH:
                found = self._count(self._counters, domain, over)
                self._counted[domain.name, version] = (time.monotonic(), found)
        if isinstance(found, StoreError):
            raise found
        return found

    def _count(self, counters: Counters, domain: Domain, over: gate_window.Windows) -> gate_window.Points | StoreError:
        from rollout.model.gate import window as gate_window  # what only a judged domain needs

        series = gate_window.wanted(domain, self.catalogue.unified)
        try:
            return _merged(counters.read(domain.name, series, window) for window in over.each)
        except StoreError as error:
            return error

    def count_together(self, asked: Sequence[tuple[Domain, str, gate_window.Windows, datetime]]) -> None:
        """Reads ahead what `counted` and `dispersion` are asked next of these (domain, live version, windows, the end of
        legacy's past): one call.

        Only of a source that can. What it can't answer at once is asked again domain by domain, and told there.
        """
        from rollout.model.gate import window as gate_window
        from rollout.provider.sources.source import Together

        counters = self._counters
        if not asked or not isinstance(counters, Together):
            return
        unified = self.catalogue.unified
        questions = [
            (domain.name, gate_window.wanted(domain, unified), window)
            for domain, _, windows, _ in asked
            for window in windows.each
        ]
        unmeasured = [
            (domain, version, gate_window.before(end))
            for domain, version, _, end in asked
            if (domain.name, version) not in self.measured
        ]
        questions += [(domain.name, gate_window.past(domain), over) for domain, _, over in unmeasured]
        try:
            answers = iter(counters.read_all(questions))
        except StoreError:
            return
        at = time.monotonic()
        for domain, version, windows, _ in asked:
            self._counted[domain.name, version] = (at, _merged(islice(answers, len(windows.each))))
        for domain, version, over in unmeasured:
            self.measured[domain.name, version] = gate_window.dispersions(domain, next(answers), over.starts())

    def dispersion(self, domain: Domain, version: str, end: datetime) -> Mapping[str, float]:
        """Whether bad events come in bunches, by legacy's 14 days up to `end`, per metric: one call. Raises `StoreError`."""
        from rollout.model.gate import window as gate_window

        if self._counters is None:
            raise StoreError(f"counters of {domain.name}: no source of counters")
        if (domain.name, version) not in self.measured:
            over = gate_window.before(end)
            points = self._counters.read(domain.name, gate_window.past(domain), over)
            self.measured[domain.name, version] = gate_window.dispersions(domain, points, over.starts())
        return self.measured[domain.name, version]

    def percent_name(self, stack: str, domain: str) -> FlagName:
        """The percent flag of a domain."""
        return FlagName(stack, domain, self.catalogue.domains[domain].percent_flag)

    def live(self, entry: Entry | None, found: Mapping[str, str], moves: Sequence[Move] = ()) -> Live:
        """A stored entry and its tags as the model sees them."""
        if entry is None:
            return Live(None)
        return Live(
            text=entry.text,
            since=self.since(entry, found, moves),
            version=entry.version,
            scheduled=entry.scheduled,
            stopped=tags.Stopped.parse(found.get(tags.STOPPED)),
            breach=tags.BreachTag.parse(found.get(tags.BREACH)),
            lowered=tags.Stopped.parse(found.get(tags.LOWERED)),
            burnt=tags.Burnt.parse(found.get(tags.BURNT)),
            written=None if self.settings.virtual and self.store.can.own_clock else entry.created,
        )

    def since(self, entry: Entry, found: Mapping[str, str], moves: Sequence[Move]) -> datetime | None:
        """When the live version was written, aware UTC; None where the store doesn't know.

        That is the store's own time. Under the virtual clock the store can't know it: then it is the tag that was
        written with the version, else the record's, else what the simulator's clock showed then; where it has none, now (a
        hand-made change soaks anew).
        """
        if not self.settings.virtual or entry.scheduled or self.store.can.own_clock:
            return entry.created
        tagged = tags.parse_live_since(found.get(tags.LIVE_SINCE), entry.version)
        if tagged is not None:
            return tagged
        recorded = [str(move.get("at")) for move in moves if move.get("version") == entry.version]
        if recorded and (at := times.moment(recorded[-1])):
            return at
        clock = self.settings.clock
        return clock.at(entry.created) if clock is not None and entry.created else self.settings.virtual_now

    def read_live(self, name: FlagName) -> Live:
        """A flag with its tags, read now: two calls. Raises `StoreError`."""
        entry = self.store.get(name.secret)
        return self.live(entry, self.store.tags(name.secret) if entry else {})


def _merged(answers: Iterable[Found]) -> Found:
    """One answer of several windows'."""
    found: Found = {}
    for answer in answers:
        for one, periods in answer.items():
            found[one] = {**found.get(one, {}), **periods}
    return found
