"""How this project says no: what is wrong, where, what is allowed, what was given, what to do.

What it raises by name, so that a door (the command line, the provider's servicer) catches one type and shows its text:

    RolloutError
        BadInput                input that is wrong in itself
        StoreError              a store, a source or AWS didn't do what it was asked (rollout.provider.errors)
            Absent              there is no such thing
            Exists              there is one already
            Scheduled           it waits for its deletion
            NoAnswer            what came back isn't an answer of that call (rollout.provider.aws.answers)
            DatabaseError       the same of PostgreSQL, with its SQLSTATE (rollout.provider.postgres.link)
        Refused                 a change that may not happen; nothing was written (rollout.provider.wire.row)
            Waiting             a raise that may not happen now (the same file)
        StoppedMeanwhile        a raise that a stop overtook (rollout.provider.stores.writing)
        GitFailed               git is missing, or didn't do what it was asked (rollout.provider.git)
        EngineFailed            the same of `pulumi` (rollout.commands.engine.pulumi)
        NotDown                 nobody knows a flag to be down (rollout.commands.rollback.stop)
        DrillFailed             a drill that couldn't be played (rollout.commands.drill.play)
        NotStarted              the simulator doesn't answer (rollout.simulator.simulator)
        CommandFailed           a command in a copy of the project ended as it mustn't (rollout.simulator.scratch)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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


class RolloutError(Exception):
    """The base of all that this project raises by name. Its text is whole: what is wrong and, where known, what to do."""

    #: What a command ends with that lets it through: something failed, and is named.
    exit_code = 1


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
    return stored if len(stored) <= FLAG_SHOWN else f"{stored[:3]}... ({len(stored):,} characters)"


def shown(value: object) -> str:
    """A value as a message shows it: the way it was written, cut to `SHOWN` characters."""
    text = value if isinstance(value, str) else repr(value)
    text = text.replace("\n", "\\n")
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text):,} characters)"
