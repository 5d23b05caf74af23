"""`unlock`: clears what a killed engine left of a stack: its lock, its processes, its unfinished operations."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable

import click

from rollout.commands.engine import lock, pulumi
from rollout.commands.project import files, options
from rollout.provider import orphans, shell

EXIT_HELD = 1


def unlock(stack: str, say: Callable[[str, bool], None], *, force: bool = False) -> bool:
    """Clears the stack; answers False where somebody who isn't known to be dead holds its lock: nothing is done then.

    `force`: a lock of which nothing is known is taken too, since the operator says that its run is gone; one whose run is
    seen to live never is.

    The flags aren't touched. `refresh` reads them into the state and forgets the operations that were under way.
    """
    refresh = ("refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", stack)
    no_program = {"PULUMI_RUN_PROGRAM": "false"}  # what the program would say of its config doesn't matter here
    done = pulumi.run_locked(
        lambda: refresh, stack, patience=0, say=lambda text: say(f"  {text}", False), env=no_program, forced=force
    )
    held = lock.locks(done.stderr + done.stdout)
    if held:
        for one in held:
            say(f"{stack} is locked by {one.show()}: {one.life().value}", True)
        if any(one.life() is lock.Life.LIVES for one in held):
            say("  do:      wait for it", True)
        else:
            pids = " ".join(str(one.pid) for one in held)
            say(
                f"  do:      ask there whether it lives (ps -p {pids}, on {held[0].host}, in its container where it has one);",
                True,
            )
            say(f"           if it is gone: {shell.typed(stack).rollout('unlock', '--force')}", True)
        return False
    for pid in _orphans():
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGTERM)
            say(f"  ended process {pid}, left over by an engine that is gone", False)
    if done.returncode != 0:
        raise pulumi.EngineFailed(pulumi.failure(done))
    say(f"{stack}: no lock, nothing pending, the live values are in the state. next: {shell.typed(stack).up()}", False)
    return True


def _orphans() -> list[int]:
    """Language hosts whose engine doesn't answer any more."""
    return [pid for pid, address in orphans.language_hosts() if not _answers(address)]


def _answers(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1):
            return True
    except (OSError, ValueError):
        return False


@click.command("unlock")
@options.stack
@click.option(
    "--force",
    is_flag=True,
    help="Take a lock too of which nothing here tells whether its run lives: you know that it is gone.",
)
@options.json("Print one JSON object at the end; the lines go to stderr.")
def command(stack: str | None, force: bool, json_: bool) -> None:
    """Clear what a killed engine left of a stack: its lock, its processes, its unfinished operations.

    Exit code 0: cleared; 1: somebody who isn't known to be dead holds the lock, or the engine failed.
    """
    chosen, lines, cleared = files.need_stack(stack), list[str](), False

    def say(text: str, err: bool) -> None:
        lines.append(text.strip())
        click.echo(text, err=err or json_)

    try:
        cleared = unlock(chosen, say, force=force)
    except pulumi.EngineFailed as error:
        say(f"unlock FAILED: {error}\n  do:      mend that, and run it again", True)
    if json_:
        click.echo(json.dumps({"stack": chosen, "cleared": cleared, "lines": lines}, ensure_ascii=False))
    sys.exit(0 if cleared else EXIT_HELD)
