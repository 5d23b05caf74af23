"""The local board: written anew every half minute, and served on loopback to this machine's browser alone."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import webbrowser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import click

from rollout import private
from rollout.commands.board import making
from rollout.commands.project import files
from rollout.model.problem import RolloutError

#: Seconds between two pages.
EVERY: Final = 30.0
#: Seconds that a start is waited for, and a page that is asked for.
PATIENCE: Final = 15.0
#: Seconds in which a server sees that it is to leave by itself.
LOOK: Final = 0.5
_WHO: Final = ".local/board/server.json"
_LOG: Final = ".local/board/server.log"
_LOCK: Final = ".local/board/lock"


class Pages(ThreadingHTTPServer):
    """Serves one page, and says who it is. `page`: None before the first one is made."""

    daemon_threads = True
    page: bytes | None = None
    note: str = "the first page is being made: this one asks again by itself"

    def who(self) -> dict[str, Any]:
        return {"folder": str(files.ROOT), "pid": os.getpid()}


class Answer(BaseHTTPRequestHandler):
    """`/` is the page, `/who` this server. A name that isn't loopback's is refused: another site may point its own here."""

    server: Pages
    timeout = PATIENCE

    def do_GET(self) -> None:
        host = (self.headers.get("Host") or "").rpartition(":")[0]
        if host not in ("127.0.0.1", "localhost"):
            self._send(403, "text/plain", b"this is 127.0.0.1's alone\n")
        elif self.path == "/who":
            self._send(200, "application/json", json.dumps(self.server.who()).encode())
        elif self.path.partition("?")[0] != "/":
            self._send(404, "text/plain", b"there is one page: /\n")
        elif self.server.page is None:
            text = f"<!doctype html><meta http-equiv=refresh content=3><title>board</title><p>{self.server.note}"
            self._send(200, "text/html; charset=utf-8", text.encode())
        else:
            self._send(200, "text/html; charset=utf-8", self.server.page)

    def _send(self, code: int, kind: str, body: bytes) -> None:
        self.send_response(code)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
                            ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer")):  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002, ARG002 - as the library has it; a line a page is no log
        return


def serve(stack: str, repository: str, days: int, every: float = EVERY, while_: Path | None = None) -> int:
    """Serves the board of `stack` until it is ended, or the file `while_` is gone. Answers an exit code."""
    if _over(while_):
        return 0
    pages = Pages(("127.0.0.1", 0), Answer)
    address = f"http://127.0.0.1:{pages.server_address[1]}/"
    _write(address, stack)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    click.echo(f"board: {stack} at {address}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    said = ""
    try:
        while True:
            pages.note = said = _again(pages, stack, repository, days, said)
            until = time.monotonic() + every
            while time.monotonic() < until:
                if _over(while_):
                    return 0
                time.sleep(LOOK)
    except KeyboardInterrupt:
        return 0
    finally:
        pages.shutdown()
        pages.server_close()
        if (_kept() or {}).get("address") == address:  # not another one's, that was started meanwhile
            (files.ROOT / _WHO).unlink(missing_ok=True)


def _over(while_: Path | None) -> bool:
    """Whether what it was started for has ended: also where whoever ended it came before the start had come this far."""
    return while_ is not None and not while_.exists()


def _again(pages: Pages, stack: str, repository: str, days: int, said: str) -> str:
    """A new page in the old one's place; where none can be made the old one stays, and its age tells. Answers what is said."""
    try:
        text, wrong = making.made(stack, repository, days)
        pages.page = text.encode()
    except Exception as error:  # noqa: BLE001 - the next look may be able to
        wrong = [f"no new page: {error if isinstance(error, RolloutError) else type(error).__name__}"]
    new = "; ".join(wrong)
    if new and new != said:
        click.echo(f"board: {new}", err=True)
    return new


def start(stack: str, while_: Path | None = None) -> int:
    """Starts a server in the background, unless one of this folder and stack runs; says its address."""
    with private.alone(files.ROOT / _LOCK):  # a stop beside a start ends what that one started
        return _started(stack, while_)


def _started(stack: str, while_: Path | None) -> int:
    if _over(while_):
        click.echo(f"board: not started: {while_} is gone, so what it was asked for has ended", err=True)
        return 1
    running = _running()
    if running and running.get("stack") == stack:
        click.echo(f"board: {running['address']}")
        return 0
    if running:
        _stopped()
    log = files.ROOT / _LOG
    with open(log, "wb", opener=private.opener) as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "rollout", "board", "--serve", "--stack", stack, *(["--while", str(while_)] if while_ else [])],
            cwd=files.ROOT,
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and child.poll() is None:
        found = _running()
        if found and found.get("pid") == child.pid:
            click.echo(f"board: {found['address']}")
            _show(str(found["address"]))
            child.returncode = 0  # it stays: nobody waits for it
            return 0
        time.sleep(0.05)
    click.echo(f"board: not started, see {files.name(log)}; `rollout board` writes it to a file", err=True)
    if child.poll() is None:
        child.kill()
        child.wait()
    return 1


def stop() -> str:
    """Ends the background's server, one too that is being started now; answers what to say."""
    if not (files.ROOT / _LOCK).exists():
        return "board: none is served"
    with private.alone(files.ROOT / _LOCK):
        return _stopped()


def _stopped() -> str:
    running = _running()
    (files.ROOT / _WHO).unlink(missing_ok=True)
    if not running:
        return "board: none is served"
    pid = int(running["pid"])
    for kind in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + PATIENCE / 3
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, kind)
            while time.monotonic() < until and _answers(str(running["address"])):
                time.sleep(0.05)
            if time.monotonic() < until:
                break
    return "board: stopped"


def _show(address: str) -> None:
    """In the reader's browser, where there is a screen and somebody in front of it; never an error where there is none."""
    screen = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if screen and sys.stdout.isatty() and "CI" not in os.environ:
        with contextlib.suppress(Exception):
            webbrowser.open(address)


def _write(address: str, stack: str) -> None:
    private.write(files.ROOT / _WHO, json.dumps({"address": address, "stack": stack}))


def _running() -> dict[str, Any] | None:
    """The server of this folder, asked itself: a number in a file may be somebody else's by now."""
    kept = _kept()
    who = _answers(str(kept["address"])) if kept else None
    return {**kept, **who} if kept and who and who.get("folder") == str(files.ROOT) else None


def _kept() -> dict[str, Any] | None:
    try:
        kept = json.loads((files.ROOT / _WHO).read_bytes())
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) and "address" in kept else None


def _answers(address: str) -> dict[str, Any] | None:
    """What the server at an address says of itself; None where it is gone."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{address}who", timeout=2) as answer:
            who = json.load(answer)
    except (OSError, ValueError):
        return None
    return who if isinstance(who, dict) else None
