"""The edge function's code (docs/edge-function) against the model that the plan is judged by: same people, same numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import combinations, pairwise

import pytest

from rollout.model.alarms.alarm import LATENCY, NAMESPACE
from rollout.model.gate import seen as gate_seen
from rollout.model.ladder import LADDER, parse_percent
from rollout.provider.sources.cloudwatch import UNIT
from tests import edge
from tests.pure.samples import CATALOGUE

pytestmark = pytest.mark.processes  # the compiler, and Node

BUCKETS = 10_000
PEOPLE = 100_000
#: Standard deviations that a measured share may be off. By chance: about one of 15,000,000 shares.
SIGMAS = 5.3
DOMAINS = list(CATALOGUE.domains)
HOSTILE = [
    "05", " 5", "5 ", "5\n", "\t5\r\n", "5.0", "5,0", "1e1", "", " ", "٥", "५", "５", "²", "100", "101", "0100", "000", "-0", "-5",
    "+5", "0x5", "0b1", "5%", "5 %", "5 5", "5_0", "NaN", "null", "true", "Infinity", "(binary)", "5\0", "\0", "\ufeff5",
    "\x1c5", "\x855", "\u20285", "\u200b5", "9" * 20, "0" * 19 + "5", "0" * 20 + "5", "9" * 5000, "37", "5\n5", '"5"',
]  # fmt: skip


def bucket(domain: str, key: str) -> int:
    """The same hash again, from its published parts: FNV-1a, then MurmurHash3's finalizer."""
    value = 0x811C9DC5
    for byte in f"{domain}\n{key}".encode():
        value = (value ^ byte) * 0x01000193 % 2**32
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        value = (value ^ value >> shift) * factor % 2**32
    return (value ^ value >> 16) % BUCKETS


def phones() -> list[str]:
    """Numbers as one town has them: two operators, half of them one after the other, half with gaps."""
    near = [str(250_788_000_000 + number) for number in range(PEOPLE // 2)]
    return near + [str(250_722_000_000 + number * 17) for number in range(PEOPLE // 2)]


@pytest.fixture(scope="module")
def dealt() -> dict[str, list[int]]:
    """Domain -> the bucket of each of `phones()`, as the code deals them."""
    body = "return Object.fromEntries(given[0].map((d) => [d, given[1].map((key) => it.bucketOf(d, key))]));"
    found: dict[str, list[int]] = edge.ask("bucket", body, [DOMAINS, phones()])
    return found


def near(count: int, of: int, share: float) -> bool:
    """Whether `count` of `of` is within the binomial's bounds for `share`."""
    return abs(count - of * share) <= SIGMAS * math.sqrt(of * share * (1 - share))


@pytest.mark.parametrize("name", ["aliases", "bucket", "counters", "database", "flags", "people", "route"])
def test_its_own_tests_pass(name: str) -> None:
    source = (edge.CODE / f"{name}.test.ts").read_text()
    done = edge.run("node", "--test", "--test-reporter=tap", str(edge.built() / f"{name}.test.js"))
    assert done.returncode == 0, done.stdout
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.M)
    assert passed is not None
    assert int(passed[1]) == len(re.findall(r"^test\(", source, re.M)) > 0


def test_a_bucket_depends_on_domain_and_key_alone() -> None:
    keys = ["", "0", "250788123456", "José", "😀", "a\nb", "x" * 10_000, *map(str, range(2000))]
    body = "return given[0].map((d) => given[1].map((key) => it.bucketOf(d, key)));"
    found = edge.ask("bucket", body, [DOMAINS, keys])
    assert found == [[bucket(domain, key) for key in keys] for domain in DOMAINS]


def test_a_raise_only_adds_people_and_a_rollback_takes_the_last_added() -> None:
    percents = [*range(101)]
    body = "return given[1].map((p) => given[0].filter((key) => it.place(it.bucketOf('jobs', key), p) === 'unified'));"
    served = [set(people) for people in edge.ask("bucket", body, [phones()[:3000], percents])]
    for low, high in pairwise(served):
        assert low <= high
    assert (len(served[0]), len(served[100])) == (0, 3000)
    assert sum(low < high for low, high in pairwise(served)) == 100  # each per cent adds somebody


def test_each_percent_serves_its_share(dealt: dict[str, list[int]]) -> None:
    for domain, buckets in dealt.items():
        for percent in (*LADDER, 1, 2, 37, 75, 99):
            count = sum(one < percent * (BUCKETS // 100) for one in buckets)
            assert near(count, PEOPLE, percent / 100), f"{domain} {percent} %: {count} of {PEOPLE}"


def test_what_a_rung_adds_is_dealt_evenly_too(dealt: dict[str, list[int]]) -> None:
    """Every hundredth of every domain, so that no rung is made of one operator's people."""
    for domain, buckets in dealt.items():
        for half in (buckets[: PEOPLE // 2], buckets[PEOPLE // 2 :]):
            for hundredth in range(100):
                count = sum(one // 100 == hundredth for one in half)
                assert near(count, len(half), 0.01), f"{domain}: {count} of {len(half)} in hundredth {hundredth}"


@pytest.mark.parametrize(("one", "other"), [*combinations(DOMAINS, 2)])
@pytest.mark.parametrize("percent", [5, 10, 25, 50])
def test_no_two_domains_begin_with_the_same_people(
    dealt: dict[str, list[int]], one: str, other: str, percent: int
) -> None:
    first = sum(both(dealt[one], dealt[other], percent))
    assert near(first, PEOPLE, (percent / 100) ** 2), f"{first} of {PEOPLE} are first in both"


def both(some: Sequence[int], more: Sequence[int], percent: int) -> list[bool]:
    border = percent * (BUCKETS // 100)
    return [one < border and other < border for one, other in zip(some, more, strict=True)]


def test_a_percent_is_read_as_the_model_reads_it() -> None:
    found = edge.ask("bucket", "return given.map((text) => it.parsePercent(text));", HOSTILE)
    assert dict(zip(HOSTILE, found, strict=True)) == {text: parse_percent(text) for text in HOSTILE}


def test_no_character_before_or_after_a_percent_is_read_otherwise() -> None:
    """All of the basic plane and two beyond it (half a surrogate pair is no text that a store returns)."""
    signs = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000] + ["😀", "𝟓"]
    body = "return given.map((sign) => [sign + '5', '5' + sign].map((text) => it.parsePercent(text)));"
    found = edge.ask("bucket", body, signs)
    wrong = [
        f"U+{ord(sign):04X}: {seen}"
        for sign, seen in zip(signs, found, strict=True)
        if seen != [parse_percent(sign + "5"), parse_percent("5" + sign)]
    ]
    assert wrong == []


def test_its_flags_are_the_catalogues() -> None:
    wanted = {
        name: {"percent": domain.percent_flag} | ({"enable": domain.enable_flag} if domain.enable_flag else {})
        for name, domain in CATALOGUE.domains.items()
    }
    assert edge.ask("flags", "return it.FLAGS;") == wanted


def test_its_counters_are_the_catalogues() -> None:
    """Each metric's pair, and every counter's name: a name that nobody asks for would count for nothing."""
    common = {"errors": "ERRORS", "latency": "LATENCY", "sessions": "SESSIONS"}
    shared, features, names = edge.ask(
        "counters",
        f"return [[{', '.join(f'it.{name}' for name in common.values())}], it.FEATURES, "
        "Object.fromEntries(given.map((d) => [d, it.countersOf(d)]))];",
        DOMAINS,
    )
    for name, domain in CATALOGUE.domains.items():
        pairs = {metric.name: [metric.bad, metric.total] for metric in domain.metrics if metric.total}
        assert dict(zip(common, shared, strict=True)) | features[name] == pairs
        asked = {counter for metric in domain.metrics for counter in (metric.bad, metric.total) if counter}
        assert (set(names[name]), len(names[name])) == (asked, len(asked))


def test_it_speaks_of_the_same_namespace_service_and_times() -> None:
    body = (
        "const data = it.dataOf('jobs', 0, it.request(30, false));"
        "return [it.NAMESPACE, it.SERVICE, [...new Set(data.map((d) => d.Unit))], data.at(-1).MetricName];"
    )
    assert edge.ask("counters", body) == [NAMESPACE, CATALOGUE.unified, [UNIT, "Milliseconds"], LATENCY]
    keep, trust = edge.ask("flags", "return [it.KEEP, it.TRUST];")
    assert keep <= gate_seen.SETTLING.total_seconds() * 1000
    assert trust <= 5 * 60 * 1000  # the seed: "Wait 5 minutes, verify traffic back"
    late = edge.ask("counters", "return 60000 * 1000 - it.dueAt(60000 * 1000);")
    assert late < gate_seen.LATE.total_seconds() * 1000
