"""Input that is wrong in itself: in the stack file, in the days of the plan and in the catalogue. All of it is named."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import pytest

from tests import days
from tests.harness import Sandbox

LADDER: Final = "0, 5, 10, 25, 50, 100"
# What stands after `percent:`, and what the message says of it.
PERCENTS: Final = {
    '"50%"': 'percent "50%" is text',
    '""': 'percent "" is text',
    "": "percent is empty",
    "null": "percent is empty",
    "true": "percent is true, no number",
    "false": "percent is false, no number",
    "12.5": "percent 12.5",
    "-5": "percent -5",
    "NaN": "percent NaN",
    "1e2": "percent 1e2",
    "012": "percent 012",
    "0x19": "percent 0x19",
    '"0"': 'percent "0" is text',
    "5.0": "percent 5.0",
    "37": "percent 37 is no rung of the ladder",
    "101": "percent 101 is no rung of the ladder",
    "50%": "percent 50%",
    "[50]": "percent is a list",
    "{of: 50}": "percent is a map",
    "1_0": "percent 1_0",
}
# A line of the file as it is, what is put in its place, and what is said of it. The file is of one domain's flags.
LINES: Final = {
    "percent missing": ("    jobs:\n      enabled: false\n      percent: 0\n", "    jobs:\n      enabled: false\n", "percent is missing"),
    "enabled false above 0": ("    jobs:\n      enabled: false\n      percent: 0\n", "    jobs:\n      enabled: false\n      percent: 5\n", "enabled is false with percent 5"),
    "enabled is text": ("    jobs:\n      enabled: false\n", '    jobs:\n      enabled: "yes"\n', "enabled is neither true nor false"),
    "unknown domain": ("    jobs:\n", "    jbos:\n", "unknown domain jbos"),
    "unknown key of a domain": ("    jobs:\n", "    jobs:\n      precent: 5\n", "unknown key precent"),
    "a flag of a protected service": ("    jobs:\n", "    mobility:\n      percent: 5\n    jobs:\n", "belongs to the protected service wa-webhook-mobility"),
    "unknown key": ("  wa-rollout:flags:\n", "  wa-rollout:flgas: 1\n  wa-rollout:flags:\n", "unknown key wa-rollout:flgas"),
    "no flags": ("  wa-rollout:flags:\n", "  wa-rollout:flag:\n", "wa-rollout:flag"),
    "a protected service's key": ("  wa-rollout:flags:\n", "  wa-rollout:insurance: 1\n  wa-rollout:flags:\n", "belongs to the protected service wa-webhook-insurance"),
    "in braces": ("    jobs:\n      enabled: false\n      percent: 0\n", "    jobs: {enabled: false, percent: 0}\n", "jobs is written in braces"),
}  # fmt: skip
# The whole file's bytes, and what is said of them.
FILES: Final[Mapping[str, tuple[Callable[[bytes], bytes], str]]] = {
    "byte order mark": (lambda raw: b"\xef\xbb\xbf" + raw, "byte order mark"),
    "not UTF-8": (lambda raw: raw.replace(b"config:\n", b"config:\n  # caf\xe9\n", 1), "UTF-8"),
    "10 MB": (lambda raw: raw + b"# " + b"x" * 10_000_000 + b"\n", "too large"),
    "python object": (lambda raw: raw.replace(b"percent: 0", b"percent: !!python/object:os.system 0", 1), "tag"),
    "python call": (lambda raw: raw.replace(b"config:\n", b"config: !!python/object/apply:os.system\n", 1), "tag"),
    "a key twice": (lambda raw: raw.replace(b"    jobs:\n", b"    jobs:\n      percent: 0\n", 1), "percent"),
    "a tab": (lambda raw: raw.replace(b"    jobs:\n", b"\tjobs:\n", 1), "tab"),
    "not a number": (lambda raw: raw.replace(b"percent: 0", b"percent: .nan", 1), "percent .nan"),
    "an anchor": (lambda raw: raw.replace(b"percent: 0", b"percent: &zero 0", 1), "anchor"),
}
# Pulumi's own reader comes first on stack files, and refuses these in its own words.
PULUMIS_OWN: Final = {
    "a key twice": "already defined",
    "a tab": "line 15: found a tab character",
    "not UTF-8": "UTF-8",
    "not a number": "unsupported value: NaN",
    "no flags": "missing configuration value 'wa-rollout:flags'",
}


def test_wrong_percents_in_the_stack_file(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, days.percents(0))
    good = sandbox.read_config()
    for group in _fours():
        text = good
        for name, (value, _) in zip(days.DOMAINS, group, strict=False):
            text = _with_percent(text, name, value)
        sandbox.write_config(text)
        said = days.refused(sandbox)
        for name, (value, says) in zip(days.DOMAINS, group, strict=False):
            block = next(b for b in re.split(r"(?m)^(?:error: )?(?=percent )", said) if f"flags.{name}.percent\n" in b)
            assert block.startswith(says), (value, said)
            assert re.search(r"where: +Pulumi\.local\.yaml:\d+ ", block), (value, said)
            assert f"allowed: {LADDER} (a plain whole number)" in block, (value, said)
            assert "given:" in block, (value, said)
            assert "do:" in block, (value, said)


@pytest.fixture
def hosts_ended(sandbox: Sandbox) -> Iterator[None]:
    """Ends the language hosts that the engine leaves behind, at times, where its own reader refuses a stack file."""
    yield
    for pid, line in sandbox.processes().items():
        if "pulumi-language-python" in line:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _fours() -> list[list[tuple[str, str]]]:
    pairs = list(PERCENTS.items())
    return [pairs[start : start + 4] for start in range(0, len(pairs), 4)]


def test_wrong_lines_and_bytes_in_the_stack_file(sandbox: Sandbox, hosts_ended: None) -> None:
    days.set_percents(sandbox, days.percents(0))
    path = sandbox.folder / "Pulumi.local.yaml"
    good = path.read_bytes()
    wrong = []
    for key, (before, after, says) in LINES.items():
        path.write_bytes(_once(good.decode(), before, after).encode())
        said = days.refused(sandbox)
        if PULUMIS_OWN.get(key, "nothing of the kind") in said:
            continue
        if says not in said or not re.search(r"where: +Pulumi\.local\.yaml(:\d+)?", said) or "allowed:" not in said:
            wrong.append(f"{key}:\n{said}")
    for key, (change, says) in FILES.items():
        path.write_bytes(change(good))
        said = days.refused(sandbox)
        if PULUMIS_OWN.get(key, says) not in said or len(said) > 3000:
            wrong.append(f"{key}:\n{said[:3000]}")
    path.write_bytes(good)
    sandbox.preview()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("command", [("plan",), ("promote", "3", "--stack", "local")], ids=["plan", "promote"])
def test_wrong_days_of_the_plan(new_sandbox: Callable[..., Sandbox], command: tuple[str, ...]) -> None:
    sandbox = new_sandbox(stack=False, git=False)
    day = sandbox.folder / "stacks" / "day-03.yaml"
    good, stack_file = day.read_bytes(), sandbox.read_config()

    def said_of(raw: bytes) -> str:
        day.write_bytes(raw)
        done = sandbox.rollout(*command, check=False)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr) < 3000
        assert "day-03.yaml" in done.stderr
        assert sandbox.read_config() == stack_file
        return done.stderr

    wrong = []
    for group in _fours():
        text = good.decode()
        for name, (value, _) in zip(days.DOMAINS, group, strict=False):
            text = _with_percent(text, name, value)
        said = said_of(text.encode())
        wrong += [f"{value}:\n{said}" for value, says in group if says not in said or f"allowed: {LADDER}" not in said]
    for key, (before, after, says) in LINES.items():
        said = said_of(_once(good.decode(), before, after).encode())
        if says not in said or "allowed:" not in said:
            wrong.append(f"{key}:\n{said}")
    for key, (change, says) in FILES.items():
        said = said_of(change(good))
        if says not in said:
            wrong.append(f"{key}:\n{said}")
    assert not wrong, "\n".join(wrong)


def test_wrong_catalogue(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, days.percents(0))
    path = sandbox.folder / "domains.yaml"
    good = path.read_bytes()
    lines = {
        "a flag of a protected service": (b"percent-flag: JOBS_ROLLOUT_PERCENT", b"percent-flag: MOBILITY_ROLLOUT_PERCENT", "wa-webhook-mobility"),
        "a protected service as legacy": (b"legacy: wa-webhook-jobs", b"legacy: wa-webhook-insurance", "wa-webhook-insurance"),
        "one protected service less": (b"  - wa-webhook-profile\n", b"", "wa-webhook-profile must stay protected"),
        "unknown key": (b"    legacy: wa-webhook-jobs\n", b"    legacy: wa-webhook-jobs\n    lagecy: x\n", "unknown key lagecy"),
        "soak as text": (b"      5: 48                       # day 8-9", b'      5: "48"', "5 is not a whole number"),
        "soak that is negative": (b"      5: 48                       # day 8-9", b"      5: -48", "5 is not a whole number"),
        "prerequisite off the ladder": (b"        percent: 100\n", b"        percent: 99\n", "percent is no rung of the ladder"),
        "prerequisite on nobody": (b"    prerequisites:\n      ai-agents:", b"    prerequisites:\n      ai-agnets:", "ai-agnets"),
        "a circle": (b"    soak-hours:                   # seed, week 4", b"    prerequisites:\n      property:\n        percent: 100\n        hours: 1\n    soak-hours:  #", "waits for itself"),
    }  # fmt: skip
    whole = {key: value for key, value in FILES.items() if key not in ("python object", "python call", "a key twice", "a tab", "an anchor", "not a number")}  # fmt: skip
    whole |= {
        "python object": (lambda raw: raw.replace(b"hours: 24 ", b"hours: !!python/object:os.system 24 ", 1), "tag"),
        "not UTF-8": (lambda raw: raw.replace(b"# seed", b"# \xe9", 1), "UTF-8"),
        "empty": (lambda raw: raw[:0], "domains"),
    }
    wrong = []
    for key, (before, after, says) in lines.items():
        assert before in good, key
        path.write_bytes(good.replace(before, after, 1))
        done = sandbox.rollout("plan", check=False)
        named = says in done.stderr and "domains.yaml:" in done.stderr and "Traceback" not in done.stderr
        if done.returncode != 2 or not named:
            wrong.append(f"{key}: {done.returncode}\n{done.stderr}{done.stdout}")
    for key, (change, says) in whole.items():
        path.write_bytes(change(good))
        said = days.refused(sandbox)
        if says not in said or "domains.yaml" not in said or len(said) > 3000:
            wrong.append(f"{key}:\n{said[:3000]}")
    assert not wrong, "\n".join(wrong)


def test_another_config_file_than_the_stacks_own(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, days.percents(0))
    other = sandbox.folder / "other.yaml"
    other.write_text(re.sub("percent: 0", "percent: 5", sandbox.read_config(), count=1))
    said = days.refused(sandbox, "--config-file", str(other))
    assert "wa-rollout:flags in the file is not what Pulumi was given" in said
    assert "without --config-file" in said


def test_what_no_provider_can_be_made_of_ends_an_up_at_once(sandbox: Sandbox) -> None:
    """By what is wrong in file or environment: an engine waits for ever for a provider that fails to configure."""
    days.set_percents(sandbox, days.percents(0))
    text = sandbox.read_config()
    region = "  rollout:region: eu-west-1\n"
    assert region in text
    for config, env, said in (
        (region + "  rollout:store: redis\n", {}, "where:   Pulumi.local.yaml rollout:store"),
        ("  rollout:store: postgres\n", {}, "ROLLOUT_DATABASE_URL isn't set"),
        (region, {"ROLLOUT_NOW": "tomorrow"}, "ROLLOUT_NOW is no time"),
        (region, {"ROLLOUT_COUNT_PERIOD": "7"}, "ROLLOUT_COUNT_PERIOD is no period"),
    ):
        sandbox.write_config(text.replace(region, config))
        sandbox.api_calls(reset=True)
        done = sandbox.pulumi("up", "--yes", "--skip-preview", "--stack", "local", env=env, check=False, timeout=120)
        assert done.returncode == 1, (done.returncode, done.stdout)
        assert said in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert not sandbox.api_calls()
    sandbox.write_config(text)
    sandbox.up()


def _with_percent(text: str, name: str, value: str) -> str:
    return re.sub(rf"(?m)^(    {name}:\n(?:      enabled.*\n)?      percent:).*$", rf"\1 {value}", text)


def _once(text: str, before: str, after: str) -> str:
    """The flags' place is meant: a domain's name stands in other entries too."""
    flags = text.index("  wa-rollout:flags:\n")
    assert before in text[flags:], before
    return text[:flags] + text[flags:].replace(before, after, 1)
