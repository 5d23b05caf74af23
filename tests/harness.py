"""A sandbox for tests on the real engine: a copy of the project with its own simulator, state and stack."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from setup import env
from setup.simulator import Simulator

LEFT_OUT = (".git", ".tools", ".venv*", ".local", ".ci", "__pycache__", "*.pyc", "tests", "docs")
SHARED = (".venv", ".venv-dev", ".tools/pulumi", ".tools/pulumi-home/plugins")  # linked, not copied: the real ones
READING = ("Get", "List", "Describe", "BatchGet", "Head", "GET", "HEAD")
GRACE = 8.0  # seconds a provider may take to leave after its engine


def client(url: str, service: str) -> Any:
    """A boto3 client of the simulator at `url`: no retries, so that a fault is seen."""
    return boto3.client(
        service, endpoint_url=url, region_name="eu-west-1",
        aws_access_key_id="testing", aws_secret_access_key="testing",
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=3, read_timeout=30),
    )  # fmt: skip


class Sandbox:
    """`folder` becomes the project copy. `git`: with a first commit of it. `stack`: with stack `local` made, empty."""

    def __init__(self, folder: Path, *, git: bool = True, stack: bool = True) -> None:
        self.folder = folder.resolve()
        shutil.copytree(env.PROJECT, self.folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
        for name in SHARED:
            if (env.PROJECT / name).exists():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / name).symlink_to(env.PROJECT / name)
        self.state = self.folder / ".local" / "state"
        self.state.mkdir(parents=True)
        self.simulator = Simulator(self.folder / ".local")
        self.simulator.start()
        self.env = {
            **env.applied(self.folder),
            "GIT_CEILING_DIRECTORIES": str(self.folder.parent),  # else a command could commit into the real project
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{
                f"GIT_{who}_{what}": f"test@{what.lower()}"
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
        }
        if git:
            self.git("init", "--quiet", "--initial-branch", "main")
            self.commit("first")
        if stack:
            self.pulumi("stack", "select", "--create", "local")

    @property
    def url(self) -> str:
        """The simulator's address."""
        return self.simulator.url

    def run(
        self, *command: str, env: Mapping[str, str] | None = None, check: bool = True, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """One command in the sandbox, output caught; `check`: a non-zero exit is an AssertionError with the output."""
        done = subprocess.run(
            command, cwd=self.folder, env={**self.env, **(env or {})}, capture_output=True, text=True,
            check=False, timeout=timeout, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """The same without waiting, in a process group of its own: for tests that kill it or race with it."""
        return subprocess.Popen(
            command, cwd=self.folder, env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def pulumi(
        self, *args: str, env: Mapping[str, str] | None = None, check: bool = True, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """The real CLI, on stack `local` of the sandbox's own backend."""
        return self.run("pulumi", "--non-interactive", "--color", "never", *args, env=env, check=check, timeout=timeout)

    def rollout(
        self, *args: str, env: Mapping[str, str] | None = None, check: bool = True, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """An operator's command: `python -m rollout ...`."""
        return self.run("python", "-m", "rollout", *args, env=env, check=check, timeout=timeout)

    def git(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """git, unable to see a repository above the sandbox."""
        return self.run("git", *args, check=check)

    def commit(self, message: str) -> str:
        """Commits everything; answers the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").stdout.strip()

    def up(
        self, *args: str, env: Mapping[str, str] | None = None, check: bool = True, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """`pulumi up` without its own preview."""
        return self.pulumi("up", "--yes", "--skip-preview", *args, env=env, check=check, timeout=timeout)

    def preview(
        self, *args: str, env: Mapping[str, str] | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """What the reviewer runs: `pulumi preview --diff`."""
        return self.pulumi("preview", "--diff", *args, env=env, check=check)

    def preview_json(self, *args: str, env: Mapping[str, str] | None = None, check: bool = True) -> dict[str, Any]:
        """`pulumi preview --json`: `steps` with op, urn, detailedDiff, and `diagnostics`."""
        found = json.loads(self.pulumi("preview", "--json", *args, env=env, check=check).stdout)
        assert isinstance(found, dict)
        return found

    def export_state(self) -> dict[str, Any]:
        """The stack's deployment: its `resources`, `pending_operations`, ..."""
        found = json.loads(self.pulumi("stack", "export").stdout)["deployment"]
        assert isinstance(found, dict)
        return found

    def write_config(self, text: str) -> None:
        """Replaces Pulumi.local.yaml."""
        (self.folder / "Pulumi.local.yaml").write_text(text)

    def read_config(self) -> str:
        """The text of Pulumi.local.yaml."""
        return (self.folder / "Pulumi.local.yaml").read_text()

    def boto(self, service: str) -> Any:
        """A boto3 client of the sandbox's simulator."""
        return client(self.url, service)

    def api_calls(self, *, reset: bool = False, reads: bool = False) -> dict[str, int]:
        """The write calls (with `reads`, all) since the last reset, by action: {"secretsmanager.PutSecretValue": 1}."""
        counted = self.simulator.call("DELETE" if reset else "GET", "/calls")
        return {k: v for k, v in counted.items() if reads or not k.partition(".")[2].startswith(READING)}

    def processes(self) -> dict[int, str]:
        """The living processes of this sandbox but its simulator: by command line, working folder or environment."""
        found = {}
        simulator = self.simulator.pid()
        for proc in Path("/proc").glob("[0-9]*"):
            try:
                line = (proc / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                seen = f"{line}\n{(proc / 'cwd').readlink()}\n{(proc / 'environ').read_text(errors='replace')}"
            except OSError:  # gone meanwhile, or not ours
                continue
            if line and str(self.folder) in seen and int(proc.name) not in (simulator, os.getpid()):
                found[int(proc.name)] = line
        return found

    def close(self) -> list[str]:
        """Ends everything; answers the processes that should have left by themselves, and had to be killed."""
        until = time.monotonic() + GRACE
        while self.processes() and time.monotonic() < until:
            time.sleep(0.1)
        left = self.processes()
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.simulator.stop()
        return [f"{pid} {line}" for pid, line in left.items()]
