"""What the simulator serves on its port: moto (AWS, simulated), a health page for the probes, counts, faults, traffic.

GET/PUT/DELETE /health     what a probe of the unified service sees. PUT {"status_code": 503, "body": {...}}
GET/DELETE     /calls      how often each AWS action was called: {"secretsmanager.PutSecretValue": 3, ...}
PUT/DELETE     /faults     {"latency": seconds, "fail": [{"target": "secretsmanager.PutSecretValue", "match": text
                           in the request, "status": 500, "times": 3 (-1: always), "after": true (the answer is
                           lost after the commit), "latency": seconds, "code": error code, "body": raw answer}]}
                           status 0 cuts the connection; no status only waits
GET/PUT/DELETE /traffic    what the services report, by a scenario: see rollout/simulator/traffic_page.py
GET/PUT        /clock      the time that is played: see there
GET            /simulator  who answers: {"plays": "aws", "pid": ..., "dir": ...}; without it, no clock and no `gate: off` (simulators.py)
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from rollout.simulator.traffic_page import TrafficPage

# The fields that domains.yaml probes. `database`: ai_agent_system_instructions and ai_agent_personas can be reached.
HEALTHY: dict[str, Any] = {
    "status_code": 200,
    "body": {
        "status": "ok",
        "database": "ok",
        "agents": 8,
        "config": "database",
    },
}
_SCOPE = re.compile(r"Credential=[^/]*/\d+/[^/]*/(?P<service>[^/]+)/")
_OPERATION = re.compile(r"/operation/(?P<action>\w+)$")
_FORM_ACTION = re.compile(rb"(?:^|&)Action=(?P<action>\w+)")
_SERVICES = {"monitoring": "cloudwatch"}  # the name a request is signed for, where it isn't the one that people use
_LOOPBACK = ("127.0.0.1", "localhost")

Environ = dict[str, Any]
Start = Callable[..., Any]


class Endpoint:
    """A WSGI application around moto's. One lock guards what the requests' threads share."""

    def __init__(self, aws: Callable[[Environ, Start], Iterable[bytes]], folder: str, traffic: TrafficPage) -> None:
        self._aws = aws
        self._folder = folder
        self._traffic = traffic
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._health = HEALTHY
        self._faults: dict[str, Any] = {}

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        # Any page open in a browser can reach loopback: refuse what no SDK sends, a foreign origin or host name.
        host = environ.get("HTTP_HOST", "").rpartition(":")[0] or environ.get("HTTP_HOST", "")
        if "HTTP_ORIGIN" in environ or not host.endswith(_LOOPBACK):
            return _answer(start, 403, {"message": "the simulator answers programs on this machine, not web pages"})
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")
        if path == "/simulator":
            return _answer(start, 200, {"plays": "aws", "pid": os.getpid(), "dir": self._folder})
        if path in ("/health", "/calls", "/faults", "/traffic", "/clock"):
            return self._own(method, path, environ, start)
        if path.startswith("/moto-api/"):
            return self._aws(environ, start)
        return self._simulate(environ, start)

    def _own(self, method: str, path: str, environ: Environ, start: Start) -> Iterable[bytes]:
        try:
            given = json.loads(_body(environ)) if method == "PUT" else {}
        except ValueError:
            given = None
        if not isinstance(given, dict):
            return _answer(start, 400, {"message": f"PUT {path} takes a JSON object"})
        if path == "/traffic":  # without the lock: a stop waits for a request of the traffic's own, which needs it
            return _answer(start, *self._traffic.answer(method, given))
        if path == "/clock":
            return _answer(start, *self._traffic.clock(method, given))
        with self._lock:
            if path == "/health":
                self._health = {**HEALTHY, **given} if method in ("PUT", "DELETE") else self._health
                return _answer(start, int(self._health["status_code"]), self._health["body"], always=method != "GET")
            if path == "/faults":
                self._faults = given if method in ("PUT", "DELETE") else self._faults
                return _answer(start, 200, self._faults)
            counted = dict(self._calls)
            if method == "DELETE":
                self._calls.clear()
            return _answer(start, 200, counted)

    def _simulate(self, environ: Environ, start: Start) -> Iterable[bytes]:
        body = _body(environ)
        environ["wsgi.input"] = io.BytesIO(body)
        action = action_of(environ, body)
        with self._lock:
            self._calls[action] += 1
            latency = float(self._faults.get("latency", 0))
            fault: dict[str, Any] = next((f for f in self._faults.get("fail", []) if _meant(f, action, body)), {})
            if fault.get("times", -1) > 0:
                fault["times"] -= 1
        time.sleep(latency + float(fault.get("latency", 0)))
        if "status" not in fault:
            return self._aws(environ, start)
        if fault.get("after"):  # carried out; only its answer is lost
            list(self._aws(environ, lambda *_: None))
        if not fault["status"]:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        said = fault.get("body", {"__type": fault.get("code", "InternalServiceError"), "message": "fault of a test"})
        return _answer(start, int(fault["status"] or 500), said)


def _meant(fault: dict[str, Any], action: str, body: bytes) -> bool:
    wanted = fault.get("target") in (None, action) and str(fault.get("match", "")).encode() in body
    return wanted and fault.get("times", -1) != 0


def action_of(environ: Environ, body: bytes) -> str:
    """`service.Action`, from whichever of AWS's four protocols the request is in; `service.METHOD` for REST."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    signed_for = scope["service"] if scope else "unsigned"
    found = _OPERATION.search(environ.get("PATH_INFO", ""))
    form = _FORM_ACTION.search(body)
    name = (
        environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        or (found["action"] if found else "")
        or (form["action"].decode() if form else environ["REQUEST_METHOD"])
    )
    return f"{_SERVICES.get(signed_for, signed_for)}.{name}"


def _body(environ: Environ) -> bytes:
    if environ.get("CONTENT_LENGTH"):
        return bytes(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    return bytes(environ["wsgi.input"].read()) if environ.get("wsgi.input_terminated") else b""


def _answer(start: Start, status: int, body: Any, *, always: bool = False) -> Iterable[bytes]:
    """A JSON answer (text as it is); `always`: with 200, since what was asked for was done whatever it will answer."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    line = f"{200 if always else status} {'OK' if always or status == 200 else 'simulated'}"
    start(line, [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
    return [data]
