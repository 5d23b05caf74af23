"""Whether what answers on a loopback endpoint only plays AWS. A tunnel to AWS has a loopback address too, and no such page."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

#: Seconds for all the pages together, and for which a no is believed: a simulator may be about to start.
PATIENCE: Final = 2.0
NO_FOR: Final = 30.0
#: Bytes read of a page.
LARGEST: Final = 1 << 16

#: The pages of known emulators, and what each says: our own, moto's server, LocalStack and what speaks like it (ministack).
PAGES: Final[Mapping[str, Callable[[Mapping[str, object]], bool]]] = {
    "/simulator": lambda told: told.get("plays") == "aws",
    "/moto-api/config": lambda told: "batch" in told and "lambda" in told,
    "/_localstack/health": lambda told: isinstance(told.get("services"), dict) and "edition" in told,
}

_told: dict[str, tuple[float, bool]] = {}
_asking = threading.Lock()


def says(endpoint: str) -> bool:
    """Whether one of the pages says so. A yes is asked for once a process; never longer than `PATIENCE`, and never raises.

    No rollback may ask this: see `Settings.near`.
    """
    with _asking:
        at, found = _told.get(endpoint, (0.0, False))
        if not found and (endpoint not in _told or time.monotonic() - at > NO_FOR):
            found = _within(endpoint)
            _told[endpoint] = (time.monotonic(), found)
    return found


def _within(endpoint: str) -> bool:
    """The answer, where it comes in time: a server that sends a byte now and then keeps every time-out of a socket."""
    answer: list[bool] = []
    until = time.monotonic() + PATIENCE

    def ask() -> None:
        answer.append(any(_page(endpoint, path, means, until) for path, means in PAGES.items()))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return bool(answer and answer[0])


def _page(endpoint: str, path: str, means: Callable[[Mapping[str, object]], bool], until: float) -> bool:
    left = until - time.monotonic()
    if left <= 0:
        return False
    try:
        parts = urlsplit(endpoint)
        make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        link = make(parts.hostname or "", parts.port, timeout=left)
        try:
            link.request("GET", path, headers={"Connection": "close"})
            answer = link.getresponse()
            told = json.loads(answer.read(LARGEST)) if answer.status == http.HTTPStatus.OK else None
        finally:
            link.close()
    except (OSError, ValueError, http.client.HTTPException, RecursionError):
        return False
    return isinstance(told, dict) and means(told)
