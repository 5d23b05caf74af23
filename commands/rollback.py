"""The emergency rollback, in six steps of which none waits for the next to be possible (design, rollback and stop)."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import click

from commands import files, place, stop
from provider.secrets_manager import SecretsManager
from provider.settings import Settings
from provider.store import Store, StoreError
from provider.writing import FlagName
from rollout.problem import BadInput

#: The seed: "Wait 5 minutes, verify traffic back".
TRAFFIC_WAIT = 300.0
EXIT_NOT_DOWN = 3  # the one exit code that says that traffic has not come down
LOCK_PATIENCE = 600.0  # seconds an `up` waits for another run's lock; the flag is down meanwhile


@dataclass
class Rollback:
    """One rollback as asked for, and what went wrong after its first step. `say` and `complain` print a line."""

    domain: str
    stack: str
    to: str
    because: str | None
    by: str
    wait: float
    patience: float
    commit: bool
    say: Callable[[str], None]
    complain: Callable[[str], None]
    failures: list[str] = field(default_factory=list)

    def fail(self, step: str, error: object) -> None:
        """A later step failed: loud, and the first step stands."""
        self.failures.append(step)
        self.complain(f"{step} FAILED: {error}")


def run(rollback: Rollback) -> int:
    """Carries out the six steps; answers the exit code (0, or 1 where a step after the first failed).

    Raises `BadInput` or `StoreError` where the first step can't be done: then nothing was changed, or the error
    says that it could not be read back.
    """
    known = place.known()
    domain = place.domain(known, rollback.domain)
    settings = place.settings(rollback.stack)
    store = SecretsManager(settings)
    to = rollback.to or stop.default_target(domain, rollback.because)
    if rollback.because:
        stop.default_target(domain, rollback.because)  # names a wrong metric before anything is written
    name = FlagName(rollback.stack, domain.name, domain.percent_flag)
    attempt = _attempt(rollback)
    now = settings.now()
    done = stop.stop(store, settings, name, to, rollback.because, attempt, now)
    rollback.say(f"live {done.to} %, {_since_start():.1f} s")

    edit = _edit(done, rollback, now)
    message = _message(done, rollback)
    _step(rollback, "3 stack file", lambda: _edit_file(rollback, edit))
    _step(rollback, "4 pulumi up", lambda: _up(rollback, edit, message))
    if rollback.commit:
        _step(rollback, "5 commit", lambda: _commit(rollback, edit, message))
    _step(rollback, "6 traffic", lambda: _watch(rollback, store, settings, done))
    if rollback.failures:
        rollback.complain(f"{done.name.domain} is at {done.to} %, but mend by hand: {', '.join(rollback.failures)}")
    return 1 if rollback.failures else 0


def _step(rollback: Rollback, name: str, action: Callable[[], None]) -> None:
    try:
        action()
    except Exception as error:  # whatever it is: the next step must be tried, and the flag stays down
        rollback.fail(name, error)


def _attempt(rollback: Rollback) -> int:
    """The attempt a breach belongs to, from the stack file where it can be read; else the first."""
    if not rollback.because:
        return 1
    try:
        from rollout import config

        path = files.stack_file(rollback.stack)
        entry = config.parse(path.read_bytes(), path.name, place.known()).attempt.get(rollback.domain)
    except (BadInput, OSError):
        return 1
    return entry.number if entry else 1


def _edit(done: stop.Stop, rollback: Rollback, now: datetime) -> Callable[[str], str]:
    """The change of a stack file: the percent, never up, and the breach where there was one."""
    from rollout import edit
    from rollout.config import Breach

    domain = done.name.domain

    def change(text: str) -> str:
        have = edit.percent_of(text, domain)
        if have is None or have > done.to:
            text = edit.set_flag(text, domain, done.to)
        if done.breach is not None:
            breach = Breach(
                attempt=done.breach.attempt, at=now, metric=done.breach.metric, seen="reported by hand",
                from_percent=done.before, to_percent=done.to, by=rollback.by,
            )  # fmt: skip
            text = edit.add_breach(text, domain, breach)
        return text

    return change


def _message(done: stop.Stop, rollback: Rollback) -> str:
    before = "?" if done.before is None else done.before
    because = f" because of {rollback.because}" if rollback.because else ""
    return f"rollback: {done.name.domain} {before} -> {done.to} on {rollback.stack}{because}"


def _edit_file(rollback: Rollback, edit: Callable[[str], str]) -> None:
    path = files.stack_file(rollback.stack)
    old = path.read_bytes()
    new = edit(old.decode("utf-8")).encode("utf-8")
    if new != old:
        files.write(path, new)
    rollback.say(f"{path.name}: {'edited' if new != old else 'says so already'}")
    from rollout import config

    config.parse(new, path.name, place.known())  # a file that the next `up` will refuse is said now, loudly


def _up(rollback: Rollback, edit: Callable[[str], str], message: str) -> None:
    from commands import deployed, engine

    path = files.stack_file(rollback.stack)
    data = deployed.config(rollback.stack, path)
    if data is None:
        rollback.say("nothing was ever deployed from this stack: no `up`")
        return
    with tempfile.TemporaryDirectory(prefix="rollback-") as folder:
        file = Path(folder, path.name)
        file.write_text(edit(deployed.text(data)), encoding="utf-8")
        env = {"ROLLOUT_ONLY_LOWER": "1", "ROLLOUT_CONFIG_FILE": str(file)}
        done = engine.up(rollback.stack, file, message, patience=rollback.patience, say=rollback.say, env=env)
    if done.returncode != 0:
        raise engine.EngineFailed(engine.failure(done))
    rollback.say("pulumi up: recorded")


def _commit(rollback: Rollback, edit: Callable[[str], str], message: str) -> None:
    from commands import gitlog

    path = files.stack_file(rollback.stack)
    made = gitlog.commit_edit(path, lambda raw: edit(raw.decode("utf-8")).encode("utf-8"), message)
    rollback.say(f"committed {made}: push it" if made else "the commit has it already")


def _watch(rollback: Rollback, store: Store, settings: Settings, done: stop.Stop) -> None:
    """Reads the flag again until the wait is over, and lowers it again where a late raise put it up."""
    until = time.monotonic() + rollback.wait
    while True:
        live = store.get(done.name.secret)
        if live is None or live.text != str(done.to):
            again = stop.stop(store, settings, done.name, str(done.to), None, 1, settings.now())
            rollback.complain(f"somebody wrote {again.before} % meanwhile: lowered again to {again.to} %")
        if time.monotonic() >= until:
            break
        time.sleep(min(5.0, max(0.0, until - time.monotonic())))
    rollback.say(f"flag read again: {done.to} %; traffic: unverified (no session counters are read)")


def _since_start() -> float:
    """Seconds since this process was started, the interpreter's own start included where /proc tells it."""
    try:
        stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        started = int(stat[19]) / os.sysconf("SC_CLK_TCK")
        return float(Path("/proc/uptime").read_text().split()[0]) - started
    except (OSError, ValueError, IndexError):
        return time.perf_counter()


@click.command("rollback")
@click.argument("domain")
@click.option("--to", default="", metavar="T", help="previous, zero, or a rung; else what the metric asks, else previous.")
@click.option("--because", metavar="METRIC", help="The metric that burnt: latches until a later attempt.")
@click.option("--stack", metavar="S", help="The stack (else PULUMI_STACK, else the selected one).")
@click.option("--by", default="", metavar="WHO", help="Who says so (else $USER).")
@click.option("--wait", default=TRAFFIC_WAIT, metavar="SECONDS", help="How long traffic is waited for at most.")
@click.option("--lock-wait", default=LOCK_PATIENCE, metavar="SECONDS", help="How long another run's lock is waited for.")
@click.option("--no-commit", is_flag=True, help="Edit the stack file, but commit nothing.")
def command(
    domain: str, to: str, because: str | None, stack: str | None, by: str, wait: float, lock_wait: float, no_commit: bool
) -> None:
    """Bring DOMAIN down, at once.

    The store first; then the stack file, `pulumi up`, a commit and the wait for traffic. Exit code 0 all done; 1 the
    flag is down and a later step failed, which is named; 2 wrong use; 3 the flag could not be brought down.
    """
    asked = Rollback(
        domain, files.need_stack(stack), to, because, by or os.environ.get("USER", "by hand"), wait, lock_wait,
        commit=not no_commit, say=click.echo, complain=lambda text: click.echo(text, err=True),
    )  # fmt: skip
    try:
        sys.exit(run(asked))
    except StoreError as error:
        click.echo(f"NOT ROLLED BACK: {error}", err=True)
        click.echo("  do:      try again; by hand, the secret's value is the percent, as text", err=True)
        sys.exit(EXIT_NOT_DOWN)
