"""The faults of a scenario: what each kind does, which keys it takes, and when it is active.

| kind | keys of its own | what it does |
|---|---|---|
| rate | metric, rate, service | the metric's bad events become this part of its total |
| silence | service | the service reports nothing |
| typo | counter, written, service | the counter is reported under a wrong name |
| complaints | per-day | so many complaints a day on unified, while it carries traffic |
| late | by, service | data arrive so much later, with their own timestamps |
| straggler | rate | this part of the domain's traffic stays on legacy, whatever the flag says |

Common to all: `domain` (a name, or `all`), `from` and `to` (`5 days`, since the scenario began); to all but `late`
`from-percent` (active where the domain's live percent is at least this).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, cast, get_args

from rollout.model.catalogue.domain import Catalogue, Domain
from rollout.model.ladder import TOP
from rollout.model.problem import shown
from rollout.model.yaml_text.fields import Fields, nearest

Kind = Literal["rate", "silence", "typo", "complaints", "late", "straggler"]
Service = Literal["unified", "legacy", "both"]

#: What legacy services publish, by the metrics contract: Requests, Errors, SlowRequests, Sessions, BrokenSessions.
LEGACY_METRICS: Final = ("errors", "latency", "sessions")

_DURATION: Final = re.compile(r"([1-9][0-9]{0,4}) (minute|hour|day)s?")
_NEVER: Final = timedelta(days=36_500)
_MAX_COMPLAINTS: Final = 100_000


@dataclass(frozen=True)
class Fault:
    """One fault. Which fields count is said by `kind`, see above. `rate` is a fraction; times count from the start."""

    name: str
    kind: Kind
    domains: tuple[str, ...]
    begins: timedelta = timedelta(0)
    ends: timedelta = _NEVER
    from_percent: int = 0
    service: Service = "unified"
    metric: str = ""
    rate: float = 0.0
    counter: str = ""
    written: str = ""
    per_day: int = 0
    by: timedelta = timedelta(0)

    def active(self, domain: str, percent: int, since_start: timedelta) -> bool:
        """Whether it acts on `domain` at `percent` (live), in the period that begins `since_start` after the scenario."""
        return (
            domain in self.domains and percent >= self.from_percent and self.begins <= since_start < self.ends
        )  # fmt: skip

    def strikes(self, service: Literal["unified", "legacy"]) -> bool:
        """Whether it acts on this one of the two services."""
        return self.service in (service, "both")


def of_kind(faults: Iterable[Fault], kind: Kind) -> list[Fault]:
    """Those of one kind, in the file's order."""
    return [fault for fault in faults if fault.kind == kind]


def read_fault(name: str, fields: Fields, catalogue: Catalogue) -> Fault:
    """One entry of `faults:`; what is wrong is noted in `fields`, whose caller then refuses the file."""
    kind = cast(Kind, fields.choice("kind", get_args(Kind)))
    domains = _domains(fields, catalogue)
    begins = duration(fields, "from") or timedelta(0)
    ends = duration(fields, "to") or _NEVER
    if ends <= begins:
        fields.bad("to", "the fault ends before it begins", "a time after from")
    percent = 0
    if kind != "late" and fields.get("from-percent") is not None:
        percent = fields.integer("from-percent", 1, TOP)
    service: Service = "unified"
    if kind in ("rate", "silence", "typo", "late"):
        service = cast(Service, fields.choice("service", get_args(Service)))
    metric = _metric(fields, domains, service) if kind == "rate" else ""
    counter = _counter(fields, domains, service) if kind == "typo" else ""
    rate = fields.fraction("rate") if kind in ("rate", "straggler") else 0.0
    per_day = fields.integer("per-day", 1, _MAX_COMPLAINTS) if kind == "complaints" else 0
    by = (duration(fields, "by", required=True) if kind == "late" else None) or timedelta(0)
    written = fields.text("written", allowed="the counter's wrong name") if kind == "typo" else ""
    if written and (not re.fullmatch(r"[A-Za-z0-9]{1,64}", written) or written == counter):
        fields.bad("written", "written is no wrong name of a counter", "letters and digits, other than counter")
    return Fault(
        name=name,
        kind=kind,
        domains=tuple(domain.name for domain in domains),
        begins=begins,
        ends=ends,
        from_percent=percent,
        service=service,
        metric=metric,
        rate=rate,
        counter=counter,
        written=written,
        per_day=per_day,
        by=by,
    )


def duration(fields: Fields, key: str, *, required: bool = False) -> timedelta | None:
    """A length of time such as `90 minutes`, `5 days`; None where it is absent or wrong."""
    allowed = "a whole number of minutes, hours or days: 90 minutes, 5 days"
    text = fields.text(key, required=required, allowed=allowed)
    if match := _DURATION.fullmatch(text):
        return timedelta(**{f"{match[2]}s": int(match[1])})
    if text:
        fields.bad(key, f"{key} is no length of time", allowed)
    return None


def _domains(fields: Fields, catalogue: Catalogue) -> list[Domain]:
    name = fields.choice("domain", ("all", *catalogue.domains))
    return list(catalogue.domains.values()) if name == "all" else [catalogue.domains[name]] if name else []


def _reported(domain: Domain, service: Service) -> list[str]:
    """The names of the domain's metrics with a total that each service of `service` reports."""
    metrics = [metric.name for metric in domain.metrics if metric.total]
    return metrics if service == "unified" else [name for name in metrics if name in LEGACY_METRICS]


def _metric(fields: Fields, domains: list[Domain], service: Service) -> str:
    name = fields.text("metric", allowed="a metric of domains.yaml, such as errors")
    for domain in domains if name else ():
        known = _reported(domain, service)
        if name not in known:
            what = f"{domain.name}: {service} reports no metric {shown(name)} with a total"
            fields.bad("metric", what, ", ".join(known), nearest(name, known))
            break
    return name


def _counter(fields: Fields, domains: list[Domain], service: Service) -> str:
    name = fields.text("counter", allowed="a counter of domains.yaml, such as Errors")
    for domain in domains if name else ():
        reported = _reported(domain, service)
        metrics = [m for m in domain.metrics if m.name in reported or (m.total is None and service == "unified")]
        known = list(dict.fromkeys(counter for m in metrics for counter in (m.bad, m.total) if counter))
        if name not in known:
            what = f"{domain.name}: {service} reports no counter {shown(name)}"
            fields.bad("counter", what, ", ".join(known), nearest(name, known))
            break
    return name
