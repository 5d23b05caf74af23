"""Approved = applied: every part that is bound, changed alone, is refused by name."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from rollout.model.flag.moves import Live
from rollout.model.judge import approval
from rollout.model.judge.approval import Approval, Raise
from rollout.model.problem import BadInput
from rollout.model.stack_file.forms import Waiver
from tests.pure.cases import LONG_AGO, NOW, asked, conditions

WAIVER = Waiver(
    "jobs-10", "jobs", "applications", 10, "too-little-data", 0.04, "tested by hand", "Ana K.", NOW + timedelta(days=2)
)
RAISE = Raise("jobs", 5, 10, "5", "digest", version="v1")
GIVEN = approval.make("prod", "c" * 40, "t" * 40, NOW, [RAISE, Raise("property", 0, 5, None, "digest")])


def said(
    given: Approval = GIVEN, asked_: Raise = RAISE, tree: str = "t" * 40, stack: str = "prod", now: datetime = NOW
) -> list[str]:
    return [one.text for one in approval.refusals(given, stack, asked_, "d" * 40, tree, now)]


def test_what_was_approved_goes() -> None:
    assert said() == []
    assert said(asked_=Raise("property", 0, 5, None, "digest")) == []


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"asked_": replace(RAISE, domain="marketplace")}, "no raise of marketplace was approved"),
        ({"asked_": replace(RAISE, new=25)}, "approved 5 -> 10 %, this is 5 -> 25 %"),
        ({"asked_": replace(RAISE, old=0)}, "approved 5 -> 10 %, this is 0 -> 10 %"),
        ({"asked_": replace(RAISE, live="3")}, "live was 5 % when it was approved, it is 3 % now"),
        ({"asked_": replace(RAISE, live=None)}, "live was 5 % when it was approved, it is absent % now"),
        (
            {"asked_": replace(RAISE, version="v2")},
            "jobs was written since it was approved, with the value that it had",
        ),
        ({"now": NOW + timedelta(days=7)}, "reviewed at 2026-12-09 09:00 UTC, and an approval ends after 7 days"),
        ({"now": NOW - timedelta(minutes=3)}, "reviewed at 2026-12-09 09:00 UTC, which is yet to come"),
        ({"asked_": replace(RAISE, limits="other")}, "the limits of jobs were digest when it was approved, now other"),
        ({"asked_": replace(RAISE, waivers=("w",))}, "waivers approved: none; now: w"),
        ({"given": replace(GIVEN, rule="1")}, "version 1 of the gate's rule, this is version 2"),
        ({"tree": "u" * 40}, "approved at commit ccccccc, this is ddddddd with other files"),
        ({"stack": "staging"}, "the approval is for stack prod, this is staging"),
    ],
)
def test_each_part_is_bound_and_named(changed: dict[str, Any], names: str) -> None:
    found = said(**changed)
    assert len(found) == 1
    assert names in found[0]


def test_until_a_week_has_passed_and_within_two_clocks_it_is_good() -> None:
    assert said(now=NOW + timedelta(days=7, seconds=-1)) == []
    assert said(now=NOW - timedelta(minutes=2)) == []


def test_of_another_value_the_version_says_nothing_more() -> None:
    assert len(said(asked_=replace(RAISE, live="3", version="v2"))) == 1


def test_an_approval_of_nothing_lets_no_raise_through() -> None:
    assert "no raise of jobs was approved; approved: no domain" in said(approval.make("prod", "", "t" * 40, NOW, []))[0]


def test_a_raise_is_what_the_judge_is_asked() -> None:
    ask = asked(Live("5", LONG_AGO, "v"), 10, conditions=conditions(waivers=(WAIVER,)))
    waiver = "jobs-10: applications to 10 % accepts too-little-data, worst 0.04, until 2026-12-11T09:00:00Z"
    assert Raise.of(ask, 5) == Raise("jobs", 5, 10, "5", "d", (waiver,), ("v",), "v")


def test_the_file_comes_back_as_it_went() -> None:
    given = replace(GIVEN, raises=(replace(RAISE, waivers=("a", "b")),))
    assert approval.read(given.text().encode(), "approval.json") == given
    assert len(given.digest) == 64


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("stack", "x"),
        ("commit", "x"),
        ("tree", "x"),
        ("rule", "1"),
        ("at", "2027-01-01T00:00:00Z"),
        ("raises", []),
        ("digest", "0" * 64),
    ],
)
def test_a_part_that_was_edited_doesnt_fit_the_digest(key: str, value: Any) -> None:
    plain = {**json.loads(GIVEN.text()), key: value}
    with pytest.raises(BadInput, match="changed since it was made"):
        approval.read(json.dumps(plain).encode(), "approval.json")


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", b'{"raises": [1]}', b'{"raises": 7}'])
def test_junk_is_no_approval(raw: bytes) -> None:
    with pytest.raises(BadInput, match="no approval"):
        approval.read(raw, "approval.json")


@pytest.mark.parametrize("at", [None, "soon", 7, "2026-12-09"])
def test_a_time_that_is_none_is_no_approval(at: object) -> None:
    with pytest.raises(BadInput, match="no approval"):
        approval.read(json.dumps({**json.loads(GIVEN.text()), "at": at}).encode(), "approval.json")


@pytest.mark.parametrize("form", [1, 2])
def test_another_form_is_not_guessed_at(form: int) -> None:
    """Of an older build: it bound no version and no time."""
    plain = {key: value for key, value in json.loads(GIVEN.text()).items() if key != "at"} | {"form": form}
    with pytest.raises(BadInput, match="another version"):
        approval.read(json.dumps(plain).encode(), "approval.json")
