"""The last steps of a rollback: the audit after inconsistent data, and the wait until traffic is back on legacy."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

from rollout.commands.engine import pulumi
from rollout.commands.project import place
from rollout.commands.rollback.left import Left
from rollout.commands.rollback.stop import NotDown, stop
from rollout.model.gate import compare, seen
from rollout.model.gate.metric import Judged, Verdict
from rollout.model.gate.seen import Counts
from rollout.model.gate.window import MINUTE, SESSIONS, Window, floor
from rollout.model.problem import BadInput
from rollout.provider.errors import StoreError
from rollout.provider.settings import Settings
from rollout.provider.sources import choose as sources
from rollout.provider.sources.source import Counters

POLL: Final = 5.0  # seconds between two looks at the flag while traffic is waited for
LOOK: Final = 15.0  # seconds between two looks at the counters: they have one datum a minute


def audit(left: Left) -> None:
    """After inconsistent data: what is live against config and state, for whoever looks into it next."""
    from rollout.commands import audit as side_by_side

    found, wrong = side_by_side.lines(left.order.stack)
    left.fact("audit", "what is live, what the stack file wants, what the state has:")
    for line in side_by_side.table(found).splitlines():
        left.say(f"           {line}")
    left.fact(
        "audit", f"next: check the data; then wa-rollout:checked {left.order.domain}: data-audit, and lift the freeze"
    )
    if wrong or not all(line.agrees for line in found):
        raise pulumi.EngineFailed("\n".join(["something differs or can't be read", *wrong]))


def watch(left: Left, settings: Settings, since: datetime) -> None:
    """Reads the flag again until traffic is back or the wait is over, and lowers it again where somebody put it up.

    `since`: when the flag went down. Raises `StoreError` or `NotDown` where the last look at the flag failed, and
    `EngineFailed` where sessions still begin on unified after the wait.
    """
    order, done = left.order, left.done
    until = time.monotonic() + order.wait
    if order.wait:
        left.fact("traffic", f"up to {order.wait:.0f} s until traffic is back on legacy (Ctrl-C ends the wait alone)")
    failed: Exception | None = None
    back: Judged | None = None
    source = sources.source(settings, attempts=1)
    try:
        looked = 0.0
        while True:
            try:
                percent, failed = left.read(), None
                if percent is None or percent > done.to:
                    again = stop(left.store, settings, done.name, str(done.rung), None, done.ladder)
                    left.live = again.to
                    left.fact("traffic", f"somebody wrote {again.was} meanwhile: lowered again to {again.to} %")
            except (StoreError, NotDown) as error:  # one look that failed: the next one counts
                failed = error
            if order.wait and time.monotonic() >= looked + LOOK:
                looked = time.monotonic()
                back = sessions(source, order.domain, left.live, settings.now(), since) or back
            if time.monotonic() >= until or (back and back.verdict is Verdict.PASS and failed is None):
                break
            time.sleep(min(POLL, max(0.0, until - time.monotonic())))
    except KeyboardInterrupt:
        left.fact("traffic", "not watched any longer, as asked")
    left.lost = isinstance(failed, NotDown)
    if failed is not None:
        raise failed
    counted = back.reason if back else "unverified: no sessions were counted since; look at legacy's dashboard"
    if back is not None and back.verdict is Verdict.HOLD and back.key == "share":
        raise pulumi.EngineFailed(f"live {left.live} %, but {counted}")
    left.fact("traffic", f"flag read again: live {left.live} %; {counted}")


def sessions(source: Counters, name: str, percent: int, now: datetime, since: datetime) -> Judged | None:
    """Whether the sessions that began since go where they should; None where nobody can tell yet, or at all."""
    window = Window(floor(since + seen.SETTLING, MINUTE) + MINUTE, floor(now, MINUTE), MINUTE)
    if window.end <= window.start:
        return None
    try:
        known = place.known()
        domain = known.domains[name]
        found = source.read(name, [(known.unified, SESSIONS), (domain.legacy, SESSIONS)], window)
    except (BadInput, KeyError, StoreError):
        return None  # a source that fails proves nothing, and holds nobody up
    sums = [sum(value for value, _ in found[service, SESSIONS].values()) for service in (known.unified, domain.legacy)]
    if not any(found.values()):
        return None
    return compare.share(Counts(sums[0], sums[0] + sums[1]), percent)
