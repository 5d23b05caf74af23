"""A double of the Management API's secrets, to its published description: what real clients meet, and what goes wrong there."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from rollout.model.flag.mirror import digest

REF: Final = "abcdefghijklmnopqrst"
TOKEN: Final = "sbp_" + "0123456789abcdef0123456789abcdef01234567"
PAGE: Final = 100


class Management:
    """Holds one project's secrets. `faults`: statuses for the next POSTs (0: the answer is lost, half: half is kept)."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.faults: list[int | str] = []
        self.posts: list[list[str]] = []
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _say(self, status: int, body: Any = None, **headers: str) -> None:
                data = b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                for key, value in {
                    "Content-Type": "application/json",
                    "Content-Length": str(len(data)),
                    **headers,
                }.items():
                    self.send_header(key.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(data)

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    self._say(401, {"message": "Unauthorized"})
                elif self.path == f"/v1/projects/{REF}":
                    self._say(200, {"id": REF, "ref": REF, "name": "double", "organization_id": "o", "region": "eu-west-1",
                                    "created_at": "2026-01-01T00:00:00Z", "status": "ACTIVE_HEALTHY"})  # fmt: skip
                elif self.path.partition("?")[0] != f"/v1/projects/{REF}/secrets":
                    self._say(404, {"message": "Not Found"})
                else:
                    double.carry_out(self, self.command, json.loads(body) if body else None)

            do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def carry_out(self, handler: Any, method: str, body: Any) -> None:
        if method == "GET":
            listed = [{"name": name, "value": digest(value)} for name, value in sorted(self.values.items())]
            handler._say(200, listed)
        elif method == "DELETE":
            for name in body:
                self.values.pop(name, None)
            handler._say(200)
        else:
            self._upsert(handler, body)

    def _upsert(self, handler: Any, body: list[dict[str, str]]) -> None:
        self.posts.append([one["name"] for one in body])
        fault = self.faults.pop(0) if self.faults else None
        if len(body) > PAGE or any(re.match("SUPABASE_", one["name"]) or not one["name"] for one in body):
            handler._say(400, {"message": "invalid"})
            return
        if isinstance(fault, int) and fault:
            handler._say(fault, {"message": "a fault of a test"}, **({"Retry_After": "60"} if fault == 429 else {}))
            return
        self.values |= {one["name"]: one["value"] for one in (body[: len(body) // 2] if fault == "half" else body)}
        if fault == 0:
            handler.close_connection = True
            handler.connection.close()
            return
        handler._say(201)
