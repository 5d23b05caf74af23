"""The Data API's calls of database functions, in front of a real PostgreSQL: what a Supabase project's PostgREST does with them.

PostgREST itself is served by no package registry that these tests use, so this is a double. What it obeys, and from where:

| rule | from |
|---|---|
| no key, an unknown key: 401 by the gateway, before the database | Supabase's documentation |
| `sb_publishable_...` is `anon`, `sb_secret_...` is `service_role`; a JWT (HS256) says its role, expired or forged: 401 PGRST301/302/303 | PostgREST 14, "Authentication", "Errors" |
| only functions of the exposed schema, found by name **and** argument names in a schema cache; else 404 PGRST202 | "Functions as RPC", "Schema Cache" |
| the cache is read at the start and at `notify pgrst, 'reload schema'`; a new function is a 404 until then | "Schema Cache" |
| `Content-Profile` of another schema: 406 PGRST106; a body that is no JSON object: 400 PGRST102 | "Schemas", "Errors" |
| one transaction a call, `set local role`, claims in `request.jwt.claims`, arguments by `json_to_record` | "Transactions" |
| SQLSTATE -> HTTP status by its table, 42501 is 401 for `anon` and 403 for others; body {code, message, details, hint} | "Errors" |
| `returns void`: 204; one JSON value: 200 with it | "Functions as RPC" |

A real client, @supabase/postgrest-js in a real Deno, is run against it (tests/provider/edge_function/test_data_api.py).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import psycopg
from psycopg import sql

SCHEMA: Final = "public"
#: PostgREST's table, the longest prefix first; what isn't named is 400, a class of its own 500.
STATUS: Final = {
    "23503": 409, "23505": 409, "25006": 405, "53400": 500, "21000": 400, "22023": 400, "42883": 404, "42P01": 404, "42P17": 500,
    "P0001": 400, "08": 503, "09": 500, "0L": 403, "0P": 403, "25": 500, "28": 403, "2D": 500, "38": 500, "39": 500, "3B": 500,
    "40": 500, "53": 503, "54": 500, "55": 500, "57": 500, "58": 500, "F0": 500, "HV": 500, "P0": 500, "XX": 500,
}  # fmt: skip
FUNCTIONS: Final = """
select p.proname, coalesce(p.proargnames, '{}'),
  array(select pg_catalog.format_type(t, null) from unnest(p.proargtypes) with ordinality as a (t, n) order by n),
  p.pronargdefaults, pg_catalog.format_type(p.prorettype, null)
from pg_catalog.pg_proc p where p.pronamespace = %s::regnamespace and p.prokind = 'f'
"""


class DataApi:
    """Serves one database on loopback. `keys`: an API key and its role; `jwt_secret` signs the keys of the old kind."""

    def __init__(self, address: str, jwt_secret: str = "") -> None:
        self.address = address
        self.keys = {"sb_secret_test": "service_role", "sb_publishable_test": "anon"}
        self.jwt_secret = jwt_secret
        self.asked: list[tuple[str, int]] = []  # function, status
        self.down = False  # every call meets a database that isn't there
        self._functions: dict[str, list[Any]] = {}
        self._lock = threading.Lock()
        self._idle: list[Any] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._listening = psycopg.connect(address, autocommit=True)
        self._listening.execute("listen pgrst")
        self._load(self._listening)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator[DataApi]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
            for connection in (self._listening, *self._idle):
                connection.close()

    def _load(self, connection: Any) -> None:
        found: dict[str, list[Any]] = {}
        for name, *rest in connection.execute(FUNCTIONS, [SCHEMA]).fetchall():
            found.setdefault(name, []).append(rest)
        self._functions = found

    def _notified(self) -> None:
        with self._lock:
            if [
                note
                for note in self._listening.notifies(timeout=0, stop_after=1)
                if note.payload in ("", "reload schema")
            ]:
                self._load(self._listening)

    def rows(self, query: str) -> list[Any]:
        """What stands in the database, past every key and grant."""
        with psycopg.connect(self.address) as connection:
            return list(connection.execute(query.encode()).fetchall())

    def call(self, name: str, headers: Any, body: bytes) -> tuple[int, Any]:
        """Status and answer of POST /rest/v1/rpc/<name>; None is no content."""
        claims = self._claims(headers)
        if isinstance(claims, tuple):
            return claims
        profile = headers.get("Content-Profile", SCHEMA)
        if profile != SCHEMA:
            return 406, _error(
                "PGRST106", f"Invalid schema: {profile}", f"Only the following schemas are exposed: {SCHEMA}"
            )
        try:
            given = json.loads(body or b"{}")
        except ValueError:
            given = None
        if not isinstance(given, dict):
            return 400, _error("PGRST102", "Empty or invalid json")
        self._notified()
        chosen = next((each for each in self._functions.get(name, []) if _takes(each, set(given))), None)
        if chosen is None:
            listed = ", ".join(sorted(given))
            return 404, _error("PGRST202", f"Could not find the function {SCHEMA}.{name}({listed}) in the schema cache")
        if self.down:
            return 503, _error("PGRST000", "Database connection error. Retrying the connection.")
        role = str(claims["role"])
        try:
            with self._connected() as connection, connection.transaction():
                return self._run(connection, name, chosen, given, claims)
        except psycopg.OperationalError as error:
            if error.sqlstate is None:
                return 503, _error("PGRST000", "Database connection error. Retrying the connection.")
            return _status(error.sqlstate, role), _error(error.sqlstate, error.diag.message_primary or "")
        except psycopg.Error as error:
            code, diag = error.sqlstate or "XX000", error.diag
            return _status(code, role), _error(code, diag.message_primary or "", diag.message_detail, diag.message_hint)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """A pool, as PostgREST has one: a connection that failed isn't given out again."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or psycopg.connect(self.address)
        try:
            yield connection
        finally:
            with self._lock:
                if connection.closed or connection.pgconn.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                    connection.close()
                else:
                    self._idle.append(connection)

    def _run(self, connection: Any, name: str, chosen: Any, given: dict[str, Any], claims: Any) -> tuple[int, Any]:
        names, types, _, answers = chosen
        kinds = dict(zip(names, types, strict=False))
        run = connection.execute
        run(sql.SQL("set local role {}").format(sql.Identifier(claims["role"])))
        run("select set_config('request.jwt.claims', %s, true)", [json.dumps(claims)])
        called = sql.SQL("{}.{}({})").format(
            sql.Identifier(SCHEMA), sql.Identifier(name),
            sql.SQL(", ").join(sql.SQL("{0} := a.{0}").format(sql.Identifier(arg)) for arg in given),
        )  # fmt: skip
        if given:
            columns = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(arg), sql.SQL(kinds[arg])) for arg in given
            )
            query = sql.SQL("select to_json({}) from json_to_record(%s) as a ({})").format(called, columns)
            if answers == "void":
                query = sql.SQL("select {} from json_to_record(%s) as a ({})").format(called, columns)
            (value,) = run(query, [json.dumps(given)]).fetchone()
        else:
            (value,) = run(sql.SQL("select {}").format(called)).fetchone()
        return (204, None) if answers == "void" else (200, {"": value})

    def _claims(self, headers: Any) -> dict[str, Any] | tuple[int, Any]:
        key = headers.get("apikey")
        if not key:
            return 401, {
                "message": "No API key found in request",
                "hint": "No `apikey` request header or url param was found.",
            }
        bearer = (headers.get("Authorization") or "").removeprefix("Bearer ")
        if key in self.keys and bearer in ("", key):  # a new key is no JWT: the gateway makes one of it
            return {"role": self.keys[key]}
        if key not in self.keys and not isinstance(self._jwt(key), dict):
            return 401, {
                "message": "Invalid API key",
                "hint": "Double check your Supabase `anon` or `service_role` API key.",
            }
        return self._jwt(bearer or key)

    def _jwt(self, token: str) -> dict[str, Any] | tuple[int, Any]:
        try:
            head, payload, given = token.split(".")
            signed = hmac.new(self.jwt_secret.encode(), f"{head}.{payload}".encode(), hashlib.sha256).digest()
            claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
            right = hmac.compare_digest(base64.urlsafe_b64encode(signed).rstrip(b"=").decode(), given)
        except ValueError:
            return 401, _error("PGRST301", "Expected 3 parts in JWT")
        if not self.jwt_secret or not right:
            return 401, _error("PGRST301", "No suitable key or wrong key type")
        if claims.get("exp", time.time() + 60) < time.time():
            return 401, _error("PGRST303", "JWT expired")
        return dict(claims)


def jwt(secret: str, **claims: Any) -> str:
    """A signed key of the old kind."""
    head, payload = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "HS256", "typ": "JWT"}, claims)
    )
    signed = hmac.new(secret.encode(), f"{head}.{payload}".encode(), hashlib.sha256).digest()
    return f"{head}.{payload}.{base64.urlsafe_b64encode(signed).rstrip(b'=').decode()}"


def _takes(function: Any, given: set[str]) -> bool:
    names, types, defaults, _ = function
    ins = names[: len(types)]
    return given <= set(ins) and set(ins[: len(ins) - defaults]) <= given


def _status(code: str, role: str) -> int:
    if code == "42501":
        return 401 if role == "anon" else 403
    return next((STATUS[code[:size]] for size in (5, 2) if code[:size] in STATUS), 400)


def _error(code: str, message: str, details: str | None = None, hint: str | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "details": details, "hint": hint}


def _handler(api: DataApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            before, _, name = self.path.partition("?")[0].rpartition("/rpc/")
            status, answer = (
                api.call(name, self.headers, body) if before == "/rest/v1" else (404, {"message": "no Route matched"})
            )
            api.asked.append((name, status))
            if status == 200:
                answer = answer[""]
            sent = b"" if status == 204 else json.dumps(answer).encode()
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *args: Any) -> None:
            """Nothing: a test's output is its own."""

    return Handler
