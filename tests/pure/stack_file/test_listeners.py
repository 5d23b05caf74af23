"""`wa-rollout:notify`: tolerant, one warning an entry, and no endpoint is ever repeated in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.model.catalogue import reading as catalogue
from rollout.model.stack_file import config, listeners

HOME = Path(__file__).resolve().parents[3]
KNOWN = catalogue.parse((HOME / "domains.yaml").read_bytes(), "domains.yaml")
STACK = (HOME / "Pulumi.local.yaml").read_text()
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:wa-oncall"


def parsed(body: str) -> config.StackConfig:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return config.parse(f"{STACK}  wa-rollout:notify:\n{lines}".encode(), "Pulumi.local.yaml", KNOWN)


def test_absent_is_nobody() -> None:
    assert config.parse(STACK.encode(), "Pulumi.local.yaml", KNOWN).notify == {}


def test_each_kind_of_endpoint() -> None:
    found = parsed(f"hold:\n  queue: {QUEUE}\n  page: https://example.org/hook\ninvestigate:\n  ana: ana@example.org")
    assert found.notify == {
        "hold": {"queue": QUEUE, "page": "https://example.org/hook"},
        "investigate": {"ana": "ana@example.org"},
    }
    assert [listeners.protocol(end) for end in found.notify["hold"].values()] == ["sqs", "https"]
    assert listeners.protocol("ana@example.org") == "email"
    assert found.warnings == config.parse(STACK.encode(), "Pulumi.local.yaml", KNOWN).warnings


@pytest.mark.parametrize(
    "body",
    ["hold: ana@example.org", "holds:\n  a: ana@example.org", "hold:\n  a: [b]", "hold:\n  a: 7", "hold:\n  a: http://x.org/y",
     "hold:\n  a: https://u:CANARY@x.org/", "hold:\n  a: https://x.org/?key=CANARY", f"hold:\n  a: {QUEUE}.fifo", "- a"],
)  # fmt: skip
def test_what_cannot_be_read_is_absent_with_a_warning(body: str) -> None:
    found = parsed(body)
    assert found.notify == {}
    assert any("wa-rollout:notify" in text for text in found.warnings)
    assert "CANARY" not in " ".join(found.warnings)


def test_a_bad_entry_takes_no_good_one_with_it() -> None:
    assert parsed("hold:\n  a: 7\n  b: ana@example.org").notify == {"hold": {"b": "ana@example.org"}}
