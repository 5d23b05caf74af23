"""Probes: checklist items that a URL answers. They run inside a judged raise and nowhere else."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from rollout.model.catalogue import address
from rollout.model.catalogue.domain import ChecklistItem, protected_by
from rollout.model.judge.rules import Refusal
from rollout.model.problem import RolloutError, shown

if TYPE_CHECKING:
    import urllib3

TIMEOUT: Final = 5.0  # seconds for a probe's whole answer
LARGEST: Final = 1 << 20  # bytes read of an answer


class Forbidden(RolloutError):
    """An address that no probe asks."""


def run(items: Sequence[ChecklistItem], unified_url: str, protected: Sequence[str] = ()) -> list[Refusal]:
    """A refusal for each probe that doesn't answer as the checklist asks; all of them run at once, `TIMEOUT` in all.

    `protected`: services of which no URL may speak, with the base URL in it. A thread each, that nobody waits for longer: a server that sends a byte now and then keeps every time-out of a socket.
    """
    wrong: dict[str, str] = {}
    threads = [
        threading.Thread(
            target=lambda one=item: wrong.update({one.name: _probe(one, unified_url, protected)}), daemon=True
        )
        for item in items
    ]
    until = time.monotonic() + TIMEOUT
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    late = f"no whole answer within {TIMEOUT:g} s"
    answers = [(item, wrong.get(item.name, late)) for item in items]
    return [Refusal("probe", f"probe {item.name}: {text}", f"mend it: {item.ask}") for item, text in answers if text]


def _probe(item: ChecklistItem, unified_url: str, protected: Sequence[str]) -> str:
    """What is wrong with the answer, or an empty string."""
    if "{unified}" in item.url and not unified_url:
        return "no base URL of the service: set rollout:unified-url"
    url = item.url.replace("{unified}", unified_url)
    if service := protected_by(url, protected):
        return f"{url} speaks of the protected service {service}, which nothing here asks"
    import urllib3  # botocore's own client: no dependency of ours, and imported for raises only

    try:
        with urllib3.PoolManager(retries=False) as pool:
            pool.pool_classes_by_scheme = _pools()
            answer = pool.request("GET", url, timeout=TIMEOUT, preload_content=False, redirect=False)
            body = answer.read(LARGEST + 1)
    except Forbidden as error:
        return f"{url} isn't asked: {error}"
    except (urllib3.exceptions.HTTPError, ValueError, OSError) as error:
        return f"{url} doesn't answer ({type(error).__name__})"
    return _wrong(item, url, answer.status, body)


def _wrong(item: ChecklistItem, url: str, status: int, body: bytes) -> str:
    if status != item.status:
        return f"{url} answered {status}, expected {item.status}"
    if not item.field:
        return ""
    if len(body) > LARGEST:
        return f"{url} answered more than {LARGEST:,} bytes"
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return f"{url} answered no JSON"
    for part in item.field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value == item.equals and type(value) is type(item.equals):
        return ""
    return f"{url} says {item.field} = {shown(value)}, expected {shown(item.equals)}"


@cache
def _pools() -> dict[str, type[urllib3.HTTPConnectionPool]]:
    """urllib3's connections, but that the address is looked at before it is spoken to: what a name means is known only then."""
    import urllib3
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self._dns_host, self.port, self.timeout)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self._dns_host, self.port, self.timeout)

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _connected(host: str, port: int, timeout: object) -> socket.socket:
    """A connection to the first address of `host` that answers. Raises `Forbidden` before any is spoken to, else `OSError`."""
    _allowed(host)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_, where in found:
        _allowed(str(where[0]))
    failed: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, where in found:
        link = socket.socket(family, kind, protocol)
        try:
            link.settimeout(timeout if isinstance(timeout, (int, float)) else TIMEOUT)
            link.connect(where)
        except OSError as error:
            link.close()
            failed = error
        else:
            return link
    raise failed


def _allowed(host: str) -> None:
    if why := address.metadata(host):
        raise Forbidden(why)
