"""Reading the domain file of `python -m rollout gate --input` (a contract: docs/rules/gate.md#asking-it-by-hand).

Strict as the other readers are: every key known and once, every type right, all problems named in one run. A number
that can't be a count (nan, -3, 9 of 3) is no wrong input: the gate answers HOLD to it.
"""

from __future__ import annotations

import json
import math
from typing import Final

from rollout.model.catalogue.domain import Catalogue, Domain, Metric
from rollout.model.gate import bunches
from rollout.model.gate.seen import Counts, Seen
from rollout.model.gate.verdict import Question
from rollout.model.ladder import TOP
from rollout.model.problem import BadInput, Problem, shown
from rollout.model.yaml_text.fields import nearest

#: The longest file that is read, in bytes; a domain of ten metrics takes 1 kB.
MAX_BYTES: Final = 1024 * 1024

KEYS: Final = ("domain", "percent", "next", "soak_over", "latched", "stale", "share", "metrics")
SHARE_KEYS: Final = ("unified", "total")
METRIC_KEYS: Final = ("bad", "total", "legacy_bad", "legacy_total")
DISPERSION: Final = "dispersion"
COUNT_KEYS: Final = ("bad",)


def parse(raw: bytes, where: str, catalogue: Catalogue, *, strict: bool = False) -> Question:
    """The question in `raw`, the bytes of the file named `where`. Raises BadInput with every problem found."""
    reader = _Reader(where, catalogue)
    question = reader.question(_load(raw, where), strict)
    if reader.problems or question is None:
        raise BadInput(reader.problems)
    return question


def _load(raw: bytes, where: str) -> object:
    if len(raw) > MAX_BYTES:
        raise BadInput([Problem("the file is too large", where, f"at most {MAX_BYTES:,} bytes")])
    repeated: list[str] = []

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in pairs:
            if key in found:
                repeated.append(key)
            found[key] = value
        return found

    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=once)
    except UnicodeDecodeError:
        raise BadInput([Problem("the file is not UTF-8", where, "UTF-8", do="save it as UTF-8")]) from None
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}, column {error.colno}"
        raise BadInput([Problem(f"not JSON: {error.msg}", place, "one JSON object")]) from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits; lists in lists without end
        what = "nested too deep" if isinstance(error, RecursionError) else "a number is too long"
        raise BadInput([Problem(f"not readable: {what}", where, "one JSON object")]) from None
    if repeated:
        raise BadInput([Problem(f"the key {shown(key)} stands twice", where, "each key once") for key in repeated[:20]])
    return value


class _Reader:
    """One file that is being read; `problems` are what was wrong with it."""

    def __init__(self, where: str, catalogue: Catalogue) -> None:
        self.where = where
        self.catalogue = catalogue
        self.problems: list[Problem] = []

    def bad(self, path: str, what: str, allowed: str, given: object = None, do: str = "") -> None:
        text = "" if given is None else shown(json.dumps(given))
        self.problems.append(Problem(what, f"{self.where} {path}".rstrip(), allowed, text, do))

    def map(self, value: object, path: str, keys: tuple[str, ...]) -> dict[str, object]:
        """`value` as a map whose keys are all among `keys`; empty where it is none."""
        if not isinstance(value, dict):
            self.bad(path, f"{path or 'the file'} is not a map", "a JSON object", value)
            return {}
        for key in value:
            if key not in keys:
                place = ".".join(filter(None, (path, key[:40])))
                do = nearest(key, keys) or "delete it"
                self.bad(place, f"unknown key {shown(key)}", ", ".join(keys), do=do)
        return value

    def question(self, value: object, strict: bool) -> Question | None:
        top = self.map(value, "", KEYS)
        if not isinstance(value, dict):
            return None
        for key in ("domain", "percent", "metrics"):
            if key not in top:
                self.bad(key, f"{key} is missing", ", ".join(KEYS))
        domain = self.domain(top.get("domain")) if "domain" in top else None
        percent = self.percent(top["percent"], "percent") if "percent" in top else 0
        following = self.percent(top["next"], "next") if top.get("next") is not None else None
        ladder = domain.ladder if domain is not None else self.catalogue.ladder
        if following is not None and following not in ladder:
            self.bad("next", "next is no rung of the ladder", ladder.show(), following)
        elif following is not None and following <= percent:
            self.bad("next", f"next is no raise from {percent} %", "a rung above percent, or no next", following)
        if domain is None:
            return None
        return Question(
            domain=domain,
            percent=percent,
            next_percent=following,
            metrics=self.metrics(top.get("metrics", {}), domain),
            share=self.share(top.get("share")),
            soak_over=self.flag(top, "soak_over"),
            latched=self.flag(top, "latched"),
            stale=self.flag(top, "stale"),
            strict=strict,
        )

    def domain(self, name: object) -> Domain | None:
        if isinstance(name, str) and name in self.catalogue.domains:
            return self.catalogue.domains[name]
        close = nearest(name, self.catalogue.domains) if isinstance(name, str) else ""
        self.bad("domain", "unknown domain", ", ".join(self.catalogue.domains), name, close)
        return None

    def percent(self, value: object, key: str) -> int:
        if type(value) is int and 0 <= value <= TOP:
            return value
        self.bad(key, f"{key} is no percent", "a whole number from 0 to 100", value)
        return 0

    def flag(self, top: dict[str, object], key: str) -> bool:
        value = top.get(key, False)
        if not isinstance(value, bool):
            self.bad(key, f"{key} is neither true nor false", "true or false", value)
        return value is True

    def metrics(self, value: object, domain: Domain) -> dict[str, Seen | None]:
        names = tuple(metric.name for metric in domain.metrics)
        found = self.map(value, "metrics", names)
        return {
            metric.name: self.seen(found[metric.name], metric)
            for metric in domain.metrics
            if found.get(metric.name) is not None
        }

    def seen(self, value: object, metric: Metric) -> Seen:
        """A half that is absent or null is no data, as a whole metric is; it must not look like zero."""
        path = f"metrics.{metric.name}"
        keys = COUNT_KEYS if metric.total is None else (*METRIC_KEYS, DISPERSION)
        found = self.map(value, path, keys)
        bad, total, legacy_bad, legacy_total = (self.number(found.get(key), f"{path}.{key}") for key in METRIC_KEYS)
        legacy = Counts(legacy_bad, legacy_total) if legacy_bad is not None and legacy_total is not None else None
        size = self.number(found.get(DISPERSION), f"{path}.{DISPERSION}")
        if size is not None and not 1 <= size <= bunches.CAP:
            self.bad(f"{path}.{DISPERSION}", "the dispersion is out of range", f"1 to {bunches.CAP:g}", size)
        return Seen(bad, total, legacy, dispersion=size or 1.0)

    def share(self, value: object) -> Counts | None:
        if value is None:
            return None
        found = self.map(value, "share", SHARE_KEYS)
        unified, total = (self.number(found.get(key), f"share.{key}") for key in SHARE_KEYS)
        return Counts(unified, total) if unified is not None and total is not None else None

    def number(self, value: object, path: str) -> float | None:
        if value is None:
            return None
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                return float(value)
            except OverflowError:  # 400 digits: no count either
                return math.inf
        self.bad(path, f"{path} is no number", "a number, or null where there is no data", value)
        return None
