"""`rollback`: brings one domain down, at once. The steps are `down`'s and `steps`'; here stands what may be asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from rollout.commands.project import files, options
from rollout.commands.rollback import down, stop
from rollout.commands.rollback.order import LOCK_PATIENCE, TRAFFIC_WAIT, Order, say
from rollout.model.problem import BadInput
from rollout.model.stack_file.forms import DATA


def guarded(action: Callable[[], int]) -> int:
    """The exit code of `action`. Whatever else goes wrong in it, its code never says more than is known."""
    try:
        return action()
    except BadInput:
        raise
    except stop.NotDown as error:
        say(str(error), err=True)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a traceback would end with code 1: "down"
        say(f"NOT KNOWN TO BE DOWN: {type(error).__name__} {error}".rstrip(), err=True)
        say("  do:      run it again; by hand, the secret's value is the percent, as text", err=True)
    return stop.EXIT_NOT_DOWN


@click.command("rollback")
@click.argument("domain")
@click.option(
    "--to", default="", metavar="T", help="previous, zero, or a rung; else what the metric asks, else previous."
)
@click.option("--because", metavar="METRIC", help="The metric that burnt, or `data`: no raise until a later attempt.")
@click.option("--freeze", metavar="WHY", help="Freeze every domain too, for this reason (because of `data`: always).")
@options.stack
@options.by
@click.option("--wait", default=TRAFFIC_WAIT, metavar="SECONDS", help="How long traffic is waited for at most.")
@click.option(
    "--lock-wait", default=LOCK_PATIENCE, metavar="SECONDS", help="How long another run's lock is waited for."
)
@click.option("--no-commit", is_flag=True, help="Edit the stack file, but commit nothing.")
@click.option("--no-news", is_flag=True, help="Send no message about it: somebody was told already.")
@click.option(
    "--read-first",
    is_flag=True,
    help="To put on record what is down: read the value, and write only where it is above.",
)
@click.option("--store-only", is_flag=True, help="Only the first step: the flag, and nothing after it (for drills).")
@options.json("Print one JSON object at the end; the lines go to stderr.")
def command(
    domain: str,
    to: str,
    because: str | None,
    freeze: str | None,
    stack: str | None,
    by: str,
    wait: float,
    lock_wait: float,
    no_commit: bool,
    no_news: bool,
    read_first: bool,
    store_only: bool,
    json_: bool,
) -> None:
    """Bring DOMAIN down, at once.

    The store first; then the stack file, `pulumi up`, a commit and the wait for traffic. Exit code 0: all done; 1: the
    flag is down, and a later step, which is named, is left to do; 2: wrong use, nothing done; 3: nobody knows the flag
    to be down.
    """
    why = freeze or (f"data of {domain} inconsistent" if because == DATA else "")

    def carried_out() -> int:
        chosen = files.need_stack(stack)
        order = Order(
            domain, chosen, to, because, by, wait, lock_wait,
            commit=not no_commit, freeze=why, news=not no_news, read_first=read_first,
        )  # fmt: skip
        if json_:
            return down.run_json(order, store_only)
        return down.only_down(order) if store_only else down.run(order)

    sys.exit(guarded(carried_out))
