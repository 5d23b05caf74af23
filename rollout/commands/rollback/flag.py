"""What a rollback has to know of its domain before it stops: the flag's name, and where the metric that burnt sends it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from rollout.commands.project import files, place
from rollout.model.ladder import Ladder
from rollout.model.problem import BadInput, Problem, shown
from rollout.model.stack_file.forms import DATA
from rollout.model.yaml_text.fields import nearest

_METRIC: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")


@dataclass(frozen=True)
class Flag:
    """What the catalogue says that a stop needs. `actions`: metric -> action. Both it and `ladder` are None where the catalogue can't be read."""

    name: str
    actions: Mapping[str, str] | None
    ladder: Ladder | None = None


def find(domain: str, say: Callable[..., None]) -> Flag:
    """The percent flag of a domain. Of a catalogue that can't be read, here and as committed, the one line is enough."""
    try:
        known = place.known()
    except BadInput:
        found = _by_text(domain)
        if found is None:
            raise
        say(f"domains.yaml can't be read: {found} found in it by text", err=True)
        return Flag(found, None)
    found_domain = place.domain(known, domain)
    return Flag(
        found_domain.percent_flag, {metric.name: metric.action for metric in found_domain.metrics}, found_domain.ladder
    )


def _by_text(domain: str) -> str | None:
    """The flag in the lines that are indented under the domain's own; the name may stand elsewhere too."""
    try:
        text = files.read(files.ROOT / "domains.yaml").decode("utf-8", "replace")
    except BadInput:
        return None
    block = rf"^([ ]+){re.escape(domain)}:[^\n]*\n(?:\1[ ][^\n]*\n|[ ]*(?:#[^\n]*)?\n)*?\1[ ]+percent-flag:[ ]*([A-Z][A-Z0-9_]*)\b"
    found = re.search(block, text, re.M)
    return found[2] if found else None


def target(flag: Flag, because: str | None) -> str:
    """Where a rollback goes when nobody says: what the metric's row of the catalogue says, else the previous rung.

    Raises `BadInput` for an unknown metric. Without a catalogue any metric goes, and to 0, which no row is above.
    """
    if because is None:
        return "previous"
    if because == DATA:
        return "zero"
    if flag.actions is None and _METRIC.fullmatch(because):
        return "zero"
    if because not in (flag.actions or {}):
        allowed = ", ".join([*(flag.actions or ("a metric of domains.yaml",)), DATA])
        hint = nearest(because, [*(flag.actions or ()), DATA])
        raise BadInput(
            [Problem("unknown metric", "--because", allowed, shown(because), hint or "name one, or leave it out")]
        )
    return "zero" if (flag.actions or {})[because] == "rollback-zero" else "previous"
