"""What axe-core says of a page in a real browser. It comes from npm by tests/axe/package-lock.json (version and hash), into .tools/axe."""

from __future__ import annotations

import fcntl
import functools
from pathlib import Path
from typing import Any

from rollout.simulator.env import PROJECT
from tests import edge
from tests.browser import Browser

WANTED = PROJECT / "tests/axe"
TOOLS = PROJECT / ".tools/axe"


def source() -> str:
    """axe's own code. Skips where npm can't be had (in CI that is a failure)."""
    found = _found()
    return found.read_text(encoding="utf-8") if isinstance(found, Path) else edge.without(found)


@functools.cache
def _found() -> Path | str:
    try:
        edge.node_is_there()
        TOOLS.mkdir(parents=True, exist_ok=True)
        with (TOOLS / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return edge.installed(WANTED, TOOLS, "the pinned axe-core") / "axe-core/axe.min.js"
    except edge.Missing as missing:
        return str(missing)


def violations(chrome: Browser) -> list[tuple[str, str, str]]:
    """Every rule that the page shown breaks: its impact (`minor` to `critical`), its name, and the first element's markup."""
    chrome.value(f"{source()};0")
    found: list[dict[str, Any]] = chrome.value(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => "
        "({impact: v.impact, id: v.id, html: v.nodes[0].html.slice(0, 160) + ' ' + v.nodes[0].failureSummary.slice(0, 200)})))"
    )
    return [(str(one["impact"]), str(one["id"]), str(one["html"])) for one in found]
