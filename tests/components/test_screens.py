"""Board and report in the middle of a migration, as eighteen screens each: three widths, light, dark and grey.

Nothing is wider than the screen, no text is cut or drawn over by its own outline, nobody is asked for anything.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from rollout.commands.board import web_page as board_page
from rollout.commands.init import answers
from rollout.commands.report import command as report
from rollout.commands.report import web_page as report_page
from rollout.model.reports.story import Story
from tests import boards, browser

WIDTHS: Final = (390, 900, 1440)
SCHEMES: Final = ("light", "dark", "grey")
PAGES: Final[dict[str, Callable[[Story], str]]] = {
    "board": lambda story: board_page.render(boards.board(story), story.as_of),
    "report": lambda story: report_page.render(story, report.tell(story)),
}
#: What is wrong on a screen, in words. A table in a box of its own scrolls there; what is hidden for eyes is no bigger than 1 px.
LOOK: Final = """(() => {
  const wrong = [], wide = innerWidth;
  if (document.documentElement.scrollWidth > wide) wrong.push(`the page is ${document.documentElement.scrollWidth} px wide`);
  for (const one of document.querySelectorAll('body *')) {
    const box = one.getBoundingClientRect();
    if (box.width <= 1 || one.closest('svg, .box')) continue;
    const style = getComputedStyle(one), said = `${one.tagName} ${one.textContent.trim().slice(0, 40)}`;
    if (style.overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1) wrong.push(`cut: ${said}`);
    if (box.right > wide + 1) wrong.push(`too wide: ${said}`);
  }
  for (const text of document.querySelectorAll('svg text')) {
    const box = text.getBoundingClientRect(), room = text.ownerSVGElement.getBoundingClientRect();
    if (!box.width) continue;
    if (box.left < room.left - 1 || box.right > room.right + 1 || box.top < room.top - 1 || box.bottom > room.bottom + 1)
      wrong.push(`cut in a picture: ${text.textContent}`);
    if (getComputedStyle(text).stroke !== 'none') wrong.push(`outlined: ${text.textContent}`);
  }
  return [...new Set(wrong)];
})()"""


def seed() -> Story:
    return boards.told(4, 18.5)


def one() -> Story:
    given = answers.from_flags(
        "shop", "2026-12-01", ["checkout=old-checkout"], {"ladder": ["1-10-50-100"]}, (), "2000", "eu-west-1"
    )
    return boards.own(given, 5.2)


def six() -> Story:
    page = (Path(__file__).parents[2] / "docs/own-services.md").read_text(encoding="utf-8")
    return boards.own(answers.from_file(page.partition("```yaml\n")[2].partition("```")[0].encode(), "six.yaml"), 9.3)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("told", [seed, one, six], ids=["four domains", "one of one's own", "six of one's own"])
def test_nine_screens(name: str, told: Callable[[], Story], tmp_path: Path) -> None:
    path = browser.find()
    if path is None:
        pytest.skip(f"no browser is installed: one of {', '.join(browser.NAMES)}")
    file = tmp_path / "page.html"
    file.write_text(PAGES[name](told()), encoding="utf-8")
    with browser.Browser(path, tmp_path / "profile") as chrome:
        for width in WIDTHS:
            for scheme in SCHEMES:
                chrome.open(file, width, scheme="dark" if scheme == "dark" else "light")
                chrome.ask(
                    "Emulation.setEmulatedVisionDeficiency", type="achromatopsia" if scheme == "grey" else "none"
                )
                assert chrome.value("innerWidth") == width, "a phone zooms out where a page is too wide"
                assert chrome.value(LOOK) == [], (name, width, scheme)
                shown = chrome.value("getComputedStyle(document.body).backgroundColor").strip("rgb()").split(",")
                assert (int(shown[0]) < 128) == (scheme == "dark"), (name, width, scheme)
        asked = {url for url in chrome.asked.values() if not url.startswith("data:")}
        assert asked == {file.as_uri()}, "it asks nobody for anything"


def test_the_look_would_say_so(tmp_path: Path) -> None:
    path = browser.find()
    if path is None:
        pytest.skip(f"no browser is installed: one of {', '.join(browser.NAMES)}")
    file = tmp_path / "page.html"
    file.write_text(
        "<p style='width:50px;overflow:hidden;white-space:nowrap'>much too long for that</p><p style='width:1600px'>wide</p>"
        "<svg width=80 height=20><text x=60 y=12 stroke=red>a label</text></svg>"
    )
    with browser.Browser(path, tmp_path / "profile") as chrome:
        chrome.open(file, 900)
        said = " ".join(chrome.value(LOOK))
    for words in ("px wide", "cut: P much", "too wide: P wide", "cut in a picture: a label", "outlined: a label"):
        assert words in said, said
