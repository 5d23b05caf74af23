"""A simulator is told what time is played: its traffic then goes on up to there, at the percents that are live."""

from __future__ import annotations

import functools
import json
import urllib.error
import urllib.request
from datetime import datetime
from typing import Final

from rollout.model import times
from rollout.provider.settings import Settings, is_loopback

#: Seconds: days of traffic are counted meanwhile, minute by minute where the counters are in a database.
PATIENCE: Final = 120.0


def follow(settings: Settings) -> None:
    """Once for each time that is played. Whoever has no such page (a test's own server) has counters of its own: no error."""
    if settings.named_now is not None and is_loopback(settings.probed_url):
        _told(settings.probed_url, settings.named_now)


@functools.lru_cache(maxsize=8)
def _told(url: str, now: datetime) -> None:
    data = json.dumps({"now": times.iso(now)}).encode()
    request = urllib.request.Request(f"{url}/clock", data=data, method="PUT")  # noqa: S310 - loopback, and only http serves it
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            answer.read()
    except (OSError, ValueError) as error:  # what isn't counted shows as stale, in the gate's own words
        if isinstance(error, urllib.error.HTTPError):
            error.close()
