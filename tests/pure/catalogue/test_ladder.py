"""Ladders of a project's own: read, refused, and every rule that names a rung with 1-10-50-100 in the seed's place."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.commands.rollback.stop import target
from rollout.model.catalogue.domain import Catalogue, Domain, digest
from rollout.model.gate import fire, metric
from rollout.model.gate.seen import Seen
from rollout.model.gate.verdict import Question, judge_domain
from rollout.model.judge.rules import judge_raise
from rollout.model.ladder import DEFAULT, Ladder
from rollout.model.plan import feasible
from rollout.model.problem import BadInput
from rollout.model.reports.performance import limit_of
from rollout.model.stack_file import config, edit
from rollout.provider.stores.store import Entry
from tests.pure.cases import asked
from tests.pure.samples import CATALOGUE, DOMAINS, PROD, read_catalogue, refused, swap

FEW = Ladder((0, 1, 10, 50, 100))
OWN = b"    ladder: [1, 10, 50, 100]\n    soak-hours: {1: 48, 10: 24, 50: 24, 100: 48}\n"


def with_ladder(soak: bytes = OWN) -> bytes:
    """The seed's catalogue where ai-agents climbs 1-10-50-100; what it asks at 5 % and 25 % is asked at 1 % and 10 %."""
    start, end = DOMAINS.index(b"  ai-agents:\n"), DOMAINS.index(b"\n  jobs:\n")
    body = DOMAINS[start:end]
    hours, after = body.index(b"    soak-hours:"), body.index(b"    expected-per-day:")
    items = body[after:].replace(b"before: 5\n", b"before: 1\n").replace(b"before: 25\n", b"before: 10\n")
    return DOMAINS[:start] + body[:hours] + soak + items + DOMAINS[end:]


def adopted() -> Catalogue:
    return read_catalogue(with_ladder())


def domain() -> Domain:
    return adopted().domains["ai-agents"]


def test_the_seeds_digests_are_those_of_stacks_made_before_a_ladder_could_be_said() -> None:
    assert {name: one.digest for name, one in CATALOGUE.domains.items()} == {
        "ai-agents": "06823d7db3589103",
        "jobs": "d76469478da018a3",
        "marketplace": "7f49da101bd901b5",
        "property": "8776209e4352abe8",
    }


def test_a_digest_has_its_domains_own_ladder_in_it() -> None:
    found = adopted()
    assert {name: one.ladder for name, one in found.domains.items()} == dict.fromkeys(CATALOGUE.domains, DEFAULT) | {
        "ai-agents": FEW
    }
    assert [name for name, one in found.domains.items() if one.digest != CATALOGUE.domains[name].digest] == [
        "ai-agents"
    ]
    said = read_catalogue(b"ladder: [0, 5, 10, 25, 50, 100]\n" + DOMAINS)
    assert said.domains == CATALOGUE.domains, "the seed's ladder, said or not, is one rule"
    one = CATALOGUE.domains["jobs"]
    assert digest(replace(one, ladder=Ladder((0, 5, 10, 25, 50, 75, 100))), 2) != one.digest


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("[1, 10, 10, 100]", "ladder is none: it doesn't rise: 10 after 10"),
        ("[1, 50, 10, 100]", "ladder is none: it doesn't rise: 10 after 50"),
        ("[1, 10, 50]", "ladder is none: it doesn't end at 100"),
        ("[0]", "ladder is none: it doesn't end at 100"),
        ("[1, 10, 101]", "ladder is none: a rung is no whole number from 0 to 100"),
        ("[1, -10, 100]", "ladder is none: a rung is no whole number from 0 to 100"),
        ("[0, 0, 100]", "ladder is none: it doesn't rise: 0 after 0"),
        ("[1, 2.5, 100]", "ladder is no list of whole numbers"),
        ("[1, true, 100]", "ladder is no list of whole numbers"),
        ('["1", 100]', "ladder is no list of whole numbers"),
        ("[]", "ladder is no list of whole numbers"),
        ("1-10-50-100", "ladder is no list of whole numbers"),
        ("{1: 100}", "ladder is no list of whole numbers"),
    ],
)
@pytest.mark.parametrize("where", ["catalogue", "domain"])
def test_what_is_no_ladder(given: str, says: str, where: str) -> None:
    line = f"ladder: {given}\n".encode()
    raw = line + DOMAINS if where == "catalogue" else with_ladder(b"    " + line + OWN.partition(b"\n")[2])
    problems = refused(read_catalogue, raw)
    assert says in [problem.what for problem in problems]
    assert all("ends at 100" in problem.allowed for problem in problems if problem.what == says)


@given(st.lists(st.integers(1, 99), unique=True, max_size=9))
def test_every_rising_list_is_a_ladder_and_its_rungs_follow_each_other(between: list[int]) -> None:
    found = Ladder((0, *sorted(between), 100))
    assert [found.next(rung) for rung in found.rungs] == [*found.above, None]
    assert [found.previous(rung) for rung in found.rungs] == [0, *found.rungs[:-1]]
    assert [found.height(rung) for rung in found.rungs] == list(range(len(found.rungs)))
    for percent in range(101):
        assert found.under(percent) <= percent < (found.next(percent) or 101)
        assert (percent in found) == (found.under(percent) == percent)
    assert not any(odd in found for odd in (True, False, 5.0, "5", None, -5, 101))


def test_a_soak_and_an_item_belong_to_a_rung_of_the_domains_ladder() -> None:
    wrong = refused(read_catalogue, swap(with_ladder(), "50: 24, 100", "25: 24, 100"))
    assert [(one.what, one.allowed) for one in wrong if "soak" in one.what] == [
        ("soak for 25, which is no rung above 0", "1, 10, 50, 100")
    ]
    assert [one.what for one in wrong if "missing" in one.what] == ["50 is missing"]
    item = refused(read_catalogue, with_ladder().replace(b"        before: 1\n", b"        before: 5\n", 1))
    assert [(one.what, one.allowed) for one in item] == [("before is no rung of the ladder", "1, 10, 50, 100")]


def test_what_is_asked_of_all_domains_is_asked_no_later_where_the_rung_is_missing() -> None:
    before = {item.name: item.before for item in domain().checklist}
    assert (before["deployed"], before["support-staff"]) == (1, 1), "asked before 5 % of all: here before 1 %"
    common = swap(
        with_ladder(),
        "    support-staff:\n      kind: attested\n      ask: extra support staff are there   # seed, operational safeguards 5\n      before: 5",
        "    support-staff:\n      kind: attested\n      ask: extra support staff are there\n      before: 25",
    )
    assert {item.name: item.before for item in read_catalogue(common).domains["ai-agents"].checklist}[
        "support-staff"
    ] == 10


def test_a_prerequisite_is_a_rung_of_the_other_domains_ladder() -> None:
    raw = with_ladder()
    asked_for = "        percent: 100\n        hours: 24 "
    assert (
        read_catalogue(swap(raw, asked_for, "        percent: 1\n        hours: 24 "))
        .domains["jobs"]
        .prerequisites[0]
        .percent
        == 1
    )
    (problem,) = refused(read_catalogue, swap(raw, asked_for, "        percent: 25\n        hours: 24 "))
    assert (problem.what, problem.allowed) == ("percent is no rung of the ladder", "1, 10, 50, 100")


@pytest.mark.parametrize(
    ("rungs", "expected"),
    [((0, 1, 10, 50, 100), "50"), ((0, 100), "0"), (DEFAULT.rungs, "50"), ((0, 20, 80, 100), "80")],
)
def test_from_100_a_rollback_goes_to_the_rung_under_it(rungs: tuple[int, ...], expected: str) -> None:
    assert metric.target_of("rollback-previous", 100, Ladder(rungs)) == expected
    assert metric.target_of("rollback-previous", rungs[-2] or 50, Ladder(rungs)) == "previous"
    assert metric.target_of("rollback-zero", 100, Ladder(rungs)) == "zero"
    errors = next(one for one in CATALOGUE.domains["jobs"].metrics if one.name == "errors")
    burning = metric.judge_metric(errors, Seen(50, 1000), percent=100, next_percent=None, ladder=Ladder(rungs))
    assert burning.target == expected


def test_the_verdict_on_a_domain_takes_its_own_ladder() -> None:
    tall = replace(domain(), ladder=Ladder((0, 20, 80, 100)))
    answer = judge_domain(Question(tall, 100, None, {"errors": Seen(50, 1000)}))
    found = fire.from_answer(tall.name, answer, tall.ladder)
    assert found is not None
    assert (answer.target, found.to, found.severity) == ("80", "80", "major")
    policy = next(one for one in tall.alerts if one.metric == "errors")
    alarmed = fire.from_alarm(tall.name, 100, policy, 2, timedelta(days=1), None, compared=False, ladder=tall.ladder)
    assert alarmed is not None
    assert alarmed.to == "80"


@pytest.mark.parametrize(
    ("rungs", "last"),
    [(DEFAULT.rungs, 5), (FEW.rungs, 1), ((0, 2, 3, 100), 2), ((0, 10, 100), 10)],
)
def test_the_first_rungs_limit_holds_at_the_first_rung(rungs: tuple[int, ...], last: int) -> None:
    """No customer complaints at the first rung, up to 3 above it; gate and report say the same."""
    complaints = next(one for one in CATALOGUE.domains["jobs"].metrics if one.name == "complaints")
    climb = Ladder(rungs)
    for percent in (1, 2, 3, 5, 10, 11, 25, 50, 100):
        first = percent <= last
        judged = metric.judge_metric(complaints, Seen(1), percent=percent, next_percent=100, ladder=climb)
        assert judged.limit == (0 if first else 3), percent
        assert limit_of(complaints, percent, climb) == ("0" if first else "3")


def test_a_raise_goes_to_the_next_rung_and_waits_where_live_is_on_none() -> None:
    known = adopted()
    few = known.domains["ai-agents"]

    def refusals(live: int, wanted: int) -> list[tuple[str, str]]:
        ask = replace(asked(live, wanted), domain=few, catalogue=known, new_digest=few.digest, old_digest=few.digest)
        return [(one.key, one.do) for one in judge_raise(ask) if one.key == "ladder"]

    assert refusals(0, 1) == refusals(1, 10) == refusals(10, 50) == refusals(50, 100) == []
    assert refusals(1, 5) == refusals(1, 50) == [("ladder", "set percent: 10")]
    assert refusals(25, 50) == [("ladder", "lower the stack to 10, then climb")], "25 was a rung of the ladder before"
    assert refusals(5, 10) == [("ladder", "lower the stack to 1, then climb")]


@pytest.mark.parametrize(
    ("live", "to", "expected"),
    [
        (25, "previous", 10),
        (50, "previous", 10),
        (5, "previous", 1),
        (1, "previous", 0),
        (100, "previous", 50),
        (25, "50", 10),
        (25, "10", 10),
        (25, "1", 1),
        (25, "zero", 0),
        (0, "previous", 0),
    ],
)
def test_a_lowering_goes_to_the_next_lower_rung(live: int, to: str, expected: int) -> None:
    assert target(to, Entry("flag", str(live), "v"), FEW) == expected


@given(st.integers(0, 100), st.integers(0, 100))
def test_with_no_catalogue_a_rollback_still_goes_down(live: int, to: int) -> None:
    """Any percent is a target, and none is over what is live: nobody knows the ladder."""
    entry = Entry("flag", str(live), "v")
    assert target(str(to), entry, None) <= min(live, to)
    previous = target("previous", entry, None)
    assert previous == 0 or previous < live


def test_every_raise_of_a_plan_is_between_two_rungs() -> None:
    assert [(one.percent, one.to, one.soak_hours) for one in feasible.raises(domain())] == [
        (1, 10, 48),
        (10, 50, 24),
        (50, 100, 24),
    ]


def test_a_stack_file_takes_its_domains_rungs_and_names_them() -> None:
    known = adopted()

    def read(percent: int, domain: str) -> object:
        text = edit.set_flag(PROD.decode(), domain, percent, True if domain != "ai-agents" else None)
        return config.parse(text.encode(), "Pulumi.prod.yaml", known).flags[domain].percent

    assert (read(1, "ai-agents"), read(5, "jobs")) == (1, 5)
    for percent, domain, allowed in ((5, "ai-agents", FEW), (1, "jobs", DEFAULT)):
        with pytest.raises(BadInput) as caught:
            read(percent, domain)
        (problem,) = caught.value.problems
        assert problem.what == f"percent {percent} is no rung of the ladder"
        assert problem.allowed == f"{allowed.show()} (a plain whole number)"
