"""A key of the stack config is one line of `StackConfig`: read, allowed and marked by it."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from rollout.model.stack_file import marks
from rollout.model.stack_file.conditions import Conditions
from rollout.model.stack_file.config import BESIDE, KEYS, PROVIDER_KEYS, StackConfig
from tests.pure.samples import FULL, read_stack, refused, swap

#: What is said of each key's change in the log: a contract with whoever reads `rollout log --json`.
SAID = {
    "freeze": "freeze", "closed": "closed", "on-call": "settings", "gate": "settings", "drill": "settings",
    "start": "settings", "held": "held", "breach": "breach", "attempt": "attempt", "waivers": "waiver",
    "restore": "restore", "checked": "checked", "notes": "note", "notify": "notify", "commands": "settings",
}  # fmt: skip
NO_KEYS = {"where", "flags", "region", "warnings", "malformed", "odd"}


def test_every_field_is_a_key_or_says_why_not() -> None:
    assert {one.name.replace("_", "-") for one in fields(StackConfig)} - NO_KEYS == set(SAID) == set(BESIDE)
    assert set(KEYS) == {"flags", *SAID}


@pytest.mark.parametrize("key", SAID)
def test_every_change_of_a_key_is_marked(key: str) -> None:
    old, new = {"x": 1, key: {"jobs": "a"}}, {"x": 1, key: {"jobs": "b", "new": "c"}}
    found = marks.between(old, new)
    assert {mark.kind for mark in found} == {SAID[key]}
    assert len(found) == (2 if BESIDE[key].per else 1)
    assert marks.between(new, new) == []


def test_what_stands_once_is_said_first() -> None:
    old = {"x": 1}
    new = {key: {"jobs": {"why": "w"}} for key in reversed(SAID)}
    assert [mark.kind for mark in marks.between(old, new)] == list(SAID.values())


def test_every_key_of_a_full_file_is_read() -> None:
    config = read_stack(FULL)
    assert config.warnings == ()
    empty = StackConfig("", {})
    said = {one.name for one in fields(StackConfig) if getattr(config, one.name) != getattr(empty, one.name)}
    assert said >= {key.replace("-", "_") for key in SAID} - {
        "gate",
        "notify",
    }  # `required` is the default; FULL tells nobody


def test_an_unknown_key_names_all_that_are_known() -> None:
    (problem,) = refused(read_stack, swap(FULL, "  wa-rollout:freeze:", "  wa-rollout:freez:"))
    assert set(problem.allowed.split(", ")) == {f"wa-rollout:{key}" for key in KEYS}
    assert problem.do == "did you mean freeze?"


@pytest.mark.parametrize(
    ("key", "do"),
    [
        ("stor", "did you mean store?"),
        ("sources", "did you mean source?"),
        ("mirrors", "did you mean mirror?"),
        ("x", "delete it"),
    ],
)
def test_an_unknown_key_of_the_provider_is_refused(key: str, do: str) -> None:
    """A store that is named under another key would leave the flags where they are by default."""
    (problem,) = refused(
        read_stack, swap(FULL, "  wa-rollout:freeze:", f"  rollout:{key}: postgres\n  wa-rollout:freeze:")
    )
    assert problem.what == f"unknown key rollout:{key}"
    assert problem.where.startswith("Pulumi.prod.yaml:")
    assert set(problem.allowed.split(", ")) == {f"rollout:{key}" for key in PROVIDER_KEYS}
    assert problem.do == do


def test_every_key_of_the_provider_is_taken() -> None:
    lines = "".join(f"  rollout:{key}: a\n" for key in PROVIDER_KEYS if key != "region")
    assert read_stack(swap(FULL, "  wa-rollout:freeze:", f"{lines}  wa-rollout:freeze:")).warnings == ()


def test_what_permits_is_absent_where_it_cant_be_read_and_a_breach_stays_one() -> None:
    assert Conditions() == Conditions.from_inputs({})
    junk = Conditions.from_inputs(dict.fromkeys((one.name for one in fields(Conditions)), object()))
    assert junk.breach is not None
    assert replace(junk, breach=None) == Conditions()
