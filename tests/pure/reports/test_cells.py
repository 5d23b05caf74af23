"""A table's cell stays one cell whatever somebody wrote into it: as GitHub reads the page, and the review's the same."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from markdown_it import MarkdownIt

from rollout.commands.report import markdown
from rollout.model.reports.parts import Report, Table, quoted
from rollout.model.review import markdown as review
from tests.pure.pages import NORMAL, RAISE

#: What notes, reasons and file names hold.
WORDS = (
    "`a|b`",
    "a|b",
    "`a",
    "a`|`b",
    "``a|b``",
    "`a\\|b`",
    "\\",
    "\\|",
    "|",
    "`|",
    "a\nb",
    "<b>|</b>",
    "[x](y)|",
    "`a`|`b`",
)


def cells(page: str) -> list[list[str]]:
    """Each row's cells as they are read: text, and code as code."""
    found: list[list[str]] = []
    tokens = MarkdownIt("gfm-like").parse(page)
    for before, token in pairwise(tokens):
        if token.type == "tr_open":
            found.append([])
        elif before.type in ("td_open", "th_open"):
            found[-1].append("".join(one.content for one in token.children or ()))
    return found


@pytest.mark.parametrize("words", WORDS)
def test_a_reports_cell_stays_a_cell(words: str) -> None:
    table = Table("c", ("left", "right"), ((("before ", words), (quoted(words, "a note"),)), (("x",), ("y",))))
    found = cells(markdown.render(Report("daily", "t", (table,))))
    assert [len(row) for row in found] == [2, 2, 2]
    assert found[2] == ["x", "y"]
    assert found[1][1].replace("`", "") == " ".join(words.replace("`", "").split())


@pytest.mark.parametrize("words", WORDS)
def test_a_reviews_cell_stays_a_cell(words: str) -> None:
    page = replace(NORMAL, rows=[replace(RAISE, soak=words, live=words, old=None), RAISE])
    assert [len(row) for row in cells(review.page(page))] == [6, 6, 6]


def test_a_cell_without_a_verdict_shows_no_stars() -> None:
    assert "****" not in review.page(replace(NORMAL, rows=[replace(RAISE, verdict="")]))
