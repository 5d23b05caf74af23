"""Who is told: the stack's topic on SNS, or a webhook (Slack, Teams, anything that takes `{"text": ...}`), or both."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from rollout.model.catalogue import address
from rollout.model.review.message import Message
from rollout.provider.errors import Absent, StoreError
from rollout.provider.settings import POSTGRES, Settings, is_loopback

#: The environment's name of the webhook's address. The address is a key by itself: it is in no text.
URL: Final = "ROLLOUT_NEWS_URL"
#: Tries of one message, the seconds between two, and the seconds that one may take whatever the other side does.
TRIES: Final = 3
PAUSE: Final = 0.5
PATIENCE: Final = 5.0


def send(settings: Settings, stack: str, told: Message, *, attempts: int | None = None) -> str:
    """Tells every channel that there is; answers their names. Raises `StoreError`, `Absent` where there is none.

    One channel that fails keeps no other from being told.
    """
    channels: list[Callable[[], str]] = []
    if settings.source != POSTGRES:
        channels.append(lambda: _topic(settings, stack, told, attempts))
    if url := os.environ.get(URL):
        channels.append(lambda: webhook(url, told, tries=attempts or TRIES))
    if not channels:
        raise Absent(f"no channel for news: set {URL} to the HTTPS address of a webhook")
    names, failed = list[str](), list[StoreError]()
    for channel in channels:
        try:
            names.append(channel())
        except StoreError as error:
            failed.append(error)
    if failed:
        if len(failed) == len(channels) == 1:
            raise failed[0]
        raise StoreError("; ".join([*(f"told {name}" for name in names), *map(str, failed)]))
    return ", ".join(names)


def _topic(settings: Settings, stack: str, told: Message, attempts: int | None) -> str:
    from rollout.provider.aws import topics

    return topics.send(settings, stack, told, attempts=attempts)


def webhook(url: str, told: Message, *, tries: int = TRIES, pause: float = PAUSE) -> str:
    """Posts one message; answers the channel's name. Raises `StoreError`, without anything of the address."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url)):
        raise StoreError(f"news: {URL} is no HTTPS address")
    if address.metadata(parts.hostname or ""):
        raise StoreError(f"news: {URL} is a link-local address, or a machine's metadata service")
    last = ""
    for attempt in range(tries):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1))
        last, again = _posted(url, json.dumps({"text": f"{told.subject}\n\n{told.text}".strip()}).encode())
        if not last:
            return f"the webhook of {URL}"
        if not again:
            break
    raise StoreError(f"news: the webhook of {URL}: {last}")


def _posted(url: str, body: bytes) -> tuple[str, bool]:
    """What went wrong (empty: nothing), and whether another try may help. Never longer than `PATIENCE`."""
    answer = [("no answer in time", True)]

    def post() -> None:
        import urllib.error
        import urllib.request

        class Stay(urllib.request.HTTPRedirectHandler):
            """Where it says that it has moved, somebody has to look: the message isn't for another host."""

            def redirect_request(self, *_: object) -> None:
                return None

        headers = {"Content-Type": "application/json", "User-Agent": "wa-rollout"}
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - https, above
        try:
            with urllib.request.build_opener(Stay).open(request, timeout=PATIENCE):
                answer[0] = ("", False)
        except urllib.error.HTTPError as error:
            answer[0] = (f"answered {error.code}", error.code == 429 or error.code >= 500)
        except (OSError, ValueError) as error:  # its text may quote the address
            answer[0] = (f"not reached ({type(error).__name__})", True)

    worker = threading.Thread(target=post, daemon=True)
    worker.start()
    worker.join(PATIENCE)
    return answer[0]
