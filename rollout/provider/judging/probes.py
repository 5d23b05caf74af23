"""Probes: checklist items that a URL answers. They run inside a judged raise and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from rollout.model.catalogue.domain import ChecklistItem
from rollout.model.judge.rules import Refusal
from rollout.model.problem import shown

TIMEOUT: Final = 5.0  # seconds for one probe
LARGEST: Final = 1 << 20  # bytes read of an answer


def run(items: Sequence[ChecklistItem], unified_url: str) -> list[Refusal]:
    """A refusal for each probe that doesn't answer as the checklist asks; all of them run at once."""
    if not items:
        return []
    with ThreadPoolExecutor(len(items)) as pool:
        answers = pool.map(lambda item: _probe(item, unified_url), items)
        return [
            Refusal("probe", f"probe {item.name}: {wrong}", f"mend it: {item.ask}")
            for item, wrong in zip(items, answers, strict=True)
            if wrong
        ]


def _probe(item: ChecklistItem, unified_url: str) -> str:
    """What is wrong with the answer, or an empty string."""
    import urllib3  # botocore's own client: no dependency of ours, and imported for raises only

    if "{unified}" in item.url and not unified_url:
        return "no base URL of the service: set rollout:unified-url"
    url = item.url.replace("{unified}", unified_url)
    try:
        with urllib3.PoolManager(retries=False) as pool:
            answer = pool.request("GET", url, timeout=TIMEOUT, preload_content=False, redirect=False)
            body = answer.read(LARGEST)
    except (urllib3.exceptions.HTTPError, ValueError, OSError) as error:
        return f"{url} doesn't answer ({type(error).__name__})"
    if answer.status != item.status:
        return f"{url} answered {answer.status}, expected {item.status}"
    if not item.field:
        return ""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return f"{url} answered no JSON"
    for part in item.field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value == item.equals and type(value) is type(item.equals):
        return ""
    return f"{url} says {item.field} = {shown(value)}, expected {shown(item.equals)}"
