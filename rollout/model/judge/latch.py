"""The latch: what a breach leaves behind, in the config or on the secret, and what lifts it (docs/rules/moves.md#the-latch)."""

from __future__ import annotations

from datetime import datetime

from rollout.model import schedule, times
from rollout.model.flag import moves
from rollout.model.flag.moves import Live, attempt_at, current_attempt
from rollout.model.flag.tags import BreachTag
from rollout.model.judge.ask import Ask, Refusal
from rollout.model.stack_file.forms import Breach


def refusals(ask: Ask, share: int) -> list[Refusal]:
    """What latches the raise: a breach, in the config or on the secret, lets nothing up until a later attempt, from 0 %, a day after it."""
    written, tag = ask.conditions.breach, ask.live.breach
    if share == 0 and moves.never_rose(ask.moves) and not (written is not None and written.from_percent):
        return []  # the alarm was about nobody: the domain never carried traffic
    latches: list[tuple[int, datetime | None, str]] = []
    if written is not None and written.cleared is None:
        latches.append((written.attempt, written.at, written.metric))
    if tag is not None and not _cleared(written, tag):
        latches.append((tag.attempt, tag.at, tag.metric))
    attempt = current_attempt(ask.moves, share == 0, ask.conditions.attempt)
    for named, at, metric in latches:
        # A breach is named by the stack's attempt entry, which may have been removed: the record knows better.
        number = named if at is None else max(named, attempt_at(ask.moves, at))
        if attempt <= number:
            from_zero = "" if share == 0 else "lower it to 0, then "
            do = f"{from_zero}write wa-rollout:attempt {ask.domain.name} number: {number + 1} once it is mended"
            when = f" at {times.show(at)}" if at else ""
            return [Refusal("latched", f"latched by the breach of {metric}{when} (attempt {number})", do)]
        if share == 0 and at is None:
            return [
                Refusal("latched", f"the breach of {metric} has no readable time", "correct `at` in wa-rollout:breach")
            ]
        if share == 0 and at is not None and ask.now < (over := times.later(at, schedule.BREACH_WAIT)):
            left, do = times.show_span(over - ask.now), f"raise after {times.show(over)}"
            return [Refusal("latched", f"24 h after the breach of {metric} aren't over: {left} left", do)]
    return []


def still_burnt(live: Live, written: Breach | None) -> frozenset[str]:
    """The metrics that are known to have burnt while this value was live, by the mark that a refused raise left.

    A fire that is met stays met for the value's whole life. The way on is a breach entry of that metric, not older than
    the mark, that two people cleared; or another value.
    """
    mark = live.burnt
    if mark is None or mark.version != live.version:
        return frozenset()
    cleared = written is not None and written.cleared is not None and written.at is not None and written.at >= mark.at
    return frozenset(mark.metrics) - ({written.metric} if cleared and written is not None else set())


def _cleared(written: Breach | None, tag: BreachTag) -> bool:
    """Whether the tag's breach is one that two people cleared: a later one, also of the same attempt, isn't."""
    if written is None or written.cleared is None or written.attempt < tag.attempt:
        return False
    return written.at is not None and tag.at <= written.at
