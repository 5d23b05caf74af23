"""The stores that the provider's tests run over, each with what a test does to it: a hand, a fault, an empty shelf."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, ClassVar, Final, Protocol

from rollout.provider.postgres import address
from rollout.provider.settings import POSTGRES, Settings
from rollout.provider.stores import choose
from rollout.provider.stores.store import Store
from rollout.simulator import database
from rollout.simulator.database import Database
from rollout.simulator.simulator import Simulator
from tests import wire
from tests.harness import READING

#: What a test's module calls `SHELVES`, to be run over each.
BOTH: Final = ("secrets-manager", "postgres")


class Shelf(Protocol):
    """One kind of store. Names are the contract's full ones."""

    failed: str  # how a write that fails is told, as a pattern
    remembers: bool  # whether a hand that lowers leaves a stop behind

    def settings(self, now: datetime | None) -> Settings:
        """A simulator's, at this virtual time."""
        ...

    def fresh(self, settings: Settings) -> Store:
        """A client of its own: another process's."""
        ...

    def put(self, name: str, value: str) -> None:
        """A hand writes."""
        ...

    def delete(self, name: str) -> None:
        """A hand deletes, for good."""
        ...

    def empty(self) -> None:
        """The simulator is started anew."""
        ...

    def fault(self, what: str | None, *, times: int = -1, **how: Any) -> None:
        """`what`: read, batch, write, tag, tags; None: everything. `how` as the simulator's faults have it."""
        ...

    def written(self) -> dict[str, int]:
        """Writes since the last ask, by name."""
        ...


class SecretsManagerShelf:
    """Secrets Manager, played by the simulator."""

    failed = "put_secret_value failed"
    remembers = False
    _ACTIONS: ClassVar = {
        "read": "GetSecretValue", "batch": "BatchGetSecretValue", "write": "PutSecretValue", "tag": "TagResource",
        "tags": "DescribeSecret",
    }  # fmt: skip

    def __init__(self, moto: Simulator) -> None:
        self._moto = moto
        self._told: list[dict[str, Any]] = []

    def settings(self, now: datetime | None) -> Settings:
        return Settings(region="eu-west-1", endpoint=self._moto.url, unified_url=self._moto.url, virtual_now=now)

    def fresh(self, settings: Settings) -> Store:
        return choose.store(settings)

    def put(self, name: str, value: str) -> None:
        self._client().put_secret_value(SecretId=name, SecretString=value)

    def delete(self, name: str) -> None:
        self._client().delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)

    def empty(self) -> None:
        self._moto.call("POST", "/moto-api/reset")

    def fault(self, what: str | None, *, times: int = -1, **how: Any) -> None:
        target = {"target": f"secretsmanager.{self._ACTIONS.get(what, what)}"} if what else {}
        self._told.append({**target, "times": times, **how})
        self._moto.call("PUT", "/faults", {"fail": self._told})

    def written(self) -> dict[str, int]:
        counted = self._moto.call("DELETE", "/calls")
        return {key: number for key, number in counted.items() if not key.partition(".")[2].startswith(READING)}

    def _client(self) -> Any:
        from tests.harness import client

        return client(self._moto.url, "secretsmanager")


class PostgresShelf:
    """A real PostgreSQL, behind a door that counts and fails."""

    failed = "(ended|closed|fault of a test|consuming input failed|connection)"
    remembers = True
    _FUNCTIONS: ClassVar = {
        "read": "read",
        "batch": "read",
        "write": "lower",
        "tag": "tag",
        "tags": "no call of its own",
    }

    def __init__(self, server: Database, door: wire.Wire, base: str, moto: Simulator) -> None:
        self._server, self._door, self._base, self._moto = server, door, base, moto
        self.empty()
        door.reset()

    @property
    def door(self) -> wire.Wire:
        return self._door

    @property
    def password(self) -> str:
        return self._server.password

    @property
    def past_the_door(self) -> str:
        """The server's own address."""
        return self._server.url(database=self._base)

    @property
    def url(self) -> str:
        """The address of the deployer, through the door."""
        return self.past_the_door.replace(f":{self._server.port}/", f":{self._door.port}/")

    def settings(self, now: datetime | None) -> Settings:
        url = self.url
        return Settings(
            region="eu-west-1", endpoint=self._moto.url, unified_url=self._moto.url, virtual_now=now, store=POSTGRES,
            source=POSTGRES, database=address.read({address.URL: url}),
        )  # fmt: skip

    def fresh(self, settings: Settings) -> Store:
        return choose.store(settings)

    def put(self, name: str, value: str) -> None:
        self._by_hand("update rollout.flags set value = %s where name = %s", value, name)

    def delete(self, name: str) -> None:
        self._by_hand("delete from rollout.flags where name = %s", name)

    def empty(self) -> None:
        self._by_hand("delete from rollout.flags where name <> 'rollout/canary'")
        self._by_hand("truncate rollout.minutes, rollout.policies, rollout.policy_changes, rollout.heartbeats")

    def fault(self, what: str | None, *, times: int = -1, **how: Any) -> None:
        kind = "lost" if how.get("after") else "cut" if not how.get("status", 1) else "error"
        match = str(how.get("match", ""))
        names = [f".{self._FUNCTIONS[what]}"] if what else [""]
        for name in [*names, *([".raise"] if what == "write" else [])]:
            self._door.faults.append(wire.Fault(name, kind, match, times))

    def written(self) -> dict[str, int]:
        counted = {name: number for name, number in self._door.calls.items() if name.endswith(WRITING)}
        self._door.calls.clear()
        return counted

    def connect(self, role: str = database.SUPERUSER) -> Any:
        """A psycopg connection, past the door."""
        return self._server.connect(role, self._base)

    def saved(self) -> list[Any]:
        """Every flag's row, as a backup has it."""
        with self.connect() as hand:
            return list(hand.execute("select name, value, version, written, tags from rollout.flags").fetchall())

    def set_back(self, rows: list[Any]) -> None:
        """What a restored backup leaves: those rows, with their versions."""
        with self.connect() as hand:
            hand.execute("set session_replication_role = replica")  # no trigger sees a restore
            hand.execute("delete from rollout.flags")
            for name, value, version, written, tags in rows:
                hand.execute(
                    "insert into rollout.flags values (%s, %s, %s, %s, %s)",
                    [name, value, version, written, json.dumps(tags)],
                )

    def _by_hand(self, statement: str, *arguments: Any) -> None:
        with self.connect() as hand:
            hand.execute(statement, arguments)


WRITING = (".lower", ".raise", ".tag", ".untag", ".policy_write", ".policy_delete", ".add_counts")
