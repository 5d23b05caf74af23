"""Over 120 kinds of a stack file that is wrong, each beside a raise that would pass: the preview refuses, and nothing is written.

What is wrong in itself ends the run; what is wrong beside the flags forbids the raise, and lowerings go.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests import burning, days
from tests.burning import Burning
from tests.faults.ledger import Ledger, Outcome, Say
from tests.faults.worlds import CANARIES
from tests.harness import Sandbox

Change = Callable[[str], str]
JOBS: Final = "    jobs:\n      enabled: true\n      percent: 25\n"
FLAGS: Final = "  wa-rollout:flags:\n"
PERCENTS: Final = (
    '"50%"', '""', "", "null", "true", "12.5", "-5", "NaN", "1e2", "012", "0x19", '"0"', "5.0", "37", "101", "50%", "[50]",
    "{of: 50}", "1_0", "+5", ".inf", "0o12", "5 %", "~", "2026-12-01", "99999999999999999999", "!!int 5", "&x 5", "|\n        5",
)  # fmt: skip
ENABLED: Final = ('"yes"', '"true"', "1", "0", "null", "", "[true]", "{on: true}", "maybe", "True!", "yes", "off")
DOMAINS: Final = ("jbos", "Jobs", "mobility", "profile", "insurance", "none", '"jobs "', "jobs.x", "-", "'*'")
KEYS: Final = (
    "flgas", "Flags", "freez", "helds", "brech", "waiver", "restores", "check", "note", "command", "close", "gates", "drills",
    "insurance", "mobility", "profile", "oncall", "day", "ladder", "percent",
)  # fmt: skip
#: Beside the flags: (key, body). `@` is where the file has the key already.
ENTRIES: Final = {
    "freeze a list": ("freeze", "[a]"), "freeze without why": ("freeze", "\n    by: Ana"), "freeze text": ("freeze", "soon"),
    "freeze with a stranger": ("freeze", "\n    why: x\n    by: Ana\n    until: tomorrow"),
    "gate no": ("gate", "no"), "gate 0": ("gate", "0"), "gate Off": ("gate", "Off"), "gate a list": ("gate", "[off]"),
    "drill never": ("drill", "never"), "drill true": ("drill", "true"),
    "start a word": ("start", "soon"), "start a month 13": ("start", '"2026-13-01"'), "start a number": ("start", "20261201"),
    "on-call a name": ("on-call", "Ana"), "on-call without who": ("on-call", '\n    reach: "#x"\n    hours: always'),
    "on-call hours backwards": ("on-call", '\n    who: A\n    reach: "#x"\n    hours: "18:00"'),
    "on-call no such zone": ("on-call", '\n    who: A\n    reach: "#x"\n    hours: "08:00-18:00 Mars/Olympus"'),
    "on-call hours a list": ("on-call", '\n    who: A\n    reach: "#x"\n    hours: [8, 18]'),
    "held a word": ("held", "jobs"), "held nobody known": ("held", "\n    jbos:\n      why: x\n      by: A"),
    "held without why": ("held", "\n    ai-agents:\n      by: A"),
    "breach half": ("breach", "\n    ai-agents:\n      attempt: 1"), "breach a list": ("breach", "[errors]"),
    "breach attempt text": ("breach", '\n    ai-agents:\n      attempt: "1"\n      at: "2026-12-02T00:00:00Z"\n      metric: errors'),
    "checked a word": ("checked", "all"), "checked true": ("checked", "\n    ai-agents: true"),
    "a secret": ("on-call", f"\n    who: A\n    reach:\n      secure: {CANARIES[0]}\n    hours: always"),
}  # fmt: skip
WHOLE: Final[Mapping[str, Change]] = {
    "empty": lambda _: "", "no config": lambda _: "other: 1\n", "config a list": lambda _: "config:\n  - a\n",
    "byte order mark": lambda text: "\ufeff" + text, "10 MB": lambda text: text + "# " + "x" * 10_000_000 + "\n",
    "python object": lambda text: text.replace("percent: 25", "percent: !!python/object:os.system 0"),
    "a tab": lambda text: text.replace("    jobs:\n", "\tjobs:\n", 1), "in braces": lambda text: text.replace(JOBS, "    jobs: {enabled: true, percent: 25}\n"),
    "flags in braces": lambda text: text.replace(FLAGS, "  wa-rollout:flags: {}\n  wa-rollout:x:\n"),
    "a key twice": lambda text: text.replace(JOBS, JOBS + "      percent: 10\n"), "a domain twice": lambda text: text.replace(JOBS, JOBS + JOBS),
    "a domain missing": lambda text: text.replace(JOBS, ""), "flags missing": lambda text: text.replace(FLAGS, "  wa-rollout:flag:\n"),
    "percent missing": lambda text: text.replace(JOBS, JOBS.replace("      percent: 25\n", "")),
    "enabled missing": lambda text: text.replace(JOBS, JOBS.replace("      enabled: true\n", "")),
    "enabled false above 0": lambda text: text.replace(JOBS, JOBS.replace("true", "false")),
    "an unknown key of a domain": lambda text: text.replace(JOBS, JOBS + "      precent: 5\n"),
    "an anchor": lambda text: text.replace("percent: 25", "percent: &p 25"), "an alias": lambda text: text.replace("percent: 25", "percent: *p"),
    "two documents": lambda text: text + "---\na: 1\n", "not YAML": lambda text: text + "  : : :\n\t-",
    "rollout:store unknown": lambda text: text.replace("  rollout:region: eu-west-1\n", "  rollout:region: eu-west-1\n  rollout:store: redis\n"),
    "rollout:source unknown": lambda text: text.replace("  rollout:region: eu-west-1\n", "  rollout:region: eu-west-1\n  rollout:source: statsd\n"),
    "rollout:stor": lambda text: text.replace("  rollout:region: eu-west-1\n", "  rollout:region: eu-west-1\n  rollout:stor: postgres\n"),
    "rollout:regions": lambda text: text.replace("  rollout:region: eu-west-1\n", "  rollout:region: eu-west-1\n  rollout:regions: eu-west-1\n"),
    "another region": lambda text: text.replace("rollout:region: eu-west-1", "rollout:region: us-east-1"),
    "deep": lambda text: text + "  wa-rollout:notes:\n" + "".join(f"{'  ' * (n + 2)}a:\n" for n in range(200)),
}  # fmt: skip


def kinds() -> dict[str, Change]:
    """Every kind by its name."""
    found: dict[str, Change] = {}
    for value in PERCENTS:
        found[f"percent {value or 'nothing'}".replace("\n", " ")] = lambda text, value=value: text.replace(  # type: ignore[misc] # bound here
            JOBS, JOBS.replace("percent: 25", f"percent: {value}".rstrip())
        )
    for value in ENABLED:
        found[f"enabled {value or 'nothing'}"] = lambda text, value=value: text.replace(  # type: ignore[misc]
            JOBS, JOBS.replace("enabled: true", f"enabled: {value}".rstrip())
        )
    for name in DOMAINS:
        found[f"domain {name}"] = lambda text, name=name: text.replace(JOBS, JOBS + JOBS.replace("jobs", name))  # type: ignore[misc]
    for key in KEYS:
        found[f"key {key}"] = lambda text, key=key: text.replace(FLAGS, f"  wa-rollout:{key}: 1\n{FLAGS}")  # type: ignore[misc]
    for label, (key, body) in ENTRIES.items():
        found[label] = lambda text, key=key, body=body: _instead(text, key, body)  # type: ignore[misc]
    return {**found, **WHOLE}


def _instead(text: str, key: str, body: str) -> str:
    """The entry of `key` in place of what the file has there, its comments included."""
    own = re.compile(rf"^  wa-rollout:{key}:.*\n(?:    .*\n)*", re.M)
    return own.sub("", text).replace(FLAGS, f"  wa-rollout:{key}: {body}".replace(": \n", ":\n") + f"\n{FLAGS}")


def played(folder: Path, kept: Ledger, say: Say, until: float) -> None:
    """A preview of each on the real engine. It says no, in words that name the file, and neither writes nor shows a secret."""
    stack = Burning(folder / "config")
    sandbox = stack.again()
    try:
        days.set_percents(sandbox, {"ai-agents": 100})
        good = sandbox.read_config()
        control = sandbox.preview(check=False)
        assert control.returncode == 0, control.stdout + control.stderr
        every = kinds()
        say(f"{len(every)} kinds")
        cases = kept.left([f"config/{name}" for name in every])
        kept.play(cases, until, say, lambda case: _refused(sandbox, case, every[case.removeprefix("config/")], good))
    finally:
        sandbox.stack_file.write_text(good)
        stack.sandbox.close()


def _refused(sandbox: Sandbox, case: str, spoil: Change, good: str) -> Outcome:
    text = spoil(good)
    assert text != good, case
    sandbox.stack_file.write_bytes(text.encode())
    sandbox.api_calls(reset=True)
    began = time.monotonic()
    done = sandbox.preview(check=False)
    said = done.stdout + done.stderr
    one = Outcome(case, "engine", code=done.returncode, wall=round(time.monotonic() - began, 2), said=said[:500])
    one.ask("lowered", done.returncode != 0 and ("Pulumi.local.yaml" in said or "onfig" in said), said[-500:])
    quiet = done.returncode != 0 and not sandbox.api_calls()
    one.ask("look", quiet, f"{done.returncode} {sandbox.api_calls()} {said[-400:]}")
    one.ask("traceback", "Traceback" not in said and "a fault of rollout itself" not in said, said[-500:])
    one.ask("secret", CANARIES[0] not in said, said)
    started = {name: str(value) for name, value in burning.START.items()}
    one.ask("lost", burning.lives(sandbox) == started, "moved")
    one.ask("time", len(said) < 8000, f"{len(said)} characters")
    return one
