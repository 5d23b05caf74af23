"""Values that Pulumi reads differently, and secret ones: a warning that says what to write, raises refused, nothing raised."""

from __future__ import annotations

import json

import pytest

from rollout.model.stack_file import odd
from rollout.model.stack_file.conditions import Conditions, conditions
from rollout.model.yaml_text.tree import Map, read
from tests.pure.samples import CATALOGUE, FULL, PROD, read_stack, swap

EVERYONE = set(CATALOGUE.domains)

#: What stands in FULL, what is written instead, the place that is named, what to write, and whose raises it forbids.
CASES = {
    "a phone number": ('reach: "#wa-oncall"', "reach: 0788123456", "on-call.reach", 'write "0788123456"', EVERYONE),
    "a phone number with +": ('reach: "#wa-oncall"', "reach: +250788123456", "on-call.reach", 'write "+250788123456"', EVERYONE),
    "a secret": ('reach: "#wa-oncall"', "reach:\n      secure: v1:abc", "on-call.reach", "write the value itself", EVERYONE),
    "a date in breach": ('at: "2026-12-09T02:14:00Z"', "at: 2026-12-09T02:14:00Z", "breach.jobs.at", 'write "2026-12-09T02:14:00Z"', {"jobs"}),
    "a date in waivers": ('until: "2026-12-14T00:00:00Z"', "until: 2026-12-14T00:00:00Z", "waivers.jobs-applications-25.until", 'write "2026-12-14T00:00:00Z"', {"jobs"}),
    "a date in restore": ('until: "2026-12-10T12:00:00Z"', "until: 2026-12-10T12:00:00Z", "restore.ai-agents.until", 'write "2026-12-10T12:00:00Z"', {"ai-agents"}),
    "a date in notes": ('"two agents answered in French; expected"', "2026-12-03", "notes.2026-12-03", 'write "2026-12-03"', EVERYONE),
    "a date as a note's key": ('"2026-12-03": ', "2026-12-03: ", "notes.2026-12-03", 'write "2026-12-03"', EVERYONE),
    "yes for who attested": ('tested-in-staging: "Ben, 2026-12-07, link"', "tested-in-staging: yes", "checked.jobs.tested-in-staging", 'write "yes"', {"jobs"}),
    "a secret command": ("run: ./scripts/smoke.sh", "run:\n        secure: v1:abc", "commands.smoke.run", "write the value itself", EVERYONE),
    "a number to base 60": ('why: "INC-9: p95 1,900 ms, slow query"', "why: 12:30:00", "held.jobs.why", 'write "12:30:00"', {"jobs"}),
    "an unquoted start": ('start: "2026-12-01"', "start: 2026-12-01", "start", 'write "2026-12-01"', EVERYONE),
    # what no reader sees, as it is and as YAML writes it: a terminal or a page would obey it
    "a name turned round": ("who: Ana K.\n", "who: Ana \u202eK.\n", "on-call.who", "type the line anew", EVERYONE),
    "the same, escaped": ("who: Ana K.\n", 'who: "Ana \\u202eK."\n', "on-call.who", "type the line anew", EVERYONE),
    "a terminal's order": ('why: "INC-9: p95 1,900 ms, slow query"', 'why: "INC-9\\x1b[2J"', "held.jobs.why", "type the line anew", {"jobs"}),
    "no width in a note": ('"two agents answered in French; expected"', '"two\u200b agents"', "notes.2026-12-03", "type the line anew", EVERYONE),
    "a mark of order": ('tested-in-staging: "Ben, 2026-12-07, link"', 'tested-in-staging: "Ben\u200f"', "checked.jobs.tested-in-staging", "type the line anew", {"jobs"}),
    "a command": ("run: ./scripts/smoke.sh", "run: ./scripts/\u2066smoke.sh", "commands.smoke.run", "type the line anew", EVERYONE),
    "a waiver's name": ("jobs-applications-25:", '"jobs-\u202eapplications-25":', "waivers.jobs-\\u202eapplications-25", "type the line anew", {"jobs"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_an_odd_value_beside_the_flags_forbids_raises_alone(case: str) -> None:
    before, after, place, write, domains = CASES[case]
    config = read_stack(swap(FULL, before, after))
    named = [text for text in config.warnings if f"wa-rollout:{place}: " in text]
    assert len(named) == 1, config.warnings
    assert named[0].startswith("Pulumi.prod.yaml:")
    assert write in named[0]
    assert "no raise is allowed" in named[0]
    assert set(config.odd) == domains
    for domain in domains:
        assert Conditions.from_inputs(conditions(config, domain)).odd


def test_a_comment_is_read_by_reviewers_too() -> None:
    config = read_stack(PROD + "  # nothing to see\u202e here\n".encode())
    number = PROD.count(b"\n") + 1
    what = "a character that no reader sees (U+202E); type the line anew: what was copied brought it along"
    assert [text for text in config.warnings if "U+202E" in text] == [
        f"Pulumi.prod.yaml:{number}: {what}: no raise is allowed"
    ]
    assert set(config.odd) == EVERYONE


def test_of_letters_that_are_seen_nothing_is_said() -> None:
    """Other scripts, joined letters and pictures are somebody's words."""
    who = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u00c9lise \U0001f469\u200d\U0001f4bb"
    assert read_stack(swap(FULL, "who: Ana K.\n", f"who: {who}\n")).odd == {}


def test_a_sound_file_has_none() -> None:
    assert read_stack(FULL).odd == {}
    assert read_stack(PROD).odd == {}


def test_two_odd_values_of_one_entry_are_both_named() -> None:
    raw = swap(swap(FULL, 'reach: "#wa-oncall"', "reach: 0788123456"), "    who: Ana K.\n", "    who: 0x1F\n")
    assert [text.partition(": ")[0].split()[-1] for text in read_stack(raw).warnings] == [
        "wa-rollout:on-call.who", "wa-rollout:on-call.reach",
    ]  # fmt: skip


def node(text: str) -> Map:
    found = read(text.encode(), "x.yaml").values["config"]
    assert isinstance(found, Map)
    return found


@pytest.mark.parametrize(
    ("written", "given", "equal"),
    [
        ("{a: 1, b: x}", {"a": 1, "b": "x"}, True),
        ("{a: 1, b: x}", {"a": 1, "b": "y"}, False),
        ("{a: 1}", {"a": True}, False),
        ("{a: 1, b: x}", {"a": 1}, False),
        ("{a: 1}", {"a": 1, "b": "x"}, False),
        ("{a: 012, b: x}", {"a": 10, "b": "x"}, True),
        ("{a: {secure: v1}, b: x}", {"a": "plain", "b": "x"}, True),
        ("{a: {secure: v1}, b: x}", {"a": "plain", "b": "y"}, False),
        ("{2026-12-03: x}", {"2026-12-03T00:00:00Z": "x"}, True),
        ("[1, 2]", [1, 2], True),
        ("[1, 2]", [1], False),
    ],
)
def test_what_pulumi_was_given(written: str, given: object, equal: bool) -> None:
    assert odd.same(node(f"config:\n  k: {written}\n").values["k"], json.dumps(given)) is equal


def test_a_secret_is_never_repeated() -> None:
    assert "v1:abc" not in "".join(read_stack(swap(FULL, *CASES["a secret"][:2])).warnings)
