"""What differs between two catalogues, rule by rule: a changed limit is the first thing that a reviewer must see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from rollout.model.catalogue.domain import Catalogue, Domain


@dataclass(frozen=True)
class Changed:
    """One rule. `path` as in `jobs metrics.errors.bad_level`; `old`, `new`: as text, `-` where there is none."""

    path: str
    old: str
    new: str

    def line(self) -> str:
        """`jobs metrics.errors.bad_level: 0.01 -> 0.02`."""
        return f"{self.path}: {self.old} -> {self.new}"


def between(old: Catalogue, new: Catalogue) -> list[Changed]:
    """Every rule that differs, in the order of the domains; what judges nothing (expected traffic) is left out."""
    found = _differs("", {"soak_slack_hours": old.soak_slack_hours}, {"soak_slack_hours": new.soak_slack_hours})
    for name in dict.fromkeys([*old.domains, *new.domains]):
        before, after = old.domains.get(name), new.domains.get(name)
        if before is None or after is None:
            found.append(Changed(name, "-" if before is None else "a domain", "-" if after is None else "a domain"))
        else:
            found += _differs(f"{name} ", _flat(before), _flat(after))
    return found


def _differs(prefix: str, old: Mapping[str, object], new: Mapping[str, object]) -> list[Changed]:
    paths = [path for path in dict.fromkeys([*old, *new]) if old.get(path) != new.get(path)]
    return [Changed(f"{prefix}{path}", _text(old.get(path)), _text(new.get(path))) for path in paths]


def _flat(domain: Domain) -> dict[str, object]:
    """A domain's rules as path -> value; items of a list go by their own name."""
    rules = asdict(domain)
    for unjudged in ("digest", "expected_per_day", "soak_assumed"):
        del rules[unjudged]
    found: dict[str, object] = {}
    _walk("", rules, found)
    return found


def _walk(path: str, value: object, found: dict[str, object]) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _walk(f"{path}.{key}" if path else str(key), inner, found)
    elif isinstance(value, (list, tuple)):
        for item in value:
            name = item.get("name") or item.get("domain") if isinstance(item, Mapping) else item
            _walk(f"{path}.{name}", item, found)
    else:
        found[path] = value


def _text(value: object) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
