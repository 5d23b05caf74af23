"""The entries of a stack config beside its flags: what each must look like, as typed values.

The readers note what is wrong with one entry; what that means is `rollout.model.stack_file.entries`' business.
An entry that forbids (freeze, held, breach) and can't be read stands here too, with `malformed: ...` for its
reason: a typing error must not lift what somebody forbade.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rollout.model import schedule
from rollout.model.catalogue.domain import Catalogue
from rollout.model.ladder import TOP
from rollout.model.yaml_text.fields import Fields

#: The attempt of a breach whose own number can't be read: no attempt is later, so it latches until it is mended.
UNREADABLE_ATTEMPT: Final = 1_000_000

#: The breach that no counter sees (contingency scenario 3), and the attestation that it asks for before anything rises.
DATA: Final = "data"
DATA_AUDIT: Final = "data-audit"

#: Larger numbers of attempts are a typing error.
MAX_ATTEMPT: Final = 999

#: Seconds that a user's script may take: where its entry is silent, and at most. An `up` waits for it, with the lock.
SCRIPT_TIMEOUT: Final = 300
SCRIPT_LONGEST: Final = 3600
_ENV_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*")
ENV_NAMES: Final = "names of environment variables, apart by spaces: AWS_PROFILE AWS_REGION"

#: What a waiver may accept (docs/rules/gate.md#waivers): this reason of a HOLD and no other.
ACCEPTS: Final = (
    "too-little-data", "no-legacy", "above-limit", "share", "veto", "burst", "decide", "no-drill", "ahead",
)  # fmt: skip
#: Those that let a reason pass which no counter gives.
OF_NO_METRIC: Final = ("no-drill", "ahead")


@dataclass(frozen=True)
class OnCall:
    """Who answers, where, and when raises are allowed (`always`, or `HH:MM-HH:MM Zone/City`, kept as written)."""

    who: str
    reach: str
    hours: str


@dataclass(frozen=True)
class Why:
    """A reason and a name: `freeze`, `held`, `closed`, and the base of the longer entries."""

    why: str
    by: str


@dataclass(frozen=True)
class Breach:
    """What a burnt metric left behind. `at` is aware UTC; `cleared` holds two names for a false alarm."""

    attempt: int
    at: datetime | None
    metric: str
    seen: str
    from_percent: int | None
    to_percent: int | None
    by: str
    cleared: Why | None = None


@dataclass(frozen=True)
class Attempt:
    """A numbered new start after a breach."""

    number: int
    why: str
    by: str


@dataclass(frozen=True)
class Waiver:
    """Lets one HOLD reason of one metric at one rung pass until `until` (aware UTC)."""

    name: str
    domain: str
    metric: str
    to: int
    accepts: str
    worst: float | None  # a fraction; the largest bad rate that is accepted
    why: str
    by: str
    until: datetime


@dataclass(frozen=True)
class Restore:
    """Puts back a value that was lowered or lost outside, until `until` (aware UTC)."""

    why: str
    by: str
    until: datetime


@dataclass(frozen=True)
class Command:
    """A user script run by pulumi-command after a change or a rollback.

    `env`: the names of what it is given of the environment beside the harmless; `timeout`: seconds it may take.
    """

    name: str
    run: str
    when: str
    env: tuple[str, ...] = ()
    timeout: int = SCRIPT_TIMEOUT


def read_why(fields: Fields) -> Why:
    """`why` and `by`: freeze, held, closed."""
    return Why(fields.text("why"), fields.text("by"))


def read_attempt(fields: Fields) -> Attempt:
    """`number`, `why`, `by`."""
    return Attempt(fields.integer("number", 1, MAX_ATTEMPT), fields.text("why"), fields.text("by"))


def read_restore(fields: Fields) -> Restore | None:
    """`why`, `by`, `until`; None where a problem was noted."""
    why, by, until = fields.text("why"), fields.text("by"), fields.moment("until")
    return Restore(why, by, until) if until else None


def read_command(fields: Fields, name: str) -> Command:
    """`run`, `when`, and where they are given `env` (names, apart by spaces) and `timeout` (seconds)."""
    names = tuple(fields.text("env", required=False, allowed=ENV_NAMES).replace(",", " ").split())
    if wrong := [one for one in names if not _ENV_NAME.fullmatch(one)]:
        fields.bad("env", "env names what is no variable", ENV_NAMES, given=" ".join(wrong))
    return Command(
        name, fields.text("run"), fields.choice("when", ("after-change", "after-rollback")), names,
        fields.integer("timeout", 1, SCRIPT_LONGEST, required=False, default=SCRIPT_TIMEOUT),
    )  # fmt: skip


def read_on_call(fields: Fields) -> OnCall:
    """`who`, `reach`, `hours`."""
    who, reach, hours = fields.text("who"), fields.text("reach"), fields.text("hours")
    if hours and (wrong := schedule.wrong_hours(hours)):
        fields.bad("hours", wrong[0], schedule.HOURS, wrong[1])
    return OnCall(who, reach, hours)


def read_breach(fields: Fields) -> Breach:
    """A breach as the watch and `rollback --because` write it, with `cleared` by two people."""
    cleared = fields.section("cleared", required=False)
    two = None
    if cleared is not None:
        two = Why(cleared.text("why"), f"{cleared.text('by')}, {cleared.text('reviewed-by')}")
        if cleared.text("by") == cleared.text("reviewed-by"):
            cleared.bad("reviewed-by", "a breach is cleared by two people", "another name than `by`")
        cleared.finish()
    return Breach(
        attempt=fields.integer("attempt", 1, MAX_ATTEMPT, default=UNREADABLE_ATTEMPT),
        at=fields.moment("at"),
        metric=fields.text("metric"),
        seen=fields.text("seen"),
        # What was live before a stop can be unreadable; what a stop wrote can't.
        from_percent=fields.integer("from", 0, 100) if fields.get("from") is not None else None,
        to_percent=fields.integer("to", 0, 100),
        by=fields.text("by"),
        cleared=two,
    )


def read_waiver(fields: Fields, name: str, catalogue: Catalogue) -> Waiver | None:
    """A waiver named `name`; None where a problem was noted."""
    domain = fields.choice("domain", catalogue.domains)
    accepts = fields.choice("accepts", ACCEPTS)
    counted = accepts not in OF_NO_METRIC
    metrics = [metric.name for metric in catalogue.domains[domain].metrics] if domain else []
    metric = (
        fields.choice("metric", [*metrics, "share", "baseline"], required=counted) if domain else fields.text("metric")
    )
    to = fields.integer("to", 1, TOP)
    ladder = catalogue.domains[domain].ladder if domain else catalogue.ladder
    if to and to not in ladder:
        fields.bad("to", "to is no rung of the ladder", ladder.show_above())
    # The two reasons that accept a rate must say which rate is too high; the others compare no rate with a limit.
    rate = fields.fraction("worst", required=accepts in ("too-little-data", "above-limit"))
    worst = rate if "worst" in fields.node.values else None
    why, by, until = fields.text("why"), fields.text("by"), fields.moment("until")
    return Waiver(name, domain, metric, to, accepts, worst, why, by, until) if until else None
