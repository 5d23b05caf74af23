"""The mirror: a flag's value also as an Edge Function secret, which is listed as a digest and nothing else.

The table is the truth. What the mirror shows is compared with what was written there last, so that a person's own change is
told from ours; a digest is read back into a percent where it is one of the few texts that people write.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from rollout.model.ladder import parse_percent

#: Tags on the row: the digest that was written last and read back, and the one of a write that wasn't.
WRITTEN: Final = "mirror"
TRYING: Final = "mirror-trying"

#: How people write a percent, a misspelling or a shell's quotes included.
_FORMS: Final = ("{}", "0{}", "{} ", " {}", "{}\n", '"{}"', "'{}'", "{}%", "{} %", "{}.0")


class Seen(StrEnum):
    """Whose a mirrored value is."""

    OURS = "ours"
    ABSENT = "absent"  # no mirror, and not 0
    SOMEBODYS = "somebody's"


@dataclass(frozen=True)
class Mirrored:
    """One mirrored flag. `percent`: what somebody wrote, None where its digest is of no percent that is known."""

    seen: Seen
    percent: int | None = None


def digest(text: str) -> str:
    """As the list shows a value: SHA-256 of its UTF-8, in lower hex."""
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _known() -> dict[str, int]:
    found: dict[str, int] = {}
    for percent in range(101):
        for form in _FORMS:
            text = form.format(percent)
            read = parse_percent(text.strip().strip("\"'% ").removesuffix(".0").strip())
            if read is not None:
                found.setdefault(digest(text), read)
    return found


def read(found: str | None, written: str | None, trying: str | None) -> Mirrored:
    """Whose the listed digest is. `written` and `trying` are the row's tags; a digest of either is our own."""
    if found is None:
        return Mirrored(Seen.ABSENT)
    if found in (written, trying):
        return Mirrored(Seen.OURS)
    return Mirrored(Seen.SOMEBODYS, _known().get(found))
