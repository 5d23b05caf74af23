"""Steps 3 to 6 of a rollback: stack file, `pulumi up`, commit, traffic. The flag is down; a failure here is loud, no more."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from rollout.commands.engine import lock, pulumi
from rollout.commands.project import commit, files, place
from rollout.commands.reading import deployed
from rollout.commands.reading.on_call import on_call
from rollout.commands.rollback import guard, settle
from rollout.commands.rollback.left import Left
from rollout.commands.rollback.order import Down, Order
from rollout.commands.rollback.rewrite import Rewrite, as_text
from rollout.commands.rollback.stop import EXIT_LEFT_TO_DO, EXIT_NOT_DOWN, Stop
from rollout.model import schedule, times, trouble
from rollout.model.flag import tags
from rollout.model.log import runs
from rollout.model.problem import BadInput
from rollout.model.review import message
from rollout.model.stack_file import config
from rollout.model.stack_file.config import Breach, Why
from rollout.model.stack_file.forms import DATA
from rollout.provider import shell
from rollout.provider.errors import Absent, StoreError
from rollout.provider.settings import POSTGRES, Settings
from rollout.provider.stores.store import Store

RUNS: Final = 3  # an `up` is repeated this often where another run changed the stack in between


def carry_out(
    order: Order, done: Stop, settings: Settings, store: Store, now: datetime, say: Callable[..., None]
) -> int:
    """The steps, each tried whatever became of those before it. Answers an exit code: 0, 1 (something is left to do), 3."""
    left = Left(order, done, say, store)
    message = _message(order, done)
    typed = shell.typed(order.stack)
    steps: list[tuple[str, Callable[[], None], str | Callable[[Exception], str]]] = [
        ("secret", lambda: _was_there(left, settings), f"compare: {typed.rollout('live')}"),
        ("file", lambda: _edit_file(left, now), f"set percent: {done.rung} for {order.domain} in the stack file"),
        (
            "pulumi",
            lambda: _up(left, message, now, settings.virtual_now),
            f"{typed.up()}, once that is mended",
        ),
        *(
            []
            if done.marked
            else [("guard", lambda: _guard(left, settings, now), "read it again: a raise may be in flight")]
        ),
        ("commit", lambda: _commit(left, message, now), lambda error: _committing(left, message, error)),
        ("told", lambda: _tell(left, settings), "tell them: who has to know of it"),
        *([("audit", lambda: settle.audit(left), typed.rollout("audit"))] if order.because == DATA else []),
        ("traffic", lambda: settle.watch(left, settings, now), typed.rollout("live")),
    ]
    for step, action, do in steps:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - whatever it is: the next step must be tried, and the flag stays down
            left.fail(step, error, do if isinstance(do, str) else do(error))
    if left.lost:
        say(f"{order.domain} WAS LOWERED, AND IS NOT KNOWN TO BE DOWN ANY MORE: run it again", err=True)
        return EXIT_NOT_DOWN
    if left.steps:
        say(f"{order.domain} is down at {left.live} %. Left to do by hand: {', '.join(left.steps)}", err=True)
        return EXIT_LEFT_TO_DO
    say(f"{order.domain} is down at {left.live} %, and all of it is on record")
    return 0


def _guard(left: Left, settings: Settings, now: datetime) -> None:
    """A stop without its tag: once our own `up` has held the lock, no raise of before it is under way."""

    def tell(text: str, *, err: bool = False) -> None:  # noqa: ARG001 - a fact of this step
        left.fact("guard", text)

    guard.hold(Down(left.done, settings, left.store, now), left.order, tell, ran=left.ran)


def _file(order: Order) -> str:
    return f"Pulumi.{order.stack}.yaml"


def _message(order: Order, done: Stop) -> str:
    because = f" because of {order.because}" if order.because else ""
    before = done.before.percent if done.before else None
    moved = f"stays at {done.to}" if before == done.to else f"{'?' if before is None else before} -> {done.to}"
    return f"rollback: {order.domain} {moved} on {order.stack}{because}\n\nBy {order.by}, by `rollout rollback`."


def _was_there(left: Left, settings: Settings) -> None:
    """A secret that is absent is 0 for the service, if it is the right one: a wrong stack or region finds none either."""
    before = left.done.before
    if before is not None and before.text is None and not before.scheduled:
        where = f"{left.done.name.secret} in {settings.region}{f' at {settings.endpoint}' if settings.endpoint else ''}"
        raise StoreError(f"there was no {where}: it was made, with {left.done.to} %. Is it the right stack and region?")


def _rewrite(left: Left, now: datetime) -> Rewrite:
    """The change of a stack file, by what was live when it was read last."""
    tag, before = left.done.breach, left.done.before
    breach = None
    if tag is not None:
        breach = Breach(
            attempt=tag.attempt, at=now, metric=tag.metric, seen=left.order.seen,
            from_percent=before.percent if before else None, to_percent=left.rung, by=left.order.by,
        )  # fmt: skip
    freeze = Why(left.order.freeze, left.order.by) if left.order.freeze else None
    return Rewrite(left.order.domain, left.rung, breach, freeze)


def _edit_file(left: Left, now: datetime) -> None:
    path, change = files.stack_file(left.order.stack), _rewrite(left, now)
    with files.alone():
        old = files.read(path)
        merge = trouble.conflict(old.decode("utf-8", "replace"), path.name, _kept(left))
        if merge is not None:  # which side would be lowered?
            raise BadInput([merge])
        new = as_text(old, change.lowered)
        refused = ""
        try:
            new = as_text(new, change.whole)
        except BadInput as error:  # the percent is written all the same
            rest = "freeze and breach aren't" if left.order.freeze else "the breach isn't"
            refused = f"percent {left.rung} is in it, {rest}: {error}"
        if new != old:
            files.write(path, new)
    if refused:
        raise pulumi.EngineFailed(refused)
    breach = f" and the breach of {left.order.because}" if left.done.breach else ""
    left.fact("file", f"{path.name}: percent {left.rung}{breach} {'written' if new != old else 'was there already'}")
    try:
        config.parse(new, path.name, place.known())
    except BadInput as error:
        left.fail("file", f"the next `pulumi up` will refuse {path.name}:\n{error}", "mend it; the percent is in it")
    if left.order.freeze:
        left.fact("freeze", f"nothing rises anywhere: {left.order.freeze}")
    if left.done.breach is not None:
        after = times.show(now + schedule.BREACH_WAIT)
        number = left.done.breach.attempt + 1
        left.fact(
            "latch", f"no raise before {after}, nor without wa-rollout:attempt {left.order.domain} number: {number}"
        )


def _up(left: Left, message: str, now: datetime, virtual: datetime | None) -> None:
    """Records the rollback in the engine's state and history; of other domains nothing is moved."""
    order = left.order
    path = files.stack_file(order.stack)
    try:
        known = place.known()
    except BadInput:
        known = None
    with tempfile.TemporaryDirectory(prefix="rollback-", dir=files.passing()) as folder:
        file = Path(folder, path.name)
        used = ""
        first: str | None = None

        def wanted() -> str | None:
            with suppress(StoreError):  # of two rollbacks at once, the lower one is what both record
                left.read()
            text = deployed.find(order.stack, path, known)
            return None if text is None else _rewrite(left, now).whole(text)

        def prepare() -> Sequence[str]:
            nonlocal used, first
            used, first = first or wanted() or used, None  # read once more at each later try
            file.write_text(used, encoding="utf-8")
            return (
                "up", "--yes", "--skip-preview", "--continue-on-error", "--stack", order.stack,
                "--config-file", str(file), "--message", runs.stamp(message.splitlines()[0], virtual, order.by),
            )  # fmt: skip

        first = wanted()
        if first is None:
            left.fact("pulumi", "nothing was ever deployed from this stack: no `up`")
            return
        env = {"ROLLOUT_ONLY_LOWER": "1", "ROLLOUT_ONLY_DOMAIN": order.domain, "ROLLOUT_CONFIG_FILE": str(file)}
        for _ in range(RUNS):
            done = pulumi.run_locked(
                prepare, order.stack, patience=order.patience, say=lambda text: left.fact("pulumi", text), env=env
            )
            if done.returncode == 0 or wanted() == used:
                break
    if lock.is_locked(
        done.stderr + done.stdout
    ):  # the engine's own text says `pulumi cancel`, which is for dead runs alone
        held = "; ".join(one.show() for one in lock.locks(done.stderr + done.stdout)) or "an unknown run"
        unlock = f"if that run is dead: {shell.typed(order.stack).rollout('unlock')}"
        raise pulumi.EngineFailed(f"still locked after {order.patience:.0f} s by {held}\n{unlock}")
    if done.returncode == pulumi.EXIT_WAITS:  # this run lowers alone: what it was asked to raise isn't what is live
        raise pulumi.EngineFailed("\n".join(pulumi.waiting(done)) or pulumi.failure(done))
    if done.returncode != 0:
        raise pulumi.EngineFailed(pulumi.failure(done))
    left.ran = True
    left.fact("pulumi", "up: recorded in state and history")


def _tell(left: Left, settings: Settings) -> None:
    """One message to the topic of changes; a stack that has none yet has nobody to tell."""
    # Here: what they bring along must not be in the way of the steps before.
    from rollout.provider import news

    order = left.order
    if not order.news:
        left.fact("news", "none sent, as asked: somebody was told already")
        return
    told = message.stopped(
        order.stack, order.domain, left.done.was, left.live, order.because or "", order.by, on_call(order.stack)
    )
    try:
        left.fact("told", news.send(settings, order.stack, told, attempts=1))
    except Absent as error:
        in_database = settings.source == POSTGRES
        left.fact("told", f"nobody: {error}" if in_database else "nobody: the stack has no topic for changes")


def _commit(left: Left, message: str, now: datetime) -> None:
    if not left.order.commit:
        left.fact("commit", f"none, as asked: commit {_file(left.order)} yourself")
        return
    path = files.stack_file(left.order.stack)
    with files.alone():
        made = commit.commit_edit(path, lambda raw: as_text(raw, _rewrite(left, now).whole), message + _trailer(left))
    left.fact("commit", made or "the last one says so already")


def _committing(left: Left, message: str, error: Exception) -> str:
    """What commits it by hand where our own commit failed: never the two sides of a merge, nor by nobody."""
    name = _file(left.order)
    with suppress(OSError):
        text = files.stack_file(left.order.stack).read_bytes().decode("utf-8", "replace")
        merge = trouble.conflict(text, name, _kept(left))
        if merge is not None:
            return f"{merge.where}: {merge.do}"
    return trouble.committed(f"git commit -m '{message.splitlines()[0]}' -- {name}", str(error))


def _kept(left: Left) -> str:
    return f"one side of each, with percent: {left.rung} for {left.order.domain}"


def _trailer(left: Left) -> str:
    """Names the stop in its own commit: what follows that commit was decided after the stop, whatever clocks say."""
    with suppress(StoreError):
        mark = tags.Stopped.parse(left.store.tags(left.done.name.secret).get(tags.STOPPED))
        if mark is not None:
            return f"\n{tags.TRAILER}: {mark.id}"
    return ""
