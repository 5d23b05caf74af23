"""The seed's plan as the tests know it, typed by hand, and the steps with which a sandbox walks along it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rollout.model.stack_file import edit
from tests.harness import Sandbox

DOMAINS: Final = ("ai-agents", "jobs", "marketplace", "property")
PERCENT_FLAGS: Final = {
    "ai-agents": "UNIFIED_ROLLOUT_PERCENT",
    "jobs": "JOBS_ROLLOUT_PERCENT",
    "marketplace": "MARKETPLACE_ROLLOUT_PERCENT",
    "property": "PROPERTY_ROLLOUT_PERCENT",
}
ENABLE_FLAGS: Final = {
    "jobs": "ENABLE_UNIFIED_JOBS",
    "marketplace": "ENABLE_UNIFIED_MARKETPLACE",
    "property": "ENABLE_UNIFIED_PROPERTY",
}
# Per day the percent of ai-agents, jobs, marketplace, property: the seed's schedule, not read from stacks/.
PLAN: Final = (
    (0, 0, 0, 0),
    (5, 0, 0, 0),
    (5, 0, 0, 0),
    (10, 0, 0, 0),
    (10, 0, 0, 0),
    (25, 0, 0, 0),
    (50, 0, 0, 0),
    (100, 0, 0, 0),
    (100, 5, 0, 0),
    (100, 5, 0, 0),
    (100, 10, 0, 0),
    (100, 25, 0, 0),
    (100, 50, 0, 0),
    (100, 100, 0, 0),
    (100, 100, 0, 0),
    (100, 100, 5, 5),
    (100, 100, 5, 5),
    (100, 100, 10, 10),
    (100, 100, 25, 25),
    (100, 100, 50, 50),
    (100, 100, 100, 100),
    (100, 100, 100, 100),
)
LAST: Final = len(PLAN) - 1
DAY_1: Final = datetime(2026, 12, 1, 8, tzinfo=UTC)


def percents(day: int) -> dict[str, int]:
    """The seed's percent of each domain on a day."""
    return dict(zip(DOMAINS, PLAN[day], strict=True))


def moved(day: int) -> set[str]:
    """The domains whose percent on `day` is another than the day before."""
    return {name for name in DOMAINS if percents(day)[name] != percents(max(0, day - 1))[name]}


def wanted(percent: Mapping[str, int]) -> dict[str, str]:
    """Every flag as the store is to hold it: a domain above 0 is enabled, one at 0 isn't."""
    found = {flag: str(percent[name]) for name, flag in PERCENT_FLAGS.items()}
    return {**found, **{flag: "true" if percent[name] else "false" for name, flag in ENABLE_FLAGS.items()}}


def clock(day: float) -> str:
    """ROLLOUT_NOW at 8 in the morning (UTC) of a day; half days are hours."""
    return (DAY_1 + timedelta(days=day - 1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def turn_clock(sandbox: Sandbox, day: float) -> None:
    """From now on, every command in the sandbox runs at that time."""
    sandbox.env["ROLLOUT_NOW"] = clock(day)


def live(sandbox: Sandbox) -> dict[str, str]:
    """Every flag in the store, not read by this project's own code. An absent one is left out."""
    if sandbox.database is not None:
        return {name.rpartition("/")[2]: text for name, (text, _) in sandbox.flags().items()}
    store = sandbox.boto("secretsmanager")
    found = {}
    for flag in (*PERCENT_FLAGS.values(), *ENABLE_FLAGS.values()):
        try:
            found[flag] = store.get_secret_value(SecretId=secret(flag, sandbox.name))["SecretString"]
        except (store.exceptions.ResourceNotFoundException, store.exceptions.InvalidRequestException):
            continue
    return found


def secret(flag: str, stack: str = "local") -> str:
    """The name of a flag's secret on a stack: a sandbox's `name`."""
    return f"wa-webhook-unified/{stack}/{flag}"


def put(sandbox: Sandbox, domain: str, value: str, *, since: float | None = None) -> None:
    """Somebody's hand on a percent, past everything that this project does.

    The virtual clock takes such a value for one of now; with `since`, for one of that day.
    """
    if sandbox.database is not None:
        at = sandbox.env.get("ROLLOUT_NOW", "") if since is None else clock(since)
        sandbox.by_hand(
            "with clock as (select set_config('rollout.virtual', %s, false)) update rollout.flags set value = %s from clock where name = %s",
            at, value, secret(PERCENT_FLAGS[domain], sandbox.name),
        )  # fmt: skip
        return
    store, name = sandbox.boto("secretsmanager"), secret(PERCENT_FLAGS[domain], sandbox.name)
    made = store.put_secret_value(SecretId=name, SecretString=value)
    if since is not None:
        store.tag_resource(SecretId=name, Tags=[_live_since(made["VersionId"], since)])


def delete(sandbox: Sandbox, domain: str) -> None:
    """Somebody's hand deletes a percent, for good."""
    name = secret(PERCENT_FLAGS[domain], sandbox.name)
    if sandbox.database is not None:
        sandbox.by_hand("delete from rollout.flags where name = %s", name)
    else:
        sandbox.boto("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def emptied(sandbox: Sandbox) -> None:
    """What plays forgets every flag: the simulator by a restart, a database by a hand."""
    if sandbox.database is not None:
        sandbox.by_hand("delete from rollout.flags where name <> 'rollout/canary'")
    else:
        sandbox.simulator.stop()
        sandbox.simulator.start()


def switch(sandbox: Sandbox, flag: str, value: str) -> None:
    """Somebody's hand on another flag than a percent."""
    if sandbox.database is not None:
        sandbox.by_hand("update rollout.flags set value = %s where name = %s", value, secret(flag, sandbox.name))
    else:
        sandbox.boto("secretsmanager").put_secret_value(SecretId=secret(flag, sandbox.name), SecretString=value)


def mark(sandbox: Sandbox, domain: str, tags: Mapping[str, str], *, drop: str = "") -> None:
    """Tags put beside a percent, and one taken away."""
    name = secret(PERCENT_FLAGS[domain], sandbox.name)
    if sandbox.database is not None:
        sandbox.by_hand(
            "update rollout.flags set tags = (tags || %s::jsonb) - %s where name = %s",
            json.dumps(dict(tags)),
            drop,
            name,
        )
        return
    store = sandbox.boto("secretsmanager")
    store.tag_resource(SecretId=name, Tags=[{"Key": k, "Value": v} for k, v in tags.items()])
    if drop:
        store.untag_resource(SecretId=name, TagKeys=[drop])


def _live_since(version: str, day: float) -> dict[str, str]:
    return {"Key": "live-since", "Value": f"{version}@{clock(day)}"}


def inputs(sandbox: Sandbox) -> dict[str, Any]:
    """The inputs of every resource in the state, by the resource's URN."""
    return {found["urn"]: found.get("inputs", {}) for found in sandbox.export_state()["resources"]}


def set_percents(sandbox: Sandbox, percent: Mapping[str, int]) -> None:
    """Writes percents into the stack file, as a person would: the enable flag goes with the percent."""
    text = sandbox.read_config()
    for name, value in percent.items():
        text = edit.set_flag(text, name, value, None if name not in ENABLE_FLAGS else value > 0)
    sandbox.write_config(text)


def set_entry(sandbox: Sandbox, key: str, body: str) -> None:
    """Adds a `wa-rollout:` entry under the gate's line: `body` is its map or list in YAML, or a single value."""
    text = sandbox.read_config()
    if f"  wa-rollout:{key}:\n" in text:  # it has its place in the file
        inner = re.sub("(?m)^", "    ", f"{body.strip()}\n").rstrip(" ")
        sandbox.write_config(text.replace(f"  wa-rollout:{key}:\n", f"  wa-rollout:{key}:\n{inner}"))
        return
    single = ":" not in body and not body.startswith("- ")
    block = f" {body}" if single else re.sub("(?m)^", "    ", f"\n{body.strip()}")[4:]
    text, found = re.subn(
        r"(?m)^(  wa-rollout:gate:.*\n)", lambda line: f"{line[1]}  wa-rollout:{key}:{block}\n", sandbox.read_config()
    )
    assert found == 1
    sandbox.write_config(text)


def begin(sandbox: Sandbox, percent: Mapping[str, int], *, day: float, since: float | None = None) -> None:
    """Starts the stack at any percents: as if they were live since `since`, adopted by one `up` at `day`."""
    started = day - 8 if since is None else since
    store = sandbox.boto("secretsmanager")
    for flag, value in wanted(percent).items():
        if sandbox.database is not None:
            put_row(sandbox, flag, value, started)
            continue
        made = store.create_secret(Name=secret(flag, sandbox.name), SecretString=value)
        if flag in PERCENT_FLAGS.values():
            store.tag_resource(SecretId=secret(flag, sandbox.name), Tags=[_live_since(made["VersionId"], started)])
    set_percents(sandbox, percent)
    turn_clock(sandbox, day)
    sandbox.up()
    sandbox.commit("begin")


def put_row(sandbox: Sandbox, flag: str, value: str, since: float, version: int | None = None) -> None:
    """A flag's row in a database anew, as if it were live since a day; with the version that the state knows, if any."""
    sandbox.by_hand("delete from rollout.flags where name = %s", secret(flag, sandbox.name))
    sandbox.by_hand(
        "with clock as (select set_config('rollout.virtual', %s, false)) insert into rollout.flags (name, value, version, written) "
        "select %s, %s, 0, now() from clock",
        clock(since), secret(flag, sandbox.name), value,
    )  # fmt: skip
    if version is not None:
        sandbox.by_hand(
            "update rollout.flags set version = %s where name = %s and set_config('session_replication_role', 'replica', false) is not null",
            version, secret(flag, sandbox.name),
        )  # fmt: skip


def steps(preview: Mapping[str, Any]) -> dict[str, str]:
    """What a `preview --json` would do, by the resource's name; rows that stay are left out."""
    found = {step["urn"].rpartition("::")[2]: step["op"] for step in preview.get("steps", [])}
    return {name: op for name, op in found.items() if op not in ("same", "read", "refresh")}


def refused(sandbox: Sandbox, *args: str, command: str = "preview", env: Mapping[str, str] | None = None) -> str:
    """Runs a review that must say no: exit code not 0, nothing written, no traceback. Answers all that was printed."""
    sandbox.api_calls(reset=True)
    flags = ("--diff",) if command == "preview" else ("--yes", "--skip-preview")
    done = sandbox.pulumi(command, *flags, *args, env=env, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0, f"went through:\n{said}"
    written = sandbox.api_calls()
    assert not written, f"wrote {written}:\n{said}"
    assert "Traceback" not in said, said
    assert "Unexpected <class" not in said, said
    return said
