"""The rule book against the code: every name on the outside, every key of a refusal and of a HOLD stands there."""

from __future__ import annotations

import re

import pytest

from rollout.model.alarms.alarm import alarm_name
from rollout.model.alarms.dashboard import dashboard_name
from rollout.model.alarms.topics import TOPICS, topic_name
from rollout.model.flag import tags
from rollout.model.flag.name import FlagName, secret_name
from rollout.model.gate.metric import RULE_VERSION
from rollout.model.ladder import LADDER
from rollout.model.stack_file.config import KEYS, PREFIX, parse
from tests.pure.docs.pages import ROOT
from tests.pure.samples import CATALOGUE

CONTRACTS = (ROOT / "docs/rules/contracts.md").read_text(encoding="utf-8")
GATE = (ROOT / "docs/rules/gate.md").read_text(encoding="utf-8")
MOVES = (ROOT / "docs/rules/moves.md").read_text(encoding="utf-8")


def sources(*folders: str) -> str:
    """All Python of these folders as one text."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found
    return "\n".join(path.read_text(encoding="utf-8") for path in found)


def rows(text: str) -> set[str]:
    """The names in code type that a page's tables begin their rows with."""
    firsts = re.findall(r"^\| ([^|]+) \|", text, re.M)
    return {name for first in firsts for name in re.findall(r"`([^`]+)`", first)}


@pytest.mark.parametrize(
    "name",
    [
        secret_name("<stack>", "<FLAG>"),
        alarm_name("<stack>", "<domain>", "<policy>"),
        topic_name("<stack>", "<action>"),
        dashboard_name("<stack>", "<domain>"),
        f"{tags.STOPPED}=<uuid>@<time>:<value>",
        f"{tags.BREACH}=<attempt>@<time>:<metric>",
        f"{tags.LIVE_SINCE}=<version>@<time>",
        *TOPICS,
        *FlagName("<stack>", "<domain>", "<FLAG>").tags,
    ],
)
def test_names_on_the_outside(name: str) -> None:
    assert re.search(rf"`[^`]*{re.escape(name)}[^`]*`", CONTRACTS)


def test_resources_have_their_tokens_there() -> None:
    tokens = set(re.findall(r"\"rollout:index:(\w+)\"", sources("rollout/provider", "components")))
    assert len(tokens) >= 5
    assert not [token for token in tokens if not re.search(rf"`(?:rollout:index:)?{token}`", CONTRACTS)]


def test_variables_of_the_environment() -> None:
    read = set(re.findall(r"\"(ROLLOUT_[A-Z_]+)\"", sources("rollout", "components")))
    assert {"ROLLOUT_NOW", "ROLLOUT_ONLY_LOWER"} <= read
    assert not [name for name in sorted(read) if f"`{name}" not in CONTRACTS]


def test_what_the_gate_may_answer() -> None:
    asked_by_hand = (ROOT / "rollout/model/gate/by_hand.py").read_text(encoding="utf-8")  # its words are a file's keys
    text = sources("rollout/model/gate").replace(asked_by_hand, "")
    keys = set(re.findall(r"(?:\(|key=|Verdict\.HOLD,|return)\s*\"([a-z-]+)\",", text))
    assert {"stale", "platform", "grey", "veto", "soak"} <= keys
    assert sorted(keys - {"pass", "rollback"} - rows(GATE)) == []
    assert f"Rule version {RULE_VERSION} " in GATE


def test_reasons_against_a_raise() -> None:
    keys = set(re.findall(r"Refusal\(\s*\"([a-z-]+)\"", sources("rollout/model/judge", "rollout/provider/judging")))
    assert {"ladder", "soak", "no-drill", "region", "probe"} <= keys
    assert sorted(keys - rows(MOVES)) == []


def test_the_metrics_contract() -> None:
    """Each metric of the catalogue with its counters, and no counter that it hasn't."""
    asked = {
        name
        for domain in CATALOGUE.domains.values()
        for metric in domain.metrics
        for name in (metric.bad, metric.total)
    }
    section = GATE[GATE.index("## The metrics contract") : GATE.index("## What is counted")]
    table = "\n".join(line for line in section.splitlines() if line.startswith("| "))
    named = set(re.findall(r"`([A-Z]\w+)`", table))
    assert named == asked - {None}
    assert {metric.name for domain in CATALOGUE.domains.values() for metric in domain.metrics} <= rows(table)


def test_the_ladder() -> None:
    assert ", ".join(map(str, LADDER)) + " %" in MOVES


def test_keys_of_the_config() -> None:
    page = (ROOT / "docs/config.md").read_text(encoding="utf-8")
    assert not [key for key in KEYS if key not in rows(page)]
    assert {f"{PREFIX}{key}:" for key in KEYS} <= set(re.findall(rf"^  ({PREFIX}[a-z-]+:)", page, re.M)), (
        "the example has all"
    )


def test_the_example_of_a_config() -> None:
    page = (ROOT / "docs/config.md").read_text(encoding="utf-8")
    example = re.findall(r"```yaml\n(.*?)```", page, re.S)[-1]
    read = parse(example.encode(), "docs/config.md", CATALOGUE)
    assert not read.warnings
    assert read.flags["ai-agents"].percent == 50
