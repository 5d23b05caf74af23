"""Runs the `pulumi` command: for what comes after a stop, and for reading what a stack is."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, Final

from rollout.commands.engine import lock
from rollout.commands.project import files
from rollout.model import trouble
from rollout.model.problem import RolloutError
from rollout.model.typed import Typed
from rollout.provider import notes, shell

#: The engines that are under way, of whatever thread.
_running: Final[set[subprocess.Popen[bytes]]] = set()
#: Lines of an engine's output that are shown of a failure: enough for a refusal of each domain.
SHOWN: Final = 16
#: The engine's exit code where nothing failed, and a raise waits: the next run asks again (rollout.provider.wire.awaiting).
EXIT_WAITS: Final = 10
_VERDICT: Final = re.compile(r"(?m)^\s*(?:warning: )?((?:HOLD|ROLLBACK) .+)$")
#: An error with the lines that belong to it: of several it says how many, and each indented below.
_ERROR: Final = re.compile(r"(?m)^[ \t]*error:.*(?:\n[ \t]+\S.*)*")
#: What the engine writes on this machine, a stack's state above all, is for this user alone.
PRIVATE: Final = 0o077
WENT: Final = 3  # a lock that went while the engine looked for one is met so often in a row; then it is something else
POLL: Final = 1.0  # seconds between two tries while another run holds the lock


class EngineFailed(RolloutError):
    """`pulumi` is missing or ended with an error; the text is its own, shortened to what matters."""


def run(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """One `pulumi` command in the project's folder, with its output caught. Raises `EngineFailed` if it can't start.

    Ctrl-C in the terminal ends it gently: an engine that is killed leaves its lock behind. Its output goes where it can be
    written even when this process is gone: of a pipe that nobody reads any more the engine would die, and leave its lock, its
    language host and an operation that is under way.
    """
    environ = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", **(env or {})}
    command = ["pulumi", "--non-interactive", "--color", "never", *arguments]
    with contextlib.ExitStack() as kept:
        try:
            out, err = (kept.enter_context(_buffer()) for _ in range(2))
            child = subprocess.Popen(
                command,
                cwd=files.ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                umask=PRIVATE,
            )
        except OSError as error:
            said = f"pulumi can't be started ({error.strerror})"
            raise EngineFailed(f"{said}\n  do:      {trouble.engine(said, _typed(command))}") from None
        _running.add(child)
        notes.write(child.pid, environ, files.ROOT)  # before its provider does: it may be killed before that
        try:
            child.wait()
        except BaseException:
            child.send_signal(signal.SIGINT)
            child.wait()
            raise
        finally:
            _running.discard(child)
        return subprocess.CompletedProcess(command, child.returncode, _text(out), _text(err))


def _buffer() -> IO[bytes]:
    """A file without a name, in memory where the system has such: a full disk mustn't cost a rollback's record."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("pulumi"), "w+b")
    return tempfile.TemporaryFile()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace").replace("\r\n", "\n")


def interrupt(grace: float) -> None:
    """Asks every engine that is under way to end, and waits `grace` seconds at most. Safe in a signal handler."""
    until = time.monotonic() + grace
    children = list(_running)
    for child in children:
        child.send_signal(signal.SIGINT)
    while any(child.poll() is None for child in children) and time.monotonic() < until:
        time.sleep(0.05)


def read_json(*arguments: str) -> Any:
    """The JSON that a `pulumi` command prints. Raises `EngineFailed`."""
    done = run(*arguments)
    if done.returncode != 0:
        raise EngineFailed(failure(done))
    try:
        return json.loads(done.stdout or "null")
    except ValueError:
        raise EngineFailed(f"pulumi {arguments[0]} printed no JSON: {done.stdout[:80]!r}") from None


def failure(done: subprocess.CompletedProcess[str]) -> str:
    """The lines of an engine's output that say what went wrong: its diagnostics, else its errors, else its last lines."""
    section = done.stdout.partition("\nDiagnostics:\n")[2]
    for end in ("\nPolicies:", "\nOutputs:", "\nResources:", "\nDuration:"):
        section = section.partition(end)[0]
    said = f"{done.stderr}\n{done.stdout}"
    errors = "\n".join(_ERROR.findall(said))
    found = next((lines for text in (section, errors, said) if (lines := _lines(text))), [])
    shown = list(dict.fromkeys(found))[-SHOWN:]
    do = trouble.engine(done.stderr + done.stdout, _typed(done.args))
    text = "\n".join(shown) or f"pulumi ended with {done.returncode} and said nothing"
    return f"{text}\n  do:      {do}" if do else text


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _typed(command: Sequence[str]) -> Typed:
    """How commands are typed for the stack that a `pulumi` command is about."""
    words = [*command]
    at = words.index("--stack") + 1 if "--stack" in words[:-1] else 0
    return shell.typed(words[at] if at else None)


def waiting(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The verdicts on the raises that wait, a line each."""
    return list(dict.fromkeys(_VERDICT.findall(f"{done.stdout}\n{done.stderr}")))


def run_locked(
    prepare: Callable[[], Sequence[str]], stack: str, *, patience: float, say: Callable[[str], None],
    env: Mapping[str, str] | None = None, forced: bool = False,
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """A `pulumi` command that needs the stack's lock; waits up to `patience` seconds for another run to give it up.

    `prepare` makes the command's arguments before each try, since what another run left may need others. A lock
    whose process is known to be dead is removed: nobody holds it. `forced`: so is one of which nothing is known.
    """
    until = time.monotonic() + patience
    told: list[lock.Lock] = []
    went = 0
    while True:
        done = run(*prepare(), env=env)
        output = done.stderr + done.stdout
        if done.returncode != 0 and lock.went(output) and went < WENT:
            went += 1
            continue
        if done.returncode == 0 or not lock.is_locked(output):
            return done
        held = lock.locks(output)
        dead = lock.removable(held, forced=forced)
        for one in dead:
            say(
                f"lock of a run that is {'dead' if one.life() is lock.Life.DEAD else 'not known to live'} removed ({one.show()})"
            )
            one.remove(lambda: run("cancel", "--yes", "--stack", stack))
        if dead:
            continue
        if time.monotonic() > until:
            return done
        if held != told:
            told = held
            who = "; ".join(one.show() for one in held) or "an unknown run"
            say(f"locked by {who}: waiting, {patience:.0f} s at most")
        time.sleep(POLL)
