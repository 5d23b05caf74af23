"""The simulator: one process on loopback that plays AWS (moto) and the unified service's health page. It is not AWS.

Usage: python rollout/simulator/simulator.py start|stop|status|run|traffic [SCENARIO] [--dir DIR]    (DIR: .local; port, simulator.pid, simulator.log)
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # started as a file, from any folder

from rollout import clock, private
from rollout.model.problem import RolloutError
from rollout.simulator import behind, env

PATIENCE = 60.0  # seconds for a start: 2 on a quiet machine


class NotStarted(RolloutError):
    """The simulator's process didn't come to answer; the text has the last lines of its log."""


class Simulator:
    """Controls the process that belongs to one folder. A process is only believed, or ended, if it says whose it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._pid = self.folder / "simulator.pid"
        self.log = self.folder / "simulator.log"
        self._lock = self.folder / "simulator.lock"  # two starts at once would leave one astray
        self._child: subprocess.Popen[bytes] | None = None  # kept: dropping a running one warns

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{env.port(self.folder)}"

    def call(self, method: str, path: str, body: object = None, timeout: float = 10) -> Any:
        """One request to the simulator's own pages; answers the JSON, of an error answer too. Raises OSError."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback, whatever proxy is set
        try:
            with opener.open(request, timeout=timeout) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:  # it holds the connection
                return json.loads(error.read() or b"null")

    def reset(self) -> None:
        """Ends the faults and the traffic, empties the store and the counts, heals the health page."""
        self.call("DELETE", "/faults")
        self.call("DELETE", "/traffic", timeout=20)  # waits for a call under way: nothing lands in the emptied store
        self.call("DELETE", "/health")
        self.call("POST", "/moto-api/reset")
        self.call("DELETE", "/calls")

    def pid(self) -> int | None:
        """The process that answers on this folder's port and says that it is this folder's; None if there is none."""
        try:
            who = self.call("GET", "/simulator", timeout=3)
        except (OSError, ValueError):
            return None
        return int(who["pid"]) if isinstance(who, dict) and who.get("dir") == str(self.folder) else None

    def start(self) -> str:
        """Starts it if it doesn't answer; returns a line to show. Raises `NotStarted` with the log's last lines."""
        with private.alone(self._lock):
            pid = self.pid()
            if pid:
                return f"already running at {self.url} (pid {pid})"
            self._end(self._recorded())  # hangs: alive, and doesn't answer
            self._reaped()
            before = self.url
            with open(self.log, "ab", opener=private.opener) as log:
                self._child = child = subprocess.Popen(
                    [_python(), str(Path(__file__).resolve()), "run", "--dir", str(self.folder)],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                    start_new_session=True,  # make's end, or Ctrl-C in its terminal, doesn't end it
                )  # fmt: skip
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until and child.poll() is None:
                if self.pid():
                    said = f"started at {self.url} (pid {child.pid}), its store is empty"
                    moved = f'; {before} was taken: run eval "$(make -s env)" again in open shells'
                    return said if self.url == before else said + moved
                time.sleep(0.05)
            self._end(child.pid)
        last = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        raise NotStarted(f"did not start; the end of {self.log}:\n{last}\ndo: make clean, then make up")

    def stop(self) -> str:
        """Ends it, gently and then not; returns a line to show."""
        with private.alone(self._lock):
            pid = self.pid() or self._recorded()
            self._end(pid)
            self._reaped()
            self._pid.unlink(missing_ok=True)
            clock.forget(self.folder)
        return f"stopped (pid {pid})" if pid else "not running"

    def run(self) -> None:
        """Serves until it is ended. On the port of last time if that is free, so that open shells stay right."""
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        env.isolate(os.environ)  # `make up` starts it in any shell, and its traffic signs with the simulator's keys
        from werkzeug.serving import make_server

        from rollout.simulator.endpoint import Endpoint
        from rollout.simulator.traffic_page import TrafficPage

        listener = _listener(env.port(self.folder))
        port = listener.getsockname()[1]
        private.write(self.folder / "port", str(port))
        private.write(self._pid, str(os.getpid()))
        clock.forget(self.folder)
        other = behind.url(self.folder)
        aws = _moto() if other is None else behind.forwarding(other)
        app = Endpoint(aws, str(self.folder), TrafficPage(f"http://127.0.0.1:{port}", folder=self.folder))
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # nothing to save: the store is memory
        make_server("127.0.0.1", 0, app, threaded=True, fd=listener.fileno()).serve_forever()

    def _recorded(self) -> int | None:
        """The pid on file, if that process is this folder's simulator: after a reboot the number is somebody else's."""
        try:
            pid = int(self._pid.read_text())
        except (OSError, ValueError):
            return None
        return pid if f"simulator.py run --dir {self.folder}" in _command_line(pid) else None

    def _reaped(self) -> None:
        """Lets the child's object know that `_end` saw its end: else it warns when it is dropped."""
        if self._child:
            self._child.poll()

    @staticmethod
    def _end(pid: int | None) -> None:
        if pid is None:
            return
        for kind in (signal.SIGTERM, signal.SIGKILL):
            for _ in range(60):
                try:
                    if os.waitpid(pid, os.WNOHANG)[0] == pid:
                        return
                except ChildProcessError:
                    pass  # not started by this process
                try:
                    os.kill(pid, kind)
                except ProcessLookupError:
                    return
                time.sleep(0.05)


def _moto() -> Any:
    """moto's application, with what this project adds to it."""
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "1"  # no web page may read the store
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from rollout.simulator import metric_index, secret_rules

    metric_index.install()
    secret_rules.install()
    return DomainDispatcherApplication(create_backend_app)


def _python() -> str:
    """The Python that has the simulator's packages: the operator's own commands run on a leaner one."""
    own = env.PROJECT / ".venv-dev" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def _command_line(pid: int) -> str:
    import psutil  # found by no set-up that is half done: whoever only asks for the port goes without

    try:
        return " ".join(psutil.Process(pid).cmdline())
    except (psutil.Error, OSError):  # gone, or somebody else's
        return ""


def _listener(port: int) -> socket.socket:
    for wanted in (port, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", wanted))
        except OSError:
            listener.close()
            continue
        listener.listen(128)
        return listener
    raise OSError("no free port on 127.0.0.1")


def _publishes(traffic: dict[str, Any]) -> bool:
    """Whether there is something to judge by: its own first minutes, or those of what it goes on from."""
    return bool(traffic.get("minutes_published") or traffic.get("goes_on"))


def _traffic(simulator: Simulator, name: str, store: str) -> int:
    """Starts the traffic of a scenario, unless it runs, and waits for its first minutes."""
    try:
        running = simulator.call("GET", "/traffic")
        if (running.get("scenario"), running.get("store")) != (name, store):
            order = {"scenario": name, "store": store, "stack": env.STACKS[store]}
            running = simulator.call("PUT", "/traffic", order)
        until = time.monotonic() + PATIENCE
        while running.get("running") and not _publishes(running) and time.monotonic() < until:
            time.sleep(0.05)
            running = simulator.call("GET", "/traffic")
    except OSError as error:
        print(f"traffic: the simulator doesn't answer: {error}; do: make up", file=sys.stderr)
        return 1
    if not _publishes(running):
        print(f"traffic: not started: {running.get('message') or running.get('last_error')}", file=sys.stderr)
        return 1
    print(f"traffic: {name} ({running['about']}), {running['minutes_published']} min published")
    return 0


def main() -> int:
    """Exit code: 0 done or running, 1 not running or not started."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("start", "stop", "status", "run", "traffic"))
    parser.add_argument(
        "scenario", nargs="?", default="healthy", help="of `traffic`: one of rollout/simulator/traffic/scenarios"
    )
    parser.add_argument("--dir", type=Path, default=env.PROJECT / ".local")
    parser.add_argument("--store", choices=env.STACKS, default="secrets-manager", help="of `traffic`: what it reads")
    given = parser.parse_args()
    simulator = Simulator(given.dir)
    if given.command == "run":
        simulator.run()
    elif given.command == "traffic":
        return _traffic(simulator, given.scenario, given.store)
    elif given.command == "status":
        pid = simulator.pid()
        print(f"simulator: {f'running at {simulator.url} (pid {pid})' if pid else 'not running'}")
        return 0 if pid else 1
    else:
        try:
            print(f"simulator: {simulator.start() if given.command == 'start' else simulator.stop()}")
        except NotStarted as error:
            print(f"simulator: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
