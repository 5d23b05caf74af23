"""What a stack config says of one domain beside its percent, as plain values for the provider, and back.

The plain form (`conditions`) is what a resource's input may be: text, whole numbers, booleans, lists, maps; what
is absent is left out. `Conditions.from_inputs` reads it again, also from an older state, and from one in which
numbers have become floats. A part that can't be read there counts as its tolerant reading in `rollout.model.stack_file.entries`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import TypeVar

from rollout.model import times
from rollout.model.stack_file.config import StackConfig
from rollout.model.stack_file.forms import DATA, DATA_AUDIT, UNREADABLE_ATTEMPT, Attempt, Breach, Restore, Waiver, Why

#: A resource's input, or a part of it.
Plain = Mapping[str, object]
T = TypeVar("T")


def unaudited(config: StackConfig) -> list[str]:
    """The domains with a breach of `data` and no `data-audit` under `checked`: until then nothing rises anywhere."""
    return [
        domain
        for domain, breach in config.breach.items()
        if breach.metric == DATA and breach.cleared is None and not config.checked.get(domain, {}).get(DATA_AUDIT)
    ]


def _signed(why: Why | None) -> str | None:
    return None if why is None else "; ".join(filter(None, (why.why, why.by)))


def _attempt(attempt: Attempt | None) -> int | None:
    return None if attempt is None else attempt.number


def plain_breach(breach: Breach | None) -> dict[str, object]:
    """A breach in plain values, by the keys of the stack config; what is absent is left out, and all of no breach."""
    if breach is None:
        return {}
    plain: dict[str, object] = {
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


def _plain_waivers(config: StackConfig, domain: str) -> list[dict[str, object]]:
    return [_plain_waiver(waiver) for _, waiver in sorted(config.waivers.items()) if waiver.domain == domain]


def _plain_restore(restore: Restore | None) -> dict[str, object]:
    return {} if restore is None else {"why": restore.why, "by": restore.by, "until": times.iso(restore.until)}


def _plain_waiver(waiver: Waiver) -> dict[str, object]:
    # `worst` is text: a float's last digit is not the engine's.
    plain: dict[str, object] = {
        "name": waiver.name,
        "domain": waiver.domain,
        "metric": waiver.metric,
        "to": waiver.to,
        "accepts": waiver.accepts,
        "worst": repr(waiver.worst) if waiver.worst is not None else None,
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


def _some(value: object) -> str | None:
    return _text(value) or None


def _switch(value: object) -> str:
    return _text(value) or "required"


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(item) for item in _list(value))


def _map(value: object) -> Plain:
    return value if isinstance(value, Mapping) else {}


def _attested(value: object) -> dict[str, str]:
    return {str(key): text for key, item in _map(value).items() if (text := _text(item))}


def _breach(value: object) -> Breach | None:
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


def _waivers(value: object) -> tuple[Waiver, ...]:
    """What permits, and can't be read, is absent."""
    return tuple(waiver for item in _list(value) if (waiver := _waiver(_map(item))))


def _waiver(plain: Plain) -> Waiver | None:
    until, to = times.moment(plain.get("until")), _number(plain.get("to"))
    if until is None or to is None:
        return None
    names = [_text(plain.get(key)) for key in ("name", "domain", "metric", "accepts", "why", "by")]
    name, domain, metric, accepts, why, by = names
    worst = plain.get("worst")
    try:
        rate = None if worst is None else float(str(worst))
    except ValueError:
        return None
    if rate is not None and not 0 <= rate <= 1:
        return None
    return Waiver(name, domain, metric, to, accepts, rate, why, by, until)


def _restore(value: object) -> Restore | None:
    plain = _map(value)
    until = times.moment(plain.get("until"))
    return Restore(_text(plain.get("why")), _text(plain.get("by")), until) if until else None


@dataclass(frozen=True)
class Told:
    """`plain`: what a config says of a domain, in JSON's own types (None: nothing). `read`: that again, from anything."""

    plain: Callable[[StackConfig, str], object]
    read: Callable[[object], object]


def told(plain: Callable[[StackConfig, str], object], read: Callable[[object], T]) -> T:
    """The field of what the judge is told; what `read` makes of None is its value where nothing is said."""
    return field(default_factory=lambda: read(None), metadata={"told": Told(plain, read)})


@dataclass(frozen=True)
class Conditions:
    """What lets a raise of one domain pass, or forbids it. A rollback asks none of it.

    `on_call` is the hours as written, None where nobody is on call; `frozen` and `held` are `why; by`; `attempt` is
    0 where none is configured; `unaudited` names the domains whose data were found inconsistent and that nobody has
    audited since; `start` is the plan's day 1; `checked` maps attested items to who and when; `malformed` names unreadable entries;
    `odd` are values that forbid a raise, each with what to write on a line of its own.
    Each field says what the config gives for a domain (`told`), and how that is read again.
    """

    gate: str = told(lambda config, _: config.gate, _switch)
    drill: str = told(lambda config, _: config.drill, _switch)
    on_call: str | None = told(lambda config, _: config.on_call and config.on_call.hours, _some)
    frozen: str | None = told(lambda config, _: _signed(config.freeze), _some)
    held: str | None = told(lambda config, domain: _signed(config.held.get(domain)), _some)
    unaudited: tuple[str, ...] = told(lambda config, _: unaudited(config), _texts)
    breach: Breach | None = told(lambda config, domain: plain_breach(config.breach.get(domain)), _breach)
    attempt: int = told(lambda config, domain: _attempt(config.attempt.get(domain)), lambda value: _number(value) or 0)
    waivers: tuple[Waiver, ...] = told(lambda config, domain: _plain_waivers(config, domain), _waivers)
    restore: Restore | None = told(lambda config, domain: _plain_restore(config.restore.get(domain)), _restore)
    checked: dict[str, str] = told(lambda config, domain: dict(config.checked.get(domain, {})), _attested)
    closed: bool = told(lambda config, _: True if config.closed else None, lambda value: value is True)
    start: date | None = told(lambda config, _: config.start.isoformat() if config.start else None, _date)
    malformed: tuple[str, ...] = told(lambda config, domain: list(config.malformed.get(domain, ())), _texts)
    odd: tuple[str, ...] = told(lambda config, domain: list(config.odd.get(domain, ())), _texts)

    @classmethod
    def from_inputs(cls, inputs: Plain) -> Conditions:
        """The conditions in a resource's input. Never raises; a missing key is the value's absence."""
        return cls(**{one.name: one.metadata["told"].read(inputs.get(one.name)) for one in fields(cls)})


def conditions(config: StackConfig, domain: str) -> dict[str, object]:
    """The plain form of what `config` says of `domain`: JSON's own types, nothing that is absent."""
    inputs = {one.name: one.metadata["told"].plain(config, domain) for one in fields(Conditions)}
    return {key: value for key, value in inputs.items() if value not in (None, [], {})}
