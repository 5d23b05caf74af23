"""`python -m rollout gate`: the contract of docs/rules/gate.md#asking-it-by-hand. Exit codes, --json, and no traceback ever."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rollout.commands.gate import gate_command

METRICS = ["latency", "sessions", "posting", "search", "applications", "notifications"]
PAIR = {"bad": 0, "total": 2000, "legacy_bad": 0, "legacy_total": 38000}
DOMAIN: dict[str, Any] = {
    "domain": "jobs", "percent": 5, "next": 10, "soak_over": True, "latched": False, "stale": False,
    "share": {"unified": 100, "total": 2000},
    "metrics": {
        "errors": {"bad": 1, "total": 1001, "legacy_bad": 9, "legacy_total": 9000},
        **{name: dict(PAIR) for name in METRICS},
        "complaints": {"bad": 0},
    },
}  # fmt: skip


def run(*arguments: str, file: str | bytes | None = None) -> Result:
    result = CliRunner().invoke(gate_command, arguments, input=file)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def asked(line: str) -> Result:
    return run(*line.split())


def ask(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(DOMAIN), **changes}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("--metric errors --bad 1 --total 1001 --next 100", 0),
        ("--metric errors --bad 1 --total 1001 --next 100 --legacy-bad 9 --legacy-total 9000", 0),
        ("--metric errors --bad 1 --total 1000 --next 100", 0),
        ("--metric errors --bad 3 --total 3000 --next 100", 3),
        ("--metric errors --bad 0 --total 1001 --next 100 --dispersion 2", 3),
        ("--metric errors --bad 0 --total 1018 --next 100 --dispersion 2", 0),
        ("--metric errors --bad 0 --total 1018 --next 100 --dispersion 0.5", 2),
        ("--metric errors --bad 0 --total 1018 --next 100 --dispersion nan", 2),
        ("--metric errors --bad 0 --total 1018 --next 100 --dispersion many", 2),
        ("--metric errors --bad 0 --total 116 --next 25", 0),
        ("--metric errors --bad 0 --total 116 --next 25 --strict", 3),
        ("--metric errors --bad 0 --total 509 --next 25 --strict", 0),
        ("--metric errors --bad 31 --total 1800", 4),
        ("--metric errors --bad 31 --total 1800 --next 25", 4),
        ("--metric errors --bad 31 --total 1800 --legacy-bad 170 --legacy-total 10000", 3),
        ("--metric errors --bad 31 --total 1800 --legacy-bad 0 --legacy-total 10000", 4),
        ("--metric errors --bad 0 --total 1000000", 3),
        ("--metric latency --bad 500 --total 1000 --next 10", 3),
        ("--metric sessions --bad 0 --total 1021 --next 100", 0),
        ("--metric complaints --bad 0 --next 10", 0),
        ("--metric complaints --bad 1 --next 10", 3),
        ("--metric complaints --bad 3 --next 25", 0),
        ("--metric jobs/search --bad 0 --total 23 --next 100", 3),
        ("--metric jobs/search --bad 0 --total 23 --next 100 --presence", 0),
        ("--metric property/search --bad 0 --total 10 --next 100 --presence", 0),
        ("--metric errors --bad nan --total 100 --next 10", 3),
        ("--metric errors --bad -1 --total 100 --next 10", 3),
        ("--metric errors --bad 101 --total 100", 3),
        ("--metric errors --bad 0.5 --total 100 --next 10", 3),
        ("--metric errors --bad 0 --total inf --next 10", 3),
        ("--metric errors --bad 0 --total 1e999 --next 10", 3),
        (f"--metric errors --bad 0 --total {'9' * 5000} --next 10", 3),
        ("--metric errors --bad 0 --total 1e3 --next 10", 0),
        ("--metric errors --bad one --total 100", 2),
        ("--metric errors --bad 1_0 --total 100", 2),
        ("--metric errors --bad 0x1 --total 100", 2),
        ("--metric errors --bad ١ --total 100", 2),
        ("--metric errors --bad 1", 2),
        ("--metric errors --total 1", 2),
        ("--metric errors --bad 1 --total 10 --legacy-bad 1", 2),
        ("--metric errors --bad 1 --total 10 --next 0", 2),
        ("--metric errors --bad 1 --total 10 --next 30", 2),
        ("--metric errors --bad 1 --total 10 --next ten", 2),
        ("--metric search --bad 1 --total 10", 2),
        ("--metric jobs/listings --bad 1 --total 10", 2),
        ("--metric complaints --bad 1 --total 10", 2),
        ("--metric nothing --bad 1 --total 10", 2),
        ("--frobnicate", 2),
        ("--input /does/not/exist", 2),
        ("--input /", 2),
        ("--input x.json --metric errors", 2),
        ("", 2),
    ],
)  # fmt: skip
def test_exit_codes(line: str, code: int) -> None:
    result = asked(line)
    assert result.exit_code == code, result.output
    if code == 2:
        assert result.stdout == ""
        assert result.stderr


def test_json_of_a_metric() -> None:
    found = json.loads(asked("--metric errors --bad 0 --total 100 --next 25 --json").stdout)
    assert (found["verdict"], found["key"], found["needed"]) == ("HOLD", "too-little-data", 16)
    assert found["reason"].startswith("errors 0/100: about 16 more clean requests")
    huge = asked("--metric errors --bad 0 --total 1000000000 --next 100 --json").stdout
    assert json.loads(huge, parse_constant=lambda text: pytest.fail(text))["odds"] == 1e12


def test_an_unknown_metric_names_the_right_one() -> None:
    assert "did you mean jobs/search or marketplace/search" in asked("--metric search --bad 1 --total 9").stderr


def test_a_domain_from_standard_input_and_from_a_file(tmp_path: Any) -> None:
    text = json.dumps(DOMAIN)
    result = run("--input", "-", "--json", file=text)
    found = json.loads(result.stdout)
    assert (result.exit_code, found["verdict"]) == (0, "PASS"), found["reason"]
    assert set(found["metrics"]) == set(DOMAIN["metrics"])
    assert all({"verdict", "reason"} <= set(judged) for judged in found["metrics"].values())
    path = tmp_path / "jobs.json"
    path.write_text(text)
    shown = run("--input", str(path))
    assert (shown.exit_code, shown.stdout.splitlines()[0].split()[0]) == (0, "PASS")


def _without(name: str) -> dict[str, Any]:
    changed = ask()
    del changed["metrics"][name]
    return changed


def _metric(name: str, **values: Any) -> dict[str, Any]:
    changed = ask()
    changed["metrics"][name] = values or None
    return changed


@pytest.mark.parametrize(
    ("question", "code", "key"),
    [
        (ask(soak_over=False), 3, "soak"),
        (ask(latched=True), 3, "latched"),
        (ask(stale=True), 3, "stale"),
        (ask(share={"unified": 0, "total": 2000}), 3, "share"),
        (ask(share=None), 3, "no-data"),
        (_without("errors"), 3, "no-data"),
        (_without("complaints"), 3, "no-data"),
        (_metric("errors"), 3, "no-data"),
        (_metric("errors", bad=None, total=1001), 3, "no-data"),
        (_metric("errors", bad=0), 3, "no-data"),
        (_metric("errors", bad=0, total=1001), 3, "no-legacy"),
        (_metric("errors", bad=float("nan"), total=1001), 3, "impossible"),
        (_metric("errors", bad=5, total=3), 3, "impossible"),
        (_metric("errors", bad=0, total=10**400), 3, "impossible"),
        (_metric("errors", bad=50, total=1000, legacy_bad=0, legacy_total=9000), 4, "rollback"),
        (_metric("errors", bad=50, total=1000, legacy_bad=500, legacy_total=9000), 3, "platform"),
        (_metric("complaints", bad=2), 3, "above-limit"),
        ({**_metric("errors", bad=50, total=1000), "latched": True, "stale": True}, 4, "rollback"),
        ({key: value for key, value in DOMAIN.items() if key != "next"}, 3, "no-next"),
        (ask(next=None), 3, "no-next"),
        (ask(percent=0, next=5), 3, "not-judged"),
    ],
)  # fmt: skip
def test_domains(question: dict[str, Any], code: int, key: str) -> None:
    result = run("--input", "-", "--json", file=json.dumps(question))
    assert (result.exit_code, json.loads(result.stdout)["key"]) == (code, key), result.output


@pytest.mark.parametrize(
    "text",
    [
        "", "nonsense", "[]", "null", "3", '{"domain": "jobs"', "[" * 100_000, '{"domain": ' + "9" * 5000 + "}",
        b"\xff\xfe{}", b"\xef\xbb\xbf{}", json.dumps(DOMAIN)[:-1] + ', "percent": 5}',
        json.dumps(ask(extra=1)), json.dumps(ask(domain="job")), json.dumps(ask(domain=["jobs"])), json.dumps(ask(percent="5")),
        json.dumps(ask(percent=True)), json.dumps(ask(percent=5.0)), json.dumps(ask(percent=101)), json.dumps(ask(next=7)),
        json.dumps(ask(next=5)), json.dumps(ask(next="10")), json.dumps(ask(soak_over="yes")), json.dumps(ask(soak_over=1)),
        json.dumps(ask(latched=None)), json.dumps(ask(share=[1, 2])), json.dumps(ask(share={"unified": "1", "total": 2})),
        json.dumps(ask(share={"part": 1})), json.dumps(ask(metrics=[])), json.dumps(ask(metrics=None)),
        json.dumps(_metric("errors", bad="0", total=1)), json.dumps(_metric("errors", bad=True, total=1)),
        json.dumps(_metric("errors", bad=0, totl=1)), json.dumps(_metric("complaints", bad=0, total=1)),
        json.dumps(_metric("listings", bad=0, total=1)), json.dumps(ask(**{"\ud800": 1})),
        json.dumps({key: value for key, value in DOMAIN.items() if key != "metrics"}),
        '{"domain": "jobs", "percent": 5, "metrics": {"errors": {"bad": 0, "bad": 9, "total": 1}}}',
    ],
)  # fmt: skip
def test_wrong_files_are_wrong_use(text: str | bytes) -> None:
    result = run("--input", "-", file=text)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert result.stderr.strip()


def test_every_problem_of_a_file_is_named_at_once() -> None:
    wrong = ask(percent="5", soak_over=3)
    wrong["metrics"]["errors"]["bad"] = "1"
    said = run("--input", "-", file=json.dumps(wrong)).stderr
    assert all(
        part in said for part in ("percent is no percent", "soak_over is neither", "metrics.errors.bad is no number")
    )


def test_strict_goes_with_a_file_too() -> None:
    small = _metric("sessions", bad=0, total=500, legacy_bad=0, legacy_total=9000)
    assert run("--input", "-", file=json.dumps(small)).exit_code == 0
    assert run("--input", "-", "--strict", file=json.dumps(small)).exit_code == 3
