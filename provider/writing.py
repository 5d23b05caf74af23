"""Writing a flag: every write adopts what exists, restores what waits for deletion, and is read back.

`lower` is the one way down: the provider's `update`, `python -m rollout rollback` and the watch all go through it.
`raise_to` is the one way up, and gives way to a `lower` that happens meanwhile.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provider.store import Absent, Entry, Exists, Scheduled, Store, StoreError, secret_name
from rollout import tags

#: A lowering is written and read again this often before it is called failed; each try waits for the store's own retries.
TRIES: Final = 10
PAUSE: Final = 0.2  # seconds between two tries

_NAMESPACE: Final = uuid.UUID("4e1f8a37-7f0c-5f6e-9d0a-6a1a8e9b3c11")  # any fixed one: tokens must be repeatable


class StoppedMeanwhile(Exception):
    """A raise was overtaken by a stop; the stop's value is live again."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        super().__init__(f"stopped meanwhile: the stop's value {entry.text} % was written and read back")


@dataclass(frozen=True)
class FlagName:
    """One flag of one stack, as the store knows it."""

    stack: str
    domain: str
    flag: str

    @property
    def secret(self) -> str:
        return secret_name(self.stack, self.flag)

    @property
    def tags(self) -> dict[str, str]:
        """The tags that every flag's secret carries (a contract)."""
        return {"domain": self.domain, "stack": self.stack, "managed-by": "pulumi"}


def token(name: FlagName, value: str, replacing: str | None) -> str:
    """The client request token of a write, which becomes the version's id.

    The same write repeated gets the same token and so makes no second version; a return to an older value
    replaces another version and is a new one. With an unknown predecessor it is random: a failed read never
    stops a lowering.
    """
    if replacing is None:
        return str(uuid.uuid4())
    return str(uuid.uuid5(_NAMESPACE, "\n".join((name.stack, name.flag, value, replacing))))


def write(
    store: Store, name: FlagName, value: str, *, before: Entry | None, virtual: datetime | None, extra: Mapping[str, str]
) -> str:
    """One write of `value` over `before` (None: absent). Answers the version; reading back is the caller's.

    `extra` tags go on before the value does, so that whoever sees the value sees them too; a tag that fails
    doesn't stop the write.
    """
    wanted = token(name, value, before.version if before else "")
    if virtual is not None:
        extra = {**extra, tags.LIVE_SINCE: tags.live_since(wanted, virtual)}
    if before is None:
        try:
            return store.create(name.secret, value, wanted, {**name.tags, **extra})
        except Scheduled:
            store.restore(name.secret)
        except Exists:
            pass  # somebody was faster: write over theirs
    elif before.scheduled:
        store.restore(name.secret)
    if extra:
        _tag(store, name, extra)
    try:
        return store.put(name.secret, value, wanted)
    except Scheduled:
        store.restore(name.secret)
        return store.put(name.secret, value, wanted)


def lower(
    store: Store,
    name: FlagName,
    value: str,
    *,
    breach: tags.BreachTag | None = None,
    virtual: datetime | None = None,
    pause: float = PAUSE,
) -> Entry:
    """Brings a flag down to `value` and answers what was read back. Raises `StoreError` if that can't be had.

    The tag goes first: a raise in flight that puts its value after ours sees it and writes ours again. A tag that
    fails, and a read that fails, stop nothing. Repeated until the value is read back equal.
    """
    stop = {tags.STOPPED: tags.Stopped.new(value).text()}
    if breach is not None:
        stop[tags.BREACH] = breach.text()
    tagged, last = False, StoreError(f"{name.secret}: not written")
    for attempt in range(TRIES):
        if attempt:
            time.sleep(pause)
        before: Entry | None = None
        known = True
        try:
            before = store.get(name.secret)
        except StoreError as error:
            known, last = False, error
        if not tagged and not (known and before is None):
            tagged = _tag(store, name, stop)
        if known and before is not None and before.text == value and (tagged or attempt):
            return before
        try:
            if known:
                write(store, name, value, before=before, virtual=virtual, extra=stop if before is None else {})
            else:
                store.put(name.secret, value, token(name, value, None))
            back = store.get(name.secret)
        except StoreError as error:
            last = error
            continue
        if back is not None and back.text == value:
            if not tagged and before is not None:
                _tag(store, name, stop)
            return back
    raise last


def _tag(store: Store, name: FlagName, extra: Mapping[str, str]) -> bool:
    try:
        store.tag(name.secret, extra)
    except StoreError:
        return False
    return True


def raise_to(
    store: Store,
    name: FlagName,
    value: str,
    *,
    before: Entry | None,
    judged_tags: Mapping[str, str],
    virtual: datetime | None = None,
) -> Entry:
    """Writes a judged raise and answers what was read back.

    `judged_tags` are the secret's tags as they were before judging. Raises `StoppedMeanwhile` after writing the
    stop's value, where a stop came in between, and `StoreError` where the value isn't live at the end.
    """
    write(store, name, value, before=before, virtual=virtual, extra={})
    found = store.tags(name.secret)
    stopped = tags.Stopped.parse(found.get(tags.STOPPED))
    if stopped is not None and found.get(tags.STOPPED) != judged_tags.get(tags.STOPPED):
        raise StoppedMeanwhile(_follow(store, name, stopped.value, virtual))
    back = store.get(name.secret)
    if back is None or back.text != value:
        live = "absent" if back is None else back.text
        raise StoreError(f"{name.secret}: wrote {value}, read back {live}: somebody else writes too")
    if stopped is not None:
        store.untag(name.secret, [tags.STOPPED])
    return back


def _follow(store: Store, name: FlagName, value: str, virtual: datetime | None) -> Entry:
    """Writes a stop's value for it, keeping its tag."""
    for _ in range(TRIES):
        current = store.get(name.secret)
        if current is not None and current.text == value:
            return current
        write(store, name, value, before=current, virtual=virtual, extra={})
    raise StoreError(f"{name.secret}: a stop wrote {value} meanwhile and it can't be read back")


def set_value(store: Store, name: FlagName, value: str, *, virtual: datetime | None = None) -> Entry:
    """Writes a flag that isn't judged (`ENABLE_...`), unless it has the value already, and reads it back."""
    current = store.get(name.secret)
    if current is not None and current.text == value:
        return current
    write(store, name, value, before=current, virtual=virtual, extra={})
    back = store.get(name.secret)
    if back is None or back.text != value:
        raise StoreError(f"{name.secret}: wrote {value}, read back {'absent' if back is None else back.text}")
    return back


__all__ = ["Absent", "FlagName", "StoppedMeanwhile", "lower", "raise_to", "set_value", "token", "write"]
