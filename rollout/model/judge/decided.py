"""A stop stays a stop: after a lowering, a raise passes by a decision that is younger than it, and by nothing else.

That is no latch. A new diff climbs; what doesn't is an older one: an older checkout, an approval of before, a run that
is run again, a merge of what was written before the stop. Nothing of this is asked of a lowering.
"""

from __future__ import annotations

from datetime import timedelta

from rollout.model import times
from rollout.model.flag.lowering import CLOCKS, Lowering
from rollout.model.judge.ask import Ask, Refusal
from rollout.model.judge.decision import Decision

#: Characters of a commit's id that a line shows.
SHORT = 7


def refusals(ask: Ask, low: Lowering | None, one: Decision, *, restore: bool = False) -> list[Refusal]:
    """Why nothing younger than the newest lowering asks for this; empty where something does, or where there was none.

    `restore`: a value is to be put back, and its entry is what is decided.
    """
    if low is None or _passes(low, one, _apart(ask)):
        return []
    stop = f"{stopped(low)}, and nothing younger asks for {ask.wanted} %"
    again = f"rollout rollback {ask.domain.name} --to {ask.live.percent or 0} --wait 0"
    do = f"put the stop on record here: {again}; then raise by a new diff: rollout promote --domain {ask.domain.name}"
    if restore:
        do = f"commit a new `restore` entry of {ask.domain.name}, if the lowering was a mistake"
    if one.unknown:
        return [Refusal("undecided", f"{stop}: {one.unknown}", one.do or do)]
    if low.at is None:
        return [Refusal("undecided", f"{stop}: nobody can say when that was", do)]
    commit = f"commit {one.commit[:SHORT]}"
    if one.at is not None and one.at > low.at:
        text = f"{commit} came within 2 minutes of it, and clocks differ"
        return [Refusal("undecided", f"{stop}: {text}", f"{do}, after {_second(low.at + CLOCKS)}")]
    when = "" if one.at is None else f" is of {_second(one.at)}"
    return [Refusal("undecided", f"{stop}: {commit}{when}", do)]


def said(low: Lowering | None, one: Decision, approved: str = "") -> str:
    """`raised again after the stop of ..., by commit ...`; empty where no lowering came before. `approved`: at which commit."""
    if low is None:
        return ""
    by = "an edit that isn't committed" if one.edited else f"commit {one.commit[:SHORT]}"
    if approved:
        by = f"the approval of commit {approved[:SHORT]}"
    return f"raised again after the stop of {_when(low)}, by {by}"


def stopped(low: Lowering) -> str:
    """`stopped at 0 % on 2026-12-09 02:14:07 UTC`."""
    to = "" if low.to is None else f" at {low.to} %"
    return f"stopped{to} on {_when(low)}"


def _passes(low: Lowering, one: Decision, apart: timedelta) -> bool:
    if one.edited or one.follows:
        return True
    if one.unknown or low.at is None or one.at is None:
        return False
    return one.at > times.later(low.at.replace(microsecond=0), apart)


def _apart(ask: Ask) -> timedelta:
    """A simulator's clock is this machine's own."""
    return timedelta() if ask.loopback else CLOCKS


def _when(low: Lowering) -> str:
    return "an unknown time" if low.at is None else _second(low.at)


def _second(at: object) -> str:
    """To the second: a stop and a commit are often less than a minute apart."""
    from datetime import UTC, datetime

    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if isinstance(at, datetime) else ""
