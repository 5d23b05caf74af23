"""Whether an answer of the database may be believed: is this the right one, and does it show its rows?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from rollout.model.problem import shown
from rollout.provider.errors import StoreError
from rollout.provider.postgres.link import Link

#: `rollout.meta.version` that this code speaks to.
VERSION: Final = 1

#: The line that makes a database serve a stack, typed once by whoever owns it.
SERVE: Final = "update rollout.meta set stacks = array_append(stacks, '{stack}')"


def believed(about: str, answer: Any, *names: str) -> Mapping[str, Any]:
    """The answer, where the canary row was seen in it and it serves the stacks of these flags' names.

    Raises `StoreError` otherwise: rows that are hidden, or that are another stack's, must never look like absent flags.
    """
    if not isinstance(answer, Mapping) or not isinstance(answer.get("canary"), bool):
        raise StoreError(f"{about}: the database answered what is no answer; do: python -m rollout setup --check")
    stacks = answer.get("stacks")
    if not answer["canary"] or not isinstance(stacks, list):
        why = "the canary row isn't seen, so row level security hides rows: nothing it shows can be believed"
        raise StoreError(f"{about}: {why}; do: python -m rollout setup --check")
    if answer.get("schema") != VERSION:
        what = f"the migrations of version {shown(answer.get('schema'))} are applied, and {VERSION} is needed"
        raise StoreError(f"{about}: {what}; do: apply those in rollout/provider/stores/migrations")
    for stack in dict.fromkeys(parts[1] for name in names if len(parts := name.split("/")) > 2):
        if stack not in stacks:
            serves = ", ".join(map(str, stacks)) or "no stack"
            do = SERVE.format(stack=stack)
            raise StoreError(f"{about}: is this the database of {stack}? It serves {serves}; where it is: {do}")
    return answer


@cache
def simulator(link: Link) -> bool:
    """Whether the database says that it only plays. Asked once a process. Raises `StoreError`, and asks again then."""
    answer = believed("rollout.meta", link.ask("rollout.meta", "select rollout.surroundings()"))
    return answer.get("simulator") is True
