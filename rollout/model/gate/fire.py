"""What the watch acts on: a verdict of the gate, or an alarm that stays; and the record of an incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rollout.model import times
from rollout.model.catalogue.domain import AlertPolicy
from rollout.model.gate import words
from rollout.model.gate.metric import Verdict, target_of
from rollout.model.gate.seen import Seen, Slot
from rollout.model.gate.verdict import Answer
from rollout.model.ladder import DEFAULT, TOP, Ladder

#: Where incidents are kept, from the project's folder.
RECORDS: Final = "records/incidents"
#: An alarm is acted on once it has been in ALARM at so many looks in a row (docs/rules/gate.md#when-it-is-judged).
POLLS: Final = 2
#: The time between two looks of a watch that goes on, which an alarm's own history is counted in.
LOOK: Final = timedelta(seconds=60)
#: An alarm's state says nothing of a value younger than the alarm's own window, and the time its data take.
DATA_TAKE: Final = timedelta(minutes=5)

#: Not in the seed, whose final report asks for "zero critical incidents": what goes to zero at once is critical.
SEVERITY: Final = {"zero": "critical"}

#: In the place of a metric: the store was put back from a backup, and with it a value from before a lowering.
SET_BACK: Final = "set-back"

#: How far an incident is.
UNDER_WAY: Final = "the flag is down; the steps after that were begun, and nothing says yet that they ended"
LEFT: Final = "the flag is down; something is left to do, see steps"


@dataclass(frozen=True)
class Fire:
    """One domain that must come down. `to`: previous, zero or a rung; `seen`: the counts, for the breach entry."""

    domain: str
    metric: str
    to: str
    seen: str
    reason: str
    rows: tuple[str, ...] = ()
    ladder: Ladder = DEFAULT  # of the domain

    def rung(self, percent: int) -> int:
        """The percent that it brings a domain at `percent` down to."""
        if self.to.isdigit():
            return int(self.to)
        return 0 if self.to == "zero" else self.ladder.previous(percent)

    @property
    def severity(self) -> str:
        return SEVERITY.get(self.to, "major")


def from_answer(domain: str, answer: Answer, ladder: Ladder = DEFAULT) -> Fire | None:
    """The fire in a verdict; None where it is no ROLLBACK. Of several metrics, the one that goes lowest."""
    burning = [judged for judged in answer.metrics.values() if judged.verdict is Verdict.ROLLBACK]
    if answer.verdict is not Verdict.ROLLBACK or not burning:
        return None
    first = next((judged for judged in burning if judged.target == answer.target), burning[0])
    seen = f"{words.count(first.k or 0)} of {words.count(first.n or 0)}"
    return Fire(domain, first.name, first.target or "previous", seen, answer.reason, tuple(answer.lines()[1:]), ladder)


def lowest(fires: Sequence[Fire], percent: int) -> Fire | None:
    """Of all that burns, from counts and alarms together, the one that goes lowest; of two alike the first."""
    return min(fires, key=lambda one: one.rung(percent), default=None)


def looks_of(in_a_row: int, since: datetime | None, now: datetime) -> int:
    """At how many looks an alarm was in ALARM: those of this process, or by its own history, a look a minute.

    A watch that looks once (cron) has seen it once, however long it has burnt. `since` (None: not said) is when the alarm
    came into its state; a time to come says nothing.
    """
    told = 0 if since is None or since > now else 1 + int((now - since) / LOOK)
    return max(in_a_row, told) if in_a_row else 0


def from_set_back(domain: str, percent: int, before: int) -> Fire:
    """The fire in a store that was set back under a watch, which had seen `before` percent, later written, live."""
    reason = f"{domain} {percent} %: the database was set back: {before} % was written after this"
    return Fire(domain, SET_BACK, str(before), "its version", reason)


def from_alarm(
    domain: str,
    percent: int,
    policy: AlertPolicy,
    looks: int,
    age: timedelta,
    seen: Seen | None,
    *,
    compared: bool,
    ladder: Ladder = DEFAULT,
) -> Fire | None:
    """The fire in an alarm with a rollback action that was in ALARM at the last `looks` looks; None where it is none.

    `age`: of the live value, since an alarm outlasts the value that set it off. `compared`: legacy reports this
    metric too; then its own rate must be known and under the limit, or the fire is the platform's.
    """
    window = timedelta(seconds=policy.period_seconds * policy.evaluation_periods)
    if not policy.action.startswith("rollback-") or looks < POLLS or age < window + DATA_TAKE:
        return None
    if compared and percent < TOP and not _under(seen.series if seen else (), window, policy.threshold):
        return None
    reason = f"{domain} {percent} %: the alarm of {policy.metric} is in ALARM, at {looks} looks in a row"
    return Fire(domain, policy.metric, target_of(policy.action, percent, ladder), "its alarm", reason, ladder=ladder)


def _under(series: Sequence[Slot], window: timedelta, limit: float) -> bool:
    """Whether legacy's rate over the newest minutes, as many as the alarm looks at, is known and under `limit`."""
    minutes = max(1, int(window.total_seconds()) // 60)
    counts = [slot.legacy for slot in series[-minutes:] if slot.legacy is not None and slot.legacy.possible]
    bad, total = sum(one.bad for one in counts), sum(one.total for one in counts)
    return total > 0 and bad / total < limit


def incident(
    fire: Fire,
    stack: str,
    by: str,
    seen_at: datetime,
    before: str,
    to: int,
    steps: Sequence[tuple[float, str]],
    code: int | None,
) -> dict[str, str | list[str]]:
    """The record of an incident as plain values. `steps`: seconds since it was seen, and what was said then.

    `code`: the steps' exit code; None while they are under way, and for ever where the watch was killed meanwhile.
    """
    return {
        "domain": fire.domain,
        "stack": stack,
        "severity": fire.severity,
        "by": by,
        "at": times.iso(seen_at),
        "metric": fire.metric,
        "seen": fire.seen,
        "reason": fire.reason,
        "rows": list(fire.rows),
        "from": before,
        "to": f"{to} %",
        "steps": [f"{seconds:.1f} s: {' '.join(text.split())}" for seconds, text in steps],
        "done": UNDER_WAY if code is None else "all of it" if code == 0 else LEFT,
    }


def file_name(fire: Fire, seen_at: datetime) -> str:
    """`2026-12-09T021400Z-jobs-errors.yaml`: sorts by time."""
    return f"{times.iso(seen_at).replace(':', '')}-{fire.domain}-{fire.metric}.yaml"
