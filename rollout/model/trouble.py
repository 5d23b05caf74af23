"""What to type where set-up, simulator, environment, lock or an unfinished merge is the trouble: words for every room, pure."""

from __future__ import annotations

import re
from typing import Final

from rollout.model.problem import Problem
from rollout.model.typed import PLAYED, Typed

#: What names whoever commits; git refuses a commit without.
IDENTITY: Final = 'git config user.name "YOU"; git config user.email "YOU@EXAMPLE"'
#: git's words for it, one of its versions and settings each.
_UNNAMED: Final = (
    "tell me who you are",
    "no email was given",
    "no name was given",
    "empty ident name",
    "unable to auto-detect email",
)
#: The lines that git leaves between two sides of a merge.
_MARKERS: Final = re.compile(r"(?m)^(?:<{7}|={7}|>{7}|\|{7})(?: .*)?\r?$")


def unnamed(said: str) -> bool:
    """Whether git refused because nobody is named."""
    return any(words in said for words in _UNNAMED)


def committed(line: str, said: str) -> str:
    """A `git commit` line that works where the one before failed with `said`."""
    return f"{IDENTITY}; {line}" if unnamed(said) else line


def conflict(text: str, where: str, keep: str = "one side of each") -> Problem | None:
    """The problem of a file in the middle of a merge, with its lines; None where no marker stands in it.

    `where`: the file's name; `keep`: what has to be in it afterwards.
    """
    marks = [*_MARKERS.finditer(text)]
    if not any(one[0].startswith("<") for one in marks):
        return None
    found = [text.count("\n", 0, one.start()) + 1 for one in marks]
    rest = f" (and {', '.join(map(str, found[1:]))})" if found[1:] else ""
    return Problem(
        "conflict markers: a merge isn't finished",
        f"{where}:{found[0]}{rest}",
        do=f"keep {keep}, and none of these lines; then git add {where}; git commit --no-edit",
    )


def silent(endpoint: str) -> str:
    """The simulator isn't there: one text, whatever was asked of it, so that it is said once."""
    return f"the simulator at {endpoint} doesn't answer; do: make up"


def engine(said: str, typed: Typed) -> str:
    """What helps where the engine's own words name a trouble of this machine; "" for any other failure of it."""
    played = typed.stack in PLAYED
    if "can't be started" in said:
        return typed.set_up()
    if "currently locked by" in said:
        return f"wait for that run; if it is gone: {typed.rollout('unlock')}"
    if "no stack named" in said or ("unable to open state directory" in said and played):
        return typed.set_up() if played else f"pulumi whoami --verbose; pulumi stack init {typed.stack}"
    if "PULUMI_CONFIG_PASSPHRASE" in said:
        return typed.shell() if played else "export PULUMI_CONFIG_PASSPHRASE=... as it was when the stack was made"
    if "PULUMI_ACCESS_TOKEN" in said:
        return typed.shell() if played else "pulumi login, to the backend that holds the stack"
    return ""
