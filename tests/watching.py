"""A watch that stays, on a stack where a domain burns, and tools that stand still where a test wants them to."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from tests import burning
from tests.burning import Burning
from tests.harness import Sandbox
from tests.pure.samples import CATALOGUE
from tests.reporter import Reporter

LOOP = ("python", "-m", "rollout", "watch", "--stack", "local", "--every", "1")
#: A tool that stands still before it does what is `held`, until it is let go or interrupted.
_STANDS = """\
#!/bin/sh
trap 'touch {folder}/interrupted; exit 130' INT
case " $*" in *{held}*)
    touch {folder}/reached
    while ! test -e {folder}/let-go; do sleep 0.05; done ;;
esac
exec {real} "$@"
"""


def begin(folder: Path, *, deployed: bool = True, burns: str = "jobs", store: str = "secrets-manager") -> Burning:
    """burning.START, with errors in what one domain reports since."""
    made = Burning(folder, deployed=deployed, env={"ROLLOUT_COUNT_PERIOD": "3600"}, store=store)
    report(made.sandbox, burns, Errors=50)
    return made


def report(sandbox: Sandbox, domain: str, **unified: float) -> None:
    """What a domain of burning.START has counted since its value went live."""
    reporter = Reporter.of(sandbox, CATALOGUE.domains[domain])
    reporter.healthy_days(burning.DAY - 8, burning.DAY, burning.START[domain], **unified)


def incidents(sandbox: Sandbox) -> list[Path]:
    return sorted((sandbox.folder / "records" / "incidents").glob("*.yaml"))


class Held:
    """`tool` in the sandbox stands still where its arguments hold `held` (a pattern of sh)."""

    def __init__(self, sandbox: Sandbox, tool: str, held: str) -> None:
        self.folder = sandbox.folder / ".local" / "held"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        real = shutil.which(tool, path=sandbox.env["PATH"])
        made = self.folder / tool
        made.write_text(_STANDS.format(folder=f"'{self.folder}'", held=held, real=f"'{real}'"))
        made.chmod(0o755)
        sandbox.env["PATH"] = os.pathsep.join([str(self.folder), sandbox.env["PATH"]])

    def reached(self) -> bool:
        return (self.folder / "reached").exists()

    def interrupted(self) -> bool:
        return (self.folder / "interrupted").exists()

    def let_go(self) -> None:
        (self.folder / "let-go").touch()


class Running:
    """A started command whose lines are read as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    @property
    def said(self) -> str:
        return "".join(self.lines)

    def until(self, what: Callable[[], object], seconds: float = 60) -> None:
        """Until `what` is true, or the command ends, or takes too long: both are failures."""
        end = time.monotonic() + seconds
        while not what():
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.said}"
            assert time.monotonic() < end, f"it never happened:\n{self.said}"
            time.sleep(0.05)

    def until_said(self, text: str, seconds: float = 60) -> None:
        self.until(lambda: text in self.said, seconds)

    def looks(self) -> int:
        return self.said.count("watch at ")

    def ended(self, seconds: float = 60) -> int:
        """Waits for its end; answers the exit code. What it said is whole then."""
        code = self.process.wait(timeout=seconds)
        self._reader.join(timeout=10)
        return code


def start(sandbox: Sandbox, *arguments: str) -> Running:
    """The watch that stays, or another command."""
    return Running(sandbox.start(*(arguments or LOOP)))


def recorded(sandbox: Sandbox, domain: str = "jobs", was: int = 25, now: int = 10) -> None:
    """Asserts that a domain's fall is in the store, the state, the history, the commits and an incident."""
    burning.recorded(sandbox, domain, now)
    assert burning.moves(sandbox, domain)[-1][1:] == (now, "stop")
    said = f"rollback: {domain} {was} -> {now} on local because of errors"
    assert said in sandbox.pulumi("stack", "history", "--json").stdout
    (incident,) = incidents(sandbox)
    assert "done: all of it" in incident.read_text()
    log = sandbox.git("log", "-2", "--format=%s").stdout.splitlines()
    assert log == [f"incident: {incident.stem}", said]
    assert sandbox.git("status", "--porcelain").stdout == ""
    committed = yaml.safe_load(sandbox.git("show", "HEAD:Pulumi.local.yaml").stdout)["config"]
    assert committed["wa-rollout:flags"][domain]["percent"] == now
    assert committed["wa-rollout:breach"][domain]["by"] == "watch"
