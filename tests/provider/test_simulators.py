"""A loopback endpoint is a simulator only where it says so: a tunnel to AWS has a loopback address, and makes nothing legal."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rollout.commands.rollback import stop
from rollout.model.problem import BadInput
from rollout.provider import simulators
from rollout.provider.judging.context import Context
from rollout.provider.settings import Settings
from rollout.provider.stores import choose as stores
from rollout.provider.wire.row import Refused
from rollout.simulator.simulator import Simulator
from tests.provider.desk import Desk

NOW = {"ROLLOUT_NOW": "2026-12-01T08:00:00Z"}
#: What AWS itself answers to a question that isn't signed.
UNSIGNED = b'{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}'


class Tunnel:
    """What a tunnel to AWS looks like from here: API calls are answered (by the simulator behind), pages aren't AWS's."""

    def __init__(self, behind: str) -> None:
        self.asked: list[str] = []
        tunnel, where = self, behind.removeprefix("http://")

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                tunnel.asked.append(self.path)
                self._send(400, "application/x-amz-json-1.1", UNSIGNED)

            def do_POST(self) -> None:
                link = http.client.HTTPConnection(where)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                link.request("POST", self.path, body, {k: v for k, v in self.headers.items() if k.lower() != "host"})
                answer = link.getresponse()
                self._send(answer.status, str(answer.getheader("Content-Type")), answer.read())
                link.close()

            def _send(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(autouse=True)
def _unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port may be another server's than in the test before."""
    monkeypatch.setattr(simulators, "_told", {})


@pytest.fixture
def tunnel(moto: Simulator) -> Iterator[Tunnel]:
    made = Tunnel(moto.url)
    yield made
    made.close()


@pytest.fixture
def page() -> Iterator[Callable[[dict[str, bytes]], str]]:
    """`page({"/path": answer})`: the address of a server that sends those bytes, and 404 elsewhere."""
    listeners: list[socket.socket] = []

    def serve(answers: dict[str, bytes]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def work() -> None:
            with suppress(OSError):
                while True:
                    link, _ = listener.accept()
                    with suppress(OSError), link:
                        path = link.recv(4096).partition(b" ")[2].partition(b" ")[0].decode()
                        link.sendall(answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"))

        threading.Thread(target=work, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for listener in listeners:
        listener.close()


def ok(body: object) -> bytes:
    text = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)


def test_the_simulator_says_so_itself(moto: Simulator) -> None:
    settings = Settings.read(
        {"AWS_ENDPOINT_URL": moto.url, **NOW, "ROLLOUT_UNIFIED_URL": f"{moto.url}/"}, None, "https://real"
    )
    assert settings.simulator
    assert settings.now().isoformat() == "2026-12-01T08:00:00+00:00"
    assert settings.probed_url == moto.url
    with pytest.raises(BadInput, match="ROLLOUT_NOW is no time"):
        Settings.read({"AWS_ENDPOINT_URL": moto.url, "ROLLOUT_NOW": "tomorrow"})


def test_elsewhere_and_through_a_tunnel_no_clock_and_no_other_page_counts(tunnel: Tunnel) -> None:
    for endpoint in ("", "https://example.org", "http://127.0.0.1:9", tunnel.url):
        environ = {
            **NOW,
            "ROLLOUT_COUNT_PERIOD": "3600",
            "ROLLOUT_UNIFIED_URL": "http://127.0.0.1:1",
            "AWS_ENDPOINT_URL": endpoint,
        }
        settings = Settings.read(environ, None, "https://real/")
        assert not settings.simulator
        assert not settings.virtual
        assert [text.partition(" is left out")[0] for text in settings.warnings] == [
            "ROLLOUT_NOW",
            "ROLLOUT_COUNT_PERIOD",
        ]
        assert settings.probed_url == "https://real", "a stray variable moves no real probe"
    assert tunnel.asked == [*simulators.PAGES], "once, and then it is known"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/simulator", {"plays": "aws", "pid": 1, "dir": "/x"}),
        ("/moto-api/config", {"batch": {"use_docker": True}, "lambda": {"use_docker": True}}),  # moto 5.2.5's
        (
            "/_localstack/health",
            {"services": {"s3": "available"}, "edition": "light", "version": "1.5.33"},
        ),  # ministack's
    ],
)
def test_emulators_that_are_known(page: Callable[[dict[str, bytes]], str], path: str, body: object) -> None:
    assert simulators.says(page({path: ok(body)}))


def test_motos_own_page_is_as_it_is_taken_for(moto: Simulator) -> None:
    assert simulators.PAGES["/moto-api/config"](moto.call("GET", "/moto-api/config"))


@pytest.mark.parametrize(
    "answer",
    [ok([]), ok("aws"), ok({"plays": "AWS"}), ok({}), b"HTTP/1.1 200 OK\r\n\r\n<html>", b"nothing of HTTP", b"", ok({"dir": "/x"}),
     b"HTTP/1.1 500 No\r\nContent-Length: 15\r\n\r\n{\"plays\":\"aws\"}", b"HTTP/1.1 302 Found\r\nLocation: /moto-api/config\r\n\r\n",
     b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000],
)  # fmt: skip
def test_what_says_something_else_is_none(page: Callable[[dict[str, bytes]], str], answer: bytes) -> None:
    assert not simulators.says(page(dict.fromkeys(simulators.PAGES, answer)))


def test_what_never_answers_is_none_and_isnt_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulators, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not simulators.says(f"http://127.0.0.1:{silent.getsockname()[1]}")


def test_a_no_is_not_for_ever(page: Callable[[dict[str, bytes]], str], monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, bytes] = {}
    url = page(answers)
    assert not simulators.says(url)
    answers["/simulator"] = ok({"plays": "aws"})
    assert not simulators.says(url)
    monkeypatch.setattr(simulators, "NO_FOR", -1.0)
    assert simulators.says(url)


@pytest.mark.parametrize("what", ["gate", "drill"])
def test_through_a_tunnel_nothing_is_off(settings: Settings, desk: Desk, tunnel: Tunnel, what: str) -> None:
    desk.climb("ai-agents", 5)
    desk.later(hours=48)
    through = replace(desk.context.settings, endpoint=tunnel.url)
    desk.context = Context(through, stores.store(through))
    desk.new_run()
    with pytest.raises(Refused, match=f"{what}: off is for simulators only"):
        desk.percent("ai-agents", 10)
    assert tunnel.asked == [*simulators.PAGES]


def test_a_lowering_asks_nobody(
    settings: Settings, desk: Desk, tunnel: Tunnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an `up` that lowers, nor the rollback and its own `up`, whatever the clock is set to."""
    desk.climb("ai-agents", 5)
    through = replace(desk.context.settings, endpoint=tunnel.url)
    desk.context = Context(through, stores.store(through))
    desk.new_run()
    desk.percent("ai-agents", 0)
    assert desk.live("ai-agents") == "0"
    for environ in ({}, {"ROLLOUT_ONLY_LOWER": "1"}):
        read = Settings.read({"AWS_ENDPOINT_URL": tunnel.url, **NOW, **environ}, asks=environ != {})
        assert read.virtual, "as its address says"
        name = desk.context.percent_name("test", "ai-agents")
        assert stop.stop(stores.store(read), read, name, "zero", None).to == 0
    assert tunnel.asked == []
