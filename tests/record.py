"""The record as the engine and the files have it, read without any of the code that makes reports of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml


@dataclass
class Raw:
    """The record as the engine and the files have it."""

    moves: Mapping[str, list[dict[str, Any]]]
    switched: Mapping[str, list[dict[str, Any]]]
    history: Sequence[dict[str, Any]]  # oldest first
    incidents: Mapping[str, Any]
    drills: Mapping[str, Any]
    plan: Mapping[int, Mapping[str, int]]
    metrics: Mapping[str, Mapping[str, Any]]
    start: date
    stack: str = "local"

    @classmethod
    def read(cls, folder: Path, history: list[dict[str, Any]], resources: list[dict[str, Any]]) -> Raw:
        """From a project's folder, `pulumi stack history --json` and the resources of `pulumi stack export`."""
        catalogue = yaml.safe_load((folder / "domains.yaml").read_text())
        common = catalogue["common"]["metrics"]
        plan = {}
        for file in sorted((folder / "stacks").glob("day-*.yaml")):
            day = yaml.safe_load(file.read_text())["config"]
            plan[day["wa-rollout:day"]] = {k: v["percent"] for k, v in day["wa-rollout:flags"].items()}
        oldest = history[::-1]
        return cls(
            {
                r["inputs"]["domain"]: r["outputs"]["moves"]
                for r in resources
                if r["type"] == "rollout:index:TrafficFlag"
            },
            {
                r["inputs"]["domain"]: r["outputs"].get("switched") or []
                for r in resources
                if r["type"] == "rollout:index:FlagSecret"
            },
            oldest,
            _records(folder / "records/incidents"),
            _records(folder / "records/drills"),
            plan,
            {name: {**common, **(entry.get("metrics") or {})} for name, entry in catalogue["domains"].items()},
            date.fromisoformat(config(oldest[-1])["start"]),
        )

    def at(self, place: str) -> Any:
        """The value at a place such as `moves/jobs/3/counts/errors/bad`."""
        kind, *path = place.split("/")
        if kind == "stack":
            return self.stack
        node: Any = {
            "moves": self.moves,
            "switched": self.switched,
            "incidents": self.incidents,
            "drills": self.drills,
        }.get(kind)
        if kind == "history":
            node = run(self.history[int(path.pop(0)) - 1])
        for key in path:
            node = node[int(key)] if isinstance(node, list) else node[key]
        return node


def run(entry: Mapping[str, Any]) -> dict[str, Any]:
    environment = entry.get("environment") or {}
    message = entry.get("message") or ""
    virtual = re.search(r" \[at (\S+)\]$", message)
    by = re.search(r" \[by ([^]]+)\]", message)
    return {
        "at": virtual[1] if virtual else entry["startTime"], "message": re.sub(r" \[(at|by) [^]]+\]", "", message).splitlines()[0],
        "who": by[1] if by else "", "commit": environment.get("git.head", ""), "config": config(entry),
    }  # fmt: skip


def config(entry: Mapping[str, Any]) -> dict[str, Any]:
    found = entry["config"].items()
    return {key.removeprefix("wa-rollout:"): value.get("objectValue", value.get("value")) for key, value in found}


def time(text: str) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)


def _records(folder: Path) -> dict[str, Any]:
    found = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))}
    for record in found.values():
        if isinstance(record.get("at"), datetime):
            record["at"] = record["at"].isoformat()
    return found
