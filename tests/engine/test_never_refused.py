"""A rollback is never refused, whatever else is wrong: one `pulumi up` each, with its preview, on the real engine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from tests import days
from tests.harness import Sandbox

# Nothing has soaked: all were raised an hour ago.
NOW = 20.0
AT = {"ai-agents": 100, "jobs": 50, "marketplace": 50, "property": 25}

SIGNED = 'why: "INC-7: duplicate applications"\nby: Ana K.'
HELD = "\n".join(f"{name}:\n  why: INC-9\n  by: Ana K." for name in days.DOMAINS)
BREACH = """{name}:
  attempt: 1
  at: "2026-12-20T02:14:00Z"
  metric: errors
  seen: "31 of 1,800"
  from: 50
  to: 25
  by: watch"""
NOT_SOAKED = "raised an hour ago"


@dataclass(frozen=True)
class Case:
    """A lowering, and all that stands in the way of a raise at that moment."""

    lower: Mapping[str, int]
    entries: Mapping[str, str] = field(default_factory=dict)
    config: tuple[str, str] = ("", "")
    tags: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, object] = field(default_factory=dict)
    health: Mapping[str, object] = field(default_factory=dict)
    rules: tuple[str, str] = ("", "")
    env: Mapping[str, str] = field(default_factory=dict)
    says: str = ""


def _fault(**fault: object) -> dict[str, object]:
    return {"fail": [{"status": 500, **fault}]}


# In this order: each goes down from where the one before left it.
CASES: Mapping[str, Case] = {
    NOT_SOAKED: Case({"jobs": 25}),
    "frozen": Case({"jobs": 10}, entries={"freeze": SIGNED}),
    "held": Case({"marketplace": 25}, entries={"held": HELD}),
    "after hours": Case({"ai-agents": 50}, config=("hours: always", 'hours: "10:30-18:00 Africa/Kigali"')),
    "nobody on call": Case({"property": 10}, config=(r"(?m)^  wa-rollout:on-call:\n(    .*\n)+", "")),
    "failing probe": Case({"marketplace": 10}, health={"status_code": 503}),
    "failing prerequisite, two rungs": Case({"jobs": 0}),
    "latched": Case(
        {"marketplace": 5},
        entries={"breach": BREACH.format(name="marketplace")},
        tags={"breach": "1@2026-12-20T02:14:00Z:errors"},
    ),
    "another domain can't be read": Case(
        {"property": 5}, faults=_fault(match="MARKETPLACE_ROLLOUT_PERCENT"), says="live value not read"
    ),
    "nothing can be read in the batch": Case(
        {"ai-agents": 25}, faults=_fault(target="secretsmanager.BatchGetSecretValue")
    ),
    "its own value can't be read": Case(
        {"ai-agents": 10},
        # The preview's read, and the write's first, three tries each. The write reads by the batch, too, and needs no other.
        faults=_fault(target="secretsmanager.GetSecretValue", match="UNIFIED_ROLLOUT_PERCENT", times=6),
    ),
    "a changed rule": Case({"ai-agents": 5}, rules=("      5: 48                       # day 1-2", "      5: 96")),
    "closed": Case({"marketplace": 0}, entries={"closed": SIGNED}),
    "a run that only lowers": Case({"property": 0}, env={"ROLLOUT_ONLY_LOWER": "1"}),
    "every entry malformed": Case(
        {"ai-agents": 0},
        entries={
            "freeze": "yes",
            "held": "- jobs",
            "breach": "jobs:\n  attempt: x\n  at: yesterday\nmobility: 5\nmarketplace: none",
            "waivers": "jobs-errors-25: please",
            "restore": "ai-agents: now",
            "attempt": "jobs:\n  number: two",
            "checked": "jobs: all",
            "notes": "monday: fine",
            "commands": "smoke: ./smoke.sh",
            "closed": "true",
        },
        config=(r"(?m)^    hours: always.*$", "    hours: whenever"),
        says="counts as a freeze",
    ),
}


@pytest.mark.timeout(1800)  # 15 commands with their previews: a minute, on a busy machine six
def test_rollbacks_under_every_hindrance(sandbox: Sandbox) -> None:
    days.begin(sandbox, AT, day=NOW, since=NOW - 1 / 24)
    store = sandbox.boto("secretsmanager")
    rules = (sandbox.folder / "domains.yaml").read_text()
    now = dict(AT)
    for key, case in CASES.items():
        clean = sandbox.read_config()
        now |= case.lower
        for entry, body in case.entries.items():
            if f"wa-rollout:{entry}:" in clean:
                sandbox.write_config(re.sub(rf"(?m)^  wa-rollout:{entry}:.*\n(    .*\n)+", "", sandbox.read_config()))
            days.set_entry(sandbox, entry, body)
        days.set_percents(sandbox, case.lower)
        if case.config[0]:
            text, found = re.subn(*case.config, sandbox.read_config())
            assert found == 1, key
            sandbox.write_config(text)
        (sandbox.folder / "domains.yaml").write_text(rules.replace(*case.rules) if case.rules[0] else rules)
        (name,) = case.lower
        tags = [{"Key": k, "Value": v} for k, v in case.tags.items()]
        store.tag_resource(SecretId=days.secret(days.PERCENT_FLAGS[name]), Tags=tags)
        sandbox.simulator.call("PUT", "/faults", case.faults)
        sandbox.simulator.call("PUT", "/health", case.health)
        done = sandbox.pulumi("up", "--yes", env=case.env, check=False)
        sandbox.simulator.call("DELETE", "/faults")
        sandbox.simulator.call("DELETE", "/health")
        said = done.stdout + done.stderr
        print(f"===== {key}\n{said}")
        assert done.returncode == 0, f"{key}:\n{said}"
        assert case.says in said, f"{key}:\n{said}"
        assert days.live(sandbox) == days.wanted(now), key
        sandbox.write_config(clean)
        days.set_percents(sandbox, now)
        (sandbox.folder / "domains.yaml").write_text(rules)
    assert set(now.values()) == {0}


def test_5_10_5_ends_with_a_live_5(sandbox: Sandbox) -> None:
    days.begin(sandbox, {"ai-agents": 5, "jobs": 0, "marketplace": 0, "property": 0}, day=NOW)
    for week, percent in enumerate((10, 5, 10, 5)):  # twice: the second time, each value replaces one that we wrote
        days.turn_clock(sandbox, NOW + 7 * week)
        days.set_percents(sandbox, {"ai-agents": percent})
        sandbox.up()
    name = days.secret("UNIFIED_ROLLOUT_PERCENT")
    store = sandbox.boto("secretsmanager")
    assert store.get_secret_value(SecretId=name)["SecretString"] == "5"
    versions = store.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
    assert len({found["VersionId"] for found in versions}) == 5, "each return is a write of its own"
    sandbox.pulumi("preview", "--expect-no-changes")


def test_beside_a_raise_that_is_refused(sandbox: Sandbox) -> None:
    at = {"ai-agents": 100, "jobs": 25, "marketplace": 0, "property": 0}
    days.begin(sandbox, at, day=NOW)
    days.set_percents(sandbox, {"marketplace": 10, "property": 5, "jobs": 10})
    said = days.refused(sandbox)
    assert re.search(r"HOLD (marketplace|property) 0 % -> ", said)

    done = sandbox.up("--continue-on-error", check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert "HOLD marketplace 0 % -> 10 %" in said
    assert "HOLD property 0 % -> 5 %" in said
    assert days.live(sandbox) == {**days.wanted(at), "JOBS_ROLLOUT_PERCENT": "10"}

    # The refused raises still stand in the stack file: the rollback carries itself out and nothing else.
    done = sandbox.rollout("rollback", "jobs", "--to", "previous", "--stack", "local", "--wait", "0", check=False)
    said = done.stdout + done.stderr
    print(said)
    assert "live 5 %" in done.stdout
    assert days.live(sandbox) == {**days.wanted(at), "JOBS_ROLLOUT_PERCENT": "5"}
    assert "percent: 5" in sandbox.read_config()


def test_beside_malformed_flags_of_another_domain(sandbox: Sandbox) -> None:
    at = {"ai-agents": 100, "jobs": 25, "marketplace": 0, "property": 0}
    days.begin(sandbox, at, day=NOW)
    broken = re.sub(
        r"(    property:\n      enabled: false\n      percent:) 0", r"\1 fifty", sandbox.read_config(), count=1
    )
    assert "fifty" in broken
    sandbox.write_config(broken)
    days.refused(sandbox)  # Pulumi's own way is closed
    done = sandbox.rollout("rollback", "jobs", "--to", "zero", "--stack", "local", "--wait", "0", check=False)
    print(done.stdout + done.stderr)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"live 0 %, \d+\.\d s", done.stdout)
    assert "FAILED" in done.stderr
    assert "Traceback" not in done.stderr
    assert "fifty" in done.stderr
    assert re.search(r"Pulumi\.local\.yaml:\d+ wa-rollout:flags\.property\.percent", done.stderr)
    assert days.live(sandbox) == days.wanted({**at, "jobs": 0}) | _enabled("JOBS")
    flags = re.search(r"    jobs:\n      enabled: true\n      percent: (\d+)", sandbox.read_config())
    assert flags
    assert flags[1] == "0", "the file was edited all the same"


def test_beside_a_store_that_names_nothing(sandbox: Sandbox) -> None:
    """Everything else refuses it; it is asked for by nobody at 3 a.m."""
    at = {"ai-agents": 100, "jobs": 25, "marketplace": 0, "property": 0}
    days.begin(sandbox, at, day=NOW)
    sandbox.write_config(sandbox.read_config().replace("config:\n", "config:\n  rollout:store: secretsmanager\n", 1))
    days.refused(sandbox)
    done = sandbox.rollout("rollback", "jobs", "--to", "zero", "--stack", "local", "--wait", "0", check=False)
    print(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"live 0 %, \d+\.\d s", done.stdout)
    assert "names nothing that there is (secretsmanager): it is taken for secrets-manager" in done.stderr
    assert "pulumi   up: recorded" in done.stdout, "with the config of the last run that ended well"
    assert days.live(sandbox) == days.wanted({**at, "jobs": 0}) | _enabled("JOBS")


def _enabled(*names: str) -> dict[str, str]:
    return {f"ENABLE_UNIFIED_{name}": "true" for name in names}
