"""What a reviewer approved, as a small file: `ROLLOUT_APPROVED` names it, and a raise that is another is refused.

Bound are the domain, from -> to, the live value and its version in the store (the first write to the flag ends the approval,
also one that writes the same), the limits (the digest of the domain's rules), its waivers, the gate's rule version, the commit
and a week. Evidence isn't bound: it is judged again. A lowering needs no approval, and is asked none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rollout.model import times
from rollout.model.flag import lowering
from rollout.model.flag.lowering import CLOCKS, Lowering
from rollout.model.gate.metric import RULE_VERSION
from rollout.model.judge.rules import Ask, Refusal
from rollout.model.problem import BadInput, Problem, shown
from rollout.model.times import iso

#: The form of the file; another one is refused rather than guessed at.
FORM: Final = 3
#: How long an approval is good: the live value, the traffic and the people of a week ago were others.
GOOD_FOR: Final = timedelta(days=7)
DO: Final = "review what is to be applied now: rollout review"


@dataclass(frozen=True)
class Raise:
    """One move up. `live`: the text in the store (None: absent), `version` that value's own id; `waivers`: a line each, sorted.

    `stops`: by what the lowerings until now are known (`rollout.model.flag.lowering`): a later stop isn't among them.
    """

    domain: str
    old: int | None
    new: int
    live: str | None
    limits: str
    waivers: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    version: str = ""

    @classmethod
    def of(cls, ask: Ask, before: int | None) -> Raise:
        """The raise that `ask` is about; `before` is the percent that the stack had until now (None: none)."""
        waivers = [
            f"{one.name}: {one.metric or 'no metric'} to {one.to} % accepts {one.accepts}"
            f"{f', worst {one.worst}' if one.worst is not None else ''}, until {iso(one.until)}"
            for one in ask.conditions.waivers
        ]
        return cls(
            ask.domain.name, before, ask.wanted, ask.live.text, ask.new_digest or "", tuple(sorted(waivers)),
            lowering.ids(ask.live, ask.moves), ask.live.version,
        )  # fmt: skip


@dataclass(frozen=True)
class Approval:
    """What was approved, and when it was reviewed (aware UTC, whole seconds).

    `tree` is the id of the commit's files: a merge makes a new commit of the same tree.
    """

    stack: str
    commit: str
    tree: str
    at: datetime
    raises: tuple[Raise, ...] = ()
    rule: str = RULE_VERSION

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of all the parts."""
        return hashlib.sha256(_canonical(self._parts()).encode()).hexdigest()

    def _parts(self) -> dict[str, object]:
        raises = [{**vars(one), "waivers": list(one.waivers), "stops": list(one.stops)} for one in self.raises]
        return {
            "form": FORM, "stack": self.stack, "commit": self.commit, "tree": self.tree, "at": times.iso(self.at),
            "rule": self.rule, "raises": raises,
        }  # fmt: skip

    def text(self) -> str:
        """The file."""
        return json.dumps({**self._parts(), "digest": self.digest}, indent=2, ensure_ascii=False) + "\n"


def make(stack: str, commit: str, tree: str, at: datetime, raises: Iterable[Raise]) -> Approval:
    """The approval of these raises, as they were looked at at `at`."""
    whole = at.replace(microsecond=0)
    return Approval(stack, commit, tree, whole, tuple(sorted(raises, key=lambda one: one.domain)))


def read(raw: bytes, where: str) -> Approval:
    """The approval in a file's bytes. Raises `BadInput` where it is none, or was changed since it was made."""
    found: Approval | None = None
    try:
        data = json.loads(raw)
        form, digest, listed = data["form"], data["digest"], data["raises"]
        if form == FORM and (at := times.moment(data["at"])) is not None:
            raises = tuple(
                Raise(
                    one["domain"], one["old"], one["new"], one["live"], one["limits"], tuple(one["waivers"]),
                    tuple(one["stops"]), one["version"],
                )
                for one in listed
            )  # fmt: skip
            found = Approval(data["stack"], data["commit"], data["tree"], at, raises, data["rule"])
    except (ValueError, KeyError, TypeError):
        form = FORM
    if form != FORM:
        raise BadInput([Problem("an approval of another version", where, f"form {FORM}", shown(form), DO)])
    if found is None:
        raise BadInput([Problem("no approval", where, "what `rollout review --approval FILE` wrote", do=DO)])
    if digest != found.digest:
        raise BadInput([Problem("the approval was changed since it was made: its digest doesn't fit", where, do=DO)])
    return found


def unreadable(path: str, why: str | None) -> Problem:
    """An approval that isn't there, or can't be read."""
    return Problem(f"the approval can't be read: {why}", path, do=DO)


def refusals(approval: Approval, stack: str, asked: Raise, commit: str, tree: str, now: datetime) -> list[Refusal]:
    """Every part in which the raise that is asked for isn't the one that was approved, and whether it still is."""
    found: list[str] = _time(approval, now)
    if approval.stack != stack:
        found.append(f"the approval is for stack {approval.stack}, this is {stack}")
    if approval.rule != RULE_VERSION:
        found.append(f"approved under version {approval.rule} of the gate's rule, this is version {RULE_VERSION}")
    if approval.tree != tree:
        found.append(f"approved at commit {approval.commit[:7] or '?'}, this is {commit[:7] or '?'} with other files")
    one = next((one for one in approval.raises if one.domain == asked.domain), None)
    if one is None:
        named = ", ".join(each.domain for each in approval.raises) or "no domain"
        found.append(f"no raise of {asked.domain} was approved; approved: {named}")
    else:
        found += _differs(one, asked)
    return [Refusal("approval", f"not what was approved: {text}", DO) for text in found]


def older(approval: Approval, domain: str, low: Lowering | None) -> list[Refusal]:
    """Why the approval decides nothing after the newest lowering: it was made before it."""
    one = next((one for one in approval.raises if one.domain == domain), None)
    if low is None or one is None or low.id in one.stops:
        return []
    when = "" if low.at is None else f" (on {times.show(low.at)})"
    return [Refusal("undecided", f"{domain} was lowered after this was approved{when}", DO)]


def _time(approval: Approval, now: datetime) -> list[str]:
    made = f"it was reviewed at {times.show(approval.at)}"
    if now >= times.later(approval.at, GOOD_FOR):
        return [f"{made}, and an approval ends after {GOOD_FOR.days} days"]
    if approval.at > times.later(now, CLOCKS):
        return [f"{made}, which is yet to come: compare the two clocks"]
    return []


def _differs(approved: Raise, asked: Raise) -> list[str]:
    found = []
    if (approved.old, approved.new) != (asked.old, asked.new):
        found.append(
            f"approved {_shown(approved.old)} -> {approved.new} %, this is {_shown(asked.old)} -> {asked.new} %"
        )
    if approved.live != asked.live:
        found.append(f"live was {_shown(approved.live)} % when it was approved, it is {_shown(asked.live)} % now")
    elif approved.version != asked.version:
        found.append(f"{asked.domain} was written since it was approved, with the value that it had")
    if approved.limits != asked.limits:
        found.append(f"the limits of {asked.domain} were {approved.limits} when it was approved, now {asked.limits}")
    if approved.waivers != asked.waivers:
        found.append(f"waivers approved: {_list(approved.waivers)}; now: {_list(asked.waivers)}")
    return found


def _shown(value: object) -> str:
    return "absent" if value is None else str(value)


def _list(texts: Sequence[str]) -> str:
    return " | ".join(texts) or "none"


def _canonical(parts: Mapping[str, object]) -> str:
    return json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
