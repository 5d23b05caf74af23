"""A door in front of what speaks AWS's protocols: it hands requests on, keeps what came of them, and fails as AWS does.

PyPI's `microburst` was looked at: it renders errors well, and can't lose an answer after the call was carried out, nor tell
which values were written in which order, which is what is asked here.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import socketserver
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from rollout.provider import simulators
from rollout.simulator.endpoint import action_of

#: Seconds that a slow answer takes.
SLOW: Final = 3.0
#: Seconds after which a call that hangs is let go, whatever its client does.
HANGS: Final = 120.0
#: What a hand writes of it goes: an answer of the right form, and nothing of it carried out.
_ERRORS: Final = {
    "500": (500, "InternalServiceError", "InternalFailure", "fault of a test"),
    "503": (503, "ServiceUnavailable", "ServiceUnavailable", "fault of a test"),
    "throttled": (400, "ThrottlingException", "Throttling", "Rate exceeded"),
    "expired": (400, "ExpiredTokenException", "ExpiredToken", "The security token included in the request is expired"),
    "denied": (
        400,
        "AccessDeniedException",
        "AccessDenied",
        "User: arn:aws:iam::123456789012:user/x is not authorized",
    ),
}
#: The twelve ways. Of the first five nothing is carried out; of `reset after`, `cut body` and `invalid JSON` all is.
KINDS: Final = (
    *_ERRORS, "reset before", "reset after", "cut body", "invalid JSON", "HTML with 200", "slow 3 s", "hang",
)  # fmt: skip


@dataclass
class Call:
    """One request: when it came and was over (monotonic), and the value of a flag that it wrote, if it was carried out."""

    action: str
    began: float
    ended: float = 0.0
    wrote: tuple[str, str] | None = None
    broken: bool = False


@dataclass
class Broken:
    """What happens to the calls of an action. `once`: to the first alone."""

    action: str
    kind: str
    once: bool = False
    hits: int = 0

    def meant(self, action: str) -> bool:
        """Whether this call is one; it counts."""
        if action != self.action or (self.once and self.hits):
            return False
        self.hits += 1
        return True


@dataclass
class Door:
    """Listens on loopback, on every address with `everywhere`, until `close`; what stands behind it has `port`."""

    behind: int
    everywhere: bool = False
    fault: Broken | None = None
    latency: float = 0.0  # seconds that every call takes longer
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.closing = threading.Event()
        handler = type("Bound", (_Handler,), {"door": self})
        self._server = _Server(("" if self.everywhere else "127.0.0.1", 0), handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def breaks(self, action: str, kind: str, *, once: bool) -> None:
        """From now on."""
        self.fault = Broken(action, kind, once)

    def heal(self) -> None:
        """Nothing is broken any more."""
        self.fault = None

    @property
    def hits(self) -> int:
        return self.fault.hits if self.fault else 0

    def close(self) -> None:
        """Lets go what hangs, and listens no longer."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def taken(self) -> list[Call]:
        """The calls until now; they are forgotten."""
        with self._lock:
            found, self.calls = self.calls, []
        return found

    def begin(self, action: str) -> tuple[Call, str]:
        """Keeps a call, and answers how it fails (empty: not at all)."""
        with self._lock:
            call = Call(action, time.monotonic())
            self.calls.append(call)
            fault = self.fault
            call.broken = fault is not None and fault.meant(action)
            return call, fault.kind if fault is not None and call.broken else ""


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def shutdown_request(self, request: Any) -> None:
        """Without a FIN first: whoever wants a reset has set SO_LINGER."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    door: Door
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        action = action_of(
            {
                "HTTP_AUTHORIZATION": self.headers.get("Authorization", ""), "PATH_INFO": self.path,
                "HTTP_X_AMZ_TARGET": self.headers.get("X-Amz-Target", ""), "REQUEST_METHOD": self.command,
            },
            body,
        )  # fmt: skip
        call, kind = self.door.begin(action)
        time.sleep(self.door.latency)
        try:
            self._answered(call, kind, body)
        except OSError:
            self.close_connection = True
        finally:
            call.ended = time.monotonic()

    def do_GET(self) -> None:
        """Whether what stands behind only plays is no call of the product's."""
        if self.path not in simulators.PAGES:
            return self.do_POST()
        status, content, said = self._hand_on(Call("page", time.monotonic()), b"")
        return self._send(status, content, said)

    def log_message(self, *_: Any) -> None:
        """Nothing: the calls are kept."""

    def _answered(self, call: Call, kind: str, body: bytes) -> None:
        if kind == "hang":
            self._gone(HANGS)
            return self._reset()
        if kind == "reset before":
            return self._reset()
        if kind in _ERRORS:
            status, code, query, text = _ERRORS[kind]
            return self._send(status, *self._error(code, query, text))
        if kind == "HTML with 200":  # a proxy on the way, which shows what it was sent
            return self._send(200, "text/html", f"<html><pre>{self.headers}</pre></html>".encode())
        if kind == "slow 3 s" and self._gone(SLOW):
            return None
        status, content, said = self._hand_on(call, body)
        if kind == "reset after":
            return self._reset()
        if kind == "invalid JSON":
            return self._send(200, content, f'{{"ARN": "{self.headers.get("X-Amz-Security-Token")}'.encode())
        return self._send(status, content, said, cut=kind == "cut body")

    def _hand_on(self, call: Call, body: bytes) -> tuple[int, str, bytes]:
        behind = http.client.HTTPConnection("127.0.0.1", self.door.behind, timeout=60)
        try:
            headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection")}
            behind.request(self.command, self.path, body, headers)
            answer = behind.getresponse()
            said = answer.read()
        finally:
            behind.close()
        if answer.status == 200:
            call.wrote = _written(call.action, body)
        return answer.status, answer.getheader("Content-Type") or "application/json", said

    def _error(self, code: str, query: str, text: str) -> tuple[str, bytes]:
        """In the words of the request's own protocol."""
        if self.headers.get("X-Amz-Target"):
            return "application/x-amz-json-1.1", json.dumps({"__type": code, "message": text}).encode()
        error = f"<Type>Sender</Type><Code>{query}</Code><Message>{text}</Message>"
        return "text/xml", f"<ErrorResponse><Error>{error}</Error><RequestId>1</RequestId></ErrorResponse>".encode()

    def _send(self, status: int, content: str, said: bytes, *, cut: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content)
        self.send_header("Content-Length", str(len(said) + (1 if cut and len(said) < 2 else 0)))
        self.end_headers()
        self.wfile.write(said[: len(said) // 2] if cut else said)
        if cut:
            self.close_connection = True

    def _reset(self) -> None:
        """RST, as a router that forgot the connection sends it."""
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self.connection.close()
        self.close_connection = True

    def _gone(self, seconds: float) -> bool:
        """Whether the client left within that time, or the door was closed."""
        until = time.monotonic() + seconds
        self.connection.settimeout(0.1)
        try:
            while time.monotonic() < until and not self.door.closing.is_set():
                try:
                    if self.connection.recv(1, socket.MSG_PEEK) == b"":
                        return True
                except TimeoutError:
                    continue
            return self.door.closing.is_set()
        finally:
            with contextlib.suppress(OSError):
                self.connection.settimeout(None)


def _written(action: str, body: bytes) -> tuple[str, str] | None:
    """The flag and its value that a request writes."""
    if action not in ("secretsmanager.PutSecretValue", "secretsmanager.CreateSecret"):
        return None
    told = json.loads(body)
    return str(told.get("SecretId") or told.get("Name")), str(told.get("SecretString"))
