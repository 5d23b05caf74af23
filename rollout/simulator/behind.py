"""Another AWS emulator in moto's place: its process answers, and faults, counts and pages stay the simulator's own.

For a second opinion in the tests (`make test EMULATOR=...`); what anybody else runs on is moto.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

#: The file in the simulator's folder that names the other one's address.
FILE = "behind"
#: What each names its own way of forgetting everything.
RESET = {"/moto-api/reset": "/_ministack/reset"}
TIMEOUT = 60.0


def url(folder: Path) -> str | None:
    """The address of the emulator that stands behind the simulator of this folder; None: moto does."""
    try:
        return (folder / FILE).read_text().strip() or None
    except OSError:
        return None


def forwarding(address: str) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """A WSGI application that hands every request on to `address`."""
    place = urlsplit(address)

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        query = environ.get("QUERY_STRING", "")
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        headers = {
            key[5:].replace("_", "-").title(): value
            for key, value in environ.items()
            if key.startswith("HTTP_") and key not in ("HTTP_HOST", "HTTP_CONNECTION")
        }
        headers["Content-Type"] = environ.get("CONTENT_TYPE") or "application/octet-stream"
        behind = http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=TIMEOUT)
        try:
            behind.request(
                environ["REQUEST_METHOD"], RESET.get(path, path) + (f"?{query}" if query else ""), body, headers
            )
            answer = behind.getresponse()
            said = answer.read()
        finally:
            behind.close()
        kept = [(key, value) for key, value in answer.getheaders() if key.lower().startswith(("content-type", "x-amz"))]
        start(f"{answer.status} {answer.reason or 'answered'}", [*kept, ("Content-Length", str(len(said)))])
        return [said]

    return application
