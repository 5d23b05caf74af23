"""Step 1 of a rollback: straight to the store. No engine, no lock, no git, no metrics, no other domain's config."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from provider import writing
from provider.settings import Settings
from provider.store import Entry, Store, StoreError
from provider.writing import FlagName
from rollout import tags
from rollout.catalogue import Domain
from rollout.ladder import on_ladder, parse_percent, previous_rung, show
from rollout.problem import BadInput, Problem


@dataclass(frozen=True)
class Stop:
    """What a stop did: the percent before (None where it couldn't be read), the percent read back after."""

    name: FlagName
    before: int | None
    to: int
    breach: tags.BreachTag | None


def default_target(domain: Domain, because: str | None) -> str:
    """Where a rollback goes when nobody says: what the metric's row of the catalogue says, else the previous rung."""
    rows = {metric.name: metric.action for metric in domain.metrics}
    if because is not None and because not in rows:
        raise BadInput([Problem("unknown metric", allowed=", ".join(rows), given=because, do="name one, or leave it out")])
    return "zero" if because is not None and rows[because] == "rollback-zero" else "previous"


def target(to: str, live: Entry | None) -> int:
    """The percent that `previous`, `zero` or a rung means over the live value. Raises `BadInput`; never for `zero`."""
    now = 0 if live is None or live.text is None else parse_percent(live.text)
    if to == "zero":
        return 0
    if to == "previous":
        if now is None:
            raise BadInput([Problem(f"live is {live.text if live else None!r}, no percent: no rung is previous", do="use zero")])
        return previous_rung(now)
    wanted = int(to) if to.isascii() and to.isdigit() else None
    if wanted is None or not on_ladder(wanted):
        raise BadInput([Problem("no target of a rollback", allowed=f"previous, zero, {show()}", given=to)])
    if now is not None and wanted > now:
        raise BadInput([Problem(f"live is {now} %: a rollback only lowers", allowed=f"0 to {now}", given=to)])
    return wanted


def stop(
    store: Store, settings: Settings, name: FlagName, to: str, because: str | None, attempt: int, now: datetime
) -> Stop:
    """Brings the flag down and reads it back. Raises `StoreError` where the store can't be had, `BadInput` for a wrong target."""
    live: Entry | None = None
    try:
        live = store.get(name.secret)
    except StoreError:
        if to != "zero":
            raise
        wanted, before = 0, None
    else:
        wanted = target(to, live)
        before = parse_percent(live.text) if live and live.text is not None else 0
    breach = tags.BreachTag(attempt, now, because) if because else None
    writing.lower(store, name, str(wanted), breach=breach, virtual=settings.virtual_now)
    return Stop(name, before, wanted, breach)
