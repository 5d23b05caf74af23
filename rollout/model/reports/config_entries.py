"""Entries of a stack config that the reports tell of, over all runs: each once, with the place where it first stood."""

from __future__ import annotations

from collections.abc import Mapping

from rollout.model.log.journal import Line
from rollout.model.reports.parts import whole
from rollout.model.reports.story import Story
from rollout.model.stack_file import off


def breaches(story: Story) -> dict[str, tuple[str, Mapping[str, object]]]:
    """Every breach that a run's config had: place -> domain and entry; the same one counts once."""
    found: dict[str, tuple[str, Mapping[str, object]]] = {}
    seen: set[tuple[str, str]] = set()
    for update in story.updates:
        entries = update.config.get("breach")
        for domain, entry in entries.items() if isinstance(entries, Mapping) else ():
            key = (str(domain), str(entry.get("at")) if isinstance(entry, Mapping) else str(entry))
            if key not in seen and isinstance(entry, Mapping):
                found[f"history/{update.number}/config/breach/{domain}"] = (str(domain), entry)
            seen.add(key)
    return found


def waivers(story: Story) -> dict[str, tuple[str, Mapping[str, object]]]:
    """Every waiver that a run's config had: place -> name and entry as it first stood."""
    found: dict[str, tuple[str, Mapping[str, object]]] = {}
    seen: set[str] = set()
    for update in story.updates:
        entries = update.config.get("waivers")
        for name, entry in entries.items() if isinstance(entries, Mapping) else ():
            if name not in seen and isinstance(entry, Mapping):
                found[f"history/{update.number}/config/waivers/{name}"] = (str(name), entry)
            seen.add(str(name))
    return found


def used_by(story: Story, name: str, entry: Mapping[str, object]) -> tuple[str, Line] | None:
    """The raise that a waiver let through: its place and line; None where none is recorded.

    A metric's waiver is named in the raise's counts. One of a drill isn't: there the run had it, and asked for drills.
    """
    for line in story.of_kind("raise"):
        if line.domain != entry.get("domain") or line.new != whole(entry.get("to")):
            continue
        counts = line.move.get("counts")
        kept = counts.get(entry.get("metric")) if isinstance(counts, Mapping) else None
        config = story.run(line.update).config if line.update else {}
        drill = entry.get("accepts") == "no-drill" and off.plain("drill", config.get("drill")) != off.OFF
        waived = config.get("waivers")
        drill = drill and isinstance(waived, Mapping) and name in waived
        if (isinstance(kept, Mapping) and kept.get("waived") == name) or drill:
            return story.place(line), line
    return None
