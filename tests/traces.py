"""Traces every figure of a report to the record it names: computed again from raw history, state and files.

Nothing of `rollout.report_*` is used here: a mistake there must not agree with itself.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import yaml

#: Numbers of the rules that a sentence may name.
RULES = {"rule:bands/CONFIDENCE": "95 %", "rule:100": "100 %", "rule:ladder/0": "0 %"}


@dataclass
class Raw:
    """The record as the engine and the files have it."""

    moves: Mapping[str, list[dict[str, Any]]]
    history: Sequence[dict[str, Any]]  # oldest first
    incidents: Mapping[str, Any]
    drills: Mapping[str, Any]
    plan: Mapping[int, Mapping[str, int]]
    metrics: Mapping[str, Mapping[str, Any]]
    start: date
    stack: str = "local"
    used: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, folder: Path, history: list[dict[str, Any]], resources: list[dict[str, Any]]) -> Raw:
        """From a project's folder, `pulumi stack history --json` and the resources of `pulumi stack export`."""
        catalogue = yaml.safe_load((folder / "domains.yaml").read_text())
        common = catalogue["common"]["metrics"]
        plan = {}
        for file in sorted((folder / "stacks").glob("day-*.yaml")):
            config = yaml.safe_load(file.read_text())["config"]
            plan[config["wa-rollout:day"]] = {k: v["percent"] for k, v in config["wa-rollout:flags"].items()}
        oldest = history[::-1]
        return cls(
            {
                r["inputs"]["domain"]: r["outputs"]["moves"]
                for r in resources
                if r["type"] == "rollout:index:TrafficFlag"
            },
            oldest,
            _records(folder / "records/incidents"),
            _records(folder / "records/drills"),
            plan,
            {name: {**common, **(entry.get("metrics") or {})} for name, entry in catalogue["domains"].items()},
            date.fromisoformat(_config(oldest[-1])["start"]),
        )

    def at(self, place: str) -> Any:
        """The value at a place such as `moves/jobs/3/counts/errors/bad`."""
        kind, *path = place.split("/")
        if kind == "stack":
            return self.stack
        node: Any = {"moves": self.moves, "incidents": self.incidents, "drills": self.drills}.get(kind)
        if kind == "history":
            node = _run(self.history[int(path.pop(0)) - 1])
        for key in path:
            node = node[int(key)] if isinstance(node, list) else node[key]
        return node


def shown(raw: Raw, source: str) -> str | re.Pattern[str] | set[str]:
    """What the figure with this source must say. Raises `AssertionError`, `LookupError` for a source that names nothing."""
    if source in RULES:
        return RULES[source]
    how, _, where = source.partition(":")
    places = where.split(" ") if where else []
    if how.startswith("number of"):
        if "criteria" not in how and how != "number of met":
            for place in places:
                raw.at(place.removesuffix(f"/{place.rpartition('/')[2]}") if place.startswith("history/") else place)
        return str(len(places))
    side = "legacy_" if how.startswith("legacy_") else ""
    if how.removeprefix("legacy_") in ("count", "bad", "rate", "low", "high"):
        return _counted(raw.at(where), how.removeprefix("legacy_"), side)
    return _other(raw, how, where, places)


def _other(raw: Raw, how: str, where: str, places: list[str]) -> str | re.Pattern[str] | set[str]:  # noqa: C901 - one case a kind
    match how:
        case "text":
            return " ".join(str(raw.at(where)).split())
        case "percent":
            value = (
                raw.plan[int(where.split("/")[1])][where.split("/")[2]] if where.startswith("plan/") else raw.at(where)
            )
            return f"{int(value)} %"
        case "time":
            return f"{_time(raw.at(where)):%Y-%m-%d %H:%M} UTC"
        case "clock":
            return f"{_time(raw.at(where)):%H:%M}"
        case "span" | "left":
            first, last = (_time(raw.at(place)) for place in places)
            return _span(last - first if how == "span" else first + timedelta(days=7) - last)
        case "date":
            return f"{raw.start + timedelta(days=int(places[1]) - 1)}"
        case "day":
            return f"day {(_time(raw.at(where)).date() - raw.start).days + 1}"
        case "plan day":
            return re.compile(rf"[Dd]ay {where}")
        case "planned day":
            _, domain, rung = where.split("/")
            return f"day {min(day for day, flags in raw.plan.items() if flags[domain] >= int(rung))}"
        case "planned":
            return _planned(raw, *where.split("/")[1:])
        case "name" | "note day":
            raw.at(where)
            return where.rpartition("/")[2]
        case "commit":
            return str(raw.at(where)["commit"])[:7]
        case "pr":
            return re.compile(re.escape("#" + re.findall(r"#(\d+)", raw.at(where)["message"])[-1]))
        case "wanted":
            return f"{raw.at(places[0])['config']['flags'][places[1]]['percent']} %"
        case "wanted-from":
            before = [one for one in raw.moves[places[1]] if _time(one["at"]) <= _time(raw.at(places[0])["at"])]
            return f"{int(before[-1]['to'])} %"
        case "mark":
            return _mark(raw, places[0])
        case "limit":
            return _limit(raw, places)
        case "odds":
            return _odds(raw, *places)
        case "sum":
            found = [raw.at(place) for place in places]
            return f"{sum(int(one['bad']) for one in found):,}/{sum(int(one['total']) for one in found):,}"
        case "rank":
            return str(1 + sorted(raw.incidents).index(where.partition("/")[2]))
        case "seconds":
            return f"{raw.at(where)} s"
        case "seed":
            return re.compile(".*")  # the seed's own words, no figure
    raise AssertionError(f"no such source: {how}:{where}")


def _counted(counts: Mapping[str, Any], how: str, side: str) -> str | re.Pattern[str]:
    bad, total = int(counts[f"{side}bad"]), int(counts.get(f"{side}total", 0))
    match how:
        case "bad":
            return f"{bad:,}"
        case "count":
            return f"{bad:,}/{total:,}"
        case "rate":
            return f"{_three(bad / total)} %"
        case _:
            return _three(_bound(bad, total, how))


def _bound(bad: int, total: int, how: str) -> float:
    """Clopper and Pearson's bound by the plain sum of binomial terms, none of the shortcuts of the code under test."""
    if how == "low" and bad == 0:
        return 0.0
    if how == "high" and bad == total:
        return 1.0
    low, high = (0.0, bad / total) if how == "low" else (bad / total, 1.0)
    terms = range(bad, total + 1) if how == "low" else range(bad + 1)
    near = [k for k in terms if abs(k - bad) < 60 + 12 * math.sqrt(bad + 1)]
    for _ in range(60):
        rate = (low + high) / 2
        tail = math.fsum(
            math.exp(_log_choose(total, k) + k * math.log(rate) + (total - k) * math.log1p(-rate)) for k in near
        )
        if (tail < 0.025) == (how == "low"):
            low = rate
        else:
            high = rate
    return (low + high) / 2


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _three(fraction: float) -> str:
    """Per cent, three significant digits, no trailing zeros."""
    if fraction <= 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(100 * fraction)))
    text = f"{100 * fraction:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _span(span: timedelta) -> str:
    if span >= timedelta(hours=48):
        return f"{span.total_seconds() / 86400:.1f} days"
    hours, minutes = divmod(math.ceil(span.total_seconds() / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def _planned(raw: Raw, domain: str, number: str) -> str:
    move = raw.moves[domain][int(number)]
    if move["to"] <= (move["from"] or 0) or move["verdict"] in ("stop", "outside"):
        return "not planned"
    day = (_time(move["at"]).date() - raw.start).days + 1
    meant = min((n for n, flags in raw.plan.items() if flags[domain] >= move["to"]), default=None)
    if meant is None or meant > day:
        return "ahead of the plan"
    return f"{day - meant} d late" if day > meant else "as planned"


def _mark(raw: Raw, place: str) -> set[str]:
    """A line about an entry that changed: each of its numbers stands in the run's config or the one before."""
    number = int(place.split("/")[1])
    both = json.dumps([_config(raw.history[number - 1]), _config(raw.history[number - 2])], ensure_ascii=False)
    return set(re.findall(r"\d+", both))


def _limit(raw: Raw, places: list[str]) -> str:
    _, domain, metric = places[0].split("/")
    rule = raw.metrics[domain][metric]
    if "total" in rule:
        return f"{rule['good'].removesuffix('%')} %"
    first = len(places) > 1 and raw.at(places[1]) == 5
    return str(rule.get("good-at-first-rung", rule["good"]) if first else rule["good"])


def _odds(raw: Raw, counts_place: str, move_place: str) -> str:
    """ln of the likelihood ratio of the good limit to the bad level at the next share (gate.md, the rule)."""
    _, domain, *_, metric = counts_place.split("/")
    counts, rule = raw.at(counts_place), raw.metrics[domain][metric]
    good, bad = (float(str(rule[key]).removesuffix("%")) / 100 for key in ("good", "bad-level"))
    worse = min(bad / (raw.at(move_place)["to"] / 100), 0.5)
    k, n = counts["bad"], counts["total"]
    log = k * math.log(good / worse) + (n - k) * math.log((1 - good) / (1 - worse))
    if log >= math.log(1e12):
        return "over 10^12 to 1"
    return f"{math.exp(log):,.0f} to 1" if log >= math.log(10) else f"{math.exp(log):.2g} to 1"


def _run(entry: Mapping[str, Any]) -> dict[str, Any]:
    environment = entry.get("environment") or {}
    message = entry.get("message") or ""
    virtual = re.search(r" \[at (\S+)\]$", message)
    return {
        "at": virtual[1] if virtual else entry["startTime"], "message": re.sub(r" \[at \S+\]$", "", message).splitlines()[0],
        "who": environment.get("git.author", ""), "commit": environment.get("git.head", ""), "config": _config(entry),
    }  # fmt: skip


def _config(entry: Mapping[str, Any]) -> dict[str, Any]:
    found = entry["config"].items()
    return {key.removeprefix("wa-rollout:"): value.get("objectValue", value.get("value")) for key, value in found}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)


def _records(folder: Path) -> dict[str, Any]:
    found = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))}
    for record in found.values():
        if isinstance(record.get("at"), datetime):
            record["at"] = record["at"].isoformat()
    return found


class Figures(HTMLParser):
    """The figures of a page, (source, text); and whatever digits stand outside of one, headings of columns aside."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.loose: list[str] = []
        self._stack: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "br", "use", "path"):
            self._stack.append((tag, dict(attrs).get("data-source")))
            if self._stack[-1][1] is not None:
                self.found.append((self._stack[-1][1] or "", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in [name for name, _ in self._stack]:
            while self._stack.pop()[0] != tag:
                continue

    def handle_data(self, data: str) -> None:
        inside = [tag for tag, _ in self._stack]
        if any(source is not None for _, source in self._stack):
            self.found[-1] = (self.found[-1][0], self.found[-1][1] + data)
        elif re.search(r"\d", data) and not {"svg", "style", "th", "title", "figcaption", "caption"} & set(inside):
            self.loose.append(" ".join(data.split()))


def figures(page: str) -> Iterator[tuple[str, str]]:
    """Every figure of the page. Raises `AssertionError` where a number stands outside of one."""
    parser = Figures()
    parser.feed(page)
    assert not parser.loose, f"numbers without a source: {parser.loose[:5]}"
    yield from parser.found


def _is(text: str, wanted: str | re.Pattern[str] | set[str]) -> bool:
    """Whether a text is what the record gives: this text, of this form, or with no other numbers than these."""
    if isinstance(wanted, set):
        return set(re.findall(r"\d+", text)) <= wanted
    return bool(wanted.fullmatch(text)) if isinstance(wanted, re.Pattern) else wanted == text


def check(raw: Raw, found: Iterator[tuple[str, str]]) -> int:
    """How many figures were traced. Raises `AssertionError` with those that the record doesn't give."""
    wrong, count = [], 0
    for source, text in found:
        count += 1
        wanted = shown(raw, source)
        if not _is(text, wanted):
            wrong.append(f"{source}: {text!r}, but the record gives {wanted!r}")
    assert not wrong, "\n".join(wrong[:20])
    return count


def markdown(reports: Sequence[Mapping[str, Any]], folder: Path) -> int:
    """Whether each Markdown file says its report's figures, in order, and no number besides; how many there are.

    `reports` is what `rollout report --json` prints. Heads of columns and captions may hold a number: the rungs.
    """
    count = 0
    for report in reports:
        text = re.sub(r"\\(.)", r"\1", (folder / f"{report['name']}.md").read_text())
        heads = [head for block in report["blocks"] for head in (block.get("table", ""), *block.get("columns", []))]
        at = 0
        for figure in _within(report["blocks"]):
            found = text.find(figure["text"], at)
            assert found >= 0, f"{report['name']}: {figure} isn't there"
            between = text[at:found]
            for head in sorted(filter(None, heads), key=len, reverse=True):
                between = between.replace(head, "")
            assert not re.search(r"\d", between), (
                f"{report['name']}: a number without a source before {figure}: {between[-200:]}"
            )
            at, count = found + len(figure["text"]), count + 1
    return count


def _within(node: Any) -> Iterator[Mapping[str, Any]]:
    """The figures in a report's plain values, in their order."""
    if isinstance(node, dict) and "source" in node:
        yield node
    elif isinstance(node, (dict, list)):
        for part in node.values() if isinstance(node, dict) else node:
            yield from _within(part)
