"""A real PgBouncer in front of a test's PostgreSQL: Debian's own package, unpacked in .tools/pooler, nothing installed.

PATH's is taken where there is one. Where neither can be had the tests are skipped, and say so.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from rollout.simulator import database
from rollout.simulator.database import Database
from rollout.simulator.env import PROJECT

TOOLS: Final = PROJECT / ".tools" / "pooler"
#: Of what it depends on, the libraries that a system without it needn't have; their names end in a release's own number.
LIBRARIES: Final = re.compile(r"(?m)^  Depends: ((?:libc-?ares|libevent)\S*)$")
PATIENCE: Final = 60.0


def found() -> tuple[Path, dict[str, str]]:
    """The program, and the environment that its libraries are found in. Skips where there is none."""
    if on_path := shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return Path(on_path), {}
    own = TOOLS / "usr/sbin/pgbouncer"
    TOOLS.mkdir(parents=True, exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not own.exists():
            _unpacked()
    libraries = ":".join(str(path) for path in (TOOLS / "usr/lib").glob("*-linux-gnu*"))
    return own, {"LD_LIBRARY_PATH": libraries}


def _unpacked() -> None:
    """The system's own lists of packages serve where it has some; else lists of our own are fetched first, once."""
    own = [option for name in ("State::lists", "Cache") for option in ("-o", f"Dir::{name}={TOOLS / 'apt' / name}")]
    try:
        try:
            _downloaded([])
        except subprocess.SubprocessError:
            for name in ("State::lists", "Cache/archives"):
                (TOOLS / "apt" / name / "partial").mkdir(parents=True, exist_ok=True)
            subprocess.run(["apt-get", *own, "update"], capture_output=True, check=True, timeout=300)
            _downloaded(own)
            shutil.rmtree(TOOLS / "apt")
        for package in TOOLS.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, TOOLS], capture_output=True, check=True, timeout=60)
            package.unlink()
    except (OSError, subprocess.SubprocessError):
        pytest.skip("no pgbouncer on PATH, and none from Debian's packages")


def _downloaded(options: list[str]) -> None:
    """pgbouncer's package and those of its libraries, into TOOLS."""
    shown = subprocess.run(
        ["apt-cache", *options, "depends", "pgbouncer"], env={**os.environ, "LC_ALL": "C"}, capture_output=True,
        text=True, check=True, timeout=60,
    )  # fmt: skip
    packages = ["pgbouncer", *LIBRARIES.findall(shown.stdout)]
    subprocess.run(
        ["apt-get", *options, "download", *packages], cwd=TOOLS, capture_output=True, check=True, timeout=120
    )


class Pooler:
    """`mode`: session or transaction. `connections`: of its own to the server, a user and database.

    `certificate`: with it, and the `.key` beside it, it takes TLS alone (the wheel's server is built without).
    """

    def __init__(
        self,
        server: Database,
        folder: Path,
        mode: str,
        connections: int = 8,
        clients: int = 100,
        certificate: Path | None = None,
    ) -> None:
        self._server = server
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "pgbouncer.log"
        self.log.touch()
        users = folder / "users.txt"
        names = (database.SUPERUSER, "project", "rollout_deployer", "rollout_watcher")
        users.write_text("".join(f'"{name}" "{server.password}"\n' for name in names))
        settings: dict[str, object] = {
            "listen_addr": "127.0.0.1", "listen_port": self.port, "unix_socket_dir": "", "auth_type": "scram-sha-256",
            "auth_file": users, "pool_mode": mode, "default_pool_size": connections, "max_client_conn": clients,
            "query_wait_timeout": 2 if mode == "session" else 60, "server_login_retry": 1,
        }  # fmt: skip
        if certificate is not None:  # and its key beside it
            for name, path in (("cert", certificate), ("key", certificate.with_suffix(".key"))):
                shutil.copy(path, folder / path.name)
                (folder / path.name).chmod(0o644)
                settings[f"client_tls_{name}_file"] = folder / path.name
            settings["client_tls_sslmode"] = "require"
        lines = [f"{key} = {value}" for key, value in settings.items()]
        self._config = folder / "pgbouncer.ini"
        self._config.write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\n" + "\n".join(lines) + "\n"
        )
        if os.geteuid() == 0:
            for path in (folder, self.log, users, self._config):
                os.chown(path, database.UNPRIVILEGED, database.UNPRIVILEGED)

    def start(self) -> None:
        """Starts it, and waits until it says that it listens: who tries a connection is its client for a moment, of one maybe."""
        program, libraries = found()
        nobody: Any = {}
        if os.geteuid() == 0:  # it refuses to run as root
            nobody = {"user": database.UNPRIVILEGED, "group": database.UNPRIVILEGED, "extra_groups": []}
        said = len(self.log.read_text())
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [program, self._config], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                env={"PATH": os.defpath, **libraries}, **nobody,
            )  # fmt: skip
        until, listens = time.monotonic() + PATIENCE, f"listening on 127.0.0.1:{self.port}"
        while self._child.poll() is None and time.monotonic() < until:
            if listens in self.log.read_text()[said:]:
                return
            time.sleep(0.02)
        raise AssertionError(f"pgbouncer did not start: {self.log.read_text()}")

    def kill(self) -> None:
        """Ends it without a word to anybody."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def url(self, user: str, name: str) -> str:
        """An address that goes through it."""
        return self._server.url(user, name).replace(f":{self._server.port}/", f":{self.port}/")


@contextmanager
def running(
    server: Database, folder: Path, mode: str, connections: int = 8, clients: int = 100, certificate: Path | None = None
) -> Iterator[Pooler]:
    """One that is ended afterwards."""
    made = Pooler(server, folder, mode, connections, clients, certificate)
    made.start()
    try:
        yield made
    finally:
        made.kill()
