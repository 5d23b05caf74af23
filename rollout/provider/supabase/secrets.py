"""Edge Function secrets by the Management API: a list of digests, and an upsert without versions. Answers are not believed:
what was written is read back.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from rollout.model.flag.mirror import digest
from rollout.provider.errors import StoreError
from rollout.provider.settings import is_loopback

#: The environment's names: the token, which is in no text, and another address of the API (a test's, on loopback).
TOKEN: Final = "SUPABASE_ACCESS_TOKEN"  # noqa: S105 - a name
API: Final = "ROLLOUT_SUPABASE_API"
DEFAULT_API: Final = "https://api.supabase.com"
#: Names a POST takes (the API's description).
PAGE: Final = 100
#: Seconds of one request; tries where it says that it is busy, and the longest wait that it may ask for.
PATIENCE: Final = 5.0
TRIES: Final = 2
LONGEST: Final = 3.0
_REF: Final = re.compile("[a-z]{20}")


class Secrets:
    """The secrets of one project. Every method raises `StoreError`, without the token or a value in it."""

    def __init__(self, ref: str, token: str, api: str = DEFAULT_API) -> None:
        if not _REF.fullmatch(ref):
            raise StoreError("rollout:mirror is no project ref: 20 letters a-z")
        if not token:
            raise StoreError(f"{TOKEN} isn't set: nothing is mirrored")
        if not api.startswith("https://") and not is_loopback(api):
            raise StoreError(f"{API} is no HTTPS address")
        self._url = f"{api.rstrip('/')}/v1/projects/{ref}/secrets"
        self._token = token

    @classmethod
    def of(cls, ref: str) -> Secrets:
        """By the environment."""
        return cls(ref, os.environ.get(TOKEN, ""), os.environ.get(API) or DEFAULT_API)

    def digests(self) -> dict[str, str]:
        """Name -> SHA-256 of its value."""
        answer = self._asked("GET", None)
        if not isinstance(answer, list) or not all(
            isinstance(one, Mapping) and isinstance(one.get("name"), str) and isinstance(one.get("value"), str)
            for one in answer
        ):
            raise StoreError("the mirror: the list of secrets is no list")
        return {one["name"]: one["value"] for one in answer}

    def write(self, values: Mapping[str, str]) -> None:
        """Sets these names and no others, and reads them back by digest."""
        items = [{"name": name, "value": value} for name, value in values.items()]
        for start in range(0, len(items), PAGE):
            self._asked("POST", items[start : start + PAGE])
        found = self.digests()
        wrong = [name for name, value in values.items() if found.get(name) != digest(value)]
        if wrong:
            raise StoreError(f"the mirror: {', '.join(wrong)} written, and not read back so")

    def _asked(self, method: str, body: Any) -> Any:
        import http.client
        import urllib.error
        import urllib.request

        data = None if body is None else json.dumps(body).encode()
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "User-Agent": "wa-rollout",
        }
        last = ""
        for attempt in range(TRIES):
            request = urllib.request.Request(self._url, data=data, headers=headers, method=method)  # noqa: S310 - above
            try:
                with urllib.request.build_opener(_Stay).open(request, timeout=PATIENCE) as answer:
                    raw = answer.read(10_000_000)
                return json.loads(raw) if method == "GET" else None
            except urllib.error.HTTPError as error:
                last = f"answered {error.code}"
                wait = _seconds(error.headers.get("Retry-After"))
                if error.code not in (429, 500, 502, 503, 504) or wait > LONGEST or attempt + 1 == TRIES:
                    break
                time.sleep(wait)
            except (OSError, ValueError, http.client.HTTPException) as error:
                last = f"not reached ({type(error).__name__})"
        raise StoreError(f"the mirror: {method} of secrets {last}")


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isascii() and text.isdigit() else 0.5


def _stay() -> Any:
    import urllib.request

    class Stay(urllib.request.HTTPRedirectHandler):
        """The token is for this host, and for no other."""

        def redirect_request(self, *_: object) -> None:
            return None

    return Stay


_Stay: Final = _stay()
