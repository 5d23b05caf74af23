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
    (refusal,) = probes.run([item()], serve(answer, 0.3))
    assert time.monotonic() - began < 10, "byte by byte the whole takes longer"
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


def said(url: str, unified: str = "", protected: tuple[str, ...] = ()) -> str:
    one = ChecklistItem("health", "probe", "be well", 5, url)
    return "; ".join(refusal.text for refusal in probes.run([one], unified, protected))


#: One address, in the forms that a machine's resolver takes for it.
WRITTEN = (
    "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]", "169.254.170.2", "[fe80::1]", "[fd00:ec2::254]", "100.100.100.200", "x@169.254.169.254",
)  # fmt: skip


@pytest.mark.parametrize("host", WRITTEN)
def test_no_metadata_service_is_asked(host: str) -> None:
    assert "isn't asked" in said(f"http://{host}/latest/meta-data/")
    assert "isn't asked" in said("{unified}/health", f"http://{host}")


def test_a_name_is_looked_at_when_it_is_looked_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at is what is spoken to: nothing looks the name up a second time."""
    url = serve(http(b"{}"), 0)
    port = int(url.rpartition(":")[2])
    answers = [[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.pop())
    assert said(f"http://health.example.org:{port}/x") == ""
    bad = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))
    answers.append([(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)), bad])
    assert "169.254.169.254 is a link-local address" in said(f"http://health.example.org:{port}/x")
    assert "a machine's metadata service" in said("http://metadata.google.internal./x")


def test_the_next_address_is_tried_where_one_is_silent(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    port = int(serve(http(b"{}"), 0).rpartition(":")[2])
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", where)) for where in (9, port)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert said(f"http://health.example.org:{port}/x") == ""


@pytest.mark.parametrize(
    "path",
    [
        "wa-webhook-mobility",
        "wa-webhook-%6dobility",
        "%256Dobility",
        "%2525256dobility",
        "\uff4dobility",
        "mob\u200bility",
    ],
)
def test_no_name_of_a_protected_service_is_asked(serve: Serve, path: str) -> None:
    """However it is written, and in the base URL too."""
    url = serve(http(b"{}"), 0)
    assert "speaks of the protected service wa-webhook-mobility" in said(f"{{unified}}/{path}", url)
    assert "speaks of the protected service wa-webhook-mobility" in said("{unified}/health", f"{url}/{path}")
    assert "speaks of the protected service our-own" in said("{unified}/health", f"{url}/%6fwn", ("our-own",))
