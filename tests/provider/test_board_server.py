"""The local board's server: one page on loopback, newer when there is one, for this machine's browser alone."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator

import pytest

from rollout.commands.board import making, server
from rollout.commands.board.server import Answer, Pages


@pytest.fixture
def pages() -> Iterator[Pages]:
    found = Pages(("127.0.0.1", 0), Answer)
    threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def get(pages: Pages, path: str = "/", host: str = "", method: str = "GET") -> tuple[int, str, str]:
    """Code, body, and the policy on keeping it."""
    port = pages.server_address[1]
    link = http.client.HTTPConnection("127.0.0.1", int(port), timeout=5)
    link.request(method, path, headers={"Host": host or f"127.0.0.1:{port}"})
    answer = link.getresponse()
    found = answer.status, answer.read().decode(), answer.headers.get("Cache-Control", "")
    link.close()
    return found


def test_the_newest_page(pages: Pages) -> None:
    assert "is being made" in get(pages)[1]
    for text in ("<p>one", "<p>two"):
        pages.page = text.encode()
        assert get(pages) == (200, text, "no-store")
    assert get(pages, "/?x")[1] == "<p>two"
    assert get(pages, "/../../etc/passwd")[0] == 404
    assert get(pages, method="POST")[0] == 501


@pytest.mark.parametrize("host", ["evil.example:80", "127.0.0.1.evil.example:1", "", "localhost.evil:2"])
def test_another_name_is_refused(pages: Pages, host: str) -> None:
    pages.page = b"secret percents"
    answer = get(pages, host=host or " ")
    assert (answer[0], "secret" in answer[1]) == (403, False)
    assert get(pages, host=f"localhost:{pages.server_address[1]}")[0] == 200


def test_it_says_who_it_is(pages: Pages) -> None:
    assert json.loads(get(pages, "/who")[1]).keys() == {"folder", "pid"}


def test_what_can_t_be_made_leaves_the_page_before(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(making, "made", lambda *_: ("<p>one", []))
    assert server._again(pages, "local", "", 60, "") == ""

    def burst(*_: object) -> None:
        raise ValueError("a secret in a text")

    monkeypatch.setattr(making, "made", burst)
    said = server._again(pages, "local", "", 60, "")
    assert said == "no new page: ValueError"
    assert server._again(pages, "local", "", 60, said) == said
    assert capsys.readouterr().err.splitlines() == ["board: no new page: ValueError"], "once"
    assert pages.page == b"<p>one"
