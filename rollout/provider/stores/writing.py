"""Moving a flag: `lower` is the one way down, `raise_to` the one way up. Each ends with the live value read back.

The provider's `update`, `python -m rollout rollback` and the watch all lower through here. A raise gives way to a
lowering that happens meanwhile, and of two lowerings at once the lower value wins.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from datetime import datetime

from rollout.model.flag import tags
from rollout.model.flag.name import FlagName
from rollout.provider.errors import StoreError
from rollout.provider.stores import at_once
from rollout.provider.stores.lowering import PAUSE, TRIES, Breach, Lowered, Seen, Unread, bring_down, low
from rollout.provider.stores.raising import StoppedMeanwhile, raise_to
from rollout.provider.stores.store import Entry, JudgingStore, Store, judges

__all__ = ["PAUSE", "Lowered", "StoppedMeanwhile", "Unread", "lower", "lowered", "missing", "raise_to"]


def lower(
    store: Store,
    name: FlagName,
    value: str,
    *,
    breach: tags.BreachTag | None = None,
    virtual: datetime | None = None,
    make: bool = True,
    pause: float = PAUSE,
) -> Entry:
    """Brings a flag down to `value` and answers what was read back. Raises `StoreError` if that can't be had.

    What is read back is `value`, or less where somebody else lowered it further, or nothing, which is 0 for the service: a
    lowering never raises, and restores nothing. A tag that fails, and a read that fails, stop nothing. `make`: a flag
    that isn't there may be made, where the store says that absence alone is no answer.
    """
    return lowered(store, name, value, breach=breach, virtual=virtual, make=make, pause=pause).entry


def lowered(
    store: Store, name: FlagName, value: str, *, breach: Breach = None, seen: Seen = Unread.UNREAD,
    virtual: datetime | None = None, make: bool = True, pause: float = PAUSE,
) -> Lowered:  # fmt: skip
    """As `lower`, with what else is known of it. `seen`: the live value, where the caller has read it; 0 needs none.

    `breach` may be a function: what it needs is looked for after the first put was sent.
    """
    stop = tags.Stopped.new(value)
    if (judging := judges(store)) is None:
        return bring_down(store, name, stop, breach=breach, seen=seen, virtual=virtual, pause=pause)
    marks = {tags.BREACH: breach.text()} if isinstance(breach, tags.BreachTag) else {}
    looking = at_once.begin(lambda: store.get(name.secret))  # what stood there, where it is quick enough to be seen
    entry = _lower_at_once(judging, name, stop, {**(name.tags if make else {}), **marks}, make, pause)
    if isinstance(seen, Unread) and looking.answered.is_set():
        with contextlib.suppress(StoreError):
            found = looking.result()
            seen = seen if found is not None and found.version == entry.version else found
    return Lowered(entry, breached=not callable(breach) or _tagged_after(store, name, breach()), before=seen)


def _tagged_after(store: Store, name: FlagName, breach: tags.BreachTag | None) -> bool:
    """The breach's tag, of a value that is down. Answers whether it stands."""
    if breach is None:
        return True
    try:
        store.tag(name.secret, {tags.BREACH: breach.text()})
    except StoreError:
        return False
    return True


def _lower_at_once(
    store: JudgingStore, name: FlagName, stop: tags.Stopped, marks: Mapping[str, str], make: bool, pause: float
) -> Entry:
    """The same where value, comparison and tag are one write: nothing can come in between, and nothing has an order."""
    last = StoreError(f"{name.secret}: not written")
    for attempt in range(TRIES):
        if attempt:
            time.sleep(pause)
        try:
            done = store.lower_to(name.secret, stop.value, stop.text(), marks, make=make)
            if done is None:
                raise missing(name)
            back = store.get(name.secret)
        except StoreError as error:
            last = error
            if error.lasting:
                break
            continue
        if back is not None and low(back.text, stop.value):
            return back
        last = StoreError(f"{name.secret}: wrote {stop.value}, read back another value")
    raise last


def missing(name: FlagName) -> StoreError:
    """There is no such flag where there must be one: it is another stack's store, or somebody deleted it."""
    error = StoreError(f"{name.secret}: no such flag here: is this the database of {name.stack}?")
    error.lasting = True
    return error
