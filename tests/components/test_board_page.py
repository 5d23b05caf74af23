"""The board in a real browser: no overflow, nothing asked of anybody, no serious finding of axe, all of it by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rollout.commands.board import web_page
from rollout.model.board.board import Board
from tests import accessible, boards, browser
from tests.pure.stories import day

WIDTHS = (390, 900, 1440)


def burning() -> Board:
    story = boards.told(4, 18.5)
    return boards.board(story, burning="jobs", unread="marketplace", wrong=["the history can't be read: " + "x" * 120])


BOARDS: dict[str, Callable[[], Board]] = {
    "late": lambda: boards.board(boards.told()),
    "burning": burning,
    "nothing yet": lambda: boards.board(boards.told(4, 0.5)),
}


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Browser]:
    path = browser.find()
    if path is None:
        pytest.skip(f"no browser is installed: one of {', '.join(browser.NAMES)}")
    with browser.Browser(path, tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(params=list(BOARDS))
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / "board.html"
    file.write_text(web_page.render(BOARDS[request.param](), day(24)))
    return file


@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_any_width(chrome: browser.Browser, page: Path, width: int) -> None:
    chrome.open(page, width)
    assert chrome.value("innerWidth") == width
    assert chrome.value("document.documentElement.scrollWidth") <= width
    wider = chrome.value(
        "[...document.querySelectorAll('header *, main *')].filter(e => !e.closest('.box, svg, details')"
        " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
    )
    assert wider == []
    cut = chrome.value(
        "[...document.querySelectorAll('svg text')].filter(e => { const a = e.getBoundingClientRect(),"
        " b = e.closest('svg').getBoundingClientRect(); return a.width && (a.left < b.left - 3 || a.right > b.right + 3); })"
        ".map(e => e.textContent)"
    )
    assert cut == [], "text of a picture is cut"
    smallest = chrome.value(
        "Math.min(...[...document.querySelectorAll('svg text')].filter(e => e.getBoundingClientRect().width)"
        ".map(e => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a))"
    )
    assert smallest >= 7.5


def test_it_asks_nobody_for_anything(chrome: browser.Browser, page: Path) -> None:
    chrome.asked.clear()
    chrome.open(page, 900)
    chrome.value("new Promise(r => setTimeout(r, 300))")
    assert list(chrome.asked.values()) == [page.as_uri()]


def test_its_own_policy_lets_nothing_out(chrome: browser.Browser, page: Path) -> None:
    """A picture that somebody's note smuggles in wouldn't be fetched: nor is a script of theirs run."""
    text = page.read_text().replace(
        "</main>", '<img src="https://example.com/x.png"><script>document.title="run"</script></main>'
    )
    page.write_text(text)
    chrome.asked.clear()
    chrome.open(page, 900)
    chrome.value("new Promise(r => setTimeout(r, 200))")
    assert [url for url in chrome.asked.values() if not url.startswith("file:")] == []
    assert chrome.value("document.title") != "run"
    assert chrome.value("getComputedStyle(document.querySelector('h1')).fontSize") == "24px", "its own style is let in"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing_serious(chrome: browser.Browser, page: Path, width: int, scheme: str) -> None:
    chrome.open(page, width, scheme=scheme)
    chrome.value("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    found = accessible.violations(chrome)
    assert [one for one in found if one[0] in ("serious", "critical")] == []
    assert len(found) <= 2, found


def test_axe_would_say_so(chrome: browser.Browser, page: Path) -> None:
    """It goes red for what it is there for."""
    page.write_text(
        page.read_text().replace('<html lang="en">', "<html>").replace("--muted: #59616a", "--muted: #d0d0d0")
    )
    chrome.open(page, 900)
    assert {name for impact, name, _ in accessible.violations(chrome) if impact in ("serious", "critical")} >= {
        "html-has-lang"
    }


def test_marks_lead_to_their_entries_by_keyboard(chrome: browser.Browser, tmp_path: Path) -> None:
    file = tmp_path / "board.html"
    file.write_text(web_page.render(boards.board(boards.told()), day(24)))
    chrome.open(file, 1440)
    marks = chrome.value(
        "[...document.querySelectorAll('svg.wide a')].map(e => [e.getAttribute('href').slice(1), e.getAttribute('aria-label')])"
    )
    assert len(marks) >= 20
    missing = chrome.value("[...document.querySelectorAll('svg a, .links a[href^=\"#\"]')].map(e => e.getAttribute('href').slice(1))"
                           ".filter(id => !document.getElementById(id))")  # fmt: skip
    assert missing == []
    folded = chrome.value(
        "(() => { const a = [...document.querySelectorAll('svg.wide a')].find(e => document.getElementById(e.getAttribute('href')"
        ".slice(1)).closest('details')); a.focus(); a.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));"
        " return a.getAttribute('href').slice(1); })()"
    )
    chrome.value("new Promise(r => setTimeout(r, 200))")
    assert chrome.value(f"document.getElementById('{folded}').getBoundingClientRect().height") > 0, "it is still folded"
    assert chrome.value("document.activeElement.id") == folded
