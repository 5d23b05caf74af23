"""A copy of the project in a folder of its own, with its own simulator, state, git and stack: nothing in it is real."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from rollout import private
from rollout.model.problem import RolloutError
from rollout.provider.settings import Settings
from rollout.simulator import env
from rollout.simulator.database import DATABASE, Database, make_database
from rollout.simulator.simulator import Simulator

LEFT_OUT = (
    ".git", ".tools", ".venv*", ".local", ".ci", "__pycache__", "*.pyc", "tests", "docs", "records",
    "build", "dist", "*.egg-info",  # of a wheel that is being built meanwhile: its files come and go
)  # fmt: skip
SHARED = (".venv", ".venv-dev", ".tools/pulumi", ".tools/pulumi-home/plugins")  # linked, not copied: the real ones
SOURCES = {"secrets-manager": "cloudwatch", "postgres": "postgres"}
GRACE = 8.0  # seconds a provider may take to leave after its engine


class CommandFailed(RolloutError):
    """A command in the copy ended as it mustn't; the text is its command line and all of its output."""


class Scratch:
    """`folder` becomes the project copy. `git`: with a first commit of it. `stack`: with its stack made, empty.

    `store`: where its flags live. It says which of the two stacks that play this is (`name`).
    """

    #: Seconds that one command in it may take: two dozen times what an `up` takes on a quiet machine.
    patience = 120.0

    def __init__(self, folder: Path, *, git: bool = True, stack: bool = True, store: str = "secrets-manager") -> None:
        self.folder = folder.resolve()
        self.name = self.named(store)
        self.store = store
        shutil.copytree(env.PROJECT, self.folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
        for name in SHARED:
            if (env.PROJECT / name).exists():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / name).symlink_to(env.PROJECT / name)
        self.state = self.folder / ".local" / "state"
        private.folder(self.state)
        self.simulator = Simulator(self.folder / ".local")
        self.database: Database | None = None
        self.simulator.start()
        if store == env.DATABASE:
            try:
                self.database = _database(self.folder, self.name)
            except BaseException:  # nobody has this copy, to close it
                self.simulator.stop()
                raise
        self.env = {
            **env.applied(self.folder, stack=env.STACKS[store]),
            "PULUMI_STACK": self.name,
            "GIT_CEILING_DIRECTORIES": str(self.folder.parent),  # else a command could commit into the real project
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{
                f"GIT_{who}_{what}": f"test@{what.lower()}"
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
        }
        self.prepare()
        if git:
            self.git("init", "--quiet", "--initial-branch", "main")
            self.commit("first")
        if stack:
            self.pulumi("stack", "select", "--create", self.name)

    def named(self, store: str) -> str:
        """The stack's name."""
        return env.STACKS[store]

    def prepare(self) -> None:
        """What is changed in the copy before anything starts from it."""

    @property
    def stack_file(self) -> Path:
        """The config of its stack."""
        return self.folder / f"Pulumi.{self.name}.yaml"

    def settings(self) -> Settings:
        """What a process of its own finds there."""
        return Settings.read(self.env, store=self.store, source=SOURCES[self.store])

    @property
    def url(self) -> str:
        """The simulator's address."""
        return self.simulator.url

    def run(
        self, *command: str, env: Mapping[str, str] | None = None, check: bool = True, timeout: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """One command in the sandbox, output caught. Raises `CommandFailed` where it takes longer than `timeout` seconds
        (None: `patience`), and with `check` where its exit code isn't 0.
        """
        most = self.patience if timeout is None else timeout
        try:
            done = subprocess.run(
                command, cwd=self.folder, env={**self.env, **(env or {})}, capture_output=True, text=True,
                check=False, timeout=most, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise CommandFailed(f"{' '.join(command)} didn't end within {most:.0f} s") from None
        if check and done.returncode:
            raise CommandFailed(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """The same without waiting, in a process group of its own: for tests that kill it or race with it."""
        return subprocess.Popen(
            command, cwd=self.folder, env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def pulumi(
        self, *args: str, env: Mapping[str, str] | None = None, check: bool = True, timeout: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The real CLI, on stack `local` of the sandbox's own backend."""
        return self.run("pulumi", "--non-interactive", "--color", "never", *args, env=env, check=check, timeout=timeout)

    def rollout(
        self, *args: str, env: Mapping[str, str] | None = None, check: bool = True, timeout: float | None = None
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
        self, *args: str, env: Mapping[str, str] | None = None, check: bool = True, timeout: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """`pulumi up` without its own preview."""
        return self.pulumi("up", "--yes", "--skip-preview", *args, env=env, check=check, timeout=timeout)

    def processes(self) -> dict[int, str]:
        """The living processes of this sandbox but its simulator: by command line, working folder or environment."""
        found = {}
        own = (self.simulator.pid(), os.getpid())
        data = str(self.database.data) if self.database else "-"
        for process in psutil.process_iter():
            try:
                line = " ".join(process.cmdline()).strip()
                seen = "\n".join([line, process.cwd(), *process.environ().values()])
                if process.cwd() == data:  # the server and its children
                    continue
            except (psutil.Error, OSError):  # gone meanwhile, or not ours
                continue
            if line and str(self.folder) in seen and process.pid not in own:
                found[process.pid] = line
        return found

    def close(self) -> list[str]:
        """Ends everything; answers the processes that should have left by themselves, and had to be killed."""
        (self.folder / ".local" / "up").unlink(missing_ok=True)  # what `make up` started for as long as it is there
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
        if self.database is not None:
            self.database.stop()
        return [f"{pid} {line}" for pid, line in left.items()]


def _database(folder: Path, stack: str) -> Database:
    """A server of the copy's own. As root it runs as nobody, who has to come as far as the copy: its own folders open."""
    if os.geteuid() == 0:
        for path in (folder.parent, folder, folder / ".local"):
            path.chmod(path.stat().st_mode | 0o011)
    made = Database(folder / ".local" / "postgres")
    made.start(database=False)
    make_database(made, DATABASE, [stack])
    return made
