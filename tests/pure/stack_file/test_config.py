"""The stack config and the day files: what is read, and what is refused with file, line, key, allowed and given."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest

from rollout.model.stack_file.config import Flag
from tests.pure.samples import CATALOGUE, DAY_6, FULL, PROD, read_day, read_stack, refused, swap

FILES = [("Pulumi.prod.yaml", read_stack, PROD), ("stacks/day-06.yaml", read_day, DAY_6)]
both = pytest.mark.parametrize(("file", "read", "good"), FILES, ids=["stack", "day"])

#: what stands behind `percent:` -> what the message says it was given
PERCENTS = {
    "37": "37", "-5": "-5", "101": "101", "500": "500", "12.5": "12.5", "50.0": "50.0", "50%": "50%", "NaN": "NaN", ".nan": ".nan",
    ".inf": ".inf", "1e2": "1e2", "012": "012", "0o12": "0o12", "0x5": "0x5", "1_0": "1_0", "+5": "+5", "-0": "-0", "05": "05",
    '"0"': '"0"', "'50'": '"50"', '""': '""', "": "nothing (null)", "null": "null", "~": "~", "true": "true", "false": "false",
    "yes": "yes", "off": "off", "fifty": "fifty", "[5]": "a list", "{a: 5}": "a map in braces", "2026-12-01": "2026-12-01",
}  # fmt: skip


def jobs_percent(good: bytes, written: str) -> bytes:
    """`good` with `written` as the percent of jobs."""
    head, jobs, tail = good.partition(b"    jobs:\n      enabled: false\n      percent: 0\n")
    assert jobs
    return head + f"    jobs:\n      enabled: true\n      percent: {written}\n".encode() + tail


@both
@pytest.mark.parametrize("written", PERCENTS, ids=lambda text: text or "nothing")
def test_percents_that_are_refused(file: str, read: Callable[[bytes], object], good: bytes, written: str) -> None:
    raw = jobs_percent(good, written)
    (problem,) = refused(read, raw)
    line = raw[: raw.index(b"jobs:")].count(b"\n") + 3
    assert problem.where == f"{file}:{line} wa-rollout:flags.jobs.percent"
    assert problem.allowed == "0, 5, 10, 25, 50, 100 (a plain whole number)"
    assert problem.given == PERCENTS[written]
    assert problem.do


def test_what_pulumis_reader_makes_of_it_is_said() -> None:
    assert refused(read_stack, jobs_percent(PROD, "012"))[0].what == "percent 012: Pulumi's reader takes it as 10"
    assert refused(read_stack, jobs_percent(PROD, "1e2"))[0].what == "percent 1e2: Pulumi's reader takes it as 100"


@both
def test_a_block_list_and_a_missing_percent_are_refused(
    file: str, read: Callable[[bytes], object], good: bytes
) -> None:
    assert refused(read, jobs_percent(good, "\n        - 5"))[0].what == "percent is a list"
    assert "percent is missing" in [problem.what for problem in refused(read, swap_jobs(good, "      enabled: true"))]


def swap_jobs(good: bytes, lines: str) -> bytes:
    return good.replace(b"    jobs:\n      enabled: false\n      percent: 0\n", f"    jobs:\n{lines}\n".encode())


@both
@pytest.mark.parametrize("percent", [0, 5, 10, 25, 50, 100])
def test_every_rung_is_read(file: str, read: Callable[[bytes], object], good: bytes, percent: int) -> None:
    flags = read(jobs_percent(good, str(percent))).flags  # type: ignore[attr-defined]
    assert flags["jobs"] == Flag(percent, True)


@both
@pytest.mark.parametrize(
    ("lines", "what", "key"),
    [
        ("      percent: 5", "enabled is missing", "jobs.enabled"),
        ("      enabled: yes\n      percent: 5", "enabled is neither true nor false", "jobs.enabled"),
        ('      enabled: "true"\n      percent: 5', "enabled is neither true nor false", "jobs.enabled"),
        ("      enabled:\n      percent: 5", "enabled is neither true nor false", "jobs.enabled"),
        ("      enabled: 1\n      percent: 5", "enabled is neither true nor false", "jobs.enabled"),
        ("      enabled: false\n      percent: 5", "enabled is false with percent 5", "jobs.enabled"),
        ("      enabled: true\n      percent: 5\n      percnt: 5", "unknown key percnt", "jobs.percnt"),
        ("      {enabled: true, percent: 5}", "jobs is written in braces", "jobs"),
        ("      - 5", "jobs is not a map", "jobs"),
        ("", "jobs is not a map", "jobs"),
        (
            "      enabled: true\n      percent: 5\n      MOBILITY_PERCENT: 5",
            "MOBILITY_PERCENT belongs to the protected service wa-webhook-mobility",
            "jobs.MOBILITY_PERCENT",
        ),
    ],
)
def test_domains_entries_that_are_refused(
    file: str, read: Callable[[bytes], object], good: bytes, lines: str, what: str, key: str
) -> None:
    problem = refused(read, swap_jobs(good, lines))[0]
    assert problem.what == what
    assert problem.where.startswith(file)
    assert problem.where.endswith(f"wa-rollout:flags.{key}")
    assert problem.allowed


@both
def test_enabled_false_at_zero_and_true_at_zero_are_legal(
    file: str, read: Callable[[bytes], object], good: bytes
) -> None:
    read(swap_jobs(good, "      enabled: true\n      percent: 0"))
    read(swap_jobs(good, "      enabled: false\n      percent: 0"))


@both
def test_an_enable_flag_that_a_domain_lacks_is_refused(file: str, read: Callable[[bytes], object], good: bytes) -> None:
    (problem,) = refused(read, good.replace(b"    ai-agents:\n", b"    ai-agents:\n      enabled: true\n"))
    assert problem.what == "ai-agents has no enable flag"


@both
@pytest.mark.parametrize(
    ("name", "what", "do"),
    [
        ("job", "unknown domain job", "did you mean jobs?"),
        ("zebra", "unknown domain zebra", "delete it"),
        ("mobility", "mobility belongs to the protected service wa-webhook-mobility", "delete it"),
        ("wa-webhook-insurance", "wa-webhook-insurance belongs to the protected service wa-webhook-insurance", "delete it"),
        ("PROFILE_PERCENT", "PROFILE_PERCENT belongs to the protected service wa-webhook-profile", "delete it"),
    ],
)  # fmt: skip
def test_unknown_and_protected_domains(
    file: str, read: Callable[[bytes], object], good: bytes, name: str, what: str, do: str
) -> None:
    raw = good.replace(b"    jobs:\n", f"    {name}:\n      percent: 5\n    jobs:\n".encode())
    (problem,) = refused(read, raw)
    assert (problem.what, problem.do) == (what, do)
    assert problem.allowed == "ai-agents, jobs, marketplace, property"
    assert problem.where.endswith(f"wa-rollout:flags.{name}")


NO_JOBS = b"    jobs:\n      enabled: false\n      percent: 0\n"


def test_a_stack_names_every_domain_and_a_day_those_that_the_plan_has_begun() -> None:
    assert [problem.what for problem in refused(read_stack, PROD.replace(NO_JOBS, b""))] == ["jobs is missing"]
    day = read_day(DAY_6.replace(NO_JOBS, b""))
    assert list(day.flags) == ["ai-agents", "marketplace", "property"]
    (problem,) = refused(read_day, DAY_6.replace(NO_JOBS, b"    jobs:\n"))
    assert problem.what == "jobs is not a map"


@both
def test_missing_flags_and_a_missing_config(file: str, read: Callable[[bytes], object], good: bytes) -> None:
    assert "wa-rollout:flags is missing" in refused(read, b"config:\n  wa-rollout:day: 6\n")[-1].what
    assert refused(read, b"encryptionsalt: x\n")[0].what == "config is missing"
    assert refused(read, b"")[0].what == "config is missing"
    assert refused(read, b"config: {a:b: 1}\n")[0].what == "config is written in braces"
    assert refused(read, b"config:\n  wa-rollout:flags: {}\n")[-1].what == "wa-rollout:flags is written in braces"


def test_every_problem_of_a_file_is_named_in_one_run() -> None:
    raw = jobs_percent(PROD, "37").replace(
        b"  wa-rollout:gate: required", b"  wa-rollout:gaet: no\n  wa-rollout:frezee: no"
    )
    assert len(refused(read_stack, raw)) == 3


@pytest.mark.parametrize(
    ("line", "what", "where"),
    [
        ("wa-rollout:frezee: 1", "unknown key wa-rollout:frezee", "wa-rollout:frezee"),
        ("wa-rollout:day: 6", "unknown key wa-rollout:day", "wa-rollout:day"),
        ("wa-rollout:config:gate: required", "unknown key wa-rollout:config:gate", "wa-rollout:config:gate"),
        ("wa-rollout:flags.jobs.percent: 5", "unknown key wa-rollout:flags.jobs.percent", "wa-rollout:flags.jobs.percent"),
        ("flags: 5", "the key flags has no namespace", "flags"),
        ("wa-rollout:INSURANCE_PERCENT: 5", "wa-rollout:INSURANCE_PERCENT belongs to the protected service wa-webhook-insurance", "wa-rollout"),
    ],
)  # fmt: skip
def test_unknown_keys(line: str, what: str, where: str) -> None:
    (problem,) = refused(read_stack, swap(PROD, "config:\n", f"config:\n  {line}\n"))
    assert problem.what == what
    assert where in problem.where
    assert problem.allowed


def test_a_near_name_is_suggested() -> None:
    (problem,) = refused(read_stack, swap(PROD, "config:\n", "config:\n  wa-rollout:frezee: 1\n"))
    assert problem.do == "did you mean freeze?"


def test_an_unknown_key_at_the_top_is_refused_and_pulumis_own_are_not() -> None:
    assert refused(read_stack, PROD + b"confg: 1\n")[0].what == "unknown key confg"
    read_stack(PROD + b"encryptionsalt: v1:abc\nsecretsprovider: x\nencryptedkey: y\nenvironment: [z]\n")


def tolerated(raw: bytes, key: str) -> str:
    """The one warning of a setting that can't be read; it names the line, and forbids every domain's raise."""
    config = read_stack(raw)
    (warning,) = config.warnings
    assert re.match(rf"Pulumi\.prod\.yaml:\d+ wa-rollout:{key}: ", warning)
    assert "no raise is allowed" in warning
    assert set(config.odd) == set(CATALOGUE.domains)
    return warning


@pytest.mark.parametrize("key", ["gate", "drill"])
@pytest.mark.parametrize("written", ["on", "true", "false", "optional", "Off", "", '""', "1", "[off]"])
def test_gate_and_drill_are_required_or_off(key: str, written: str) -> None:
    raw = swap(PROD, f"wa-rollout:{key}: required", f"wa-rollout:{key}: {written}")
    assert "allowed required or off" in tolerated(raw, key)
    assert getattr(read_stack(raw), key) == "required"


def test_gate_and_drill_are_required_where_they_are_absent() -> None:
    raw = swap(swap(PROD, "  wa-rollout:gate: required\n", ""), "  wa-rollout:drill: required\n", "")
    assert (read_stack(raw).gate, read_stack(raw).drill) == ("required", "required")
    assert read_stack(swap(PROD, "gate: required", "gate: off")).gate == "off"
    assert read_stack(swap(PROD, "gate: required", 'gate: "off"')).gate == "off"


@pytest.mark.parametrize("written", ["9999-12-31", "9000-01-01"])
def test_a_start_behind_which_no_plan_fits_is_refused(written: str) -> None:
    said = tolerated(swap(PROD, '"2026-12-01" ', f'"{written}" '), "start")
    assert "wa-rollout:start is too far ahead" in said
    assert f'given "{written}"' in said


@pytest.mark.parametrize("written", ["2026-12-01", '"2026-11-31"', '"1.12.2026"', "", "20261201", "[a]"])
def test_start_is_a_quoted_date(written: str) -> None:
    raw = swap(PROD, '"2026-12-01" ', f"{written} ")
    assert 'a quoted date, "2026-12-01"' in tolerated(raw, "start")
    assert read_stack(raw).start is None


@pytest.mark.parametrize("written", ["", "six", '"6"', "06", "6.0", "-1", "100", "[6]"])
def test_a_days_number_is_a_plain_whole_number(written: str) -> None:
    (problem,) = refused(read_day, swap(DAY_6, "day: 6", f"day: {written}"))
    assert problem.where.endswith("wa-rollout:day")


@pytest.mark.parametrize(
    "line", ["wa-rollout:gate: off", "wa-rollout:freeze: {}", "rollout:region: x", "aws:region: x"]
)
def test_a_day_file_holds_day_and_flags_alone(line: str) -> None:
    (problem,) = refused(read_day, swap(DAY_6, "config:\n", f"config:\n  {line}\n"))
    assert "unknown key" in problem.what


def test_the_full_example_of_the_design_is_read_without_a_warning() -> None:
    config = read_stack(FULL)
    assert config.warnings == ()
    assert (config.start, config.gate, config.drill, config.region) == (
        date(2026, 12, 1),
        "required",
        "off",
        "eu-west-1",
    )
    assert config.flags == {
        "ai-agents": Flag(50, None), "jobs": Flag(10, True), "marketplace": Flag(0, False), "property": Flag(0, True),
    }  # fmt: skip
    assert config.freeze
    assert config.on_call
    assert config.on_call.hours == "08:00-18:00 Africa/Kigali"
    assert config.breach["jobs"].cleared
    assert config.waivers["jobs-applications-25"].worst == 0.04
    assert config.checked["jobs"]["data-audit"]
    assert config.commands["smoke"].when == "after-change"
    assert config.notes == {"2026-12-03": "two agents answered in French; expected"}


def test_the_projects_own_stack_files_have_no_warning() -> None:
    assert read_stack(PROD).warnings == ()
