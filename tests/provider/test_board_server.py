"""The local board's server: one page on loopback, newer when there is one, for this machine's browser alone."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from rollout import home
from rollout.commands.board import making, server
from rollout.commands.board.server import Answer, Pages
from rollout.commands.project import files


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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project's folder, empty, whose board is served by processes of their own; none of them is left."""
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setenv(home.VARIABLE, str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    yield tmp_path
    server.stop()
    assert not served(tmp_path)


def served(folder: Path) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "cwd"])
        if process.info["cwd"] == str(folder) and "--serve" in (process.info["cmdline"] or ())
    ]


def left(folder: Path) -> bool:
    until = time.monotonic() + 60
    while served(folder) and time.monotonic() < until:
        time.sleep(0.05)
    return not served(folder)


def test_it_leaves_with_what_it_was_started_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`make down`, and the end of a copy of the project, remove that file: also before a start came as far as here."""
    up = folder / "up"
    assert server.start("local", up) == 1
    assert "has ended" in capsys.readouterr().err
    up.touch()
    assert server.start("local", up) == 0
    assert served(folder)
    up.unlink()
    assert left(folder)
    assert "none" in server.stop()


def test_a_stop_ends_what_is_being_started(folder: Path) -> None:
    starting = threading.Thread(target=server.start, args=("local",))
    starting.start()
    while not (folder / ".local/board/server.log").exists():
        assert starting.is_alive()
        time.sleep(0.01)
    said = server.stop()
    starting.join()
    assert said == "board: stopped"
    assert left(folder)
