"""The page of the reports on a small story: whole in itself, the same bytes, right in a browser, readable in grey."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rollout.commands.report import command as report
from rollout.commands.report import web_page
from rollout.model.reports.story import Story
from tests import accessible, browser, pages
from tests.pure.cases import HOME
from tests.pure.stories import climb, day, finished, iso, move, run, story

DRILL = {
    "domain": "jobs",
    "stack": "drill",
    "at": iso(day(7)),
    "passed": True,
    "decision_to_live": 1.4,
    "traffic_back": 61,
}
AGAIN = "from tests.components.test_report_page import eventful, render; print(render(eventful()), end='')"


def eventful() -> Story:
    """A rollback, a stop, a freeze and a drill, on a record longer than the plan."""
    lowered = [*climb(8)[:4], move(11, 25, 10, "rollback"), move(13, 10, 0, "stop")]
    runs = [run(1), run(14, freeze={"why": "INC-7: <b>bold</b> & co", "by": "Ana K."}), run(16), run(30)]
    return story({"ai-agents": climb(1), "jobs": lowered}, runs, drills={"d": DRILL})


def render(told: Story) -> str:
    return web_page.render(told, report.tell(told))


@pytest.mark.parametrize("told", [finished(), eventful(), story()], ids=["finished", "eventful", "nothing yet"])
def test_the_page_is_whole_in_itself(told: Story) -> None:
    pages.whole(render(told))


def test_somebodys_words_are_no_markup() -> None:
    text = render(eventful())
    assert "INC-7: &lt;b&gt;bold&lt;/b&gt; &amp; co" in text
    assert "<b>" not in text


def test_another_process_writes_the_same_bytes() -> None:
    """Another hash seed, so that no order of a set comes through."""
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", AGAIN], cwd=HOME, env=environment, capture_output=True, check=True, text=True
    )
    assert done.stdout == render(eventful())


def test_a_browser_shows_it_at_either_width(tmp_path: Path) -> None:
    file = tmp_path / "index.html"
    file.write_text(render(eventful()))
    pages.seen(file, tmp_path / "profile")


def test_axe_finds_nothing_serious_at_any_width(tmp_path: Path) -> None:
    path = browser.find()
    if path is None:
        pytest.skip(f"no browser is installed: one of {', '.join(browser.NAMES)}")
    file = tmp_path / "index.html"
    file.write_text(render(eventful()))
    with browser.Browser(path, tmp_path / "profile") as chrome:
        for width, scheme in ((390, "light"), (900, "dark"), (1440, "light")):
            chrome.open(file, width, scheme=scheme)
            assert chrome.value("document.documentElement.scrollWidth") <= width
            chrome.value("document.querySelectorAll('details').forEach(e => { e.open = true; })")
            found = accessible.violations(chrome)
            assert [one for one in found if one[0] in ("serious", "critical")] == [], (width, scheme)
        assert list(chrome.asked.values()) == [file.as_uri()] * 3, "it asks nobody for anything"


def test_what_happened_has_a_letter_and_a_line_of_the_table() -> None:
    """Not by colour alone: each mark is a letter in a shape of its own."""
    text = render(eventful())
    wide = re.search(r'<svg class="wide".*?</svg>', text, re.S)
    assert wide is not None
    letters = re.findall(r"<text[^>]*>([A-Z])</text>", wide[0])
    drawn = {letter: letters.count(letter) - 1 for letter in "RSFDP"}  # one stands in the legend
    assert drawn == {"R": 1, "S": 1, "F": 1, "D": 1, "P": 8}
    assert "Marks: raise, gate passed 8, rollback 1, stop 1, drill 1." in wide[0]
    soaks, freezes, legend = 9, 1, 2
    assert len(re.findall(r"fill: url\(#|fill=\"url\(#", wide[0])) == soaks + freezes + legend, "hatches"
