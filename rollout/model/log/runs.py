"""The stack's history as `pulumi stack history --json` prints it, as typed values. No engine is called here.

Self-managed backends keep no versions and no events, but the full config of every run: what a run changed is read
from the difference of two configs, and what a flag did from its own record, `moves`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from rollout.model import times
from rollout.model.stack_file.config import PREFIX

#: A rehearsal's runs carry its virtual clock at the end of their message: the engine's own times are the machine's.
#: Our own runs say who ran them, before that: the engine keeps HEAD's author, who may be anybody.
_BY: Final = re.compile(r"\s*\[by ([^\[\]]+)\]$")
_VIRTUAL: Final = re.compile(r"\s*\[at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\]$")
#: How GitHub ends the title of a squashed pull request, and begins that of a merged one.
_PR: Final = re.compile(r"\(#(\d+)\)\s*$|^Merge pull request #(\d+) ")


@dataclass(frozen=True)
class Update:
    """One run of the engine. `config`: the keys of `wa-rollout:` without the prefix; `seconds` is the machine's time."""

    number: int  # 1 is the oldest that the backend keeps
    kind: str  # update, refresh, destroy, ...
    at: datetime
    seconds: float
    result: str  # succeeded, failed, in-progress
    message: str = ""
    commit: str = ""
    who: str = ""
    pr: int | None = None
    config: Mapping[str, object] = field(default_factory=dict)
    changes: Mapping[str, int] = field(default_factory=dict)
    begun: datetime | None = None  # by the machine's clock, also where `at` is a rehearsal's

    @property
    def end(self) -> datetime:
        return self.at + timedelta(seconds=self.seconds)

    @property
    def done(self) -> bool:
        return self.result == "succeeded"

    def percent(self, domain: str) -> int | None:
        """The percent that this run's config had; None where it can't be read."""
        flag = _map(_map(self.config.get("flags")).get(domain))
        percent = flag.get("percent")
        return percent if type(percent) is int else None


def stamp(message: str, virtual: datetime | None, by: str = "") -> str:
    """A run's message with who ran it; under a virtual clock with its time. The history keeps neither elsewhere."""
    if by:
        message = f"{message} [by {' '.join(by.replace('[', '').replace(']', '').split())}]"
    return message if virtual is None else f"{message} [at {times.iso(virtual)}]"


def read(entries: Iterable[Mapping[str, object]], played: Sequence[tuple[float, str]] = ()) -> list[Update]:
    """The runs, oldest first. `entries` is the engine's list, newest first; one that has no time is left out.

    `played`: engines that ran by a simulator's clock, oldest first: when by the machine's (seconds since 1970), and what it
    showed. For a run whose message says nothing: somebody typed `pulumi up`.
    """
    found = [(entry, when) for entry in entries if (when := times.utc(entry.get("startTime")))]
    return [_update(number, entry, when, played) for number, (entry, when) in enumerate(reversed(found), 1)]


def _update(number: int, entry: Mapping[str, object], begun: datetime, played: Sequence[tuple[float, str]]) -> Update:
    environment = _map(entry.get("environment"))
    message = str(entry.get("message") or "").strip()
    virtual = _VIRTUAL.search(message)
    message = _VIRTUAL.sub("", message)
    by = _BY.search(message)
    message = _BY.sub("", message)
    ended = times.utc(entry.get("endTime"))
    shown = virtual[1] if virtual else _noted(played, begun, ended)
    return Update(
        number=number,
        kind=str(entry.get("kind") or "update"),
        at=times.moment(shown) or begun,
        seconds=max(0.0, (ended - begun).total_seconds()) if ended else 0.0,
        result=str(entry.get("result") or "unknown"),
        message=message.splitlines()[0] if message else "",
        commit=str(environment.get("git.head") or "")[:40],
        who=by[1] if by else "",
        pr=_pr(environment, message),
        config=_config(_map(entry.get("config"))),
        begun=begun,
        changes={key: value for key, value in _map(entry.get("resourceChanges")).items() if type(value) is int},
    )


def _noted(played: Sequence[tuple[float, str]], begun: datetime, ended: datetime | None) -> str:
    """What a simulator's clock showed in a run; empty where none was noted. The engine keeps whole seconds."""
    last = float("inf") if ended is None else ended.timestamp() + 1
    return next((shown for at, shown in played if begun.timestamp() <= at <= last), "")


def _pr(environment: Mapping[str, object], message: str) -> int | None:
    given = str(environment.get("ci.pr.number") or "")
    if given.isdecimal():
        return int(given)
    found = _PR.search(message.splitlines()[0] if message else "")
    return int(found[1] or found[2]) if found else None


def _config(config: Mapping[str, object]) -> dict[str, object]:
    """What isn't secret of the program's own keys; secrets have no value here, and no key of ours is one."""
    found: dict[str, object] = {}
    for key, value in config.items():
        if key.startswith(PREFIX) and isinstance(value, Mapping) and not value.get("secret"):
            found[key.removeprefix(PREFIX)] = value.get("objectValue", value.get("value"))
    return found


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
