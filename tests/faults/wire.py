"""A door in front of a PostgreSQL server, which breaks one question as networks, poolers and servers break it, and what follows.

It reads what the client asks, in plain or over TLS with a certificate of its own, and knows a question by its function.
"""

from __future__ import annotations

import re
import select
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Final

from tests.faults.certificates import Certificates
from tests.faults.door import HANGS, SLOW, Call
from tests.wire import end, exactly

_FUNCTION: Final = re.compile(rb"select rollout\.(\w+)\(")
_SSL, _GSS = 80877103, 80877104
#: What is said in the server's place: SQLSTATE, severity, words.
_SAID: Final = {
    "statement time-out": ("57014", "ERROR", "canceling statement due to statement timeout"),
    "read-only": ("25006", "ERROR", "cannot execute UPDATE in a read-only transaction"),
    "serialization": ("40001", "ERROR", "could not serialize access due to concurrent update"),
    "shutdown": ("57P01", "FATAL", "terminating connection due to administrator command"),
}
#: The question's connection ends, and whoever connects then meets this.
_CONNECTING: Final = {
    "refused": None,
    "untrusted TLS": None,
    "wrong password": ("28P01", "FATAL", 'password authentication failed for user "rollout_deployer"'),
    "no connections": ("53300", "FATAL", "sorry, too many clients already"),
}
KINDS: Final = (
    *_CONNECTING, *_SAID, "reset before commit", "reset after commit", "hang before commit", "hang after commit", "slow 3 s",
)  # fmt: skip


@dataclass
class PgDoor:
    """Listens on loopback until `close`; the server has the port `behind`."""

    behind: int
    certificates: Certificates
    action: str = ""  # the function that is broken; empty: none
    kind: str = ""
    once: bool = False
    latency: float = 0.0  # seconds that every question takes longer
    calls: list[Call] = field(default_factory=list)
    hits: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._connecting = 0  # how many who connect are met; -1: all
        self.closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def breaks(self, action: str, kind: str, *, once: bool) -> None:
        """From now on."""
        self.action, self.kind, self.once, self.hits, self._connecting = action, kind, once, 0, 0

    def heal(self) -> None:
        """Nothing is broken any more, and who was connected isn't."""
        self.breaks("", "", once=False)
        with self._lock:
            left, self._open = self._open, set()
        for one in left:
            end(one)

    def close(self) -> None:
        self.closing.set()
        self._listener.close()
        self.heal()

    def taken(self) -> list[Call]:
        """The questions until now; they are forgotten."""
        with self._lock:
            found, self.calls = self.calls, []
        return found

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server: socket.socket | None = None
        with self._lock:
            meets = self.kind if self._connecting else ""
            self._connecting -= self._connecting > 0
            self._open.add(client)
        try:
            if meets == "refused":
                return
            found = self._begun(client, meets)
            if found is None:
                return
            client, first = found
            if meets in _CONNECTING and _CONNECTING[meets] is not None:
                client.sendall(_error(*_CONNECTING[meets]))  # type: ignore[misc] # None is left out above
                return
            server = socket.create_connection(("127.0.0.1", self.behind), timeout=10)
            server.settimeout(None)
            server.sendall(first)
            self._relay(client, server)
        except (OSError, ValueError):  # also of a socket that was closed from outside
            pass
        finally:
            end(client)
            if server is not None:
                end(server)
            with self._lock:
                self._open.discard(client)

    def _begun(self, client: socket.socket, meets: str) -> tuple[socket.socket, bytes] | None:
        """The client after its start, encrypted where it asked for that, and its start-up message."""
        while True:
            head = exactly(client, 8)
            length, code = struct.unpack("!ii", head)
            if code == _GSS:
                client.sendall(b"N")
            elif code == _SSL:
                client.sendall(b"S")
                name = "other" if meets == "untrusted TLS" else "trusted"
                client = self.certificates.contexts[name].wrap_socket(client, server_side=True)
            else:
                return client, head + exactly(client, length - 8)

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        """Both ways in one thread: a TLS connection isn't made for two."""
        deaf = False  # what the server answers goes nowhere
        call: Call | None = None
        while not self.closing.is_set():
            waiting = isinstance(client, ssl.SSLSocket) and client.pending()
            ready = [client] if waiting else select.select([client, server], [], [], 0.5)[0]
            if client in ready:
                head = exactly(client, 5)
                message = head + exactly(client, struct.unpack("!i", head[1:])[0] - 4)
                kind = ""
                if head[:1] == b"Q":
                    call, kind = self._asked(message)
                    time.sleep(self.latency)
                if kind and not self._broken(kind, client, server, message):
                    return
                if kind == "hang after commit":
                    deaf = True
                if kind in _SAID and kind != "shutdown":
                    call.ended = time.monotonic()  # type: ignore[union-attr] # there is one where there is a kind
                    continue
                server.sendall(message)
            if server in ready:
                data = server.recv(65536)
                if not data:
                    return
                if deaf:
                    self._until_gone(client, HANGS)
                    self._over(call)
                    return
                client.sendall(data)
                self._over(call)

    def _asked(self, message: bytes) -> tuple[Call, str]:
        found = _FUNCTION.search(message)
        name = found[1].decode() if found else "other"
        with self._lock:
            call = Call(name, time.monotonic())
            self.calls.append(call)
            meant = name == self.action and not (self.once and self.hits)
            self.hits += meant
            call.broken = meant
            return call, self.kind if meant else ""

    @staticmethod
    def _over(call: Call | None) -> None:
        if call is not None:
            call.ended = time.monotonic()

    def _broken(self, kind: str, client: socket.socket, server: socket.socket, message: bytes) -> bool:
        """Whether the connection goes on."""
        if kind in _CONNECTING:
            self._connecting = 1 if self.once else -1
            return False
        if kind == "reset before commit":
            return False
        if kind == "reset after commit":
            server.sendall(message)
            server.settimeout(30)
            while b"Z\0\0\0\5" not in server.recv(65536):
                pass
            return False
        if kind == "hang before commit":
            self._until_gone(client, HANGS)
            return False
        if kind == "slow 3 s":
            return not self._until_gone(client, SLOW)
        if kind in _SAID:
            client.sendall(_error(*_SAID[kind]))
            if kind == "shutdown":
                return False
            client.sendall(b"Z" + struct.pack("!i", 5) + b"I")
        return True

    def _until_gone(self, client: socket.socket, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.closing.is_set():
            if not select.select([client], [], [], 0.1)[0]:
                continue
            if isinstance(client, ssl.SSLSocket) or not client.recv(1, socket.MSG_PEEK):
                return True
            time.sleep(0.05)
        return self.closing.is_set()


def _error(state: str, severity: str, words: str) -> bytes:
    fields = f"S{severity}\0V{severity}\0C{state}\0M{words}\0\0".encode()
    return b"E" + struct.pack("!i", len(fields) + 4) + fields
