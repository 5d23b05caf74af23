"""The review page: what it says, how long it gets, and that both renderers read it as it was meant."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from rollout.model.catalogue import changes
from rollout.model.flag.moves import Kind
from rollout.model.gate.metric import Judged, Verdict
from rollout.model.gate.verdict import Answer
from rollout.model.review import decision, markdown
from rollout.model.review.decision import Beside, Page, Row
from rollout.model.stack_file.marks import Mark
from tests.pure import pages
from tests.pure.cases import CATALOGUE

COMMENT = 65_536  # GitHub's longest


def text(page: Page) -> str:
    return markdown.page(page)


def title(page: Page) -> str:
    return text(page).splitlines()[1].removeprefix("### ")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("normal raise", "prod, day 9: 1 raise; may be applied"),
        ("refused raise", "prod, day 9: 1 raise; **refused: jobs**"),
        ("rollback", "prod, day 9: 1 rollback; may be applied"),
        ("two domains", "prod, day 9: 2 raises; may be applied"),
        (
            "refused beside a rollback",
            "prod, day 9: 1 raise, 1 rollback; **refused: jobs**; the rollback goes all the same",
        ),
        ("changed limit", "prod, day 9: no percent moves; may be applied"),
        ("drift", "prod, day 9: no percent moves; may be applied"),
        ("nothing to do", "prod, day 9: nothing to do"),
        ("burning", "prod, day 9: **burning: jobs**; no percent moves; may be applied"),
        ("40 domains", "prod, day 9: 20 raises; may be applied"),
        ("no preview", "prod, day 9: no preview could be made"),
    ],
)
def test_the_title_is_the_decision(name: str, says: str) -> None:
    assert title(pages.PAGES[name]) == says


def test_a_raise_is_decided_from_its_paragraph() -> None:
    found = text(pages.NORMAL)
    assert "| **jobs** | **5 -> 10 %** up | 2 of 5 | 10 % | over | **PASS** |" in found
    assert "5 % of people change service, to unified; nobody else moves. 9 of 9 metrics pass" in found
    assert "If it burns: `make rollback DOMAIN=jobs TO=previous STACK=prod` (back to 5 %; never refused)" in found
    assert "- **What else changes:** nothing." in found
    assert "untouched, none of 53 rows names one" in found
    assert f"Approval `{pages.GIVEN.digest[:16]}` binds jobs -> 10 %" in found


def test_the_local_stack_needs_no_name_in_its_command() -> None:
    assert "TO=previous`" in text(replace(pages.NORMAL, stack="local"))


def test_a_refusal_says_why_and_what_to_do_and_offers_no_rollback() -> None:
    found = text(pages.REFUSED)
    assert "> - HOLD: soak at 5 % not over: 3 min of 48 h. *Do:* raise from 2026-12-11 07:00 UTC (2 h slack)." in found
    assert "If it burns" not in found


def test_a_rollback_asks_for_nothing() -> None:
    found = text(pages.ROLLBACK)
    assert "| **jobs** | **25 -> 10 %** down | 2 of 5 | 50 %, 2 d behind | - | never refused |" in found
    assert "15 % of people change service, back to legacy, those who came last" in found
    assert "A lowering needs no approval." in found


def test_a_changed_limit_and_a_waiver_come_first_and_bold() -> None:
    lines = text(pages.LIMIT).splitlines()
    start = lines.index("- **What else changes:**")
    assert lines[start + 1] == "  - **`limit of jobs metrics.errors.bad_level: 0.01 -> 0.02`**"
    assert lines[start + 2].startswith("  - **jobs: waivers jobs-10 set")
    assert lines[start + 3] == "  - on-call changed: who Ben; reach &#64;ben"


def test_drift_a_fire_and_a_named_protected_service_are_said() -> None:
    assert "- `alarm jobs-errors threshold: 0.5 -> 0.01`" in text(pages.DRIFT)
    assert "**ROLLBACK jobs**: jobs 5 %: errors 31/1,800" in text(pages.BURNING)
    touched = replace(pages.QUIET, touched=("wa-webhook-mobility",))
    assert "**PROTECTED SERVICES NAMED: wa-webhook-mobility.**" in text(touched)
    assert not touched.may
    assert "not every row" in text(replace(pages.QUIET, seen=False)).lower()


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_page_is_far_under_a_comments_size(name: str) -> None:
    assert len(text(pages.PAGES[name])) < COMMENT / 1.5
    assert text(pages.PAGES[name]).startswith("<!-- rollout-review prod -->\n")


def test_what_had_no_room_is_counted() -> None:
    found = text(pages.FORTY)
    assert "  - and 360 more" in found
    shown = found.count("Evidence for ")
    assert 0 < shown < 20
    assert f"Evidence of {20 - shown} more (" in found


@pytest.mark.parametrize("name", pages.PAGES)
@pytest.mark.parametrize("flavour", ["commonmark", "gfm-like"])
def test_both_renderers_read_it(name: str, flavour: str) -> None:
    """Tables are GFM's alone; in CommonMark the rest must still be whole."""
    html = MarkdownIt(flavour).render(text(pages.PAGES[name]))
    for tag in ("details", "strong", "li", "ul", "h3", "table", "code", "pre"):
        assert html.count(f"<{tag}>") + html.count(f"<{tag} ") == html.count(f"</{tag}>"), tag
    assert html.count("<h3>") == 1
    assert ("<table>" in html) == (
        flavour != "commonmark" and bool(pages.PAGES[name].raises or pages.PAGES[name].lowers)
    )
    assert "**" not in re.sub("(?s)<pre>.*?</pre>", "", html)


@pytest.mark.parametrize(
    "words",
    ["@everyone", "<script>x</script>", "a | b", "**bold**", "`x`", "[a](javascript:x)", "# big", "x\n\n- y", "~~x~~"],
)
def test_somebodys_words_are_words(words: str) -> None:
    """Whoever edits a `why` must not write the reviewer's page, nor call people."""
    row = replace(pages.RAISE, refusals=(replace(pages.SOAK, text=words, do=words),), live=words, old=None)
    page = replace(pages.NORMAL, rows=(row,), frozen=words, on_call=words, beside=(Beside(words), Beside(words, plain=True)), drift=(words,), warnings=(words,), refused="x")  # fmt: skip
    html = MarkdownIt("gfm-like").render(text(page))
    assert "<script>" not in html
    assert "<h1>" not in html
    assert "<s>" not in html
    assert 'javascript:x"' not in html
    assert "<strong>bold" not in html
    assert "@everyone" not in text(page).replace("`@everyone`", "")
    assert html.count("<td>") == 6


def test_a_fence_is_not_closed_by_what_is_in_it() -> None:
    html = MarkdownIt("gfm-like").render(text(pages.NONE))
    assert "<b>" not in html
    assert "&lt;b&gt;@everyone" in html


def test_bounds_name_the_metric_with_the_least_room() -> None:
    """To 10 % errors must rule out 1 % / 0.1 = 10 %, latency 10 % / 0.1, which is a coin's toss: 50 %."""
    far = Judged("latency", Verdict.PASS, "pass", "", 1, 1000, 0.05, worst=0.006)
    near = Judged("errors", Verdict.PASS, "pass", "", 0, 1966, 0.001, worst=0.00234)
    held = Judged("complaints", Verdict.HOLD, "no-data", "")
    answer = Answer(Verdict.HOLD, "", "", {"latency": far, "errors": near, "complaints": held})
    jobs = CATALOGUE.domains["jobs"]
    assert decision.gist(answer, jobs, 10) == (
        "2 of 3 metrics pass; least room: errors 0/1,966, at most 0.234 %, where 10 % must be ruled out"
    )
    assert "where 1 % must be ruled out" in decision.gist(answer, jobs, 100)
    assert decision.gist(Answer(Verdict.HOLD, "", ""), jobs, 10) == ""


@pytest.mark.parametrize(
    ("mark", "first"),
    [
        (Mark("waiver", "new", "x", "jobs"), True),
        (Mark("freeze", "gone", "freeze lifted"), True),
        (Mark("freeze", "new", "freeze set"), False),
        (Mark("settings", "changed", "gate changed: off"), True),
        (Mark("note", "new", "notes"), False),
    ],
)
def test_what_lets_more_through_comes_first(mark: Mark, first: bool) -> None:
    assert decision.of_mark(mark).first is first


def test_a_changed_limit_is_named_by_its_path() -> None:
    jobs = CATALOGUE.domains["jobs"]
    metrics = tuple(replace(one, bad_level=0.02) if one.name == "errors" else one for one in jobs.metrics)
    changed = replace(jobs, metrics=metrics, soak_hours={**jobs.soak_hours, 5: 12}, expected_per_day={})
    new = replace(CATALOGUE, domains={**CATALOGUE.domains, "jobs": changed})
    assert [one.line() for one in changes.between(CATALOGUE, new)] == [
        "jobs soak_hours.5: 48 -> 12",
        "jobs metrics.errors.bad_level: 0.01 -> 0.02",
    ]
    assert changes.between(CATALOGUE, CATALOGUE) == []
    less = replace(CATALOGUE, domains={"jobs": jobs}, soak_slack_hours=0.0)
    assert [one.path for one in changes.between(CATALOGUE, less)] == [
        "soak_slack_hours",
        "ai-agents",
        "marketplace",
        "property",
    ]


def test_people_and_rungs() -> None:
    assert Row("jobs", "0 %", 0, 5, Kind.RAISE).people == "5 % of people change service, to unified; nobody else moves"
    assert Row("jobs", "'abc'", None, 0, Kind.LOWER).people == ""
    assert Row("jobs", "50 %", 50, 100, Kind.RAISE).rung == "5 of 5"
