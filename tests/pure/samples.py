"""What the pure tests share: the project's own files as bytes, and a way to catch what a reader refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import Catalogue
from rollout.model.problem import BadInput, Problem
from rollout.model.stack_file import config

ROOT = Path(__file__).resolve().parents[2]
DOMAINS = (ROOT / "domains.yaml").read_bytes()


def without_places(raw: bytes) -> bytes:
    """A stack file without the lines that entries are written under: as files were before there were such lines."""
    begin, end = raw.index(b"  # What forbids, and what"), raw.index(b"    # restore: property\n")
    return raw[:begin] + raw[end + len(b"    # restore: property\n") :]


PROD = without_places((ROOT / "Pulumi.prod.yaml").read_bytes())
DAY_6 = (ROOT / "stacks/day-06.yaml").read_bytes()
CATALOGUE = catalogue.parse(DOMAINS, "domains.yaml")

#: A stack file with every entry that docs/config.md names.
FULL = b"""\
config:
  rollout:region: eu-west-1
  other:key: 012
  wa-rollout:start: "2026-12-01"
  wa-rollout:gate: required
  wa-rollout:drill: off
  wa-rollout:on-call:
    who: Ana K.
    reach: "#wa-oncall"
    hours: "08:00-18:00 Africa/Kigali"
  wa-rollout:flags:
    ai-agents:
      percent: 50   # half
    jobs:
      enabled: true
      percent: 10
    marketplace:
      enabled: false
      percent: 0
    property:
      enabled: true
      percent: 0
  wa-rollout:freeze:
    why: "INC-7: duplicate applications"
    by: Ana K.
  wa-rollout:held:
    jobs:
      why: "INC-9: p95 1,900 ms, slow query"
      by: Ana K.
  wa-rollout:breach:
    jobs:
      attempt: 1
      at: "2026-12-09T02:14:00Z"
      metric: errors
      seen: "31 of 1,800"
      from: 25
      to: 10
      by: watch
      cleared: {why: "a false alarm", by: Ana K., reviewed-by: Ben}
  wa-rollout:attempt:
    jobs:
      number: 2
      why: "fixed in unified 1.42, INC-7"
      by: Ana K.
  wa-rollout:waivers:
    jobs-applications-25:
      domain: jobs
      metric: applications
      to: 25
      accepts: too-little-data
      worst: 4%
      why: "about 40 applications a day; tested by hand, link"
      by: Ana K.
      until: "2026-12-14T00:00:00Z"
  wa-rollout:restore:
    ai-agents:
      why: "secret deleted by mistake, CHG-12"
      by: Ana K.
      until: "2026-12-10T12:00:00Z"
  wa-rollout:checked:
    jobs:
      tested-in-staging: "Ben, 2026-12-07, link"
      data-audit: "Ben, 2026-12-08, link"
  wa-rollout:notes:
    "2026-12-03": "two agents answered in French; expected"
  wa-rollout:commands:
    smoke:
      run: ./scripts/smoke.sh
      when: after-change
  wa-rollout:closed:
    why: "week 7, archived"
    by: Ana K.
"""


def read_stack(raw: bytes) -> config.StackConfig:
    return config.parse(raw, "Pulumi.prod.yaml", CATALOGUE)


def read_day(raw: bytes) -> config.Day:
    return config.parse_day(raw, "stacks/day-06.yaml", CATALOGUE)


def read_catalogue(raw: bytes) -> Catalogue:
    return catalogue.parse(raw, "domains.yaml")


#: The three kinds of file, each with its reader and a good example.
READERS: list[tuple[str, Callable[[bytes], object], bytes]] = [
    ("Pulumi.prod.yaml", read_stack, PROD),
    ("stacks/day-06.yaml", read_day, DAY_6),
    ("domains.yaml", read_catalogue, DOMAINS),
]
each_reader = pytest.mark.parametrize(("file", "read", "good"), READERS, ids=["stack", "day", "catalogue"])


def refused(read: Callable[[bytes], object], raw: bytes) -> list[Problem]:
    """The problems with which `read` refuses `raw`; fails where it doesn't."""
    with pytest.raises(BadInput) as caught:
        read(raw)
    return list(caught.value.problems)


def swap(raw: bytes, old: str, new: str) -> bytes:
    """`raw` with the one place where `old` stands changed; fails where it isn't exactly one."""
    assert raw.count(old.encode()) == 1, f"{old!r} stands {raw.count(old.encode())} times"
    return raw.replace(old.encode(), new.encode())
