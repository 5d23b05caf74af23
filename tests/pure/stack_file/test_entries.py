"""Malformed entries: what permits counts as absent, what forbids as present, and nothing ever stops a rollback."""

from __future__ import annotations

import random

import pytest

from rollout.model.problem import BadInput
from rollout.model.stack_file.conditions import Conditions, conditions
from rollout.model.stack_file.forms import UNREADABLE_ATTEMPT
from tests.pure.samples import FULL, PROD, read_stack, swap

#: name of the entry, as it is broken in FULL: (old, new, the key in the warning)
FORBIDS = [
    ("freeze", '    why: "INC-7: duplicate applications"\n', "", "wa-rollout:freeze why"),
    ("freeze", '    why: "INC-7: duplicate applications"\n', "    why: 7\n", "wa-rollout:freeze.why"),
    ("freeze", '    why: "INC-7: duplicate applications"\n', "    why: x\n    hwy: y\n", "wa-rollout:freeze.hwy"),
    ("held", '      why: "INC-9: p95 1,900 ms, slow query"\n', '      why: ""\n', "wa-rollout:held.jobs.why"),
    ("held", '      why: "INC-9: p95 1,900 ms, slow query"\n', "", "wa-rollout:held.jobs"),
    ("breach", "      attempt: 1\n", "      attempt: one\n", "wa-rollout:breach.jobs.attempt"),
    ("breach", "      attempt: 1\n", "", "wa-rollout:breach.jobs"),
    ("breach", '      at: "2026-12-09T02:14:00Z"', "      at: 2026-12-09T02:14:00Z", "wa-rollout:breach.jobs.at"),
    ("breach", '      at: "2026-12-09T02:14:00Z"', '      at: "yesterday"', "wa-rollout:breach.jobs.at"),
    ("breach", '      at: "2026-12-09T02:14:00Z"', '      at: "2026-12-09T02:14:00+02:00"', "wa-rollout:breach.jobs.at"),
    ("breach", "reviewed-by: Ben", "reviewed-by: Ana K.", "wa-rollout:breach.jobs.cleared.reviewed-by"),
    ("breach", ", reviewed-by: Ben", "", "wa-rollout:breach.jobs.cleared"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "old", "new", "key"), FORBIDS)
def test_what_forbids_counts_as_present(entry: str, old: str, new: str, key: str) -> None:
    raw = FULL.replace(old.encode(), new.encode(), 1)
    config = read_stack(raw)
    (warning,) = config.warnings
    assert warning.startswith("Pulumi.prod.yaml:")
    assert key.split()[0] in warning
    assert "counts as" in warning
    found = Conditions.from_inputs(conditions(config, "jobs"))
    assert warning in found.malformed
    if entry == "breach":
        assert found.breach
        assert found.breach.cleared is None
        assert found.breach.seen.startswith("malformed: ")
    else:
        assert "malformed: " in str({"freeze": found.frozen, "held": found.held}[entry])


@pytest.mark.parametrize("written", ["", "yes", "[a]", "{}", '"x"', "|\n    a\n    b"])
@pytest.mark.parametrize("entry", ["freeze", "held", "breach"])
def test_a_forbidding_entry_that_is_no_map_forbids_every_domain(entry: str, written: str) -> None:
    config = read_stack(PROD + f"  wa-rollout:{entry}: {written}\n".encode())
    empty = written in ("", "{}") and entry != "freeze"  # a map per domain without a domain forbids nothing
    for domain in config.flags:
        found = Conditions.from_inputs(conditions(config, domain))
        forbidden = {"freeze": found.frozen, "held": found.held, "breach": found.breach}[entry]
        assert (forbidden is None) == empty
    assert bool(config.warnings) != empty


@pytest.mark.parametrize("entry", ["held", "breach"])
def test_an_entry_for_nobody_forbids_everybody(entry: str) -> None:
    config = read_stack(PROD + f"  wa-rollout:{entry}:\n    job:\n      why: x\n      by: y\n".encode())
    assert set(getattr(config, entry)) == set(config.flags)
    assert "did you mean jobs?" in config.warnings[0]


def test_a_malformed_breach_keeps_what_can_be_read_of_it() -> None:
    later = read_stack(swap(FULL, '      seen: "31 of 1,800"', "      seen: 31")).breach["jobs"]
    assert (later.attempt, later.metric, later.at is None) == (1, "errors", False)
    lost = read_stack(swap(FULL, "      attempt: 1\n", "      attempt: [1]\n")).breach["jobs"]
    assert lost.attempt == UNREADABLE_ATTEMPT
    assert read_stack(PROD + b"  wa-rollout:breach: x\n").breach["jobs"].attempt == UNREADABLE_ATTEMPT


def test_a_breach_whose_value_before_is_unknown_is_well_formed() -> None:
    config = read_stack(swap(FULL, "      from: 25\n", ""))
    assert config.warnings == ()
    assert config.breach["jobs"].from_percent is None


PERMITS = [
    ("attempt", "number: 2", "number: two"),
    ("attempt", "number: 2", "number: 0"),
    ("attempt", '      why: "fixed in unified 1.42, INC-7"\n', ""),
    ("waivers", "      worst: 4%\n", "      worst: 0.04\n"),
    ("waivers", "      worst: 4%\n", "      worst: 400%\n"),
    ("waivers", "      worst: 4%\n", ""),
    ("waivers", "      to: 25\n", "      to: 30\n"),
    ("waivers", "      to: 25\n", '      to: "25"\n'),
    ("waivers", "accepts: too-little-data", "accepts: everything"),
    ("waivers", "metric: applications", "metric: application"),
    ("waivers", "      domain: jobs\n", "      domain: job\n"),
    ("waivers", '"2026-12-14T00:00:00Z"', "2026-12-14T00:00:00Z"),
    ("waivers", '"2026-12-14T00:00:00Z"', "never"),
    ("restore", '"2026-12-10T12:00:00Z"', "2026-12-10"),
    ("restore", '      why: "secret deleted by mistake, CHG-12"\n', ""),
    ("checked", '"Ben, 2026-12-07, link"', "true"),
    ("checked", '"Ben, 2026-12-07, link"', '""'),
    ("checked", "tested-in-staging", "tested-in-stagign"),
    ("checked", "tested-in-staging", "deployed"),
    ("closed", '    why: "week 7, archived"\n', ""),
    ("commands", "when: after-change", "when: always"),
    ("notes", '"2026-12-03"', '"yesterday"'),
]


@pytest.mark.parametrize(("entry", "old", "new"), PERMITS)
def test_what_permits_counts_as_absent(entry: str, old: str, new: str) -> None:
    config = read_stack(swap(FULL, old, new))
    (warning,) = config.warnings
    assert f"wa-rollout:{entry}" in warning
    assert warning.startswith("Pulumi.prod.yaml:")
    found = getattr(config, entry)
    assert (found.get("jobs", {}).get("tested-in-staging") if entry == "checked" else found) in (None, {})


@pytest.mark.parametrize("entry", ["attempt", "waivers", "restore", "checked", "notes", "commands", "closed"])
@pytest.mark.parametrize("written", ["", "yes", "[a]", '"x"'])
def test_a_permitting_entry_that_is_no_map_counts_as_absent(entry: str, written: str) -> None:
    config = read_stack(PROD + f"  wa-rollout:{entry}: {written}\n".encode())
    assert not getattr(config, entry)
    if not written and entry != "closed":  # the key alone: where entries come and go
        assert config.warnings == ()
    else:
        assert f"wa-rollout:{entry}" in config.warnings[0]


@pytest.mark.parametrize(
    "hours", ['"8-18"', '"08:00-18:00"', "08:00", '"25:00-26:00 Africa/Kigali"', "", "[always]", '"08:00-18:60 UTC"']
)
def test_unreadable_on_call_is_nobody(hours: str) -> None:
    config = read_stack(swap(PROD, '"08:00-18:00 Africa/Kigali"', hours))
    assert config.on_call is None
    assert "wa-rollout:on-call" in config.warnings[0]
    assert "no raise is allowed" in config.warnings[0]


@pytest.mark.parametrize(
    ("hours", "says"),
    [
        ("00:00-00:00 UTC", "no minute is inside; allowed always"),
        ("08:00-24:00 UTC", "write 00:00 for midnight"),
        ("08:00-18:00 localtime", "no zone localtime is known"),
        ("08:00-18:00 Africa/Kigaly", "no zone Africa/Kigaly is known"),
    ],
)
def test_hours_that_never_open_are_nobody_and_say_why(hours: str, says: str) -> None:
    config = read_stack(swap(PROD, '"08:00-18:00 Africa/Kigali"', f'"{hours}"'))
    assert config.on_call is None
    assert says in config.warnings[0]


def test_absent_on_call_is_nobody_with_a_warning() -> None:
    raw = PROD[: PROD.index(b"  wa-rollout:on-call")] + PROD[PROD.index(b"  wa-rollout:flags") :]
    config = read_stack(raw)
    assert config.on_call is None
    assert "nobody is on call" in config.warnings[0]


def test_a_waiver_of_a_drill_needs_no_metric_and_no_rate() -> None:
    raw = swap(FULL, "      metric: applications\n      to: 25\n      accepts: too-little-data\n      worst: 4%\n",
               "      to: 5\n      accepts: no-drill\n")  # fmt: skip
    waiver = read_stack(raw).waivers["jobs-applications-25"]
    assert (waiver.metric, waiver.worst, waiver.accepts) == ("", None, "no-drill")


def test_a_malformed_entry_of_one_domain_concerns_no_other() -> None:
    config = read_stack(swap(FULL, '      why: "INC-9: p95 1,900 ms, slow query"\n', ""))
    assert list(config.malformed) == ["jobs"]
    assert list(config.held) == ["jobs"]


def test_no_damage_to_the_entries_ever_refuses_the_file() -> None:
    """Random damage below the flags: read with warnings, or no YAML at all; never anything else."""
    chance = random.Random(4)
    head, _, entries = FULL.partition(b"  wa-rollout:freeze:")
    lines = (b"  wa-rollout:freeze:" + entries).splitlines(keepends=True)
    junk = ["[", "]", "x", "7", "012", "{}", '""', "|", "- a", "null", "true", "2026-12-01", ": ", "é"]
    read = 0
    for _ in range(400):
        damaged = [line for line in lines if chance.random() > 0.05 or line.startswith(b"  wa-")]
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(damaged))
            key, colon, _ = damaged[at].partition(b": ")
            damaged[at] = key + (colon or b" ") + chance.choice(junk).encode() + b"\n"
        try:
            read_stack(head + b"".join(damaged))
            read += 1
        except BadInput as error:
            for problem in error.problems:
                assert any(word in problem.what for word in ("not YAML", "twice", "a tab")), problem
    assert read > 50
