"""How this project says no: what is wrong, where, what is allowed, what was given, what to do.

What it raises by name, so that a door (the command line, the provider's servicer) catches one type and shows its text:

    RolloutError
        BadInput                input that is wrong in itself
        StoreError              a store, a source or AWS didn't do what it was asked (rollout.provider.errors)
            Absent              there is no such thing
            Exists              there is one already
            Scheduled           it waits for its deletion
            NoAnswer            what came back isn't an answer of that call (rollout.provider.aws.answers)
            NoSimulator         nothing listens where the simulator should (the same file)
            DatabaseError       the same of PostgreSQL, with its SQLSTATE (rollout.provider.postgres.link)
        Refused                 a change that may not happen; nothing was written (rollout.provider.wire.row)
            Waiting             a raise that may not happen now (the same file)
        Partly                  a row of which a part was done and a part failed (the same file)
        Forbidden               an address that no probe asks (rollout.provider.judging.probes)
        StoppedMeanwhile        a raise that a stop overtook (rollout.provider.stores.writing)
        GitFailed               git is missing, or didn't do what it was asked (rollout.provider.git)
        EngineFailed            the same of `pulumi` (rollout.commands.engine.pulumi)
        NotDown                 nobody knows a flag to be down (rollout.commands.rollback.stop)
        DrillFailed             a drill that couldn't be played (rollout.commands.drill.play)
        NotStarted              the simulator doesn't answer (rollout.simulator.simulator)
        StepFailed              a command of a walk ended as it mustn't (rollout.commands.play.stage)
        CommandFailed           a command in a copy of the project ended as it mustn't (rollout.simulator.scratch)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

#: Characters that no reader sees, and that a terminal or a page obeys: controls but for tab and line break, what turns the
#: direction of writing round (Trojan Source, https://trojansource.codes), what has no width, surrogates, other line ends,
#: tags. Joiners (U+200C, U+200D) stay: words and pictures are written with them.
_UNSEEN: Final = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\xad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ud800-\\udfff\\ufeff"
    "\\ufff9-\\ufffb\\U000e0000-\\U000e007f]"
)
#: Longer values are cut in messages: a 10 MB line must not be printed back.
SHOWN: int = 80


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, in words for the person who has to mend it. Empty parts are left out."""

    what: str
    where: str = ""
    allowed: str = ""
    given: str = ""
    do: str = ""

    def parts(self) -> list[tuple[str, str]]:
        """The labelled parts after `what`, in reading order."""
        labelled = [("where", self.where), ("allowed", self.allowed), ("given", self.given), ("do", self.do)]
        return [(label, text) for label, text in labelled if text]

    def line(self) -> str:
        """Everything on one line, for logs and reports."""
        return "; ".join([self.what, *(f"{label}: {text}" for label, text in self.parts())])

    def block(self) -> str:
        """The verdict first, then one part a line: what a row of the preview and the terminal show."""
        return "\n".join([self.what, *(f"  {label + ':':<9}{text}" for label, text in self.parts())])


def unseen(text: str) -> str:
    """The first character of `text` that no reader sees, as `U+202E`; empty where there is none."""
    found = _UNSEEN.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""


def visible(text: str) -> str:
    """`text` with each character that no reader sees written out (`\\u202e`, as JSON does): for whatever is printed."""
    return _UNSEEN.sub(lambda found: _escape(ord(found[0])), text)


def _escape(code: int) -> str:
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD800 + (code - 0x10000 >> 10):04x}\\u{0xDC00 + (code - 0x10000 & 0x3FF):04x}"


class RolloutError(Exception):
    """The base of all that this project raises by name. Its text is whole: what is wrong and, where known, what to do.

    It quotes what a store, a file or another program said: characters that no reader sees are written out.
    """

    #: What a command ends with that lets it through: something failed, and is named.
    exit_code = 1

    def __init__(self, text: object = "") -> None:
        super().__init__(visible(str(text)))


class BadInput(RolloutError):
    """Input that is wrong in itself. Carries every problem found, so that one run names them all."""

    #: Wrong use or wrong input; nothing was written.
    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.block() for problem in self.problems))


#: The longest value that a flag of this project can have, with room for somebody's typing error.
FLAG_SHOWN: int = 8


def masked(stored: str) -> str:
    """What stands in a flag, for messages and records: a longer text is nobody's percent, and may be a pasted secret."""
    text = stored if len(stored) <= FLAG_SHOWN else f"{stored[:3]}... ({len(stored):,} characters)"
    return visible(text.replace("\n", "\\n"))


def shown(value: object) -> str:
    """A value as a message shows it: the way it was written, cut to `SHOWN` characters."""
    text = value if isinstance(value, str) else repr(value)
    text = visible(text.replace("\n", "\\n"))
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text):,} characters)"
