"""Bringing a flag down where the store can't compare and write in one: the put and its tag at the same moment, then looks.

Nothing is waited for before the put but the live value, where the target isn't 0. Each wait has a budget in seconds, and
what hasn't answered by then is said, not waited for (docs/adr/0014-put-and-tag-at-the-same-moment.md).
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from rollout.model.flag import tags
from rollout.model.flag.name import FlagName
from rollout.model.ladder import parse_percent
from rollout.provider.errors import Absent, Exists, Scheduled, StoreError
from rollout.provider.stores import at_once
from rollout.provider.stores.one_write import since
from rollout.provider.stores.store import Entry, Store, Trace, traces

#: A lowering is written and read again this often before it is called failed; each try waits for the store's own retries.
TRIES: Final = 10
PAUSE: Final = 0.2  # seconds between two tries

#: Seconds. Absolute, and a multiple of nothing: a store that was quick a minute ago promises nothing for now.
READ_BUDGET: Final = 3.0
TAG_BUDGET: Final = 2.0
PUT_APART: Final = 3.0  # a put that hangs is sent once more, on another connection, with the same token
PUT_BUDGET: Final = 45.0
PUTS: Final = 3


class Unread(Enum):
    """Nobody has read the value, or it couldn't be read in time: then it is put without another look."""

    UNREAD = "unread"
    UNREADABLE = "unreadable"


Seen = Entry | Unread | None
#: A breach's tag, or what finds it: it may need a file, and no file is read before the first put.
Breach = tags.BreachTag | Callable[[], tags.BreachTag | None] | None


@dataclass(frozen=True)
class Lowered:
    """What a lowering did. `entry`: as it was read back; a text of None is absent, or waits for its deletion: 0 for the service.

    `marked`: the stop's tag stands; without it a raise in flight may not see the stop, and `late` is the tag that hasn't
    answered yet. `breached`: so does the breach's. `before`: what stood there before it.
    """

    entry: Entry
    marked: bool = True
    late: at_once.Pending[bool] | None = None
    breached: bool = True
    before: Seen = Unread.UNREAD


def read(store: Store, secret: str, budget: float = READ_BUDGET) -> Entry | None:
    """The live value by two calls at once, single and batch; the first good answer counts. Raises `StoreError`."""

    def batch() -> Entry | None:
        found = store.get_many([secret])[secret]
        if isinstance(found, StoreError):
            raise found
        return found

    return at_once.first([lambda: store.get(secret), batch], budget=budget)


def low(text: str | None, value: str) -> bool:
    """Whether `text` needs no lowering to `value`: nothing (0 for the service), the same, or a lower percent."""
    have, wanted = parse_percent(text), parse_percent(value)
    return text is None or text == value or (have is not None and wanted is not None and have < wanted)


def bring_down(
    store: Store, name: FlagName, stop: tags.Stopped, *, breach: Breach = None, marked: bool = False,
    seen: Seen = Unread.UNREAD, virtual: datetime | None = None, pause: float = PAUSE,
) -> Lowered:  # fmt: skip
    """Writes the stop's value until it, or less, is read back after its tag went on. Raises `StoreError`.

    `seen`: the live value as its reader saw it; a target above 0 that nobody has read anything for is read here, and put
    all the same where it can't be. `marked`: the stop's tag stands already.
    """
    return _Lowering(store, name, stop, breach, marked, seen, virtual).run(pause)


class _Lowering:
    """One lowering, and what it knows so far."""

    def __init__(
        self, store: Store, name: FlagName, stop: tags.Stopped, breach: Breach, marked: bool, seen: Seen,
        virtual: datetime | None,
    ) -> None:  # fmt: skip
        self._store, self._name, self._stop, self._breach, self._virtual = store, name, stop, breach, virtual
        self._marked, self._live = marked, seen
        self._breached = breach is None
        self._tagging: at_once.Pending[bool] | None = None
        self._sent: tags.Stopped | None = None  # the stop that the last tag was for
        self._known = {seen.version} if isinstance(seen, Entry) else set()  # versions that are no surprise below ours
        self._made = ""  # our last version
        self._before = seen
        self._first = ""  # our first version

    def run(self, pause: float) -> Lowered:
        self._store.warm()  # two threads that build the client at once would wait for each other
        last, down = StoreError(f"{self._name.secret}: not written"), False
        for attempt in range(TRIES):
            if attempt and not down:
                time.sleep(pause)
            try:
                down = self._once()
            except StoreError as error:
                last, down = error, False
                if error.lasting:
                    break
                continue
            if not down:
                last = StoreError(f"{self._name.secret}: wrote {self._stop.value}, read back another value")
            elif (further := self._further()) is None:
                break
            else:
                self._stop, self._marked = further
                last = StoreError(f"{self._name.secret}: somebody else goes on writing")
        if not down or not low(_text(self._live), self._stop.value):
            raise last
        entry = self._live if isinstance(self._live, Entry) else Entry(self._name.secret, None, "")
        return Lowered(entry, self._marked, self._tagging if self._late else None, self._breached, self._before)

    @property
    def _late(self) -> bool:
        return self._tagging is not None and not self._tagging.answered.is_set()

    def _once(self) -> bool:
        """One put beside its tag, and two reads: after the tag has answered or its budget is over, and once more."""
        if self._live is Unread.UNREAD and self._stop.value != "0":
            self._look_first()
        needed = isinstance(self._live, Unread) or self._live is None or not low(_text(self._live), self._stop.value)
        made = str(uuid.uuid4())  # random: a used token would be answered as done, and change nothing
        self._begin_tag(made if needed else None)
        if needed:
            self._put(made)
        self._end_tag()
        self._live = Unread.UNREAD if needed else self._live  # what a failed read leaves
        self._live = read(self._store, self._name.secret)
        return low(_text(self._live), self._stop.value)

    def _look_first(self) -> None:
        try:
            found = read(self._store, self._name.secret)
        except StoreError:
            return  # put all the same: what it replaced is looked at afterwards
        self._live = self._before = found
        if found is not None:
            self._known.add(found.version)

    def _put(self, made: str) -> None:
        """Writes the value, whatever stands there. What is absent is made at 0; what waits for its deletion stays so."""
        secret, value = self._name.secret, self._stop.value
        try:
            at_once.first(
                [lambda: self._store.put(secret, value, made)] * PUTS,
                budget=PUT_BUDGET, apart=PUT_APART, again=0, final=(Absent, Scheduled), spare=True,
            )  # fmt: skip
        except Scheduled:  # 0 for the service already
            self._before = Entry(secret, None, "", scheduled=True) if isinstance(self._before, Unread) else self._before
            return
        except Absent:
            self._before = None if isinstance(self._before, Unread) else self._before
            self._make(made)
            return
        self._made, self._first = made, self._first or made
        self._known.add(made)

    def _make(self, made: str) -> None:
        """An absent secret is 0 for the service; made with its tag in one call, a raise in flight can't be the one to make it."""
        found = self._breach() if callable(self._breach) else self._breach
        marks = {**self._name.tags, **({tags.BREACH: found.text()} if found else {}), **self._marks(made)}
        try:
            at_once.first(
                [lambda: self._store.create(self._name.secret, "0", made, marks)],
                budget=READ_BUDGET, final=(Exists, Scheduled),
            )  # fmt: skip
        except Exists:
            raise StoreError(f"{self._name.secret}: made by somebody else meanwhile") from None
        except StoreError:
            return  # absent, then, or waiting for its deletion: down all the same
        self._made, self._marked, self._breached = made, True, True
        self._known.add(made)

    def _marks(self, version: str | None) -> dict[str, str]:
        dated = {} if version is None else since(self._store, version, self._virtual)
        return {tags.STOPPED: self._stop.text(), **dated}

    def _begin_tag(self, version: str | None) -> None:
        """Sends the stop's tag, in a thread of its own: the put doesn't wait for it. The breach's comes after it."""
        dated = version is not None and bool(since(self._store, version, self._virtual))
        if self._marked and self._breached and not dated:
            return
        if self._late and self._sent == self._stop and not dated:
            return  # it is under way still
        self._sent = self._stop
        secret, marks, breach, breached = self._name.secret, self._marks(version), self._breach, self._breached

        def tag() -> bool:
            _twice(lambda: self._store.tag(secret, marks))
            found = breach() if callable(breach) else breach
            if found is not None and not breached:
                _twice(lambda: self._store.tag(secret, {tags.BREACH: found.text()}))
            self._breached = True
            return True

        self._tagging = at_once.begin(tag)

    def _end_tag(self) -> None:
        if self._tagging is None or not self._tagging.wait(TAG_BUDGET):
            return
        with contextlib.suppress(StoreError):  # said by whoever asked for the lowering; the value is what counts
            self._marked = self._tagging.result() or self._marked

    def _further(self) -> tuple[tags.Stopped, bool] | None:
        """The stop to go on with, and whether its tag stands already; None where ours is all there is, and still live."""
        looking = at_once.begin(self._trace)
        self._end_tag()  # a tag that has answered only now counts, if the value is read after it
        again = read(self._store, self._name.secret)
        self._live = again
        text = _text(again)
        if not low(text, self._stop.value):
            return self._stop, self._marked
        if text is not None and text != self._stop.value:
            return tags.Stopped.new(text), False  # somebody went lower: no tag with a higher value may stand there
        try:
            trace = looking.result() if looking.wait(TAG_BUDGET) else Trace({})
        except StoreError:
            trace = Trace({})  # the value is down
        return self._other_stop(trace) or self._overwritten(trace)

    def _trace(self) -> Trace:
        tracing = traces(self._store)
        return Trace(self._store.tags(self._name.secret)) if tracing is None else tracing.trace(self._name.secret)

    def _other_stop(self, trace: Trace) -> tuple[tags.Stopped, bool] | None:
        """Another stop's tag where ours was: of two stops the lower one wins. Before ours stands it may be an old one."""
        found = tags.Stopped.parse(trace.tags.get(tags.STOPPED)) if self._marked else None
        if found is None or parse_percent(found.value) is None or found.value == self._stop.value:
            return None
        return (found, True) if low(found.value, self._stop.value) else (self._stop, False)

    def _overwritten(self, trace: Trace) -> tuple[tags.Stopped, bool] | None:
        """A lower value that our put replaced: somebody went lower between our look and our write."""
        tracing, version = traces(self._store), trace.replaced
        if tracing is None or version is None or version in self._known or trace.live != self._made:
            return None
        self._known.add(version)
        try:
            text = at_once.first([lambda: tracing.text_of(self._name.secret, version)], budget=TAG_BUDGET)
        except StoreError:
            return None
        if isinstance(self._before, Unread) and self._made == self._first:
            self._before = Entry(self._name.secret, text, version)
        if text is None or text == self._stop.value or not low(text, self._stop.value):
            return None
        return tags.Stopped.new(text), False


def _text(live: Seen) -> str | None:
    return live.text if isinstance(live, Entry) else None


def _twice(call: Callable[[], object]) -> None:
    """A call with one more try; what is absent, or waits for its deletion, stays so."""
    try:
        call()
    except (Absent, Scheduled):
        raise
    except StoreError:
        time.sleep(at_once.PAUSE)
        call()
