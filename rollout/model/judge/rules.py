"""What stands in the way of a raise: every reason, as a value. Nothing here is asked of a lowering.

`judge_raise` judges one rung up, `judge_restore` the putting back of a value that was lost outside.
"""

from __future__ import annotations

from rollout.model import schedule, times
from rollout.model.flag.moves import Live, first_raise, value_before
from rollout.model.judge import latch
from rollout.model.judge.ask import Ask, Refusal
from rollout.model.ladder import Ladder, parse_percent
from rollout.model.problem import shown
from rollout.model.stack_file import off

__all__ = ["Ask", "Refusal", "forbidden", "judge_raise", "judge_restore"]


def judge_raise(ask: Ask) -> list[Refusal]:
    """Every reason against this raise that needs no network beyond `ask`; none where it may go on to its probes and gate."""
    share = ask.live.percent or 0
    found = [
        *_ladder(ask, share),
        *_stopping(ask),
        *forbidden(ask),
        *latch.refusals(ask, share),
        *_ahead(ask),
        *_hours(ask),
        *_soak(ask, share),
    ]
    if ask.old_digest is not None and ask.old_digest != ask.new_digest:
        found.append(
            Refusal(
                "rules",
                f"the rules of {ask.domain.name} changed in the same diff",
                "bring the rule in first, in an `up` of its own; then the raise",
            )
        )
    if first_raise(ask.moves):
        found += _prerequisites(ask)
    found += _attested(ask)
    return found


def judge_restore(ask: Ask) -> list[Refusal]:
    """Every reason against putting `wanted` back over a lower live value that nobody here wrote."""
    live, domain = ask.live, ask.domain.name
    restore = ask.conditions.restore
    rungs = "lower the stack to a rung at or under the live value, then climb from there"
    found: list[Refusal] = []
    if restore is None or restore.until <= ask.now:
        expired = restore is not None
        why = "its `restore` entry has expired" if expired else "a repair never raises"
        found.append(
            Refusal(
                "outside",
                f"live {live.show()}, stack {ask.wanted} %, changed outside: {why}",
                _mend(live, ask.domain.ladder),
            )
        )
        return found
    if live.stopped is not None and not ask.wanted <= (parse_percent(live.stopped.value) or 0):
        found.append(Refusal("stopped", "live was lowered by a stop, and a stop isn't undone by `restore`", rungs))
    before = value_before(ask.moves)
    if ask.wanted > before:
        found.append(
            Refusal("restore", f"restore puts back at most {before} %, the value before", f"set {domain} to {before} %")
        )
    # A restore goes on with the attempt that ran; only a raise from 0 begins a later one.
    return found + forbidden(ask) + latch.refusals(ask, ask.wanted)


def _mend(live: Live, ladder: Ladder) -> str:
    share = live.percent
    if share is None:
        return "lower the stack to 0, or write a legal value by `rollback`; then climb from there"
    if share not in ladder:
        return f"lower the stack to {ladder.under(share)}, then climb from there"
    restore = "" if live.stopped else "; or add a `restore` entry, if it was a mistake"  # a stop isn't undone by one
    return f"lower the stack to {share}, then climb from there{restore}"


def _ladder(ask: Ask, share: int) -> list[Refusal]:
    ladder = ask.domain.ladder
    rung = ladder.next(share)
    if share not in ladder:
        down = ladder.under(share)
        return [Refusal("ladder", f"live {share} % is no rung of the ladder", f"lower the stack to {down}, then climb")]
    if ask.wanted == rung:
        return []
    return [
        Refusal("ladder", f"{share} -> {ask.wanted} % skips a rung: the next one is {rung} %", f"set percent: {rung}")
    ]


def _stopping(ask: Ask) -> list[Refusal]:
    """A raise that is judged between a stop's tag and its write would find the tag unchanged afterwards."""
    if not ask.live.stopping or ask.live.stopped is None:
        return []
    text = f"a stop to {ask.live.stopped.value} % is under way, or was overridden by hand: live is {ask.live.show()}"
    do = f"run again; if it stays so and {ask.live.show()} is meant: `rollback` {ask.domain.name} to {ask.live.percent}"
    return [Refusal("stopping", text, do)]


def forbidden(ask: Ask) -> list[Refusal]:
    """What the stack's entries, and the run itself, forbid: any move up."""
    conditions, found = ask.conditions, []
    if ask.only_lower:
        found.append(
            Refusal("only-lower", "this run only lowers (ROLLOUT_ONLY_LOWER=1)", "raise by a `pulumi up` of its own")
        )
    for text in conditions.odd:
        what, _, do = text.partition("\n")
        found.append(Refusal("malformed", what, do or "mend it in the stack file"))
    for key in off.SWITCHES:
        if getattr(conditions, key) == off.OFF and not ask.loopback:
            text = f"{key}: off is for simulators only, and what answers here doesn't say that it is one"
            found.append(Refusal(key, text, f"set wa-rollout:{key}: required"))
    if conditions.frozen is not None:
        found.append(Refusal("frozen", f"frozen: {conditions.frozen}", "remove wa-rollout:freeze by a reviewed diff"))
    for domain in conditions.unaudited:
        do = f'audit its data, then write wa-rollout:checked {domain}: data-audit: "who, when, a link"'
        found.append(Refusal("data-audit", f"the data of {domain} were inconsistent, and no audit is attested", do))
    if conditions.held is not None:
        do = f"remove wa-rollout:held {ask.domain.name} by a reviewed diff"
        found.append(Refusal("held", f"held: {conditions.held}", do))
    if conditions.closed:
        found.append(Refusal("closed", "the migration is closed", "remove wa-rollout:closed by a reviewed diff"))
    return found


def ahead(ask: Ask) -> str:
    """That the plan's day 1 isn't there yet: `day 1 is 2026-12-01, in 3 days`; nothing from then on, or without a start."""
    start = ask.conditions.start
    if start is None or ask.now.date() >= start:
        return ""
    days = (start - ask.now.date()).days
    return f"day 1 is {start.isoformat()}, in {days} day{'s' * (days != 1)}"


def _ahead(ask: Ask) -> list[Refusal]:
    """Before day 1 nothing rises where people are; on a simulator it is only said."""
    text = ahead(ask)
    if not text or ask.loopback or ask.waived("ahead"):
        return []
    do = f"raise from {ask.conditions.start} on, or mend wa-rollout:start, or write a waiver that accepts ahead"
    return [Refusal("ahead", text, do)]


def _hours(ask: Ask) -> list[Refusal]:
    hours = ask.conditions.on_call
    if schedule.somebody_answers(hours, ask.now):
        return []
    if hours is None:
        return [Refusal("hours", "nobody is on call (no readable wa-rollout:on-call)", "write who, reach and hours")]
    if wrong := schedule.wrong_hours(hours):
        return [Refusal("hours", f"on-call hours {shown(hours)}: {wrong[0]}", wrong[1])]
    return [Refusal("hours", f"outside on-call hours {hours} (now {times.show(ask.now)})", "raise inside them")]


def _soak(ask: Ask, share: int) -> list[Refusal]:
    hours = ask.domain.soak_hours.get(share)
    if share == 0 or hours is None:
        return []
    since = ask.live.since
    if since is None:
        return [Refusal("soak", f"nobody can say since when {share} % is live", "wait for the store to answer")]
    ends = schedule.soak_ends(since, hours, ask.catalogue.soak_slack_hours)
    if ask.now >= ends:
        return []
    text = f"soak at {share} % not over: {times.show_span(ask.now - since)} of {hours} h"
    slack = f"{ask.catalogue.soak_slack_hours:g} h slack"
    return [Refusal("soak", text, f"raise from {times.show(ends)} ({slack}), in {times.show_span(ends - ask.now)}")]


def _prerequisites(ask: Ask) -> list[Refusal]:
    found = []
    for need in ask.domain.prerequisites:
        other = ask.others.get(need.domain)
        what = f"needs {need.domain} at {need.percent} % for {need.hours} h"
        if other is None:
            found.append(Refusal("prerequisite", f"{what}: its live value can't be read", "try again"))
        elif other.percent != need.percent:
            found.append(Refusal("prerequisite", f"{what}: live is {other.show()}", f"finish {need.domain} first"))
        elif other.breach is not None and (other.since is None or other.breach.at >= other.since):
            found.append(Refusal("prerequisite", f"{what}: breach of {other.breach.metric} meanwhile", "start it anew"))
        else:
            found += _stable(ask, other, need.hours, what)
    return found


def _stable(ask: Ask, other: Live, hours: int, what: str) -> list[Refusal]:
    if other.since is None:
        return [Refusal("prerequisite", f"{what}: nobody can say since when it is live", "try again")]
    ends = schedule.soak_ends(other.since, hours, ask.catalogue.soak_slack_hours)
    if ask.now >= ends:
        return []
    held = times.show_span(ask.now - other.since)
    return [Refusal("prerequisite", f"{what}: so far {held}", f"raise from {times.show(ends)}")]


def _attested(ask: Ask) -> list[Refusal]:
    missing = [
        item
        for item in ask.domain.checklist
        if item.kind == "attested" and ask.wanted >= item.before and item.name not in ask.conditions.checked
    ]
    do = 'write who, when and a link under wa-rollout:checked {}: {}: "..."'
    return [
        Refusal(
            "checklist", f"checklist: {item.name} is not attested ({item.ask})", do.format(ask.domain.name, item.name)
        )
        for item in missing
    ]
