"""The flag store in a project's own PostgreSQL (`rollout.flags`; the functions are `migrations/0001_flags.sql`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from rollout.model.times import moment
from rollout.provider.errors import Absent, Exists, StoreError
from rollout.provider.postgres.answer import believed
from rollout.provider.postgres.link import DatabaseError, Link
from rollout.provider.stores.store import Abilities, Entry

#: The server refuses writes: a full disk, or a replica.
READ_ONLY: Final = "25006"


class Postgres:
    """`rollout.provider.stores.store.JudgingStore` on a database. `virtual`: the clock of a simulator, else None."""

    can = Abilities(own_clock=True, judges=True, absence=False)

    def __init__(self, link: Link, virtual: datetime | None = None) -> None:
        self._link = link
        self._virtual = virtual.isoformat() if virtual else None

    def warm(self) -> None:
        self._link.warm()

    def get(self, name: str) -> Entry | None:
        flag = self._read([name], name).get(name)
        return None if flag is None else _entry(flag)

    def get_many(self, names: Iterable[str]) -> dict[str, Entry | StoreError | None]:
        wanted = list(dict.fromkeys(names))
        if not wanted:
            return {}
        try:
            found = self._read(wanted, f"{len(wanted)} flags")
        except StoreError as error:
            return dict.fromkeys(wanted, error)
        return {name: _entry(found[name]) if name in found else None for name in wanted}

    def tags(self, name: str) -> dict[str, str]:
        flag = self._read([name], name).get(name)
        return {} if flag is None else {key: str(value) for key, value in flag["tags"].items()}

    def lower_to(self, name: str, value: str, stop: str, marks: Mapping[str, str], *, make: bool) -> Entry | None:
        arguments = [name, value, stop, json.dumps(dict(marks)), make, self._virtual]
        statement = "select rollout.lower(%s, %s, %s, %s::jsonb, %s, %s::timestamptz)"
        try:
            answer = self._link.ask(name, statement, arguments)
        except DatabaseError as error:
            if error.state != READ_ONLY:
                raise
            answer = self._link.ask(name, statement, arguments, mode="read write")
        return _written(name, answer)

    def raise_over(
        self,
        name: str,
        value: str,
        before: Entry | None,
        stopped: str | None,
        marks: Mapping[str, str],
        *,
        drop: Iterable[str],
    ) -> Entry | None:
        version = int(before.version) if before is not None and before.version.isdigit() else None
        arguments = [name, value, version, stopped, json.dumps(dict(marks)), list(drop), self._virtual]
        statement = "select rollout.raise(%s, %s, %s::bigint, %s, %s::jsonb, %s::text[], %s::timestamptz)"
        return _written(name, self._link.ask(name, statement, arguments, again=False))

    def put(self, name: str, value: str, token: str) -> str:
        """Over whatever is live at this moment; the database makes the version, and `token` isn't needed for it."""
        entry = self.get(name)
        if entry is None:
            raise Absent(f"{name}: no such flag")
        found = self.tags(name)
        done = self.raise_over(name, value, entry, found.get("stopped"), {}, drop=())
        if done is None:
            raise StoreError(f"{name}: moved meanwhile, nothing written; run again")
        return done.version

    def create(self, name: str, value: str, token: str, tags: Mapping[str, str]) -> str:
        done = self.raise_over(name, value, None, None, tags, drop=())
        if done is None:
            raise Exists(f"{name}: there is such a flag already")
        return done.version

    def restore(self, name: str) -> None:
        """Nothing waits for its deletion here."""

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        answer = self._link.ask(name, "select rollout.tag(%s, %s::jsonb)", [name, json.dumps(dict(tags))])
        if _written(name, answer) is None:
            raise Absent(f"{name}: no such flag")

    def untag(self, name: str, keys: Iterable[str]) -> None:
        believed(name, self._link.ask(name, "select rollout.untag(%s, %s::text[])", [name, list(keys)]), name)

    def _read(self, names: list[str], about: str) -> dict[str, dict[str, Any]]:
        answer = believed(about, self._link.ask(about, "select rollout.read(%s::text[])", [names]), *names)
        return {str(flag["name"]): flag for flag in answer["flags"]}


def _written(name: str, answer: Any) -> Entry | None:
    flag = believed(name, answer, name)["flag"]
    return None if flag is None else _entry(flag)


def _entry(flag: Mapping[str, Any]) -> Entry:
    return Entry(str(flag["name"]), str(flag["value"]), str(flag["version"]), moment(str(flag["written"])))
