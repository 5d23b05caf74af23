"""Settings, probes and the flags that aren't percents."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rollout.model.catalogue.domain import ChecklistItem
from rollout.provider.errors import StoreError
from rollout.provider.judging import probes
from rollout.provider.settings import DEFAULT_REGION, Settings, is_loopback
from rollout.provider.wire.row import Refused, Row
from tests.provider.desk import Desk
from tests.provider.shelf import BOTH, Shelf

SHELVES = BOTH


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1:5000", "http://127.0.0.2", "https://localhost:1", "http://LOCALHOST", "http://[::1]:5000"],
)
def test_loopback(endpoint: str) -> None:
    assert is_loopback(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        None, "", "http://127.0.0.1.example.org", "http://localhost@evil", "http://localhost:5000@evil.example",
        "http://evil\\@localhost", "http://localhost.example.org", "https://secretsmanager.eu-west-1.amazonaws.com",
        "http://10.0.0.1", "http://0.0.0.0", "localhost:5000", "http://[::1", "http://evil/#@localhost", "http://evil?localhost",
    ],
)  # fmt: skip
def test_not_loopback(endpoint: str | None) -> None:
    assert not is_loopback(endpoint)


def test_region_and_url() -> None:
    assert Settings.read({}).region == DEFAULT_REGION
    assert Settings.read({}, "us-east-1").region == "us-east-1"
    assert Settings.read({"AWS_REGION": "eu-north-1"}, "us-east-1").region == "eu-north-1"
    assert Settings.read({"ROLLOUT_ONLY_LOWER": "1"}).only_lower


@pytest.fixture
def page() -> Iterator[tuple[str, dict[str, Any]]]:
    """A web page that answers what the test puts into the dictionary: `status`, `body`, `headers`, `wait`."""
    answer: dict[str, Any] = {"status": 200, "body": b"{}", "headers": {}, "wait": None}

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if answer["wait"]:
                answer["wait"].wait(5)
            self.send_response(answer["status"])
            for key, value in answer["headers"].items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(answer["body"])

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", answer
    server.shutdown()
    server.server_close()


def probe(url: str, field: str = "", equals: Any = None, status: int = 200) -> str:
    item = ChecklistItem("x", "probe", "all 8 agents answer", 5, "{unified}/health", status, field, equals)
    return "; ".join(refusal.text for refusal in probes.run([item], url))


@pytest.mark.parametrize(
    ("body", "field", "equals", "says"),
    [
        (b'{"agents": 8}', "agents", 8, ""),
        (b'{"agents": "8"}', "agents", 8, "says agents = 8, expected 8"),
        (b'{"agents": true}', "agents", 1, "says agents = True"),
        (b'{"a": {"b": "ok"}}', "a.b", "ok", ""),
        (b'{"a": "ok"}', "a.b", "ok", "says a.b = None"),
        (b'["ok"]', "a", "ok", "says a = None"),
        (b"<html>", "a", "ok", "answered no JSON"),
        (b"[" * 100_000, "a", "ok", "answered no JSON"),
        (b"\xff\xfe\x00", "a", "ok", "answered no JSON"),
        (b"<html>", "", None, ""),
    ],
)
def test_probe_answers(page: tuple[str, dict[str, Any]], body: bytes, field: str, equals: Any, says: str) -> None:
    url, answer = page
    answer["body"] = body
    found = probe(url, field, equals)
    assert says in found
    assert bool(found) is bool(says)


def test_probe_status_redirect_and_silence(page: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    url, answer = page
    answer.update(status=503)
    assert "answered 503, expected 200" in probe(url)
    assert probe(url, status=503) == ""
    answer.update(status=302, headers={"Location": url})
    assert "answered 302" in probe(url), "a log-in page is no healthy service"
    monkeypatch.setattr(probes, "TIMEOUT", 0.2)
    answer.update(status=200, wait=threading.Event())
    assert re.search(r"doesn't answer|no whole answer within 0.2 s", probe(url))
    answer["wait"].set()
    assert "doesn't answer" in probe("http://127.0.0.1:9")
    assert "set rollout:unified-url" in probe("")
    assert probes.run([], "") == []


def flag(desk: Desk, enabled: Any, **changed: Any) -> dict[str, Any]:
    flag = desk.context.catalogue.domains["jobs"].enable_flag
    told = desk.inputs_of("jobs", 5)  # it is judged with its percent
    return {**told, "flag": flag, "enabled": enabled, "closed": False, **changed}


def test_flag_secret(
    desk: Desk, shelf: Shelf, written: Callable[[], dict[str, int]], fault: Callable[..., None]
) -> None:
    row, secret = Row("urn"), "wa-webhook-unified/test/ENABLE_UNIFIED_JOBS"
    desk.store.create(desk.name("jobs"), "5", "5" * 36, {})  # live above 0, and no stop stands: `true` is no raise
    written()
    assert "enabled" in desk.flags.create(flag(desk, True), True, row)[1]
    assert written() == {}, "a preview writes nothing"
    ident, state = desk.flags.create(flag(desk, False), False, row)
    assert (ident, state["enabled"]) == (secret, False)
    state = desk.flags.update(state, flag(desk, False), flag(desk, True), False, row)
    entry = desk.store.get(secret)
    assert entry is not None
    assert (entry.text, state["enabled"]) == ("true", True)
    assert desk.flags.diff("urn", state, flag(desk, True), row) == {}
    assert desk.flags.diff("urn", state, flag(desk, False), row) == {"enabled": "update"}
    shelf.put(secret, "TRUE")
    desk.new_run()
    assert desk.flags.read("urn", state, row)["enabled"] == "TRUE"
    assert desk.flags.diff("urn", state, flag(desk, True), row) == {"enabled": "update"}
    shelf.delete(secret)
    desk.new_run()
    assert "enabled" not in desk.flags.read("urn", state, row)
    with pytest.raises(Refused, match="absent -> true: switched off outside: a stop"):
        desk.flags.update(state, flag(desk, True), flag(desk, True), False, row)
    with pytest.raises(Refused, match="stack of a flag can't change"):
        desk.flags.update(state, flag(desk, True), flag(desk, True, stack="other"), False, row)
    desk.store.put(desk.name("jobs"), "0", "0" * 36)
    desk.new_run()
    desk.flags.delete(state, flag(desk, True), row)
    fault(None, status=500)
    desk.new_run()
    assert desk.flags.read("urn", state, row) == state
    with pytest.raises(StoreError):
        desk.flags.update(state, flag(desk, True), flag(desk, False), False, row)


def test_flag_secret_check_and_destroy(desk: Desk) -> None:
    assert desk.flags.check(flag(desk, True)) == []
    for enabled in ("true", 1, None):
        assert [key for key, _ in desk.flags.check(flag(desk, enabled))] == ["enabled"]
    assert "domain" in dict(desk.flags.check(flag(desk, True, domain="profile")))
    assert "flag" in dict(desk.flags.check(flag(desk, True, flag="ENABLE_INSURANCE")))
    desk.store.create(desk.name("jobs"), "5", "5" * 36, {})
    with pytest.raises(Refused, match="jobs is at 5 %"):
        desk.flags.delete(flag(desk, True), flag(desk, True), Row("urn"))
    with pytest.raises(Refused, match="not in the catalogue"):
        desk.flags.delete(flag(desk, True, domain="gone"), flag(desk, True), Row("urn"))


def test_what_is_left_out_is_said_where_it_acts(desk: Desk) -> None:
    """On each raise, and once a run on what is read: a stack that watches nothing looks like a quiet one."""
    desk.percent("ai-agents", 5, preview=True)
    assert [text.partition(":")[0] for kind, text in desk.row.lines if kind == "warning"] == ["GATE OFF", "DRILL OFF"]
    for domain in ("ai-agents", "jobs"):
        desk.percent(domain, 0)
    desk.refresh("ai-agents")
    assert [text.partition(":")[0] for kind, text in desk.row.lines if kind == "warning"] == ["GATE OFF", "DRILL OFF"]
    state = desk.traffic.read("urn-jobs", desk.state["jobs"], row := Row("urn"), desk.inputs["jobs"])
    assert state == desk.state["jobs"]
    assert row.lines == []
    desk.new_run()
    known = desk.inputs["jobs"]
    desk.traffic.diff("urn-jobs", desk.state["jobs"], desk.inputs_of("jobs", 0, gate="required"), row := Row("urn"))
    assert [text.partition(":")[0] for _, text in row.lines][-1:] == ["DRILL OFF"], "before it is deployed, too"
    assert known["conditions"]["gate"] == "off"
