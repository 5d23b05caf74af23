"""News by a webhook: one message an event, tried again where that helps, and never a word of its address."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from rollout.model.review.message import Message
from rollout.provider import news
from rollout.provider.errors import Absent, StoreError
from rollout.provider.settings import POSTGRES, Settings

TOLD = Message("jobs 25 -> 0 %", "by Ana K.")
KEY = "CANARY-hook-key"
HERE = Settings(region="eu-west-1", endpoint=None, unified_url="", source=POSTGRES)


class Hook:
    """A webhook that answers these statuses, one after the other, and then 200."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.got: list[dict[str, str]] = []
        self.wait = 0.0
        hook = self
        self.over = threading.Event()  # set where nobody waits for an answer any more

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.over.wait(hook.wait)
                status = hook.statuses.pop(0) if hook.statuses else 200
                if status == 200:
                    hook.got.append(body)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"http://127.0.0.1:9/{KEY}")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/{KEY}"


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    made = Hook()
    monkeypatch.setenv(news.URL, made.url)
    monkeypatch.setattr(news, "PAUSE", 0.01)
    yield made
    made.over.set()
    made.server.shutdown()
    made.server.server_close()


def test_it_is_told_once(hook: Hook) -> None:
    assert KEY not in news.send(HERE, "prod", TOLD)
    assert hook.got == [{"text": "jobs 25 -> 0 %\n\nby Ana K."}]


@pytest.mark.parametrize("statuses", [[500], [503, 429]])
def test_what_may_help_is_tried_again(hook: Hook, statuses: list[int]) -> None:
    hook.statuses = statuses
    news.send(HERE, "prod", TOLD)
    assert len(hook.got) == 1


@pytest.mark.parametrize("status", [302, 400, 404, 410])
def test_what_does_not_is_not(hook: Hook, status: int) -> None:
    hook.statuses = [status]
    with pytest.raises(StoreError, match=f"answered {status}") as caught:
        news.send(HERE, "prod", TOLD)
    assert KEY not in str(caught.value)
    assert hook.got == []


def test_a_channel_that_hangs_holds_nobody_for_long(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "PATIENCE", 0.2)
    hook.wait = 60
    began = time.monotonic()
    with pytest.raises(StoreError, match=r"no answer in time|not reached"):
        news.send(HERE, "prod", TOLD, attempts=1)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "url", [f"http://example.invalid/{KEY}", f"ftp://127.0.0.1/{KEY}", KEY, f"https://127.0.0.1:9/{KEY}"]
)
def test_an_address_that_is_none_is_not_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv(news.URL, url)
    with pytest.raises(StoreError) as caught:
        news.send(HERE, "prod", TOLD, attempts=1)
    assert KEY not in str(caught.value)


def test_without_a_channel_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(news.URL, raising=False)
    with pytest.raises(Absent, match=news.URL):
        news.send(HERE, "prod", TOLD)
