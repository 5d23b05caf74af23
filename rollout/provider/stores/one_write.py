"""One write of a flag: it adopts what exists, restores what waits for deletion, and can be repeated.

Which value may be written when is `rollout.provider.stores.writing`'s business.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from rollout.model.flag import tags
from rollout.model.flag.name import FlagName
from rollout.model.problem import masked
from rollout.provider.errors import Exists, Scheduled, StoreError
from rollout.provider.stores.store import Entry, Store

_NAMESPACE: Final = uuid.UUID("4e1f8a37-7f0c-5f6e-9d0a-6a1a8e9b3c11")  # any fixed one: tokens must be repeatable


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
    store: Store,
    name: FlagName,
    value: str,
    *,
    before: Entry | None,
    virtual: datetime | None,
    extra: Mapping[str, str],
) -> str:
    """One write of `value` over `before` (None: absent). Answers the version; reading back is the caller's.

    `extra` tags go on before the value does, so that whoever sees the value sees them too; a tag that fails
    doesn't stop the write.
    """
    if before is None:
        wanted = token(name, value, "")
        try:
            return store.create(name.secret, value, wanted, {**name.tags, **extra, **since(store, wanted, virtual)})
        except Scheduled:
            return _restored(store, name, value, virtual, extra)
        except Exists:  # somebody was faster, or our own first try was, and its answer got lost
            found = _read(store, name)
        if found is not None and (found.version, found.text) == (wanted, value):
            return wanted
        if found is not None and found.scheduled:
            return _restored(store, name, value, virtual, extra)
        raise StoreError(f"{name.secret}: made by somebody else meanwhile; run again")
    if before.scheduled:
        return _restored(store, name, value, virtual, extra)
    # A token of an unknown predecessor is random: one that was used before would be answered as done, and change nothing.
    wanted = token(name, value, before.version or None)
    if marks := {**extra, **since(store, wanted, virtual)}:
        tag(store, name, marks)
    try:
        return store.put(name.secret, value, wanted)
    except Scheduled:
        return _restored(store, name, value, virtual, extra)


def taken_back(name: FlagName, entry: Entry, ladder: Iterable[int]) -> bool:
    """Whether `entry` is what a first raise of ours left that took itself back: 0 over the version that it had made.

    Its state was never written, so nothing else tells it from a stop's 0: versions are tokens, and a token says what
    was written over what.
    """
    return entry.text == "0" and entry.version in {token(name, "0", token(name, str(rung), "")) for rung in ladder}


def _restored(store: Store, name: FlagName, value: str, virtual: datetime | None, extra: Mapping[str, str]) -> str:
    """Takes the secret back from its deletion and writes over it at once: nothing stands between the two calls, since the
    old value is live for as long. Its tags come after, for the same reason.
    """
    wanted = token(name, value, None)
    store.restore(name.secret)
    version = store.put(name.secret, value, wanted)
    if marks := {**extra, **since(store, wanted, virtual)}:
        tag(store, name, marks)
    return version


def since(store: Store, version: str, virtual: datetime | None) -> dict[str, str]:
    """Under a virtual clock the tag that says when a version went live."""
    return {} if virtual is None or store.can.own_clock else {tags.LIVE_SINCE: tags.live_since(version, virtual)}


def _read(store: Store, name: FlagName) -> Entry | None:
    """The live entry, None also where it can't be read: what is read here only makes a token."""
    try:
        return store.get(name.secret)
    except StoreError:
        return None


def tag(store: Store, name: FlagName, marks: Mapping[str, str]) -> bool:
    """Puts tags on the secret; answers whether that could be done."""
    try:
        store.tag(name.secret, marks)
    except StoreError:
        return False
    return True


def set_value(
    store: Store, name: FlagName, value: str, *, over: Entry | None = None, judged: bool = False,
    virtual: datetime | None = None,
) -> Entry:  # fmt: skip
    """Writes an enable flag, unless it has the value already, and reads it back.

    `judged`: only over `over`, what it was judged with: a hand that switched it off meanwhile isn't overruled.
    """
    try:
        current = store.get(name.secret)
    except StoreError:
        if value != "false":
            raise
        store.put(name.secret, value, token(name, value, None))  # a failed read stops no lowering
        current = store.get(name.secret)
    if judged and (current is None) != (over is None):
        raise StoreError(f"{name.secret}: changed while it was judged; run again")
    if (
        judged
        and current is not None
        and over is not None
        and (current.text, current.version) != (over.text, over.version)
    ):
        raise StoreError(f"{name.secret}: changed while it was judged; run again")
    if current is not None and (current.text == value or (current.scheduled and value == "false")):
        return current  # what waits for its deletion is off for the service: it is restored for `true` alone
    write(store, name, value, before=current, virtual=virtual, extra={})
    back = store.get(name.secret)
    if back is None or back.text != value:
        live = "absent" if back is None else masked(back.text or "")
        raise StoreError(f"{name.secret}: wrote {value}, read back {live}")
    return back
