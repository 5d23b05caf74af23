"""The figures of a page and of Markdown files; a number that stands outside of one is an error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


class Figures(HTMLParser):
    """The figures of a page, (source, text); and whatever digits stand outside of one, headings of columns aside."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.loose: list[str] = []
        self._stack: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "br", "use", "path"):
            self._stack.append((tag, dict(attrs).get("data-source")))
            if self._stack[-1][1] is not None:
                self.found.append((self._stack[-1][1] or "", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in [name for name, _ in self._stack]:
            while self._stack.pop()[0] != tag:
                continue

    def handle_data(self, data: str) -> None:
        inside = [tag for tag, _ in self._stack]
        if any(source is not None for _, source in self._stack):
            self.found[-1] = (self.found[-1][0], self.found[-1][1] + data)
        elif re.search(r"\d", data) and not {"svg", "style", "th", "title", "figcaption", "caption"} & set(inside):
            self.loose.append(" ".join(data.split()))


def figures(page: str) -> Iterator[tuple[str, str]]:
    """Every figure of the page. Raises `AssertionError` where a number stands outside of one."""
    parser = Figures()
    parser.feed(page)
    assert not parser.loose, f"numbers without a source: {parser.loose[:5]}"
    yield from parser.found


def markdown(reports: Sequence[Mapping[str, Any]], folder: Path) -> int:
    """Whether each Markdown file says its report's figures, in order, and no number besides; how many there are.

    `reports` is what `rollout report --json` prints. Heads of columns and captions may hold a number: the rungs.
    """
    count = 0
    for report in reports:
        text = re.sub(r"\\(.)", r"\1", (folder / f"{report['name']}.md").read_text())
        heads = [head for block in report["blocks"] for head in (block.get("table", ""), *block.get("columns", []))]
        at = 0
        for figure in _within(report["blocks"]):
            found = text.find(figure["text"], at)
            assert found >= 0, f"{report['name']}: {figure} isn't there"
            between = text[at:found]
            for head in sorted(filter(None, heads), key=len, reverse=True):
                between = between.replace(head, "")
            assert not re.search(r"\d", between), (
                f"{report['name']}: a number without a source before {figure}: {between[-200:]}"
            )
            at, count = found + len(figure["text"]), count + 1
    return count


def _within(node: Any) -> Iterator[Mapping[str, Any]]:
    """The figures in a report's plain values, in their order."""
    if isinstance(node, dict) and "source" in node:
        yield node
    elif isinstance(node, (dict, list)):
        for part in node.values() if isinstance(node, dict) else node:
            yield from _within(part)
