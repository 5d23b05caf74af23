"""The whole way: the operator's `pulumi up`, a percent in PostgreSQL, the service in a real Deno, people on unified or legacy."""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from rollout.simulator.database import Database
from tests import days, deno, edge, postgres
from tests.data_api import DataApi
from tests.harness import Sandbox

DOMAIN: Final = "ai-agents"
#: The seed: "Wait 5 minutes, verify traffic back"; the service itself keeps a value for one.
PROMISED: Final = 5 * 60.0
KEPT: Final = 60.0
PEOPLE: Final = 400


class Legacy(BaseHTTPRequestHandler):
    """The old service: packs its answer, and says what came with the call."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = gzip.compress(
            json.dumps({"by": "legacy", "body": body.decode(), "headers": dict(self.headers)}).encode()
        )
        self.send_response(200)
        for name, value in {"Content-Encoding": "gzip", "Keep-Alive": "timeout=5", "Content-Length": len(sent)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args: Any) -> None:
        """Nothing: a test's output is its own."""


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, str]]:
    deno.found()
    with postgres.server(tmp_path_factory.mktemp("edge")) as made:
        with made.connect() as admin:
            for role in ("anon", "authenticated", "service_role"):
                admin.execute(f"create role {role} nologin")
        name = postgres.fresh(made, "local")
        with made.connect(database=name) as admin:
            for file in ("ledger", "people"):
                admin.execute((edge.CODE / f"{file}.sql").read_text())
        yield made, name


def message(person: str, number: str) -> bytes:
    value = {"messages": [{"from": person, "id": f"wamid.{number}", "type": "text"}]}
    return json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()


def write(url: str, person: str, number: str) -> str:
    """Who answered one person's message."""
    request = urllib.request.Request(
        url, message(person, number), {"X-Hub-Signature-256": "sha256=1", "TE": "trailers"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read().decode()
        assert answer.headers["Content-Encoding"] is None
    if text == "served by unified":
        return "unified"
    came = json.loads(text)
    assert came["body"] == message(person, number).decode()
    headers = {key.lower(): value for key, value in came["headers"].items()}
    assert headers["x-hub-signature-256"] == "sha256=1"
    assert "te" not in headers
    return str(came["by"])


class Town:
    """People who write; nobody twice unless asked, since a session that began on legacy ends there."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.written = 0
        self.unified = 0

    def new(self, count: int) -> list[str]:
        self.written += count
        return [str(250_788_000_000 + number * 37) for number in range(self.written - count, self.written)]

    def served_by_unified(self, people: Sequence[str], at: str) -> set[str]:
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda person: write(self.url, person, f"{person}-{at}"), people))
        found = {person for person, by in zip(people, answers, strict=True) if by == "unified"}
        self.unified += len(found)
        return found

    def wait(self, percent: int) -> float:
        """Seconds until people whom `percent` adds, or takes, are served as it says."""
        began, of = time.monotonic(), 500 if percent else 0
        while True:
            (person,) = self.new(1)
            while not of <= bucket(person) < of + 500:
                (person,) = self.new(1)
            by = write(self.url, person, f"wait-{person}")
            self.unified += by == "unified"
            if (by == "unified") == (percent > 0):
                return time.monotonic() - began
            assert time.monotonic() - began < PROMISED
            time.sleep(0.5)


def bucket(person: str) -> int:
    """FNV-1a and MurmurHash3's finalizer, from their published parts."""
    value = 0x811C9DC5
    for byte in f"{DOMAIN}\n{person}".encode():
        value = (value ^ byte) * 0x01000193 % 2**32
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        value = (value ^ value >> shift) * factor % 2**32
    return (value ^ value >> 16) % 10_000


def test_an_up_moves_people_and_a_rollback_brings_them_back(
    sandbox: Sandbox, database: tuple[Database, str], tmp_path: Path
) -> None:
    server, name = database
    sandbox.env["ROLLOUT_DATABASE_URL"] = server.url(database=name)
    sandbox.write_config(
        re.sub(r"^config:\n", "config:\n  rollout:store: postgres\n", sandbox.read_config(), flags=re.M)
    )
    days.turn_clock(sandbox, 1)
    sandbox.up()
    api = DataApi(server.url("postgres", name))
    with api.running(), served(Legacy) as legacy:
        env = {
            "SUPABASE_URL": api.url, "SUPABASE_SECRET_KEY": "sb_secret_test", "ROLLOUT_STACK": "local",
            "ROLLOUT_DOMAIN": DOMAIN, "ROLLOUT_LEGACY_URL": legacy, "ROLLOUT_PEOPLE_SECRET": "s" * 32,
        }  # fmt: skip
        hosts = [url.removeprefix("http://") for url in (api.url, legacy)]
        began = time.time()
        with deno.serving("example.ts", env, hosts) as url:
            town = Town(url)
            people = town.new(PEOPLE)
            first = town.served_by_unified(people, "5")
            assert first == {person for person in people if bucket(person) < 500}

            days.turn_clock(sandbox, 3.5)
            days.set_percents(sandbox, {DOMAIN: 10})
            sandbox.up()
            assert town.wait(10) < KEPT + 15
            more = town.new(PEOPLE)
            second = town.served_by_unified(more, "10")
            assert second == {person for person in more if bucket(person) < 1000}
            assert len(second) > len(first)

            said = sandbox.rollout(
                "rollback", DOMAIN, "--to", "zero", "--stack", "local", "--by", "Ana K.", "--wait", "0"
            ).stdout
            assert said.startswith("live 0 %")
            assert town.wait(0) < KEPT + 15 < PROMISED
            # In the middle of their sessions, too.
            assert town.served_by_unified([*first, *second], "0") == set()
        assert {status for _, status in api.asked} == {200, 204}
        counted = reported(api, began)
    assert counted == town.unified


def reported(api: DataApi, began: float) -> int:
    """Reports every minute since `began` as the scheduled function does; answers the requests the gate's reader finds."""
    body = (
        "const rpc = it.dataApi(given.url, 'sb_secret_test'); const sent = [];"
        "for (const now of given.minutes) sent.push(await it.report(it.tableLedger(rpc), it.writeMinutes(rpc), now));"
        "return sent;"
    )
    minutes = [(begun + 120) * 1000 for begun in range(int(began // 60) * 60, int(time.time()) + 60, 60)]
    sent = deno.ask(
        body, {"url": api.url, "minutes": minutes}, allow=[f"--allow-net={api.url.removeprefix('http://')}"],
        modules=["database", "counters", "ledger"],
    )  # fmt: skip
    assert sent == [True] * len(minutes)
    rows = api.rows(
        "select service, domain, counter, sum(value)::int, count(*)::int from rollout.minutes group by 1, 2, 3"
    )
    assert {service for service, *_ in rows} == {"wa-webhook-unified"}
    assert {domain for _, domain, *_ in rows} == set(days.DOMAINS)
    assert {number for *_, number in rows} == {len(minutes)}  # zeros, too
    return int(next(total for _, domain, counter, total, _ in rows if (domain, counter) == (DOMAIN, "Requests")))
