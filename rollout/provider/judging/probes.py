"""Probes: checklist items that a URL answers. They run inside a judged raise and nowhere else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from typing import Final

from rollout.model.catalogue.domain import ChecklistItem
from rollout.model.judge.rules import Refusal
from rollout.model.problem import shown

TIMEOUT: Final = 5.0  # seconds for a probe's whole answer
LARGEST: Final = 1 << 20  # bytes read of an answer


def run(items: Sequence[ChecklistItem], unified_url: str) -> list[Refusal]:
    """A refusal for each probe that doesn't answer as the checklist asks; all of them run at once, `TIMEOUT` in all.

    A thread each, that nobody waits for longer: a server that sends a byte now and then keeps every time-out of a socket.
    """
    wrong: dict[str, str] = {}
    threads = [
        threading.Thread(target=lambda one=item: wrong.update({one.name: _probe(one, unified_url)}), daemon=True)
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


def _probe(item: ChecklistItem, unified_url: str) -> str:
    """What is wrong with the answer, or an empty string."""
    import urllib3  # botocore's own client: no dependency of ours, and imported for raises only

    if "{unified}" in item.url and not unified_url:
        return "no base URL of the service: set rollout:unified-url"
    url = item.url.replace("{unified}", unified_url)
    try:
        with urllib3.PoolManager(retries=False) as pool:
            answer = pool.request("GET", url, timeout=TIMEOUT, preload_content=False, redirect=False)
            body = answer.read(LARGEST + 1)
    except (urllib3.exceptions.HTTPError, ValueError, OSError) as error:
        return f"{url} doesn't answer ({type(error).__name__})"
    if answer.status != item.status:
        return f"{url} answered {answer.status}, expected {item.status}"
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
