"""The one way up: a judged raise. It writes over what it was judged with, or gives way to the stop that came in between."""

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
from rollout.provider.stores.lowering import PAUSE, bring_down, low
from rollout.provider.stores.one_write import tag, write
from rollout.provider.stores.store import Entry, JudgingStore, Store, Trace, judges, traces

#: Seconds after which no raise can be under way that looked before now: its put's own time-outs and tries (3 of 13 s, and
#: the pauses), and under a virtual clock a tag's before it.
IN_FLIGHT: Final = 90.0

#: A raise asks this often for the tags after its put, and takes its value back this often where they can't be had.
TAG_TRIES: Final = 3


class StoppedMeanwhile(RolloutError):
    """A raise was overtaken by a stop; the stop's value is live again."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        super().__init__(f"stopped meanwhile: the stop's value {entry.text or '0'} % was written and read back")


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
    made = ""
    try:
        made = write(store, name, value, before=before, virtual=virtual, extra={})
    except StoreError as error:
        failed = error  # it may have been carried out all the same
    trace = _trace_after(store, name, before, virtual, pause)
    stopped = tags.Stopped.parse(trace.tags.get(tags.STOPPED))
    new = stopped is not None and trace.tags.get(tags.STOPPED) != judged_tags.get(tags.STOPPED)
    if stopped is not None and new and stopped.value != value and low(stopped.value, value):
        down = bring_down(store, name, stopped, marked=True, virtual=virtual, pause=pause)
        raise StoppedMeanwhile(down.entry)
    if (lower := _overwritten(store, name, value, before, made, trace)) is not None:
        raise StoppedMeanwhile(bring_down(store, name, tags.Stopped.new(lower), virtual=virtual, pause=pause).entry)
    if failed is not None:
        raise _taken_down(store, name, before, failed, virtual, pause)
    back = store.get(name.secret)
    if back is None or back.text != value:
        live = "absent" if back is None else masked(back.text or "")
        raise StoreError(f"{name.secret}: wrote {value}, read back {live}: somebody else writes too")
    remembered = all(trace.tags.get(key) == text for key, text in (keep or {}).items()) or tag(store, name, keep or {})
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
    if stopped is not None and new and back is not None and stopped.value != value and low(back.text, stopped.value):
        raise StoppedMeanwhile(back)
    if done is None:
        raise StoreError(f"{name.secret}: changed while the raise was judged, live is {live} now; run again")
    raise StoreError(f"{name.secret}: wrote {value}, read back {live}: somebody else writes too")


def _state(entry: Entry | None) -> tuple[str | None, str, bool] | None:
    return None if entry is None else (entry.text, entry.version, entry.scheduled)


def _overwritten(store: Store, name: FlagName, value: str, before: Entry | None, made: str, trace: Trace) -> str | None:
    """The lower value that the raise's put replaced, where that isn't the version it was judged with: a stop's, of which no
    tag tells (yet). Where it can't be read, 0. None: nothing came in between.
    """
    tracing, version = traces(store), trace.replaced
    restored = before is not None and before.scheduled  # the old version came back with the secret: it is no news
    if tracing is None or version is None or restored or version in (made, before.version if before else ""):
        return None
    if made and trace.live != made:
        return None  # somebody wrote after it: that is what is read back
    text: str | None = "0"  # where it can't be read: nothing is lower than what the stop may have been
    for _ in range(TAG_TRIES):
        with contextlib.suppress(StoreError):
            text = tracing.text_of(name.secret, version)
            break
    return text if text is not None and text != value and low(text, value) else None


def _taken_down(
    store: Store, name: FlagName, before: Entry | None, failed: StoreError, virtual: datetime | None, pause: float
) -> StoreError:
    """What a raise says whose put failed. A secret that it took back from its deletion for that is 0 again, or it says what is."""
    if before is None or not before.scheduled:
        return failed
    try:
        current = store.get(name.secret)
        if current is None or current.scheduled or low(current.text, "0"):
            return failed  # it never came back
        bring_down(store, name, tags.Stopped.new("0"), seen=current, virtual=virtual, pause=pause)
    except StoreError as error:
        return StoreError(
            f"{failed}; it was restored for that from its deletion, and 0 % wasn't read back ({error}): look at it now"
        )
    return StoreError(f"{failed}; it was restored for that from its deletion, and taken down to 0 % again")


def _trace_after(store: Store, name: FlagName, before: Entry | None, virtual: datetime | None, pause: float) -> Trace:
    """Tags and versions after a raise's put. Where they can't be had, the raise is taken back: a stop may have come."""
    last = StoreError(f"{name.secret}: tags not read")
    for attempt in range(TAG_TRIES):
        if attempt:
            time.sleep(pause)
        try:
            tracing = traces(store)
            return Trace(store.tags(name.secret)) if tracing is None else tracing.trace(name.secret)
        except StoreError as error:
            last = error
    old = before.text if before is not None and parse_percent(before.text) is not None else "0"
    for _ in range(TAG_TRIES):
        with contextlib.suppress(StoreError):
            current = store.get(name.secret)  # never blindly: a stop's value may be lower still
            text = None if current is None else current.text
            if low(text, str(old)):  # nothing is 0 for the service, and stays so
                last = StoreError(
                    f"{last}; nobody can say whether a stop came, so {text or '0'} % is live again; run again"
                )
                break
            write(store, name, str(old), before=current, virtual=virtual, extra={})
    else:
        last = StoreError(f"{last}; nobody can say whether a stop came, and {old} % wasn't read back: look at it now")
    raise last
