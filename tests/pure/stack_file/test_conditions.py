"""What the provider is given of a stack config: plain values that survive the wire, and older states."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from rollout.model.stack_file.conditions import Conditions, conditions
from rollout.model.stack_file.config import StackConfig
from rollout.model.stack_file.forms import UNREADABLE_ATTEMPT
from tests.pure.samples import FULL, PROD, read_stack


def floats(value: Any) -> Any:
    """What the engine's wire makes of whole numbers."""
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [floats(item) for item in value]
    return float(value) if type(value) is int else value


def expected(config: StackConfig, domain: str) -> Conditions:
    freeze, held, attempt = config.freeze, config.held.get(domain), config.attempt.get(domain)
    return Conditions(
        gate=config.gate,
        drill=config.drill,
        on_call=config.on_call.hours if config.on_call else None,
        frozen=f"{freeze.why}; {freeze.by}" if freeze else None,
        held=f"{held.why}; {held.by}" if held else None,
        breach=config.breach.get(domain),
        attempt=attempt.number if attempt else 0,
        waivers=tuple(waiver for waiver in config.waivers.values() if waiver.domain == domain),
        restore=config.restore.get(domain),
        checked=config.checked.get(domain, {}),
        closed=config.closed is not None,
        start=config.start,
    )


@pytest.mark.parametrize("raw", [FULL, PROD], ids=["full", "quiet"])
@pytest.mark.parametrize("domain", ["ai-agents", "jobs", "marketplace", "property"])
@pytest.mark.parametrize("wire", [lambda plain: plain, floats, lambda plain: json.loads(json.dumps(plain))])
def test_there_and_back(raw: bytes, domain: str, wire: Any) -> None:
    config = read_stack(raw)
    assert Conditions.from_inputs(wire(conditions(config, domain))) == expected(config, domain)


def test_the_plain_form_holds_jsons_own_types_and_nothing_absent() -> None:
    plain = conditions(read_stack(FULL), "jobs")
    assert json.loads(json.dumps(plain)) == plain

    def walk(value: Any) -> None:
        assert type(value) in (str, int, bool, list, dict)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)

    walk(plain)
    assert set(conditions(read_stack(PROD), "jobs")) == {"gate", "drill", "on_call", "start"}


def test_an_older_state_is_read() -> None:
    assert Conditions.from_inputs({}) == Conditions()
    assert Conditions().gate == "required"
    assert Conditions().on_call is None


@pytest.mark.parametrize("junk", [7, "x", [], [1], {}, {"until": 7}, True, None])
def test_junk_never_raises_and_never_permits(junk: Any) -> None:
    names = [
        "gate",
        "drill",
        "on_call",
        "frozen",
        "held",
        "breach",
        "attempt",
        "waivers",
        "restore",
        "checked",
        "closed",
        "malformed",
    ]
    found = Conditions.from_inputs(dict.fromkeys(names, junk))
    assert found.restore is None
    assert found.waivers == ()
    assert (found.breach is None) == (junk is None)


def test_a_breach_that_lost_its_parts_latches_for_good() -> None:
    found = Conditions.from_inputs({"breach": {"metric": "errors"}}).breach
    assert found
    assert (found.attempt, found.at, found.cleared) == (UNREADABLE_ATTEMPT, None, None)


DATA_BREACH = b"""
  wa-rollout:breach:
    jobs:
      attempt: 1
      at: "2026-12-09T02:14:00Z"
      metric: data
      seen: "reported by hand"
      from: 25
      to: 0
      by: Ana K.
"""
AUDIT = b"""
  wa-rollout:checked:
    jobs:
      data-audit: "Ben, 2026-12-10, link"
"""


def test_inconsistent_data_of_one_domain_stop_every_raise_until_an_audit_is_attested() -> None:
    broken = read_stack(PROD + DATA_BREACH)
    assert [conditions(broken, domain).get("unaudited") for domain in broken.flags] == [["jobs"]] * 4
    assert Conditions.from_inputs(conditions(broken, "property")).unaudited == ("jobs",)
    audited = read_stack(PROD + DATA_BREACH + AUDIT)
    assert not any("unaudited" in conditions(audited, domain) for domain in audited.flags)
    other = read_stack(PROD + DATA_BREACH.replace(b"metric: data", b"metric: errors"))
    assert "unaudited" not in conditions(other, "jobs")


ODD: tuple[object, ...] = (
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9" * 5000, 10**5000, float("inf"), float("nan"), -1, 1e300, True,
    "", "²", "\x00", [], [[]], {}, {"why": {}}, [{"until": "0001-01-01T00:00:00+14:00", "to": float("nan")}], object(),
)  # fmt: skip


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_inputs_of_any_kind_are_read(value: object) -> None:
    keys = [one.name for one in fields(Conditions)]
    for key in keys:
        Conditions.from_inputs({key: value})
    whole = (
        "attempt",
        "at",
        "metric",
        "seen",
        "from",
        "to",
        "by",
        "cleared",
        "until",
        "why",
        "name",
        "worst",
        "domain",
    )
    entry = dict.fromkeys(whole, value)
    now = {**entry, "until": "2026-12-14T00:00:00Z", "to": 25.0}
    read = Conditions.from_inputs({"breach": entry, "restore": entry, "waivers": [entry, now]})
    assert read.breach
    assert all(waiver.worst is None or 0 <= waiver.worst <= 1 for waiver in read.waivers)
