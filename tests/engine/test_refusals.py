"""Raises that the rules forbid: refused at the preview, on the row, in words, with nothing written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from tests import days
from tests.harness import Sandbox

NOW = 10.0  # ai-agents at 100 % and jobs at 5 % for 8 days; marketplace and property never started
AT = {"ai-agents": 100, "jobs": 5, "marketplace": 0, "property": 0}
SOAK_ENDS = 2 + 46 / 24  # of a value that is live since day 2: 48 hours less the slack of 2

SIGNED = 'why: "INC-7: duplicate applications"\nby: Ana K.'
BREACH = """jobs:
  attempt: 1
  at: "2026-12-09T02:14:00Z"
  metric: errors
  seen: "31 of 1,800"
  from: 10
  to: 5
  by: watch"""


@dataclass(frozen=True)
class Case:
    """A raise of `percent` under some hindrance, and what the row must say of it."""

    says: tuple[str, ...]
    percent: Mapping[str, int] = field(default_factory=lambda: {"jobs": 10})
    entries: Mapping[str, str] = field(default_factory=dict)
    config: tuple[str, str] = ("", "")  # a regular expression of the stack file's text, and what stands there instead
    tags: Mapping[str, str] = field(default_factory=dict)
    live: str = ""  # what a hand wrote over jobs
    health: Mapping[str, object] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[str, str] = ("", "")


CASES: Mapping[str, Case] = {
    "skipped rung": Case(("HOLD jobs 5 % -> 25 %: 5 -> 25 % skips a rung: the next one is 10 %",), {"jobs": 25}),
    "to the top": Case(("5 -> 100 % skips a rung: the next one is 10 %",), {"jobs": 100}),
    "two rungs from 0": Case(("0 -> 10 % skips a rung: the next one is 5 %",), {"marketplace": 10}),
    "soak": Case(
        ("soak at 5 % not over: 45 h 59 min of 48 h", "raise from", "in 1 min"),
        env={"ROLLOUT_NOW": days.clock(SOAK_ENDS - 1 / 1440)},
    ),
    "prerequisite missing": Case(
        ("HOLD marketplace 0 % -> 5 %: needs jobs at 100 % for 48 h: live is 5 %", "finish jobs first"),
        {"marketplace": 5},
    ),
    "prerequisite not stable": Case(
        ("needs jobs at 100 % for 48 h: so far", "raise from"), {"jobs": 100, "property": 5}, live="100"
    ),
    "checklist": Case(
        ("checklist: tested-in-staging is not attested (the jobs domain was tested in staging)", "wa-rollout:checked"),
        config=(r"(?m)(    jobs:\n      support-staff.*\n)      tested-in-staging.*\n", r"\1"),
    ),
    "probe status": Case(("probe deployed:", "/health answered 503, expected 200"), health={"status_code": 503}),
    "probe field": Case(
        ("probe deployed:", "says status = starting, expected ok"), health={"body": {"status": "starting"}}
    ),
    "frozen": Case(("frozen: INC-7: duplicate applications; Ana K.", "wa-rollout:freeze"), entries={"freeze": SIGNED}),
    "freeze malformed": Case(("frozen: malformed", "Pulumi.local.yaml:"), entries={"freeze": "yes"}),
    "held": Case(
        ("held: INC-7: duplicate applications; Ana K.", "wa-rollout:held"),
        entries={"held": "jobs:\n" + re.sub("(?m)^", "  ", SIGNED)},
    ),
    "latched by the config": Case(
        ("latched by the breach of errors at 2026-12-09 02:14 UTC (attempt 1)", "wa-rollout:attempt jobs number: 2"),
        entries={"breach": BREACH},
    ),
    "latched by the tag": Case(
        ("latched by the breach of sessions at 2026-12-09 02:14 UTC (attempt 1)",),
        tags={"breach": "1@2026-12-09T02:14:00Z:sessions"},
    ),
    "outside on-call hours": Case(
        ("outside on-call hours 10:30-18:00 Africa/Kigali (now 2026-12-10 08:00 UTC)", "raise inside them"),
        config=("hours: always", 'hours: "10:30-18:00 Africa/Kigali"'),
    ),
    "nobody on call": Case(("nobody is on call",), config=(r"(?m)^  wa-rollout:on-call:\n(    .*\n)+", "")),
    "closed": Case(("the migration is closed",), entries={"closed": SIGNED}),
    "only lower": Case(("this run only lowers",), env={"ROLLOUT_ONLY_LOWER": "1"}),
    "another region": Case(
        # Every row is refused there; the preview ends with whichever came first.
        ("0 % (secret absent) -> 10", ": AWS_REGION is eu-west-3, rollout:region is eu-west-1"),
        env={"AWS_REGION": "eu-west-3"},
    ),
    "the rule in the same diff": Case(
        ("the rules of jobs changed in the same diff", "in an `up` of its own"),
        rules=("      5: 48                       # day 8-9", "      5: 24"),
    ),
    "live below the stack": Case(
        ("live 0 %, stack 5 %, changed outside", "lower the stack to 0, then climb from there"), {}, live="0"
    ),
    "live below the stack, and a raise": Case(("0 -> 10 % skips a rung: the next one is 5 %",), live="0"),
    "every reason at once": Case(
        ("5 -> 50 % skips a rung", "also:", "frozen: INC-7", "outside on-call hours"),
        {"jobs": 50},
        entries={"freeze": SIGNED},
        config=("hours: always", 'hours: "10:30-18:00 Africa/Kigali"'),
    ),
}


@pytest.fixture
def begun(sandbox: Sandbox) -> Callable[[str], str]:
    """Answers what the preview says of a case, each from the same start."""
    days.begin(sandbox, AT, day=NOW, since=2)
    config = sandbox.read_config()
    rules = (sandbox.folder / "domains.yaml").read_text()

    def review(key: str) -> str:
        case = CASES[key]
        days.set_percents(sandbox, case.percent)
        for entry, body in case.entries.items():
            days.set_entry(sandbox, entry, body)
        sandbox.write_config(re.sub(*case.config, sandbox.read_config()) if case.config[0] else sandbox.read_config())
        if case.rules[0]:
            assert case.rules[0] in rules
            (sandbox.folder / "domains.yaml").write_text(rules.replace(*case.rules))
        days.mark(sandbox, "jobs", case.tags)
        if case.live:
            days.put(sandbox, "jobs", case.live, since=None if case.live == "100" else 3)
        sandbox.simulator.call("PUT", "/health", case.health)
        try:
            return days.refused(sandbox, env=case.env)
        finally:
            sandbox.simulator.call("DELETE", "/health")
            days.put(sandbox, "jobs", "5", since=2)
            days.mark(sandbox, "jobs", {}, drop="breach")
            if sandbox.database is not None:
                days.mark(sandbox, "jobs", {}, drop="stopped")  # a hand that lowers leaves a stop's mark there
            (sandbox.folder / "domains.yaml").write_text(rules)
            sandbox.write_config(config)

    return review


@pytest.mark.timeout(1800)  # a preview for each case: a minute, on a busy machine five
def test_each_forbidden_raise_is_refused_on_its_row(begun: Callable[[str], str], sandbox: Sandbox) -> None:
    wrong = []
    verdict = "warning: HOLD" if sandbox.knows_waiting else "error: Preview failed: HOLD"
    for key, case in CASES.items():
        if key == "another region" and sandbox.database is not None:
            continue  # a database has none
        said = begun(key)
        print(f"===== {key}\n{said}")
        missing = [text for text in case.says if text not in said]
        named = "do:" in said and ("Pulumi.local.yaml" in said) and verdict in said
        if missing or not named:
            wrong.append(f"{key}: without {missing}, in:\n{said}")
    assert not wrong, "\n\n".join(wrong)
    # A minute later, and the same raise goes through: the cases above fail for their own reasons.
    days.set_percents(sandbox, {"jobs": 10})
    sandbox.preview(env={"ROLLOUT_NOW": days.clock(SOAK_ENDS)})


def test_a_refused_raise_writes_nothing_at_up_either(sandbox: Sandbox) -> None:
    days.begin(sandbox, AT, day=NOW)
    days.set_percents(sandbox, {"jobs": 25})
    assert "5 -> 25 % skips a rung" in days.refused(sandbox, command="up")
    assert "5 -> 25 % skips a rung" in days.refused(sandbox, "--continue-on-error", command="up")
    assert days.live(sandbox) == days.wanted(AT)
    days.set_percents(sandbox, AT)
    sandbox.pulumi("preview", "--expect-no-changes")  # the refusal left no half-made state
