"""What alarms, topics and dashboards have in common. They stand beside the flags: nothing here may stop one.

- What AWS would refuse is refused in `create` and `update`, at preview too, and not in `check`: a failed check ends the
  whole run, with a rollback beside it (docs/rules/facts.md#check-stops-the-whole-run).
- A thing that is gone shows as its `name` missing: one property, and the next `up` makes it again.
- `pool` is a thread pool of their own: an alarm that waits for its turn keeps no thread from a flag.
- `diff` compares two records and calls nothing, so it needs no thread at all (`rollout.provider.wire.servicer`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, Final

from rollout.model.problem import Problem, shown
from rollout.provider.judging.context import Context
from rollout.provider.resources import destroying
from rollout.provider.wire.row import Refused, Row

Properties = dict[str, Any]

#: Threads of all these kinds. The engine asks for a handful at once.
THREADS: Final = 8


class Beside:
    """The common part of the resource kinds that aren't flags."""

    pool: ClassVar = ThreadPoolExecutor(THREADS)

    def __init__(self, context: Context) -> None:
        self._context = context
        self._said: set[str] = set()

    def once(self, row: Row, text: str) -> None:
        """A warning that concerns many rows stands on one of them: 30 alike would bury the flags'."""
        if text not in self._said:
            self._said.add(text)
            row.warn(text)

    def check(self, new: Properties) -> list[tuple[str, str]]:
        """Only what no handler could work with; our own program never sends it."""
        return [
            (key, "missing: text") for key in ("stack", "name") if not isinstance(new.get(key), str) or not new[key]
        ]

    def unmoved(self, old: Properties, new: Properties, *keys: str, where: str = "") -> None:
        """Raises `Refused` where what names the thing outside has changed: the old one would be left behind."""
        for key in keys:
            if key in old and old[key] != new.get(key):
                text = f"{key} can't change: {shown(old[key])} -> {shown(new.get(key))}"
                raise Refused(
                    Problem(text, where=where or str(new["name"]), do="make a new stack, and destroy this one")
                )

    def half_made(self, new: Properties) -> str:
        """The id of a thing whose making failed somewhere: it may be there, and its row must stand for `destroy` to find it."""
        return str(new["name"])

    def gone(self, state: Properties, what: str, row: Row, *, all_of_them: str = "") -> Properties:
        """The state of a thing that somebody deleted, named on its row; or, where all are gone, said once."""
        if all_of_them:
            self.once(
                row, f"no {all_of_them} of the stack is there (a simulator restarted?): the next `up` makes them again"
            )
        else:
            row.warn(f"{what} is gone, deleted outside: the next `up` makes it again")
        return _without_name(state)

    def unfinished(self, state: Properties, what: str, row: Row) -> Properties:
        """The state of a thing whose making failed half-way, so that the next `up` does it again."""
        row.warn(f"{what} may be half made: the next `up` makes it whole")
        return _without_name(state)

    def may_go(self, state: Properties, domains: Iterable[str], old_inputs: Properties, what: str) -> None:
        """Raises `Refused` while a domain that this watches over carries traffic, unless the migration is closed."""
        for domain in domains:
            if domain not in self._context.catalogue.domains:
                problem = Problem(
                    f"{what} stays: {domain} is not in domains.yaml, so nobody can tell whether it carries traffic",
                    do=f"put {domain} back into domains.yaml and bring it to 0 first",
                )
                raise Refused(problem)
            try:
                destroying.allow(self._context, state["stack"], domain, bool(old_inputs.get("closed")))
            except Refused as refused:
                text = refused.problem.what.removeprefix("destroy refused: ")
                where, do = refused.problem.where, refused.problem.do
                raise Refused(Problem(f"{what} stays: {text}", where=where, do=do)) from None


def changed(old: Mapping[str, Any], new: Mapping[str, Any], keys: Iterable[str]) -> dict[str, str]:
    """The detailed diff: each property that differs, or `name` alone where the thing is gone."""
    if "name" not in old:
        return {"name": "add"}
    return {key: "update" if key in old else "add" for key in keys if old.get(key) != new.get(key)}


def refuse(what: str, wrong: Iterable[str]) -> None:
    """Raises `Refused` with everything that AWS would refuse."""
    first, *rest = [*wrong] or [""]
    if first:
        text = "\n".join([f"{what}: AWS would refuse it: {first}", *(f"  also:    {line}" for line in rest)])
        raise Refused(Problem(text, do="mend it in domains.yaml or the stack's config"))


def _without_name(state: Properties) -> Properties:
    """A state whose next `up` makes the thing anew."""
    return {key: value for key, value in state.items() if key != "name"}
