"""A real PostgreSQL server as the matrix needs it: its history tells which values were written in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from rollout.model import times
from rollout.model.gate.window import LEGACY_COUNTERS
from rollout.provider.postgres import address, link
from rollout.provider.settings import POSTGRES
from rollout.simulator.database import Database
from rollout.simulator.simulator import Simulator
from tests import days
from tests.faults import wire
from tests.faults.certificates import Certificates
from tests.faults.door import Call
from tests.faults.worlds import CANARIES, CREDENTIALS, NOW, PATIENCE, SINCE, AnyDoor, Held, place
from tests.pure.samples import CATALOGUE
from tests.reporter import UNIFIED


class PgWorld:
    """A real PostgreSQL server, with its flags, counters and policies; the simulator has the health page alone."""

    name = POSTGRES
    kinds: Sequence[str] = wire.KINDS
    config: Mapping[str, str] = {"store": POSTGRES, "source": POSTGRES, "region": "eu-west-1"}

    def __init__(self, server: Database, base: str, simulator: Simulator, folder: Path) -> None:
        self._server, self._base, self._url = server, base, simulator.url
        self._certificates = Certificates(folder)
        self._since: dict[str, int] = {}

    @property
    def secrets(self) -> Sequence[str]:
        return (*CANARIES, self._server.password)

    def door(self, *, everywhere: bool = False) -> AnyDoor:  # noqa: ARG002 - an address on loopback is no simulator here
        return wire.PgDoor(self._server.port, self._certificates)

    def environ(self, through: AnyDoor, kind: str = "") -> dict[str, str]:
        url = self._server.url(database=self._base).replace(f":{self._server.port}/", f":{through.port}/")
        if kind == "untrusted TLS":
            url = url.replace("sslmode=disable", "sslmode=verify-full")
        return {
            **CREDENTIALS, "AWS_ENDPOINT_URL": self._url, "ROLLOUT_UNIFIED_URL": self._url,
            "ROLLOUT_NOW": days.clock(NOW), "ROLLOUT_COUNT_PERIOD": "3600", "ROLLOUT_CALL_TIMEOUT": PATIENCE,
            "ROLLOUT_DATABASE_URL": url, "ROLLOUT_DATABASE_ROOT_CERT": str(self._certificates.root),
        }  # fmt: skip

    def seed(self, stack: str, values: Mapping[str, str]) -> None:
        with self._server.connect(database=self._base) as hand:
            add = "update rollout.meta set stacks = array_append(stacks, %s) where not %s = any(stacks)"
            hand.execute(add, [stack, stack])
            hand.execute("delete from rollout.flags where name like %s", [place(stack, "%")])
            hand.execute("select set_config('rollout.virtual', %s, false)", [days.clock(SINCE)])
            for flag, value in values.items():
                hand.execute(
                    "insert into rollout.flags (name, value, version, written) values (%s, %s, 0, now())",
                    [place(stack, flag), value],
                )
            newest = hand.execute("select coalesce(max(id), 0) from rollout.history").fetchone()[0]
            self._since[stack] = newest  # the history is appended to, and never changed

    def live(self, stack: str) -> dict[str, Held]:
        with self._server.connect(database=self._base) as hand:
            rows = hand.execute(
                "select name, value, version, tags from rollout.flags where name like %s", [place(stack, "%")]
            ).fetchall()
        return {name.rpartition("/")[2]: Held(value, str(version), tags) for name, value, version, tags in rows}

    def wrote(self, stack: str, calls: Sequence[Call]) -> list[tuple[str, str]]:  # noqa: ARG002 - the history knows
        with self._server.connect(database=self._base) as hand:
            rows = hand.execute(
                "select name, value from rollout.history where name like %s and id > %s order by id",
                [place(stack, "%"), self._since.get(stack, 0)],
            ).fetchall()
        return [(name.rpartition("/")[2], value or "0") for name, value in rows]

    def writes(self, action: str) -> bool:
        return action in ("lower", "raise", "tag", "untag", "policy_write", "policy_delete", "add_counts", "looked")

    def report(self, domain: str, percent: int, **unified: float) -> None:
        """As `Reporter.healthy_days`, hour by hour."""
        known, share = CATALOGUE.domains[domain], percent / 100
        own: dict[str, float] = {}
        for metric in known.metrics:
            own[metric.bad] = 0
            if metric.total:
                own[metric.total] = round(4000 * share)
        rest = {
            name: 0 if name in ("Errors", "SlowRequests", "BrokenSessions") else round(4000 * (1 - share))
            for name in LEGACY_COUNTERS
        }
        at, end = times.moment(days.clock(SINCE)), times.moment(days.clock(NOW))
        assert at is not None
        assert end is not None
        rows = []
        while at < end:
            for service, values in ((UNIFIED, own | unified), (known.legacy, rest)):
                rows += [(at, service, domain, name, int(value), at) for name, value in values.items()]
            at += timedelta(hours=1)
        with self._server.connect(database=self._base) as hand, hand.cursor() as cursor:
            cursor.execute("delete from rollout.minutes where domain = %s", [domain])
            cursor.executemany(
                "insert into rollout.minutes (minute, service, domain, counter, value, arrived) values (%s, %s, %s, %s, %s, %s)",
                rows,
            )

    def forget(self, environ: Mapping[str, str]) -> None:
        """Ends the connections that this process has kept of a case: a process of its own would have ended with it."""
        link.link(replace(address.read(environ), within=float(PATIENCE))).close()
