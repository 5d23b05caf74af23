"""Moving a flag: `lower` is the one way down, `raise_to` the one way up. Each ends with the live value read back.

The provider's `update`, `python -m rollout rollback` and the watch all lower through here. A raise gives way to a
lowering that happens meanwhile, and of two lowerings at once the lower value wins.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from rollout.model.flag import tags
from rollout.model.flag.name import FlagName
from rollout.model.ladder import parse_percent
from rollout.model.problem import RolloutError, masked
from rollout.provider.errors import StoreError
from rollout.provider.stores.one_write import tag, token, write
from rollout.provider.stores.store import Entry, JudgingStore, Store, judges

#: A lowering is written and read again this often before it is called failed; each try waits for the store's own retries.
TRIES: Final = 10
PAUSE: Final = 0.2  # seconds between two tries

#: A raise asks this often for the tags after its put, and takes its value back this often where they can't be had.
TAG_TRIES: Final = 3


class StoppedMeanwhile(RolloutError):
    """A raise was overtaken by a stop; the stop's value is live again."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        super().__init__(f"stopped meanwhile: the stop's value {entry.text} % was written and read back")


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

    What is read back is `value`, or less where somebody else lowered it further: a lowering never raises. The
    tag goes first: a raise in flight that puts its value after ours sees it and writes ours again. A tag that
    fails, and a read that fails, stop nothing. `make`: a flag that isn't there may be made, where the store says that
    absence alone is no answer.
    """
    marks = {} if breach is None else {tags.BREACH: breach.text()}
    if (judging := judges(store)) is not None:
        return _lower_at_once(
            judging, name, tags.Stopped.new(value), {**(name.tags if make else {}), **marks}, make, pause
        )
    return _bring_down(store, name, tags.Stopped.new(value), marks, tagged=False, virtual=virtual, pause=pause)


def _bring_down(
    store: Store, name: FlagName, stop: tags.Stopped, marks: Mapping[str, str], *,
    tagged: bool, virtual: datetime | None, pause: float,
) -> Entry:  # fmt: skip
    """Writes the stop's value until it, or less, is read back after the tag went on.

    The order matters. A raise that puts its value after our read finds the tag; one that puts it before is seen by
    the read. Two stops share the one tag: each looks at it after its write, and both go on with the lower value.
    """
    last, low, wait = StoreError(f"{name.secret}: not written"), None, False
    for attempt in range(TRIES):
        if wait:
            time.sleep(pause)
        mark = {**marks, tags.STOPPED: stop.text()}
        tagged = tagged or tag(store, name, mark)
        try:
            low, wait = _once(store, name, stop.value, mark, virtual), True
        except StoreError as error:
            last, low = error, None
            continue
        if low is None:
            last = StoreError(f"{name.secret}: wrote {stop.value}, read back another value")
        elif not tagged:
            if attempt:  # the value is down; a tag that can't be written is not worth a longer wait
                return low
            wait = False
        elif (next_stop := _unsettled(store, name, stop, low)) is None:
            return low
        else:
            stop, tagged = next_stop
    if low is None:
        raise last
    return low


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
        if back is not None and _low(back.text, stop.value):
            return back
        last = StoreError(f"{name.secret}: wrote {stop.value}, read back another value")
    raise last


def missing(name: FlagName) -> StoreError:
    """There is no such flag where there must be one: it is another stack's store, or somebody deleted it."""
    error = StoreError(f"{name.secret}: no such flag here: is this the database of {name.stack}?")
    error.lasting = True
    return error


def _once(store: Store, name: FlagName, value: str, mark: Mapping[str, str], virtual: datetime | None) -> Entry | None:
    """One write, unless the live value is low enough, and one read back: None where that is higher."""
    try:
        before = store.get(name.secret)
    except StoreError:
        store.put(name.secret, value, token(name, value, None))
    else:
        if before is not None and _low(before.text, value):
            return before
        write(store, name, value, before=before, virtual=virtual, extra=mark if before is None else {})
    back = store.get(name.secret)
    return back if back is not None and _low(back.text, value) else None


def _low(text: str | None, value: str) -> bool:
    """Whether `text` is `value`, or a lower percent. An absent value isn't: the service must not have to guess."""
    have, wanted = parse_percent(text), parse_percent(value)
    return text == value or (have is not None and wanted is not None and have < wanted)


def _unsettled(store: Store, name: FlagName, stop: tags.Stopped, low: Entry) -> tuple[tags.Stopped, bool] | None:
    """The stop to go on with, and whether its tag stands already; None where ours is all there is."""
    if low.text is not None and low.text != stop.value:
        return tags.Stopped.new(low.text), False  # somebody went lower: no tag with a higher value may stand there
    other = _other_stop(store, name, stop)
    if other is None:
        return None
    return (other, True) if _low(other.value, stop.value) else (stop, False)  # a higher stop wrote over our tag


def _other_stop(store: Store, name: FlagName, stop: tags.Stopped) -> tags.Stopped | None:
    """Another stop whose tag stands where ours was; None too where the tags can't be read: the value is down."""
    try:
        found = tags.Stopped.parse(store.tags(name.secret).get(tags.STOPPED))
    except StoreError:
        return None
    known = found is not None and parse_percent(found.value) is not None
    return found if known and found is not None and found.value != stop.value else None


def raise_to(
    store: Store,
    name: FlagName,
    value: str,
    *,
    before: Entry | None,
    judged_tags: Mapping[str, str],
    virtual: datetime | None = None,
    keep: Mapping[str, str] | None = None,
    pause: float = PAUSE,
) -> Entry:
    """Writes a judged raise and answers what was read back.

    `before` and `judged_tags` are the secret as it was judged; over anything else nothing is written. `keep`: tags that
    remember the newest lowering after it. Raises
    `StoppedMeanwhile` after writing the stop's value, where a stop came in between, and `StoreError` where the
    value isn't live at the end, or where nobody can say whether a stop came: then the old value is written again.
    Over a store without tags nothing is raised: a stop would leave no trace there.
    """
    if not store.can.tags:
        raise StoreError(f"{name.secret}: this store keeps no tags, so a raise couldn't see a stop: nothing is raised")
    if (judging := judges(store)) is not None:
        return _raise_at_once(judging, name, value, before, judged_tags, keep or {})
    current = store.get(name.secret)
    if _state(current) != _state(before):
        live = "absent" if current is None else masked(current.text or "")
        raise StoreError(f"{name.secret}: changed while the raise was judged, live is {live} now; run again")
    failed: StoreError | None = None
    try:
        write(store, name, value, before=before, virtual=virtual, extra={})
    except StoreError as error:
        failed = error  # it may have been carried out all the same
    found = _tags_after(store, name, before, virtual, pause)
    stopped = tags.Stopped.parse(found.get(tags.STOPPED))
    new = stopped is not None and found.get(tags.STOPPED) != judged_tags.get(tags.STOPPED)
    if stopped is not None and new and stopped.value != value and _low(stopped.value, value):
        raise StoppedMeanwhile(_bring_down(store, name, stopped, {}, tagged=True, virtual=virtual, pause=pause))
    if failed is not None:
        raise failed
    back = store.get(name.secret)
    if back is None or back.text != value:
        live = "absent" if back is None else masked(back.text or "")
        raise StoreError(f"{name.secret}: wrote {value}, read back {live}: somebody else writes too")
    remembered = all(found.get(key) == text for key, text in (keep or {}).items()) or tag(store, name, keep or {})
    if stopped is not None and remembered:  # what isn't remembered stays as it is
        with contextlib.suppress(StoreError):  # the next raise removes it
            store.untag(name.secret, [tags.STOPPED])
    return back


def _raise_at_once(
    store: JudgingStore, name: FlagName, value: str, before: Entry | None, judged_tags: Mapping[str, str],
    keep: Mapping[str, str],
) -> Entry:  # fmt: skip
    """The same where one write compares and puts: it is carried out over what was judged, or not at all."""
    marks = {**(name.tags if before is None else {}), **keep}
    done = store.raise_over(name.secret, value, before, judged_tags.get(tags.STOPPED), marks, drop=[tags.STOPPED])
    back = store.get(name.secret)
    if done is not None and back is not None and back.text == value:
        return back
    live = "absent" if back is None else masked(back.text or "")
    stopped = tags.Stopped.parse(store.tags(name.secret).get(tags.STOPPED))
    new = stopped is not None and stopped.text() != judged_tags.get(tags.STOPPED)
    if stopped is not None and new and back is not None and stopped.value != value and _low(back.text, stopped.value):
        raise StoppedMeanwhile(back)
    if done is None:
        raise StoreError(f"{name.secret}: changed while the raise was judged, live is {live} now; run again")
    raise StoreError(f"{name.secret}: wrote {value}, read back {live}: somebody else writes too")


def _state(entry: Entry | None) -> tuple[str | None, str, bool] | None:
    return None if entry is None else (entry.text, entry.version, entry.scheduled)


def _tags_after(
    store: Store, name: FlagName, before: Entry | None, virtual: datetime | None, pause: float
) -> dict[str, str]:
    """The tags after a raise's put. Where they can't be had, the raise is taken back: a stop may have come."""
    last = StoreError(f"{name.secret}: tags not read")
    for attempt in range(TAG_TRIES):
        if attempt:
            time.sleep(pause)
        try:
            return store.tags(name.secret)
        except StoreError as error:
            last = error
    old = before.text if before is not None and parse_percent(before.text) is not None else "0"
    for _ in range(TAG_TRIES):
        with contextlib.suppress(StoreError):
            current = store.get(name.secret)  # never blindly: a stop's value may be lower still
            if current is None or not _low(current.text, str(old)):
                write(store, name, str(old), before=current, virtual=virtual, extra={})
            elif current is not None:
                last = StoreError(
                    f"{last}; nobody can say whether a stop came, so {current.text} % is live again; run again"
                )
                break
    else:
        last = StoreError(f"{last}; nobody can say whether a stop came, and {old} % wasn't read back: look at it now")
    raise last
