"""What a rollback changes in a stack file's text, and how: the working file, the commit and the deployed config alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rollout.model.stack_file import edit
from rollout.model.stack_file.config import Breach, Why


@dataclass(frozen=True)
class Rewrite:
    """One rollback as a change of text: the domain's percent, never up, and breach and freeze where there were any."""

    domain: str
    percent: int
    breach: Breach | None
    freeze: Why | None = None

    def lowered(self, text: str) -> str:
        """The percent alone. Raises `BadInput` where its place isn't found."""
        have = edit.percent_of(text, self.domain)
        return edit.set_flag(text, self.domain, self.percent) if have is None or have > self.percent else text

    def whole(self, text: str) -> str:
        """All of it. Raises `BadInput` where one can't be written."""
        text = self.lowered(text)
        if self.freeze is not None:
            text = edit.add_freeze(text, self.freeze)
        return text if self.breach is None else edit.add_breach(text, self.domain, self.breach)


def as_text(raw: bytes, change: Callable[[str], str]) -> bytes:
    """`change` of a file's text. Bytes that are no UTF-8 are taken one by one: whatever stands there stays."""
    try:
        text, codec = raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text, codec = raw.decode("latin-1"), "latin-1"  # takes any byte
    return change(text).encode(codec, "replace")
