"""Where the provider works and by which clock: read from the environment, once, and then passed on."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

from rollout import clock as clocks
from rollout import home
from rollout.clock import Clock
from rollout.model import times
from rollout.model.problem import BadInput, Problem, shown
from rollout.provider.errors import StoreError

if TYPE_CHECKING:
    from rollout.provider.postgres.address import Addresses

#: Where neither AWS_REGION nor `rollout:region` names one.
DEFAULT_REGION = "eu-west-1"

#: Seconds: one datum a minute (the metrics contract), and the hourly data of a rehearsal.
MINUTE = 60
HOUR = 3600

#: The store and source that are in a project's own database (`rollout:store`, `rollout:source`).
POSTGRES: Final = "postgres"

#: The project's folder for what is of this machine alone, where a simulator leaves its clock.
LOCAL: Final = ".local"
#: Seconds that ROLLOUT_CALL_TIMEOUT may name: it shortens what a call is waited for, and lengthens nothing.
PATIENCE: Final = (1.0, 10.0)

Made = TypeVar("Made")


def chosen(known: Mapping[str, Made], key: str, name: str | None, default: str, stack: str = "") -> Made:
    """What the config of `stack` names under `key`, else the default. Raises `BadInput` that lists what there is."""
    if (name or default) not in known:
        what = f"{key} names nothing that there is"
        do = f"write one of these into the stack's file, or leave the line out: {default}"
        where = f"Pulumi.{stack or '<stack>'}.yaml {key}"
        raise BadInput([Problem(what, where, ", ".join(known), shown(name), do)])
    return known[name or default]


def is_loopback(endpoint: str | None) -> bool:
    """Whether an endpoint URL stays on this machine. No URL means AWS itself."""
    if not endpoint or "\\" in endpoint:  # `http://evil\\@localhost`: parsers disagree on which is the host
        return False
    try:
        host = urlsplit(endpoint).hostname
    except ValueError:
        return False
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Settings:
    """Region, endpoint, clock and mode of one provider process.

    `virtual_now` is the clock of a rehearsal and only ever set on a simulator: `named_now` by ROLLOUT_NOW, where it stands
    still, else by the `clock` of the simulator itself, which has been set ahead and goes on.
    `stack`: whose file a message about its config names; empty where nobody said.
    `mirror`: the Supabase project (its ref) whose Edge Function secrets mirror the flags of a database; None: none.
    `database`: where it is, for a stack that has its flags or counters there; holds passwords, and isn't shown.
    `store` and `source` are the names that the stack's config gives (`rollout:store`, `rollout:source`), None where it is
    silent; `stores.choose` and `sources.choose` know what they mean.
    `only_domain`: the one domain that this run may move; the `up` of a rollback moves no other (ROLLOUT_ONLY_DOMAIN).
    `count_period`: seconds between two data of a counter (ROLLOUT_COUNT_PERIOD, a rehearsal's; the contract says 60).
    `approved`: the file of what was approved (ROLLOUT_APPROVED); a raise that isn't in it is refused.
    `reviewed`: this preview is a review's (ROLLOUT_REVIEW), whose approval is what decides after a stop.
    `call_timeout`: seconds that the answer of one call is waited for at most (ROLLOUT_CALL_TIMEOUT), of stores, counters
    and alarms alike; None: as long as each waits by itself.
    `unified_url` is the stack's base URL of probes, `unified_here` the environment's (ROLLOUT_UNIFIED_URL), for simulators only.
    `asks`: whether a loopback endpoint is asked if it only plays; a rollback asks nobody, and takes its address for it.
    `warnings` are for the operator: what the environment asked for and did not get.
    """

    region: str
    endpoint: str | None
    unified_url: str
    only_lower: bool = False
    only_domain: str | None = None
    approved: str | None = None
    reviewed: bool = False
    virtual_now: datetime | None = None
    named_now: datetime | None = None
    clock: Clock | None = None
    configured_region: str | None = None
    count_period: int = MINUTE
    warnings: tuple[str, ...] = ()
    store: str | None = None
    source: str | None = None
    stack: str = ""
    database: Addresses | None = field(default=None, repr=False)
    mirror: str | None = None
    call_timeout: float | None = None
    unified_here: str = ""
    asks: bool = True

    @classmethod
    def read(
        cls,
        environ: Mapping[str, str],
        region: str | None = None,
        unified_url: str | None = None,
        *,
        store: str | None = None,
        source: str | None = None,
        mirror: str | None = None,
        asks: bool = True,
        stack: str = "",
    ) -> Settings:
        """The settings of this process. All but `environ`, `asks` and `stack` come from the stack config (`rollout:` keys).

        `asks`: False of a rollback, and of whatever else is told to lower only: no simulator is asked whether it is one.

        Raises `BadInput` where ROLLOUT_NOW is no time. The order of regions is the one `rollback` uses too.
        """
        endpoint = environ.get("AWS_ENDPOINT_URL") or None
        patience = _patience(environ.get("ROLLOUT_CALL_TIMEOUT") or "")
        database = None
        if POSTGRES in (store, source):
            from rollout.provider.postgres import address

            database = replace(address.read(environ), within=patience)
        only_lower = environ.get("ROLLOUT_ONLY_LOWER") == "1"
        asks = asks and not only_lower
        at = cls("", endpoint, "", store=store, source=source, database=database, asks=asks)
        warnings = []
        if environ.get("ROLLOUT_CALL_TIMEOUT") and patience is None:  # a rollback isn't refused for it
            warnings.append("ROLLOUT_CALL_TIMEOUT is left out: it is seconds, from 1 to 10")
        virtual = environ.get("ROLLOUT_NOW") or None
        now = None
        if virtual and not at.simulator:
            warnings.append("ROLLOUT_NOW is left out: a virtual clock is for simulators only")
        elif virtual:
            now = times.moment(virtual)
            if now is None:
                raise BadInput(
                    [
                        Problem(
                            "ROLLOUT_NOW is no time",
                            allowed="2026-12-01T08:00:00Z",
                            given=shown(virtual),
                            do="unset it",
                        )
                    ]
                )
        clock = _clock(at, environ.get("ROLLOUT_UNIFIED_URL"))
        played = clock.now() if clock is not None and clock.jumps else None
        period = environ.get("ROLLOUT_COUNT_PERIOD") or str(MINUTE)
        if period != str(MINUTE) and not at.simulator:
            warnings.append("ROLLOUT_COUNT_PERIOD is left out: another period is for simulators only")
            period = str(MINUTE)
        if not re.fullmatch("[0-9]{1,4}", period) or not int(period) or HOUR % int(period) or int(period) % MINUTE:
            allowed = "whole minutes that divide an hour, in seconds: 60, 300, 3600"
            raise BadInput(
                [Problem("ROLLOUT_COUNT_PERIOD is no period", allowed=allowed, given=shown(period), do="unset it")]
            )
        return cls(
            region=environ.get("AWS_REGION") or region or DEFAULT_REGION,
            endpoint=endpoint,
            unified_url=(unified_url or "").rstrip("/"),
            unified_here=(environ.get("ROLLOUT_UNIFIED_URL") or "").rstrip("/"),
            asks=asks,
            only_lower=only_lower,
            only_domain=environ.get("ROLLOUT_ONLY_DOMAIN") or None,
            approved=environ.get("ROLLOUT_APPROVED") or None,
            reviewed=environ.get("ROLLOUT_REVIEW") == "1",
            virtual_now=now or played,
            named_now=now,
            clock=clock,
            configured_region=region,
            count_period=int(period),
            warnings=tuple(warnings),
            store=store,
            source=source,
            stack=stack,
            database=database,
            mirror=mirror,
            call_timeout=patience,
        )

    def within(self, seconds: float) -> float:
        """How long a call that waits `seconds` by itself is waited for here."""
        return seconds if self.call_timeout is None else min(seconds, self.call_timeout)

    def may_move(self, domain: str) -> bool:
        """Whether this run may move `domain` at all."""
        return self.only_domain in (None, domain)

    @property
    def loopback(self) -> bool:
        """Whether what is asked of AWS stays on this machine: a simulator, or a tunnel."""
        return is_loopback(self.endpoint)

    @property
    def plays_aws(self) -> bool:
        """Whether what is asked of AWS goes to a simulator of it, which says so itself; by its address where nobody is asked."""
        if not self.loopback or not self.asks:
            return self.loopback
        from rollout.provider import simulators

        return simulators.says(str(self.endpoint))

    @property
    def simulator(self) -> bool:
        """Whether the store only plays: it says so itself, and where it can't be asked, it is none. Of a database any address
        will do; what speaks AWS must be on loopback too. A tunnel on loopback is a normal way to production.
        """
        if self.store != POSTGRES or self.database is None:
            return self.plays_aws
        from rollout.provider.postgres import answer
        from rollout.provider.postgres.link import link

        try:
            return answer.simulator(link(self.database))
        except StoreError:
            return False

    @property
    def near(self) -> bool:
        """Whether the store could be a simulator: for a lowering, which asks nobody that it wouldn't ask anyway."""
        return replace(self, asks=False).simulator

    @property
    def probed_url(self) -> str:
        """The base URL that probes ask; a simulator's port isn't known when the stack file is written."""
        return self.unified_here if self.unified_here and self.simulator else self.unified_url

    @property
    def virtual(self) -> bool:
        return self.virtual_now is not None

    def now(self) -> datetime:
        """The time moves are judged by, aware UTC."""
        if self.virtual_now is not None and self.named_now is None and self.clock is not None:
            return self.clock.now()
        return self.virtual_now or datetime.now(UTC)


def _clock(at: Settings, unified_url: str | None) -> Clock | None:
    """The clock of the simulator that is asked, if it is one and plays."""
    clock = clocks.read(home.HOME / LOCAL, [url for url in (at.endpoint, unified_url) if url])
    return clock if clock is not None and at.simulator else None


def _patience(given: str) -> float | None:
    """The seconds of ROLLOUT_CALL_TIMEOUT; None where it isn't set, or names none."""
    least, most = PATIENCE
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,3})?", given):
        return None
    return float(given) if least <= float(given) <= most else None
