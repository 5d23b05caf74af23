"""Step 1 of a rollback: straight to the store. No engine, no lock, no git, no metrics, no other domain's config."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from rollout.model.flag import tags, unread
from rollout.model.flag.moves import Live
from rollout.model.flag.name import FlagName
from rollout.model.ladder import DEFAULT, TOP, Ladder, parse_percent
from rollout.model.problem import BadInput, Problem, RolloutError
from rollout.provider.errors import StoreError
from rollout.provider.postgres.address import URL
from rollout.provider.settings import POSTGRES, Settings
from rollout.provider.stores import at_once, lowering, writing
from rollout.provider.stores.lowering import Breach, Lowered, Seen, Unread
from rollout.provider.stores.store import Entry, Store

EXIT_LEFT_TO_DO: Final = 1  # down, and a later step failed
EXIT_NOT_DOWN: Final = 3  # the one exit code that says that nobody knows the flag to be down


@dataclass(frozen=True)
class Stop:
    """What a stop did. `before`: the value it found (None: not readable); `to`: the percent that was read back after it."""

    name: FlagName
    before: Live | None
    to: int
    breach: tags.BreachTag | None
    ladder: Ladder | None = DEFAULT  # None: not known, since the catalogue can't be read
    guess: str = ""  # what it went by, where the live value couldn't be read in time
    marked: bool = True  # the stop's tag stands: a raise in flight sees it
    breached: bool = True  # the breach's tag stands
    late: at_once.Pending[bool] | None = None  # the tag that hasn't answered yet
    at: float = field(default_factory=time.monotonic)  # when the value was known to be down

    @property
    def rung(self) -> int:
        """The highest legal percent that isn't over the live one: what a stack file may say."""
        return self.under(self.to)

    def under(self, percent: int) -> int:
        """The highest rung at or under `percent`; of a ladder that isn't known, one of the seed's."""
        return (self.ladder or DEFAULT).under(percent)

    @property
    def was(self) -> str:
        """`25 %`, `0 % (secret absent)`, `unknown`."""
        return self.before.show() if self.before else "unknown"


class NotDown(RolloutError):
    """Nobody can say that the flag is down. The text is what the operator reads: what, why, and what to do by hand."""

    exit_code = EXIT_NOT_DOWN

    def __init__(self, error: object, settings: Settings, name: FlagName, wanted: int | None) -> None:
        again = (
            "run it again"
            if wanted == 0
            else "run it again, or with --to zero, for which no value has to be read first"
        )
        by_hand = _by_hand(settings, name, "PERCENT" if wanted is None else str(wanted))
        what = f"NOT KNOWN TO BE DOWN: {name.domain} on {name.stack}: {error}"
        super().__init__(f"{what}\n  do:      {again}\n  by hand: {by_hand}")


def _by_hand(settings: Settings, name: FlagName, value: str) -> str:
    """The line that does it without this program."""
    if settings.store == POSTGRES:
        lower = f"select rollout.lower('{name.secret}', '{value}')"
        return f'{lower};  in the project\'s SQL editor, or: psql "${URL}" -c "{lower}"'
    endpoint = f" --endpoint-url {settings.endpoint}" if settings.endpoint else ""
    return (
        f"aws secretsmanager put-secret-value --region {settings.region}{endpoint}"
        f" --secret-id {name.secret} --secret-string {value}"
    )


def target(to: str, live: Entry | None, ladder: Ladder | None = DEFAULT) -> int:
    """The percent that `previous`, `zero` or a rung means over the live value: never more than is live, never refused.

    A live value that is no percent has no rung under it that is surely lower, but 0. With no `ladder` (the catalogue
    can't be read) any percent goes as a target, and `previous` is a lower rung of the seed's. Raises `BadInput` where
    `to` is none of these words.
    """
    known = ladder or DEFAULT
    wanted = int(to) if to.isascii() and to.isdigit() else None
    legal = wanted is not None and (wanted in ladder if ladder is not None else wanted <= TOP)
    if to not in ("previous", "zero") and not legal:
        allowed = f"previous, zero, {known.show() if ladder is not None else 'a percent'}"
        raise BadInput([Problem("no target of a rollback", where="--to", allowed=allowed, given=to)])
    now = 0 if live is None or live.text is None else parse_percent(live.text)
    if to == "zero":
        return 0
    if wanted is None:
        return 0 if now is None else known.previous(now)
    return wanted if now is None else min(wanted, known.under(now))


#: Seconds after which it isn't waited for alone any more: what else knows the value is asked meanwhile.
IMPATIENT: Final = 1.0

#: What else knows a live value, by source.
Known = Callable[[], Mapping[str, int | None]]


def stop(
    store: Store, settings: Settings, name: FlagName, to: str, breach: Breach,
    ladder: Ladder | None = DEFAULT, known: Known | None = None, *, read_first: bool = False,
) -> Stop:  # fmt: skip
    """Brings the flag down and reads it back. Raises `NotDown` where that can't be had, `BadInput` for a wrong `to`.

    0 is put before anything is read. `previous` and a rung need the live value, and have 3 seconds for it; then what
    `known` says of it counts, and where nothing does, 0. `read_first`: so with 0, for a run that records what is down.
    """
    target(to, None, ladder)  # a wrong word is named before anything is read
    seen: Seen = Unread.UNREAD
    wanted, why = 0, ""
    if read_first or to not in ("zero", "0"):
        try:
            seen = _looked_up(store, name, known)
            wanted = target(to, seen, ladder)
        except _NotRead as unknown:
            found, seen = unread.guess(to, unknown.known, ladder or DEFAULT), Unread.UNREADABLE
            wanted, why = found.percent, f"the live value can't be read ({unknown}), {found.why}"
    try:
        done = writing.lowered(
            store, name, str(wanted), breach=breach, seen=seen, virtual=settings.virtual_now, make=False
        )
    except StoreError as error:
        raise NotDown(error, settings, name, wanted) from None
    return _told(name, done, breach() if callable(breach) else breach, wanted, why, ladder)


def _told(
    name: FlagName, done: Lowered, breach: tags.BreachTag | None, wanted: int, why: str, ladder: Ladder | None
) -> Stop:
    before = None
    if not isinstance(done.before, Unread):
        found = done.before
        before = Live(None) if found is None else Live(found.text, scheduled=found.scheduled)
    read = 0 if done.entry.text is None else parse_percent(done.entry.text)
    to = wanted if read is None else read
    return Stop(name, before, to, breach, ladder, why, done.marked, done.breached, done.late)


class _NotRead(StoreError):
    """The live value couldn't be had in time; `known`: what else knows it."""

    def __init__(self, error: object, known: Mapping[str, int | None]) -> None:
        self.known = known
        super().__init__(str(error))


def _looked_up(store: Store, name: FlagName, known: Known | None) -> Entry | None:
    """The live value, read again where an answer is bad. Raises `_NotRead` after 3 seconds.

    What else knows it is asked as soon as the store is slow, so that nothing is waited for after that.
    """
    store.warm()  # what this machine takes to get ready is none of the store's time
    until = time.monotonic() + lowering.READ_BUDGET
    others: list[at_once.Pending[Mapping[str, int | None]]] = []
    failed: StoreError | None = None
    looking = at_once.begin(lambda: lowering.read(store, name.secret))
    while (left := until - time.monotonic()) > 0:
        if looking.answered.wait(min(left, IMPATIENT)):
            try:
                return looking.result()
            except StoreError as error:
                failed = error
                looking = at_once.begin(lambda: lowering.read(store, name.secret))
                time.sleep(min(left, at_once.PAUSE))
        if not others:
            others = [
                at_once.begin(lambda: dict(known() if known else {})),
                at_once.begin(lambda: _marked(store, name)),
            ]
    found: dict[str, int | None] = {}
    for other in others:
        other.answered.wait(IMPATIENT if other is others[0] else 0)  # a file of this machine: it comes
        with contextlib.suppress(StoreError):
            found |= other.result()
    raise _NotRead(failed or f"no answer in {lowering.READ_BUDGET:.0f} s", found)


def _marked(store: Store, name: FlagName) -> Mapping[str, int | None]:
    stopped = tags.Stopped.parse(store.tags(name.secret).get(tags.STOPPED))
    return {"the last stop": parse_percent(stopped.value) if stopped else None}
