"""Runbooks and guides, before anything is typed: each command line of theirs is in a play or in the table of those that aren't."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests import typed
from tests.pure.docs.pages import ROOT

PAGES: Final = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/runbooks").glob("*.md"))
GUIDES: Final = ["docs/production.md", "docs/supabase.md"]
PLAYS: Final = "".join(
    (ROOT / "tests/engine" / name).read_text(encoding="utf-8")
    for name in ("test_typed_runbooks.py", "test_typed_guides.py", "test_play.py")
)


@pytest.mark.parametrize("name", [*PAGES, *GUIDES])
def test_each_line_is_typed_or_its_reason_is_given(name: str) -> None:
    blocks, spans = typed.lines(name)
    assert blocks or spans
    assert f'"{name}"' in PLAYS or f'runbook("{Path(name).stem}")' in PLAYS
    excused = typed.NOT_TYPED.get(name, {})
    assert [line for line in [*blocks, *spans] if not _typed(line) and line not in excused] == []
    assert [line for line in excused if line not in [*blocks, *spans]] == [], "it has left the page"
    assert all(excused.values())


def _typed(line: str) -> bool:
    """Whether a play has the whole line as a text of its own."""
    return any(f"{quote}{line}{quote}" in PLAYS for quote in "\"'")


def test_the_table_is_of_pages_that_are_there() -> None:
    assert typed.NOT_TYPED.keys() <= {*PAGES, *GUIDES}


def test_a_line_of_output_is_no_command() -> None:
    assert typed._commands(["$ make up", "pulumi   up: recorded", "rollout:store: postgres", "make up   # remark"]) == [
        "make up"
    ]
    assert typed._commands(["A=b pulumi up", "(select 1)"]) == ["A=b pulumi up", "(select 1)"]
