"""How long a preview, an `up` and a rollback take, against an empty Pulumi program and a raw write."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from rollout.simulator import env
from tests.bench.timing import Compared, in_turns
from tests.harness import Sandbox

SDK = importlib.metadata.version("pulumi")
NOW = {"ROLLOUT_NOW": "2026-12-01T08:00:00Z"}

#: The fewest steps that write a secret and read it back: what a rollback can't be faster than.
RAW = """
import boto3, uuid
client = boto3.client("secretsmanager")
name = "wa-webhook-unified/local/RAW"
client.put_secret_value(SecretId=name, SecretString="0", ClientRequestToken=str(uuid.uuid4()))
assert client.get_secret_value(SecretId=name)["SecretString"] == "0"
"""

ROLLBACK = ("python", "-m", "rollout", "rollback", "ai-agents", "--to", "zero", "--no-commit", "--wait", "0")


def environment() -> Path:
    """What `pulumi new python` makes, kept in .tools: a virtual environment, pip, setuptools and wheel brought up to date, the SDK alone."""
    folder = env.PROJECT / ".tools" / "empty" / SDK
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        pip = (str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        subprocess.run((sys.executable, "-m", "venv", str(folder)), check=True)
        subprocess.run((*pip, "--upgrade", "pip", "setuptools", "wheel"), check=True)
        subprocess.run((*pip, f"pulumi=={SDK}"), check=True)
        (folder / "ready").touch()
    return folder


class Empty:
    """An empty Pulumi program on the same engine and backend, in the environment that `pulumi new python` makes."""

    def __init__(self, box: Sandbox) -> None:
        self.folder = box.folder / ".local" / "empty"
        self.folder.mkdir(parents=True)
        (self.folder / "Pulumi.yaml").write_text("name: empty\nruntime: {name: python, options: {virtualenv: .venv}}\n")
        (self.folder / "__main__.py").write_text("import pulumi\n")
        (self.folder / ".venv").symlink_to(environment())
        self._box = box
        self.run("stack", "select", "--create", "local")
        self.run("up", "--yes", "--skip-preview")

    def run(self, *arguments: str) -> None:
        self._box.run("pulumi", "--non-interactive", "--color", "never", "-C", str(self.folder), *arguments)


def speeds(box: Sandbox, runs: int) -> Iterator[tuple[Compared, float, float]]:
    """Each comparison with its limit and its aim."""
    empty = Empty(box)
    box.up(env=NOW)
    preview = in_turns(
        "preview with refresh (the default) / empty program",
        lambda: box.preview(env=NOW), lambda: empty.run("preview", "--diff"), runs,
    )  # fmt: skip
    yield preview, 1.4, 1.25
    without = in_turns(
        "preview --refresh=false / empty program",
        lambda: box.preview("--refresh=false", env=NOW), lambda: empty.run("preview", "--diff"), runs,
    )  # fmt: skip
    yield without, 1.3, 1.15
    asked_by_edits(box)
    changes = cycle((0, 5))
    change = in_turns(
        "one-flag up --skip-preview / empty program's up",
        lambda: box.up("--diff", env=NOW), lambda: empty.run("up", "--yes", "--skip-preview"), runs + runs % 2,
        between=lambda: set_percent(box, next(changes)),
    )  # fmt: skip
    yield change, 1.5, 1.35
    yield rollback(box, runs), 1.5, 1.2


def asked_by_edits(box: Sandbox) -> None:
    """Commits ai-agents at 0: a raise after a lowering passes by what is younger, and an edit of the working tree is."""
    set_percent(box, 0)
    box.commit("0")


def set_percent(box: Sandbox, percent: int) -> None:
    """Writes ai-agents' percent into the sandbox's stack file."""
    from rollout.model.stack_file import edit

    box.write_config(edit.set_flag(box.read_config(), "ai-agents", percent))


def rollback(box: Sandbox, runs: int) -> Compared:
    """The command to the value read back, as a ratio to a raw write and read in a new Python of the same environment."""
    box.boto("secretsmanager").create_secret(Name="wa-webhook-unified/local/RAW", SecretString="1")
    store = box.boto("secretsmanager")
    script = Path(box.folder, ".local", "raw.py")
    script.write_text(textwrap.dedent(RAW))

    def up_again() -> None:
        store.put_secret_value(SecretId="wa-webhook-unified/local/UNIFIED_ROLLOUT_PERCENT", SecretString="5")

    return in_turns(
        "rollback: command to value read back / raw write and read",
        lambda: down(box), lambda: box.run(str(env.PROJECT / ".venv-dev" / "bin" / "python"), str(script)), runs,
        between=up_again,
    )  # fmt: skip


def down(box: Sandbox) -> float:
    """Seconds from the command to the line that says the value was read back; the command's other steps come after it."""
    started = time.perf_counter()
    with box.start(*ROLLBACK, env=NOW) as command:
        assert command.stdout is not None
        line = command.stdout.readline()
        took = time.perf_counter() - started
        rest = command.stdout.read()
    assert line.startswith("live 0 %"), line + rest
    return took
