"""The page itself: small, whole, the same bytes again, each mark leads somewhere, nothing unread is shown as zero."""

from __future__ import annotations

import json
import re
import time

from rollout.commands.board import flight, web_page
from rollout.model.board import board as values
from tests import boards
from tests.pure.stories import day, story


def test_sixty_days_are_under_300_kb() -> None:
    text = web_page.render(boards.board(boards.told(4, 60)), day(60))
    assert len(text.encode()) < 300_000
    assert text == web_page.render(boards.board(boards.told(4, 60)), day(60))


def test_it_is_whole_in_itself() -> None:
    text = web_page.render(boards.board(boards.told()))
    assert not re.findall(r'(?:src|srcset|data)="', text)
    links = re.findall(r'href="([^"]+)"', text)
    assert {link.partition(":")[0] for link in links if not link.startswith("#")} == {"https"}, (
        "only where a reader goes to"
    )
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    for name in re.findall(r'aria-labelledby="([^"]+)"', text):
        assert set(name.split()) <= set(ids)


def test_each_mark_is_a_link_and_each_entry_leads_on() -> None:
    text = web_page.render(boards.board(boards.told()))
    wide = re.search(r'<svg class="wide".*?</svg>(?=<svg class="narrow")', text, re.S)
    assert wide is not None
    assert len(re.findall(r'class="mark"', wide[0])) == len(re.findall(r'<a [^>]*aria-label="[^"]{10,}"', wide[0]))
    for link in ("/commit/aaaaaaa", "/pull/124", "/blob/HEAD/records/incidents/2026-12-14T080000Z-jobs-errors.yaml"):
        assert f'href="{boards.FORGE.url}{link}' in text
    assert "incident 2026-12-14T080000Z-jobs-errors</a>" in text
    assert "errors 1/9,000 (legacy 9/9,000)" in text


def test_marks_that_pile_up_are_columns_with_a_number() -> None:
    story_ = boards.told()
    board = boards.board(story_)
    assert board.strip is not None
    drawn = flight.draw(board.strip, "strip-wide", flight.NARROW)
    assert "+2" in drawn or "+3" in drawn
    assert len(re.findall(">R<", drawn)) >= 1


def test_what_has_not_begun_is_one_line() -> None:
    board = boards.board(boards.told(50, 10))
    assert board.strip is not None
    drawn = flight.draw(board.strip, "strip-wide", flight.WIDE)
    assert drawn.count('class="name"') == 2
    assert re.search(r"not begun: marketplace, property, .* and \d+ more", drawn)


def test_what_could_not_be_read_is_said_and_is_no_zero() -> None:
    text = web_page.render(boards.board(boards.told(), unread="jobs", wrong=["the history can't be read"]))
    assert "What could not be read" in text
    assert "the history can&#x27;t be read" in text or "the history can't be read" in text
    part = text[text.index('id="curves-jobs"') :].partition("</section>")[0]
    assert "the source answered 503" in part
    assert "<svg" not in part
    assert "not judged" in text


def test_somebodys_words_are_no_markup_and_no_secret() -> None:
    told = boards.told(
        4,
        24,
        notes={"2026-12-03": "x"},
        held={"jobs": {"why": "<b>\x1b[31m hunter22hunter22", "by": "AKIAABCDEFGHIJKLMNOP"}},
    )
    board = boards.board(told, stands=["jobs is held (<script>alert(1)</script> hunter22hunter22)"])
    hidden = ["hunter22hunter22"]
    for text in (web_page.render(board, None, hidden), json.dumps(values.plain(board, hidden))):
        assert "hunter22hunter22" not in text
        assert "AKIA" not in text
        assert "\x1b" not in text
        assert "\\u001b" not in text
    assert "<script>alert" not in web_page.render(board, None, hidden)


def test_nothing_yet() -> None:
    text = web_page.render(boards.board(story(as_of=day(0))))
    assert "Nothing yet." in text


def test_json_says_what_the_page_says() -> None:
    found = values.plain(boards.board(boards.told()))
    assert isinstance(found, dict)
    assert found["state"] == "behind"
    assert [one["domain"] for one in found["domains"]] == ["ai-agents", "jobs", "marketplace", "property"]
    assert None in found["domains"][0]["curves"]["errors"]["unified"], "the gap"
    assert json.loads(json.dumps(found)) == found


def test_fifty_domains_are_drawn_in_no_time() -> None:
    """A ratio in one run: fifty domains cost at most 25 times what four do (they are 12.5 times as many)."""
    few, many = (boards.board(boards.told(number, 60)) for number in (4, 50))

    def seconds(board: values.Board) -> float:
        took = []
        for _ in range(3):
            begun = time.process_time()
            web_page.render(board)
            took.append(time.process_time() - begun)
        return min(took)

    assert seconds(many) < 25 * seconds(few)
