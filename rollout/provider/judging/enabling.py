"""Judging an enable flag's `true`: by the raise that it comes with, or by the percent that is live already."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from rollout.model.flag import moves
from rollout.model.flag.moves import Kind, Live
from rollout.model.judge import enabling
from rollout.model.judge.rules import Refusal
from rollout.model.problem import Problem
from rollout.provider.judging import judging
from rollout.provider.judging.change import Change, Switch
from rollout.provider.judging.context import Context
from rollout.provider.wire.row import Waiting

#: Seconds for which a raise of the same run, which has put its value, is let finish.
PATIENCE: Final = 3.0


def judge(context: Context, switch: Switch) -> str:
    """Why `true` may be written, in a few words. Raises `Waiting` where it may not, and `StoreError`."""
    stack, domain = str(switch.inputs["stack"]), str(switch.inputs["domain"])
    name = context.percent_name(stack, domain)
    if _simulator_lost(context, switch, stack):
        return "the store was empty (simulator restarted?)"
    live = _settled(context, stack, domain)
    state = {"moves": list(context.records.get((stack, domain), ()))}
    change = Change(
        {**switch.inputs, "flag": name.flag}, state, switch.percent_before, preview=True, row=switch.row
    )  # fmt: skip
    ask = judging.asked(context, change, live)
    found = None if (stack, domain) in context.raised else enabling.refusals(ask, off_outside=switch.outside)
    if (stack, domain) in context.raised:
        return f"{domain} passed"
    if found is None:
        kind = moves.classify(live, change.wanted, change.before)
        if kind is Kind.OUTSIDE:
            found = [Refusal("outside", f"live {live.show()}, stack {change.wanted} %, changed outside")]
        else:
            reviewed = context.settings.reviewed
            found = [*judging.weigh(context, ask, kind, stack, reviewed=reviewed).refusals]
    if found:
        raise Waiting(_problem(switch, found))
    restored = switch.outside and ask.conditions.restore is not None
    return (
        f"restored: {ask.conditions.restore.why}" if restored and ask.conditions.restore else f"with {domain}'s percent"
    )


def _settled(context: Context, stack: str, domain: str) -> Live:
    """The domain's percent; a raise of this run that still carries an older stop's mark has a moment to remove it."""
    name, until = context.percent_name(stack, domain), time.monotonic() + PATIENCE
    while True:
        live = context.read_live(name)
        if not live.stopping or (stack, domain) in context.raised or time.monotonic() > until:
            return live
        time.sleep(0.1)


def _simulator_lost(context: Context, switch: Switch, stack: str) -> bool:
    settings = context.settings
    alone = settings.simulator and not settings.only_lower and settings.configured_region in (None, settings.region)
    return switch.outside and switch.live is None and alone and context.snapshot(stack).was_empty


def _problem(switch: Switch, found: Sequence[Refusal]) -> Problem:
    live = "absent" if switch.live is None else str(switch.live).lower()
    first, *rest = found
    what = f"HOLD {switch.inputs['flag']} {live} -> true: {first.text}"
    what += "".join(f"\n  also:    {refusal.text}" for refusal in rest)
    where = f"Pulumi.{switch.inputs['stack']}.yaml wa-rollout:flags.{switch.inputs['domain']}.enabled"
    return Problem(what, where=where, do="; ".join(dict.fromkeys(refusal.do for refusal in found if refusal.do)))
