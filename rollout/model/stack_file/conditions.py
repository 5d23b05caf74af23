"""What a stack config says of one domain beside its percent, as plain values for the provider, and back.

The plain form (`conditions`) is what a resource's input may be: text, whole numbers, booleans, lists, maps; what
is absent is left out. `Conditions.from_inputs` reads it again, also from an older state, and from one in which
numbers have become floats. A part that can't be read there counts as its tolerant reading in `rollout.model.stack_file.entries`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from rollout.model import times
from rollout.model.stack_file.config import StackConfig
from rollout.model.stack_file.forms import DATA, DATA_AUDIT, UNREADABLE_ATTEMPT, Breach, Restore, Waiver, Why

T = TypeVar("T")


@dataclass(frozen=True)
class Conditions:
    """What lets a raise of one domain pass, or forbids it. A rollback asks none of it.

    `on_call` is the hours as written, None where nobody is on call; `frozen` and `held` are `why; by`; `attempt` is
    0 where none is configured; `unaudited` names the domains whose data were found inconsistent and that nobody has
    audited since; `start` is the plan's day 1; `checked` maps attested items to who and when; `malformed` names unreadable entries.
    """

    gate: str = "required"
    drill: str = "required"
    on_call: str | None = None
    frozen: str | None = None
    held: str | None = None
    unaudited: tuple[str, ...] = ()
    breach: Breach | None = None
    attempt: int = 0
    waivers: tuple[Waiver, ...] = ()
    restore: Restore | None = None
    checked: dict[str, str] = field(default_factory=dict)
    closed: bool = False
    start: date | None = None
    malformed: tuple[str, ...] = ()

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, Any]) -> Conditions:
        """The conditions in a resource's input. Never raises; a missing key is the value's absence."""
        return cls(
            gate=_text(inputs.get("gate")) or "required",
            drill=_text(inputs.get("drill")) or "required",
            on_call=_text(inputs.get("on_call")) or None,
            frozen=_text(inputs.get("frozen")) or None,
            held=_text(inputs.get("held")) or None,
            unaudited=tuple(_text(item) for item in _list(inputs.get("unaudited"))),
            breach=_forbidding(inputs.get("breach")),
            attempt=_number(inputs.get("attempt")) or 0,
            waivers=tuple(filter(None, (_permitting(_waiver, item) for item in _list(inputs.get("waivers"))))),
            restore=_permitting(_restore, inputs.get("restore")),
            checked={str(k): _text(v) for k, v in _map(inputs.get("checked")).items() if _text(v)},
            closed=inputs.get("closed") is True,
            start=_date(inputs.get("start")),
            malformed=tuple(_text(item) for item in _list(inputs.get("malformed"))),
        )


def conditions(config: StackConfig, domain: str) -> dict[str, Any]:
    """The plain form of what `config` says of `domain`: JSON's own types, nothing that is absent."""
    breach = config.breach.get(domain)
    attempt = config.attempt.get(domain)
    restore = config.restore.get(domain)
    held = config.held.get(domain)
    waivers = [_plain_waiver(waiver) for _, waiver in sorted(config.waivers.items()) if waiver.domain == domain]
    inputs: dict[str, Any] = {
        "gate": config.gate,
        "drill": config.drill,
        "on_call": config.on_call.hours if config.on_call else None,
        "frozen": _signed(config.freeze) if config.freeze else None,
        "held": _signed(held) if held else None,
        "unaudited": unaudited(config),
        "breach": plain_breach(breach) if breach else None,
        "attempt": attempt.number if attempt else None,
        "waivers": waivers,
        "restore": {"why": restore.why, "by": restore.by, "until": times.iso(restore.until)} if restore else None,
        "checked": dict(config.checked.get(domain, {})),
        "closed": True if config.closed else None,
        "start": config.start.isoformat() if config.start else None,
        "malformed": list(config.malformed.get(domain, ())),
    }
    return {key: value for key, value in inputs.items() if value not in (None, [], {})}


def unaudited(config: StackConfig) -> list[str]:
    """The domains with a breach of `data` and no `data-audit` under `checked`: until then nothing rises anywhere."""
    return [
        domain
        for domain, breach in config.breach.items()
        if breach.metric == DATA and breach.cleared is None and not config.checked.get(domain, {}).get(DATA_AUDIT)
    ]


def _signed(why: Why) -> str:
    return f"{why.why}; {why.by}" if why.by else why.why


def plain_breach(breach: Breach) -> dict[str, Any]:
    """A breach in plain values, by the keys of the stack config; what is absent is left out."""
    plain: dict[str, Any] = {
        "attempt": breach.attempt,
        "at": times.iso(breach.at) if breach.at else None,
        "metric": breach.metric,
        "seen": breach.seen,
        "from": breach.from_percent,
        "to": breach.to_percent,
        "by": breach.by,
        "cleared": {"why": breach.cleared.why, "by": breach.cleared.by} if breach.cleared else None,
    }
    return {key: value for key, value in plain.items() if value is not None}


def _plain_waiver(waiver: Waiver) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": waiver.name,
        "domain": waiver.domain,
        "metric": waiver.metric,
        "to": waiver.to,
        "accepts": waiver.accepts,
        "worst": repr(waiver.worst)
        if waiver.worst is not None
        else None,  # text: a float's last digit is not the engine's
        "why": waiver.why,
        "by": waiver.by,
        "until": times.iso(waiver.until),
    }
    return {key: value for key, value in plain.items() if value is not None}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    """A whole number, also as the float that Pulumi's wire makes of it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value or abs(value) > 1e15:
        return None
    return int(value) if int(value) == value else None


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        return None


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _permitting(read: Callable[[Mapping[str, Any]], T | None], value: object) -> T | None:
    return read(value) if isinstance(value, Mapping) else None


def _forbidding(value: object) -> Breach | None:
    """A breach that is there stays one, however little of it can be read."""
    if value is None:
        return None
    plain = _map(value)
    attempt = _number(plain.get("attempt"))
    cleared = plain.get("cleared")
    return Breach(
        attempt=UNREADABLE_ATTEMPT if attempt is None else attempt,
        at=times.moment(plain.get("at")),
        metric=_text(plain.get("metric")),
        seen=_text(plain.get("seen")),
        from_percent=_number(plain.get("from")),
        to_percent=_number(plain.get("to")),
        by=_text(plain.get("by")),
        cleared=Why(_text(cleared.get("why")), _text(cleared.get("by"))) if isinstance(cleared, Mapping) else None,
    )


def _waiver(plain: Mapping[str, Any]) -> Waiver | None:
    until, to = times.moment(plain.get("until")), _number(plain.get("to"))
    if until is None or to is None:
        return None
    names = [_text(plain.get(key)) for key in ("name", "domain", "metric", "accepts", "why", "by")]
    name, domain, metric, accepts, why, by = names
    worst = plain.get("worst")
    try:
        rate = None if worst is None else float(worst)
    except (TypeError, ValueError):
        return None
    return Waiver(name, domain, metric, to, accepts, rate, why, by, until)


def _restore(plain: Mapping[str, Any]) -> Restore | None:
    until = times.moment(plain.get("until"))
    return Restore(_text(plain.get("why")), _text(plain.get("by")), until) if until else None
