"""A report as Markdown. Pictures are left out: each has a table that says the same."""

from __future__ import annotations

import re
from typing import Final

from rollout.model.problem import visible
from rollout.model.reports.parts import Block, Bullets, Cell, Heading, Para, Picture, Report, Table, text

#: What would be read as markup, or end a cell: somebody's note may hold any of it.
_MARKUP: Final = re.compile(r"([\\*_<\[\]|]|^[#>])")


def render(report: Report) -> str:
    """The whole file."""
    parts = [f"# {_plain(report.title)}", *filter(None, map(_block, report.blocks))]
    return "\n\n".join(parts) + "\n"


def escaped(cell: Cell, *, in_table: bool = False) -> str:
    """A cell in one line; code in backticks stays code. In a table a bar ends a cell inside of code too, if it isn't escaped."""
    pieces = _line(text(cell)).split("`")
    whole = len(pieces) % 2 == 1
    shown = [
        (piece.replace("|", "\\|") if in_table else piece) if index % 2 and whole else _plain(piece)
        for index, piece in enumerate(pieces)
    ]
    return ("`" if whole else "\\`").join(shown)


def _line(words: str) -> str:
    return visible(re.sub(r"\s+", " ", words))


def _plain(words: str) -> str:
    return _MARKUP.sub(r"\\\1", _line(words))


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {escaped(block.cell)}"
        case Para():
            return escaped(block.cell)
        case Bullets():
            return "\n".join(f"- {escaped(cell)}" for cell in block.cells)
        case Table():
            return _table(block)
        case Picture():
            return ""


def _table(table: Table) -> str:
    rule = ["---:" if number in table.numeric else "---" for number in range(len(table.columns))]
    rows = [list(table.columns), rule, *([escaped(cell, in_table=True) or "-" for cell in row] for row in table.rows)]
    return "\n".join([f"**{_plain(table.caption)}**", "", *(f"| {' | '.join(row)} |" for row in rows)])
