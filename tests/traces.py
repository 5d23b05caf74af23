"""Traces every figure of a report to the record it names: computed again from raw history, state and files.

Nothing of `rollout.report_*` is used here: a mistake there must not agree with itself.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tests import record

#: Numbers of the rules that a sentence may name.
RULES = {"rule:bands/CONFIDENCE": "95 %", "rule:100": "100 %", "rule:ladder/0": "0 %"}


def shown(raw: record.Raw, source: str) -> str | re.Pattern[str] | set[str]:
    """What the figure with this source must say. Raises `AssertionError`, `LookupError` for a source that names nothing."""
    if source in RULES:
        return RULES[source]
    how, _, where = source.partition(":")
    places = where.split(" ") if where else []
    if how.startswith("number of"):
        return _number(raw, how.removeprefix("number of "), places)
    side = "legacy_" if how.startswith("legacy_") else ""
    if how.removeprefix("legacy_") in ("count", "bad", "rate", "low", "high"):
        return _counted(raw.at(where), how.removeprefix("legacy_"), side)
    return _other(raw, how, where, places)


def _number(raw: record.Raw, what: str, places: list[str]) -> str:
    """How many there are: each place is there, and for moves no other one of the record is of that kind."""
    if what in ("met", "criteria"):
        return str(len(places))  # the rows of the table below it
    for place in places:
        _, number, *rest = place.split("/")
        if what == "not applied":
            assert raw.history[int(number) - 1]["result"] == "failed", place
            assert rest[0] in raw.moves, place
        else:
            raw.at(place)
    moves = [move for moves in raw.moves.values() for move in moves]
    lowered = [move for move in moves if move["to"] < (move["from"] or 0)]
    every: dict[str, list[Any]] = {
        "stop": [move for move in moves if move["verdict"] == "stop"],
        "outside": [move for move in moves if move["verdict"] == "outside"],
        "rollback": [move for move in lowered if move["verdict"] not in ("stop", "outside")],
        "incidents": list(raw.incidents),
        "drills": list(raw.drills),
    }
    return str(len(every.get(what, places)))


def _other(raw: record.Raw, how: str, where: str, places: list[str]) -> str | re.Pattern[str] | set[str]:  # noqa: C901 - one case a kind
    match how:
        case "text":
            return " ".join(str(raw.at(where)).split())
        case "percent":
            value = (
                raw.plan[int(where.split("/")[1])][where.split("/")[2]] if where.startswith("plan/") else raw.at(where)
            )
            return f"{int(value)} %"
        case "time":
            return f"{record.time(raw.at(where)):%Y-%m-%d %H:%M} UTC"
        case "clock":
            return f"{record.time(raw.at(where)):%H:%M}"
        case "span" | "left":
            first, last = (record.time(raw.at(place)) for place in places)
            return _span(last - first if how == "span" else first + timedelta(days=7) - last)
        case "date":
            return f"{raw.start + timedelta(days=int(places[1]) - 1)}"
        case "day":
            return f"day {(record.time(raw.at(where)).date() - raw.start).days + 1}"
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
        case "rule version":
            return f"rule version {raw.at(where)}"
        case "commit":
            return str(raw.at(where)["commit"])[:7]
        case "pr":
            return re.compile(re.escape("#" + re.findall(r"#(\d+)", raw.at(where)["message"])[-1]))
        case "wanted":
            return f"{raw.at(places[0])['config']['flags'][places[1]]['percent']} %"
        case "wanted-from":
            before = [
                one for one in raw.moves[places[1]] if record.time(one["at"]) <= record.time(raw.at(places[0])["at"])
            ]
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
            size = float(counts.get("dispersion", 1))
            bound = _bound(bad, total, how) if size == 1 else _bunched(bad / size, total / size, how)
            if bad / size < 1000:
                return _three(bound)
            # The page has Wilson's bound there, within 0.05 % of this one.
            return re.compile("|".join(re.escape(_three(bound * near)) for near in (0.9995, 1, 1.0005)))


def _bunched(bad: float, total: float, how: str) -> float:
    """The same bound for counts that aren't whole: where the beta density has 2.5 % beyond it, by plain trapezes."""
    if how == "low" and bad == 0:
        return 0.0
    a, b = (bad, total - bad + 1) if how == "low" else (bad + 1, total - bad)
    middle, spread = a / (a + b), math.sqrt(a) / (a + b)
    top = min(1.0, middle + 12 * spread + 30 / (a + b))
    steps = 400_000
    # By the square root of the rate: the density of less than one bad event has no end at 0 otherwise.
    points = [math.sqrt(top) * (index + 0.5) / steps for index in range(steps)]
    logs = [(2 * a - 1) * math.log(x) + (b - 1) * math.log1p(-x * x) for x in points]
    highest = max(logs)  # of thousands of events each density alone is under the smallest float
    density = [math.exp(one - highest) for one in logs]
    wanted = 0.025 if how == "low" else 0.975
    whole, seen = math.fsum(density) * wanted, 0.0
    for point, part in zip(points, density, strict=True):
        seen += part
        if seen >= whole:
            return point * point
    return top


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


def _planned(raw: record.Raw, domain: str, number: str) -> str:
    move = raw.moves[domain][int(number)]
    if move["to"] <= (move["from"] or 0) or move["verdict"] in ("stop", "outside"):
        return "not planned"
    day = (record.time(move["at"]).date() - raw.start).days + 1
    meant = min((n for n, flags in raw.plan.items() if flags[domain] >= move["to"]), default=None)
    if meant is None or meant > day:
        return "ahead of the plan"
    return f"{day - meant} d late" if day > meant else "as planned"


def _mark(raw: record.Raw, place: str) -> set[str]:
    """A line about an entry that changed: each of its numbers stands in the run's config or the one before."""
    number = int(place.split("/")[1])
    both = json.dumps(
        [record.config(raw.history[number - 1]), record.config(raw.history[number - 2])], ensure_ascii=False
    )
    return set(re.findall(r"\d+", both))


def _limit(raw: record.Raw, places: list[str]) -> str:
    _, domain, metric = places[0].split("/")
    rule = raw.metrics[domain][metric]
    if "total" in rule:
        return f"{rule['good'].removesuffix('%')} %"
    first = len(places) > 1 and raw.at(places[1]) == 5
    return str(rule.get("good-at-first-rung", rule["good"]) if first else rule["good"])


def _odds(raw: record.Raw, counts_place: str, move_place: str) -> str:
    """ln of the likelihood ratio of the good limit to the bad level at the next share (docs/rules/gate.md#pass)."""
    _, domain, *_, metric = counts_place.split("/")
    counts, rule = raw.at(counts_place), raw.metrics[domain][metric]
    good, bad = (float(str(rule[key]).removesuffix("%")) / 100 for key in ("good", "bad-level"))
    worse = min(bad / (raw.at(move_place)["to"] / 100), 0.5)
    k, n = counts["bad"], counts["total"]
    log = (k * math.log(good / worse) + (n - k) * math.log((1 - good) / (1 - worse))) / counts.get("dispersion", 1)
    if log >= math.log(1e12):
        return "over 10^12 to 1"
    return f"{math.exp(log):,.0f} to 1" if log >= math.log(10) else f"{math.exp(log):.2g} to 1"


def _is(text: str, wanted: str | re.Pattern[str] | set[str]) -> bool:
    """Whether a text is what the record gives: this text, of this form, or with no other numbers than these."""
    if isinstance(wanted, set):
        return set(re.findall(r"\d+", text)) <= wanted
    return bool(wanted.fullmatch(text)) if isinstance(wanted, re.Pattern) else wanted == text


def check(raw: record.Raw, found: Iterator[tuple[str, str]]) -> int:
    """How many figures were traced. Raises `AssertionError` with those that the record doesn't give."""
    wrong, count = [], 0
    for source, text in found:
        count += 1
        wanted = shown(raw, source)
        if not _is(text, wanted):
            wrong.append(f"{source}: {text!r}, but the record gives {wanted!r}")
    assert not wrong, "\n".join(wrong[:20])
    return count
