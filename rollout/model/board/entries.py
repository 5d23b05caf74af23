"""What happened, newest first, each with what leads on: commit, pull request, evidence, the incident's record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollout.model import times
from rollout.model.board.links import Forge
from rollout.model.gate import fire
from rollout.model.judge import drill
from rollout.model.log.evidence import counted
from rollout.model.log.journal import Line
from rollout.model.reports.daily import QUIET, event, said
from rollout.model.reports.parts import text
from rollout.model.reports.story import Story, near
from rollout.model.reports.strip import LETTERS


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `key`: its anchor on the page; `letter`: of its mark on the strip, empty where it has none.

    `links`: words and address; an address without a host is the page's own anchor.
    """

    key: str
    at: datetime
    letter: str
    domain: str
    what: str
    said: str = ""
    by: str = ""
    links: Sequence[tuple[str, str]] = ()
    evidence: Sequence[str] = ()


def anchor(place: str, domain: str) -> str:
    """The anchor of what stands at `place` of the record: letters, digits and hyphens."""
    return "e-" + re.sub(r"[^a-zA-Z0-9]+", "-", f"{place} {domain}").strip("-")


def entries(story: Story, forge: Forge | None) -> list[Entry]:
    """Every entry, newest first; runs that moved nothing are left out."""
    found: dict[str, Entry] = {}
    for line in story.lines:
        if line.kind not in QUIET:
            one = _of_line(story, line, forge)
            while one.key in found:  # two entries of one kind and run
                one = Entry(**{**vars(one), "key": f"{one.key}-2"})
            found[one.key] = one
    for name, record in story.incidents.items():
        _add(found, _incident(name, record, forge))
    for name, record in story.drills.items():
        _add(found, _drill(name, record, forge))
    return sorted(found.values(), key=lambda one: one.at, reverse=True)


def _add(found: dict[str, Entry], one: Entry | None) -> None:
    if one is not None:
        found[one.key] = one


def _of_line(story: Story, line: Line, forge: Forge | None) -> Entry:
    place = story.place(line)
    told = text(said(story, line))
    links = [*_commit(line, forge)]
    if line.kind in ("stop", "rollback", "outside"):
        links += [
            (f"incident {name}", f"#{anchor(f'incidents/{name}', line.domain)}")
            for name, one in story.incidents.items()
            if one.get("domain") == line.domain and near(one, line.at)
        ]
    letter = LETTERS.get(line.kind, "F" if line.kind == "freeze" else "")
    where = (
        place if line.kind in LETTERS else f"{place} {line.kind}" if letter else f"{place} {line.kind} {line.text[:20]}"
    )
    return Entry(
        anchor(where, line.domain), line.at, letter, line.domain, text(event(story, line)), told, line.who, links,
        counted(line),
    )  # fmt: skip


def _commit(line: Line, forge: Forge | None) -> list[tuple[str, str]]:
    found = []
    if line.commit:
        found.append((f"commit {line.commit[:7]}", forge.commit(line.commit) if forge else ""))
    if line.pr:
        found.append((f"pull request #{line.pr}", forge.pull_request(line.pr) if forge else ""))
    return found


def _incident(name: str, record: Mapping[str, object], forge: Forge | None) -> Entry | None:
    at = times.moment(record.get("at"))
    if at is None:
        return None
    domain, path = str(record.get("domain") or ""), f"{fire.RECORDS}/{name}.yaml"
    what = f"incident: {record.get('metric') or '?'}, {record.get('from', '?')} -> {record.get('to', '?')}"
    kept = [str(record[key]) for key in ("reason", "done") if record.get(key)]
    rows = record.get("rows")
    evidence = [f"seen: {record['seen']}"] if record.get("seen") else []
    evidence += [str(row) for row in rows] if isinstance(rows, Sequence) and not isinstance(rows, str) else []
    return Entry(
        anchor(f"incidents/{name}", domain), at, "I", domain, what, "; ".join(kept), str(record.get("by") or ""),
        [(path, forge.file(path) if forge else "")], evidence,
    )  # fmt: skip


def _drill(name: str, record: Mapping[str, object], forge: Forge | None) -> Entry | None:
    at = times.moment(record.get("at"))
    if at is None:
        return None
    domain, path = str(record.get("domain") or ""), f"{drill.RECORDS}/{name}.yaml"
    took = [f"{word} {record[key]} s" for word, key in (("decision to live", "decision_to_live"), ("traffic back", "traffic_back"))
            if key in record]  # fmt: skip
    what = f"drill {'passed' if record.get('passed') is True else 'failed'}"
    return Entry(anchor(f"drills/{name}", domain), at, "D", domain, what, ", ".join(took), "",
                 [(path, forge.file(path) if forge else "")])  # fmt: skip
