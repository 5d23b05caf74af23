"""What stands before a `destroy`: traffic. Each flag refuses by itself, since siblings go before one refuses."""

from __future__ import annotations

from rollout.model.flag import moves
from rollout.model.problem import Problem
from rollout.provider.errors import StoreError
from rollout.provider.judging.context import Context
from rollout.provider.wire.row import Refused


def allow(context: Context, stack: str, domain: str, closed: bool) -> None:
    """Raises `Refused` unless the domain carries no traffic, or the migration is closed with all domains stable at 100 %.

    Nothing is deleted from the store either way: a service that finds no flag would guess.
    """
    ways = "bring every percent to 0; or, with all at 100 % for 7 days, write wa-rollout:closed and `pulumi up` first"
    if domain not in context.catalogue.domains:
        raise Refused(
            Problem(f"destroy refused: {domain} is not in the catalogue", do=f"put {domain} back, then: {ways}")
        )
    try:
        live = context.read_live(context.percent_name(stack, domain))
        if live.percent == 0:
            return
        not_stable = []
        if closed:
            now = context.settings.now()
            for name in context.catalogue.domains:
                other = context.read_live(context.percent_name(stack, name))
                if not moves.stable_at_100(other, now, context.catalogue.soak_slack_hours):
                    not_stable.append(f"{name} at {other.show()}")
            if not not_stable:
                return
    except StoreError as error:
        raise Refused(
            Problem(f"destroy refused: can't tell whether {domain} carries traffic: {error}", do=ways)
        ) from None
    reason = (
        f"closed, but not stable for 7 days: {', '.join(not_stable)}" if closed else f"{domain} is at {live.show()}"
    )
    raise Refused(Problem(f"destroy refused: {reason}", where=f"stack {stack}, {domain}", do=ways))
