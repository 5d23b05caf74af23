"""The emergency rollback, in six steps of which none waits for the next to be possible (docs/rules/rollback.md)."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import re
from collections.abc import Callable
from typing import Any, Final

from rollout.commands.engine import process
from rollout.commands.project import files, place, progress
from rollout.commands.rollback import flag, guard, stop
from rollout.commands.rollback.order import FIRST_WORD, Down, Order, Say, say
from rollout.model.flag import tags
from rollout.model.flag.name import FlagName
from rollout.model.ladder import parse_percent
from rollout.model.problem import BadInput
from rollout.provider import shell, who
from rollout.provider.stores import choose as stores

#: An attempt's number in a file that can't be read. A longer one is a slip.
_NUMBER: Final = re.compile("[1-9][0-9]{0,5}")


def run(order: Order, tell: Say = say) -> int:
    """Carries out the six steps; answers the exit code: 0, or 1 where a step after the first failed.

    Raises `BadInput` where the order is wrong, and `NotDown` where the first step couldn't be done.
    """
    return by_hand(order, bring_down(order, tell), tell)


def only_down(order: Order) -> int:
    """The first step alone, as a drill does it on a stack that has nothing but the store. Raises as `run`."""
    down = bring_down(order)
    guard.hold(down, order, say)
    return 0


def run_json(order: Order, store_only: bool) -> int:
    """As `run` or `only_down`, with one JSON object at the end, also where nobody knows the flag to be down."""
    steps = list[str]()

    def tell(text: str, *, err: bool = False) -> None:  # noqa: ARG001 - both go there
        steps.append(" ".join(text.split()))
        say(text, err=True)

    told: dict[str, Any] = {"domain": order.domain, "stack": order.stack, "down": False, "was": None, "live": None}
    code = stop.EXIT_NOT_DOWN
    try:
        down = bring_down(order, tell)
        told |= {"down": True, "was": down.done.was, "live": down.done.to, "seconds": round(process.age(), 2)}
        if store_only:
            guard.hold(down, order, tell)
        code = 0 if store_only else by_hand(order, down, tell)
        return code
    finally:
        unsent = ("told FAILED", "told nobody")
        sent = any(step.startswith("told ") and not step.startswith(unsent) for step in steps)
        say(json.dumps({**told, "told": sent, "code": code, "steps": steps}, ensure_ascii=False))


def bring_down(order: Order, tell: Say = say, age: Callable[[], float] = process.age) -> Down:
    """The first step and the line about it. Raises as `run`. `age`: the seconds since it was asked for."""
    found = flag.find(order.domain, say)
    target = flag.target(found, order.because)
    settings = place.settings(order.stack, lambda text: tell(text, err=True), asks=False)
    now = settings.now()
    store = stores.store(settings)
    name = FlagName(order.stack, order.domain, found.name)

    @functools.cache  # the stack file is parsed for it: not before the first put
    def breach() -> tags.BreachTag | None:
        return tags.BreachTag(_attempt(order), now, order.because) if order.because else None

    with _still_trying(order, age):
        done = stop.stop(store, settings, name, order.to or target, breach, found.ladder, lambda: _known(order), read_first=order.read_first)  # fmt: skip
    tell(f"live {done.to} %, {age():.1f} s: {order.domain} on {order.stack}, {_was(order, done)}")
    for text in stores.warnings(store):
        tell(text, err=True)
    if done.guess:
        tell(f"{done.guess}: compare: {shell.typed(order.stack).rollout('live')}", err=True)
    if not done.breached:
        tell(f"the tag of the breach wasn't written: only the stack file latches {order.domain}", err=True)
    if not done.marked:
        tell(f"{guard.UNMARKED}: it is read again until no `up` can be under way", err=True)
    if settings.configured_region not in (None, settings.region):
        tell(
            f"in {settings.region}, by AWS_REGION; the stack file says {settings.configured_region}: was that meant?",
            err=True,
        )
    return Down(done, settings, store, now)


def by_hand(order: Order, down: Down, tell: Say = say) -> int:
    """`carry_on`, with the incident on record where a metric was the reason."""
    order = dataclasses.replace(order, by=who.named(files.ROOT, order.by))
    if order.because is None:
        return carry_on(order, down, tell)
    from rollout.commands.rollback import incident  # not in the way of the first step

    return incident.recorded(order, down, lambda told: carry_on(order, down, told), tell)


def carry_on(order: Order, down: Down, tell: Say = say) -> int:
    """The steps after the first, of a domain that is down. Answers the exit code."""
    try:
        from rollout.commands.rollback import steps as afterwards

        return afterwards.carry_out(order, down.done, down.settings, down.store, down.now, tell)
    except KeyboardInterrupt:
        tell(f"interrupted: {order.domain} is at {down.done.to} %; what isn't reported above is left to do", err=True)
        return stop.EXIT_LEFT_TO_DO


def _was(order: Order, done: stop.Stop) -> str:
    if done.before is None or done.before.percent != done.to:
        return f"was {done.was}"
    asked = f", lower than the {order.to} % asked for" if order.to.isdigit() and int(order.to) > done.to else ""
    return f"was {done.was} already{asked}"


def _known(order: Order) -> dict[str, int | None]:
    """What else knows the live value: the state, where it is a file, and the stack file's number, by text."""
    from rollout.commands.engine import backend
    from rollout.model.yaml_text import lines

    found = {"the state": backend.percent(order.stack, order.domain)}
    with contextlib.suppress(BadInput):
        raw = files.read(files.stack_file(order.stack)).decode("utf-8", "replace")
        text = lines.get_value(raw, ("wa-rollout:flags", order.domain), "percent")
        found["the stack file"] = parse_percent(text)
    return found


def _attempt(order: Order) -> int:
    """The attempt that a breach belongs to, from the stack file; by text where it can't be read; else the first."""
    from rollout.model.stack_file import config
    from rollout.model.yaml_text import lines

    try:
        path = files.stack_file(order.stack)
        raw = files.read(path)
    except BadInput:
        return 1
    try:
        entry = config.parse(raw, path.name, place.known()).attempt.get(order.domain)
    except (BadInput, ValueError, RecursionError):
        found = (
            lines.get_value(raw.decode("utf-8", "replace"), ("wa-rollout:attempt", order.domain), "number") or ""
        ).strip()
        return int(found) if _NUMBER.fullmatch(found) else 1
    return entry.number if entry else 1


def _still_trying(order: Order, age: Callable[[], float]) -> contextlib.AbstractContextManager[None]:
    """Says every few seconds that the store hasn't answered yet: nobody should have to guess at a silent terminal."""
    slow = f"the store answers slowly or not at all; {order.domain} is not known to be down yet"
    return progress.repeated(FIRST_WORD, lambda: say(f"still trying, {age():.0f} s: {slow}", err=True))
