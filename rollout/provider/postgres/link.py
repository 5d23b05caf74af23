"""One question to the database, one transaction, one round trip; and every way in which it can fail, as a `StoreError`.

psycopg is imported at the first question: a stack without a database never pays for it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import socket
import threading
import time
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from rollout.provider.errors import StoreError
from rollout.provider.postgres import address
from rollout.provider.postgres.address import ROOT_CERTIFICATE, SECOND, Address, Addresses

if TYPE_CHECKING:
    import psycopg

    from rollout.provider.settings import Settings

#: Seconds: to be connected, for a statement (the server's own limit), and for the whole answer (the client's).
CONNECT: Final = 3
STATEMENT: Final = 5.0
ANSWER: Final = 6.0
#: Connections that are kept for the next question. More are made when more is asked at once, and closed again.
KEPT: Final = 4

#: SQLSTATE -> what it means here, and what to do.
_MEANING: Final = {
    "25006": "the database takes no writes now (disk full, or a replica)",
    "28000": "the database lets this user not in",
    "28P01": "the database doesn't know this user, or its password",
    "3D000": "there is no such database",
    "3F000": "the store's migrations aren't applied here; do: python -m rollout setup --check",
    "42501": "this role lacks a right; do: python -m rollout setup --check",
    "42P01": "the store's migrations aren't applied here; do: python -m rollout setup --check",
    "42883": "the store's migrations aren't applied here, or older ones; do: python -m rollout setup --check",
    "53100": "the database's disk is full",
    "53300": "the database has no connection left",
    "57014": "the statement took longer than its time",
    "57P01": "the database is being shut down",
    "57P03": "the database is starting, paused or being shut down",
    "RO001": "is this the database of that stack?",
}
#: What a server or a pooler says that takes no connection, of which psycopg hands on the words alone -> SQLSTATE.
_REFUSED: Final = {
    "too many connections": "53300", "remaining connection slots": "53300", "max clients": "53300", "too many clients": "53300",
    "not permitted to log in": "28000", "no pg_hba.conf entry": "28000", "password authentication failed": "28P01",
    "no more connections allowed": "53300", "sasl authentication failed": "28P01", "no such user": "28P01",
    "starting up": "57P03", "shutting down": "57P03", "not yet accepting connections": "57P03", "paused": "57P03",
}  # fmt: skip
#: What PgBouncer says later, to whoever it let in (as 08P01): it never came as far as a server.
_WAITED: Final = ("query_wait_timeout", "server login has been failing", "pgbouncer cannot connect to server")
#: What the same call would meet again: a right, a name, a certificate.
_LASTING: Final = ("28", "3D", "3F", "42", "RO")
#: No connection was had, so another way may have one.
_AWAY: Final = ("53300", "57P01", "57P02", "57P03", "08")


class DatabaseError(StoreError):
    """As `StoreError`, with the SQLSTATE; empty where the server didn't answer.

    `away`: there was no connection to be had, or it ended. `unasked`: so the statement never left here.
    """

    def __init__(self, text: str, state: str = "", *, away: bool = False, unasked: bool = False) -> None:
        super().__init__(text)
        self.state = state
        self.away = away
        self.unasked = unasked
        self.lasting = state.startswith(_LASTING)


class Link:
    """Asks a database. Threads may ask at once: each question has a connection of its own while it lasts."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._idle: list[tuple[Address, psycopg.Connection[Any]]] = []
        self._lock = threading.Lock()
        # With a good-bye, for a pooler keeps a slot for whoever is merely gone until it notices.
        weakref.finalize(self, _ended, self._idle)

    @property
    def _within(self) -> float:
        """Seconds that an answer is waited for."""
        return min(ANSWER, self._addresses.within or ANSWER)

    def warm(self) -> None:
        """Imports the driver. Calls nothing outside."""
        import psycopg  # noqa: F401

    def ask(
        self, about: str, statement: str, arguments: Sequence[Any] = (), *, mode: str = "", again: bool = True
    ) -> Any:
        """The one value that `statement` answers; `%s` stands for an argument. `mode`: of its transaction (`read write`).

        Raises `DatabaseError`. Where the first address can't be had at all, the second one is tried. `again`: it may be
        carried out twice, so that a connection that was cut while nobody asked isn't an error.
        """
        first, *others = self._addresses.ways
        try:
            return self._ask(first, about, statement, arguments, mode, again=again)
        except DatabaseError as error:
            if not others or not error.away or not (again or error.unasked):
                raise
            failed = error
        try:
            return self._ask(others[0], about, statement, arguments, mode, again=again)
        except DatabaseError as error:
            text = f"{failed}; {SECOND}: {error}"
            raise DatabaseError(text, error.state, away=error.away, unasked=error.unasked) from None

    def close(self) -> None:
        """Ends what is kept."""
        with self._lock:
            _ended(self._idle)

    def _ask(
        self, way: Address, about: str, statement: str, arguments: Sequence[Any], mode: str, *, again: bool
    ) -> Any:
        from psycopg import Error

        began = time.monotonic()
        connection, kept = self._take(way), True
        if connection is None:
            connection, kept = self._connect(way, about), False
        try:
            answer = self._carried_out(connection, statement, arguments, mode)
        except Error as error:
            connection.close()
            cut = not error.sqlstate or error.sqlstate.startswith(_AWAY)
            if (
                kept and cut and again and time.monotonic() - began < self._within / 2
            ):  # while nobody asked: a pooler, a restart
                return self._ask(way, about, statement, arguments, mode, again=again)
            raise _translated(way, about, error) from None
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if len(self._idle) < KEPT:
                self._idle.append((way, connection))
                return answer
        connection.close()
        return answer

    def _take(self, way: Address) -> psycopg.Connection[Any] | None:
        with self._lock:
            place = next((number for number, (kept, _) in enumerate(self._idle) if kept == way), None)
            connection = None if place is None else self._idle.pop(place)[1]
        if connection is None:
            return None
        if not select.select([connection], [], [], 0)[0]:
            return connection
        connection.close()  # something was said while nobody asked: the end of it, by a pooler or a restart
        return self._take(way)

    def _connect(self, way: Address, about: str) -> psycopg.Connection[Any]:
        import psycopg

        try:
            return psycopg.connect(
                "", autocommit=True, prepare_threshold=None, connect_timeout=min(CONNECT, max(1, int(self._within))), application_name="wa-rollout",
                **dict(way.parameters),  # type: ignore[arg-type] # libpq's, all text
            )  # fmt: skip
        except psycopg.Error as error:
            raise _translated(way, about, error, connecting=True) from None

    def _carried_out(
        self, connection: psycopg.Connection[Any], statement: str, arguments: Sequence[Any], mode: str
    ) -> Any:
        """In one message: whatever stands between here and the server sees a whole transaction."""
        from psycopg.sql import SQL, Identifier, Literal

        role = self._addresses.role
        parts = [
            SQL(f"begin {mode}"),
            SQL("set local statement_timeout = {}").format(Literal(int(STATEMENT * self._within / ANSWER * 1000))),
            *([SQL("set local role {}").format(Identifier(role))] if role else []),
            SQL(statement.replace("{", "{{").replace("}", "}}").replace("%s", "{}")).format(*map(Literal, arguments)),
            SQL("commit"),
        ]
        with _deadline(connection, self._within):
            cursor = connection.execute(SQL("; ").join(parts))
            for _ in range(len(parts) - 2):
                cursor.nextset()
            row = cursor.fetchone()
        return row[0] if row else None


def _ended(idle: list[tuple[Address, psycopg.Connection[Any]]]) -> None:
    while idle:
        idle.pop()[1].close()


@functools.cache
def link(addresses: Addresses) -> Link:
    """The one link of this process to a database: store, counters and policies share its connections."""
    return Link(addresses)


def of(settings: Settings) -> Link:
    """The link of a stack that has something in a database. Raises `BadInput` where its address isn't known."""
    return link(settings.database or address.read({}))


@contextlib.contextmanager
def _deadline(connection: psycopg.Connection[Any], seconds: float) -> Any:
    """Cuts the connection when the answer takes too long: a network that swallows packets answers no time-out."""
    own = socket.socket(fileno=os.dup(connection.fileno()))

    def cut() -> None:
        with contextlib.suppress(OSError):
            own.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        own.close()


def _translated(way: Address, about: str, error: psycopg.Error, *, connecting: bool = False) -> DatabaseError:
    """One clean line: what was asked, of which database, what it said, what that means. Nothing secret is in it."""
    state = error.sqlstate or ""
    if not state and connecting:
        words = str(error).lower()
        known = [code for part, code in _REFUSED.items() if part in words]
        state = known[0] if known else "3D000" if "database" in words and "does not exist" in words else ""
    waited = state == "08P01" and any(part in str(error).lower() for part in _WAITED)
    state = "53300" if waited else state
    said = error.diag.message_primary or (str(error).splitlines() or [""])[0]
    said = way.clean(" ".join(said.split()))[:240]
    lowered = said.lower()
    meaning = _MEANING.get(state, "")
    if (not state and "certificate" in lowered) or "root.crt" in lowered:
        meaning = (
            f"the server's certificate isn't trusted: name your project's root certificate in {ROOT_CERTIFICATE}; in an "
            f"emergency add sslmode=require to {way.name}, which encrypts and verifies nobody"
        )
    elif "tenant or user not found" in lowered:
        meaning = (
            "the pooler doesn't know this user: a role of your own may have to come by the direct host, or by set role"
        )
    text = f"{about}: {way.shown}: {state} {said}".replace(":  ", ": ").rstrip()
    away = not state or state.startswith(_AWAY)
    return DatabaseError(f"{text}{meaning and f' ({meaning})'}", state, away=away, unasked=connecting or waited)
