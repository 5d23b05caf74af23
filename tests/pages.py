"""What every page of the reports must be: whole in itself, readable at any width, with words for each picture."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests import browser

WIDTHS: Final = (390, 1280)


def whole(page: str) -> None:
    """No script, nothing from elsewhere, no id twice. Raises `AssertionError`."""
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', page), "it needs something from elsewhere"
    assert not re.search(r"@import|url\((?!#)", page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)), "an id stands twice"
    for name in re.findall(r'(?:url\(#|href="#|aria-labelledby=")([^")]+)', page):
        assert set(name.split()) <= set(ids), f"{name} isn't there"
    pictures = re.findall(r"<svg.*?</svg>", page, re.S)
    assert pictures
    for picture in pictures:
        assert re.match(r'<svg[^>]* role="img" aria-labelledby="\S+-title \S+-desc"', picture)
        assert re.search(r"<title [^>]*>[^<]{10,}</title><desc [^>]*>[^<]{20,}</desc>", picture)


def seen(page: Path, folder: Path) -> None:
    """The same in a real browser: no overflow, one layout of each picture, letters that are read. Skips without one."""
    path = browser.find()
    if path is None:
        pytest.skip(f"no browser is installed: one of {', '.join(browser.NAMES)}")
    with browser.Browser(path, folder) as chrome:
        for width in WIDTHS:
            chrome.open(page, width)
            assert chrome.value("innerWidth") == width
            assert chrome.value("document.documentElement.scrollWidth") <= width, f"{width} px: the page overflows"
            wider = chrome.value(
                "[...document.querySelectorAll('main *')].filter(e => !e.closest('.box, svg, details')"
                " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
            )
            assert wider == [], f"{width} px: {wider[:3]}"
            shown = chrome.value(
                "[...document.querySelectorAll('svg')].filter(e => e.getBoundingClientRect().width).length"
            )
            assert shown * 2 == chrome.value("document.querySelectorAll('svg').length"), (
                "two layouts of a picture at once"
            )
            smallest = chrome.value(
                "Math.min(...[...document.querySelectorAll('svg text')].filter(e => e.getBoundingClientRect().width)"
                ".map(e => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a))"
            )
            assert smallest >= 8, f"{width} px: letters of {smallest:.1f} px"
            unnamed = chrome.value(
                "document.querySelectorAll('img:not([alt]), svg:not([aria-labelledby]), svg:not([role=img])').length"
            )
            assert unnamed == 0
