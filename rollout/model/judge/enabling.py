"""The enable flag is judged with its percent: what stands against `true`. To `false` is a lowering, and nobody asks."""

from __future__ import annotations

from rollout.model.judge import latch
from rollout.model.judge.ask import Ask, Refusal
from rollout.model.judge.rules import forbidden


def refusals(ask: Ask, *, off_outside: bool) -> list[Refusal] | None:
    """Every reason against `true`; None where it hangs on the raise that `ask` is about.

    `ask` is about the domain's percent. `off_outside`: the stack said `true` all along, and somebody wrote `false`.
    """
    name, share = ask.domain.name, ask.live.percent or 0
    if off_outside:
        restore = ask.conditions.restore
        if restore is not None and ask.now < restore.until:
            return [*forbidden(ask), *latch.refusals(ask, share)]
        do = f"set {name} to percent: 0, enabled: false, then climb; or add a `restore` entry, if it was a mistake"
        return [Refusal("outside", "switched off outside: a stop, and a repair never undoes one", do)]
    if share and ask.live.stopped is None:
        return forbidden(ask)
    if ask.wanted > share:
        return None
    if ask.live.stopped is not None and share:
        do = f"climb from there: a raise of {name} that passes brings it along"
        return [Refusal("enabling", f"a stop to {ask.live.stopped.value} % stands", do)]
    do = f"set enabled: false for {name}, or its percent to the first rung with it"
    return [Refusal("enabling", f"nothing raises {name}, which is at {ask.live.show()}", do)]
