"""What asks for a raise: the commit that wrote its number, or an edit that isn't committed. Facts, as git knows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Decision:
    """What the stack file's number was decided by. Nothing at all where nobody could say; `unknown` is why.

    `commit`, `at`: the newest commit of the checked-out branch that raised the domain's percent, or changed its attempt, to
    what HEAD has, and its committer time; a merge of it is none. `follows`: the stop's own commit is among its ancestors.
    `edited`: the file's number is higher than HEAD's, uncommitted. `do`: what to type where it can't be told.
    """

    commit: str = ""
    at: datetime | None = None
    follows: bool = False
    edited: bool = False
    unknown: str = "nobody asked git"
    do: str = ""
