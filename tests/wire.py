"""A door in front of a PostgreSQL server that counts what goes through, and fails as networks and poolers do.

It reads the messages that the client sends (so the client comes without TLS), and knows each question by its function:
`rollout.lower(`, `rollout.read(`. What the server answers it hands on as it is.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

_FUNCTION: Final = re.compile(rb"select ((?:rollout|public)\.\w+)\(")


@dataclass
class Fault:
    """What happens to questions of a function (its name's end; empty: to all). `times`: -1 is always.

    `how`: `cut` before it is asked, `lost` (carried out, the answer is lost), `hang` (nothing ever comes), `refuse`
    (no connection is taken; the function doesn't matter), `error` (the server's place answers `state`). `wait`: seconds before anything.
    """

    function: str = ""
    how: str = ""
    match: str = ""
    times: int = -1
    wait: float = 0.0
    state: str = "XX000"


class Wire:
    """Listens on loopback until `close`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.faults: list[Fault] = []
        self.calls: Counter[str] = Counter()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        """No faults, no counts, and nobody is connected."""
        self.faults.clear()
        self.drop()
        self.calls.clear()

    def drop(self) -> None:
        """Ends every session, as a pooler does that is restarted."""
        with self._lock:
            left, self._open = self._open, set()
        for one in left:
            end(one)

    def close(self) -> None:
        self._listener.close()
        self.drop()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._meant("", b"", "refuse"):
                end(client)
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        except OSError:
            end(client)
            return
        server.settimeout(None)
        with self._lock:
            self._open |= {client, server}
        deaf = threading.Event()
        threading.Thread(target=self._back, args=(server, client, deaf), daemon=True).start()
        with suppress(OSError):
            started = False
            while True:
                head = b"" if not started else exactly(client, 1)
                length = exactly(client, 4)
                body = exactly(client, struct.unpack("!i", length)[0] - 4)
                started = started or struct.unpack("!i", body[:4])[0] == 196608
                if head == b"Q" and not self._pass(body, client, deaf):
                    continue
                server.sendall(head + length + body)
        end(client)
        end(server)

    def _pass(self, body: bytes, client: socket.socket, deaf: threading.Event) -> bool:
        """Whether the question goes on to the server."""
        found = _FUNCTION.search(body)
        name = found[1].decode() if found else "other"
        self.calls[name] += 1
        fault = self._meant(name, body)
        if fault is None:
            return True
        time.sleep(fault.wait)
        if not fault.how:
            return True
        if fault.how == "cut":
            raise OSError
        if fault.how == "error":
            fields = b"SERROR\0VERROR\0C" + fault.state.encode() + b"\0Mfault of a test\0\0"
            client.sendall(b"E" + struct.pack("!i", len(fields) + 4) + fields + b"Z" + struct.pack("!i", 5) + b"I")
            return False
        if fault.how in ("lost", "hang"):
            deaf.set()
        return fault.how != "hang"

    def _back(self, server: socket.socket, client: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if deaf.is_set():  # carried out: the answer came as far as here
                    break
                client.sendall(data)
        end(client)
        end(server)

    def _meant(self, name: str, body: bytes, how: str = "") -> Fault | None:
        with self._lock:
            for fault in self.faults:
                wanted = fault.how == how if how else (fault.how != "refuse" and name.endswith(fault.function))
                if wanted and fault.times and fault.match.encode() in body:
                    fault.times -= fault.times > 0
                    return fault
        return None


def exactly(source: socket.socket, number: int) -> bytes:
    """So many bytes. OSError where the other side ends before."""
    got = b""
    while len(got) < number:
        more = source.recv(number - len(got))
        if not more:
            raise OSError
        got += more
    return got


def end(one: socket.socket) -> None:
    """Whoever reads from it, here or on the other side, knows at once."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        one.close()
