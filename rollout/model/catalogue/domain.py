"""The catalogue: what `domains.yaml` says of each domain, as typed values.

`rollout.model.catalogue.reading` reads the file; a domain's `digest` changes exactly when one of its rules does.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Final, Literal
from urllib.parse import unquote

from rollout.model.ladder import DEFAULT, Ladder
from rollout.model.problem import unseen

Action = Literal["rollback-previous", "rollback-zero", "hold", "investigate"]
Needs = Literal["proof", "presence"]
#: What a service counts where a message is tried again: the message once, or every try of it.
Counted = Literal["messages", "tries"]

#: The services that the seed leaves untouched; a catalogue may name more, not fewer.
PROTECTED: Final = ("wa-webhook-mobility", "wa-webhook-profile", "wa-webhook-insurance")


@dataclass(frozen=True)
class Metric:
    """One row of the metrics contract. Limits are fractions of `total` (0.001: 0.1 %), or counts without one."""

    name: str
    bad: str
    total: str | None
    good: float
    bad_level: float
    action: Action
    needs: Needs
    good_at_first_rung: float | None = None  # complaints: 0 at 5 %, 3 above
    counts: Counted = "tries"
    legacy_counts: Counted = "tries"

    @property
    def unlike(self) -> bool:
        """Whether the two services count in different units, so that their rates can't be compared."""
        return self.counts != self.legacy_counts


@dataclass(frozen=True)
class AlertPolicy:
    """One alarm: the metric's bad level as a limit, when it counts as crossed, and what it asks for."""

    name: str
    metric: str
    threshold: float
    unit: Literal["ratio", "milliseconds", "count"]
    period_seconds: int
    evaluation_periods: int
    minimum_events: int
    action: Action


@dataclass(frozen=True)
class Prerequisite:
    """Another domain that must have been at 100 % for `hours` before this one's first raise."""

    domain: str
    percent: int
    hours: int


@dataclass(frozen=True)
class ChecklistItem:
    """Something no counter sees, asked for on raises to `before` per cent and higher.

    A probe has `url` (may hold `{unified}`, the service's base URL), `status` and optionally `field`
    (dotted path into the JSON answer) with `equals`; an attested item has none of these.
    """

    name: str
    kind: Literal["probe", "attested"]
    ask: str
    before: int
    url: str = ""
    status: int = 200
    field: str = ""
    equals: str | int | bool | None = None


@dataclass(frozen=True)
class Domain:
    """Everything that is decided about one domain before day 1."""

    name: str
    legacy: str
    percent_flag: str
    enable_flag: str | None
    soak_hours: dict[int, int]  # rung -> hours the live flag must have held before the next raise
    metrics: tuple[Metric, ...]
    alerts: tuple[AlertPolicy, ...]
    prerequisites: tuple[Prerequisite, ...]
    checklist: tuple[ChecklistItem, ...]
    expected_per_day: dict[str, int]  # metric name -> whole-domain events a day
    digest: str
    soak_assumed: tuple[int, ...] = ()  # rungs for which the seed gives no hours
    ladder: Ladder = DEFAULT

    @property
    def flags(self) -> tuple[str, ...]:
        """Every flag of the domain, the percent first."""
        return (self.percent_flag,) if self.enable_flag is None else (self.percent_flag, self.enable_flag)


@dataclass(frozen=True)
class Catalogue:
    """The whole of `domains.yaml`. `domains` keeps the file's order, which is the order of the migration."""

    unified: str
    protected: tuple[str, ...]
    soak_slack_hours: float
    domains: dict[str, Domain]
    ladder: Ladder = DEFAULT  # of every domain that has none of its own


def protected_by(name: str, protected: Iterable[str]) -> str | None:
    """The protected service that `name` (a flag, domain, service, URL) speaks of, or None; `X_MOBILITY_Y` is one's.

    However it is written: with escapes (`%6Dobility`, also escaped twice), in letters of another width, with letters that aren't seen.
    """
    read = _read(name)
    return next((one for one in (*PROTECTED, *protected) if one.rpartition("-")[2].upper() in read), None)


def _read(name: str) -> str:
    """A name as whoever takes it reads it, in capitals."""
    if name.isascii() and "%" not in name:
        return name.upper()
    text = name
    while (plain := unquote(text)) != text:  # each turn is shorter
        text = plain
    return "".join(one for one in unicodedata.normalize("NFKC", text) if not unseen(one)).upper()


def digest(domain: Domain, slack_hours: float) -> str:
    """16 hex characters of SHA-256 over every rule of a domain, the ladder and the slack.

    Expected traffic is left out: it judges nothing, and a better guess of it must not hold up a raise.
    """
    rules = asdict(replace(domain, digest="", expected_per_day={}, soak_assumed=()))
    del rules["ladder"]  # it stands beside the rules
    for metric in rules["metrics"]:
        for unit in ("counts", "legacy_counts"):
            if metric[unit] == "tries":  # as it was before a unit could be said: no rule has changed
                del metric[unit]
    import hashlib  # a rollback, which asks for no digest, doesn't wait for it

    canonical = json.dumps([rules, domain.ladder.rungs, float(slack_hours)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
