"""Probes against servers that answer badly: a byte now and then, a redirect, without an end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from rollout.model.catalogue.domain import ChecklistItem
from rollout.provider.judging import probes

Serve = Callable[[bytes, float], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(answer, pause)`: the address of a server that sends it, a byte every `pause` seconds (0: at once)."""
    ended = threading.Event()
    listeners: list[socket.socket] = []

    def make(answer: bytes, pause: float) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def work() -> None:
            with suppress(OSError):
                while not ended.is_set():
                    connection, _ = listener.accept()
                    threading.Thread(target=send, args=(connection,), daemon=True).start()

        def send(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                connection.recv(4096)
                for start in range(0, len(answer), 1 if pause else len(answer)):
                    connection.sendall(answer[start : start + 1] if pause else answer)
                    if pause and ended.wait(pause):
                        return

        threading.Thread(target=work, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield make
    ended.set()
    for listener in listeners:
        listener.close()


def item(field: str = "") -> ChecklistItem:
    return ChecklistItem(
        name="health", kind="probe", ask="be well", before=5, url="{unified}/x", status=200, field=field, equals="ok"
    )


def http(body: bytes, status: str = "200 OK", more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n" % (status.encode(), len(body), more) + body


@pytest.mark.parametrize(
    "answer",
    [http(b'{"a": "ok"}'), http(b" " * 500), b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 90],
    ids=["head", "body", "headers"],
)
def test_the_time_out_is_for_the_whole_answer(serve: Serve, monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    monkeypatch.setattr(probes, "TIMEOUT", 0.5)
    began = time.monotonic()
    (refusal,) = probes.run([item()], serve(answer, 0.05))
    assert time.monotonic() - began < 2.5
    assert refusal.text.startswith("probe health: ")
    assert "no whole answer within 0.5 s" in refusal.text or "doesn't answer" in refusal.text


def test_a_redirect_is_not_followed(serve: Serve) -> None:
    elsewhere = serve(http(b'{"a": "ok"}'), 0)
    for status in ("301 Moved", "302 Found", "307 Temporary", "308 Permanent"):
        (refusal,) = probes.run([item()], serve(http(b"", status, f"Location: {elsewhere}/x\r\n".encode()), 0))
        assert f"answered {status[:3]}, expected 200" in refusal.text


def test_a_body_has_an_end(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "LARGEST", 1000)
    (refusal,) = probes.run([item("a")], serve(http(b'{"a": "ok", "b": "' + b"x" * 1000 + b'"}'), 0))
    assert "answered more than 1,000 bytes" in refusal.text
    assert probes.run([item("a")], serve(http(b'{"a": "ok"}'), 0)) == []
