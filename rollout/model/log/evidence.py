"""The counts that the gate let a raise through by, in words."""

from __future__ import annotations

from collections.abc import Mapping

from rollout.model.gate import words
from rollout.model.log.journal import Line


def counted(line: Line) -> list[str]:
    """`errors 0/1,966 (legacy 12/36,193)`, a text a metric; none where the gate wasn't asked."""
    found = []
    counts = line.move.get("counts")
    for name, kept in counts.items() if isinstance(counts, Mapping) else ():
        if not isinstance(kept, Mapping) or "bad" not in kept:
            continue
        seen = words.of(kept["bad"], kept["total"]) if "total" in kept else words.count(kept["bad"])
        legacy = f" (legacy {words.of(kept['legacy_bad'], kept['legacy_total'])})" if "legacy_total" in kept else ""
        waived = f", waived: {kept['waived']}" if kept.get("waived") else ""
        found.append(f"{name} {seen}{legacy}{waived}")
    return found
