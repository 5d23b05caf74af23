"""Whether the gate can decide within the soaks, by figures computed by hand from docs/rules/gate.md.

Clean events for 100 to 1: ln 100 / ln((1 - good) / (1 - bad level / w)), at least 50. Sessions (0.05 %, 0.5 %) at the next
shares 10, 25, 50, 100 %: 91, 234, 483, 1,021; errors (0.1 %, 1 %): 50, 116, 240, 509. Of all the domain's, 91 at 5 % are
1,820; 234 at 10 % are 2,340; 483 at 25 % are 1,932; 1,021 at 50 % are 2,042.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rollout.commands import cli
from rollout.commands.plan import decidable
from rollout.commands.project import files
from rollout.model.catalogue.domain import Catalogue, Domain
from rollout.model.plan.feasible import Raise, longer, options, raises, soaks, traffic
from tests.pure.samples import CATALOGUE, ROOT

AGENTS, JOBS = CATALOGUE.domains["ai-agents"], CATALOGUE.domains["jobs"]

#: A domain of 2,000 requests a day, with a session for every 5 of them.
SMALL = {"errors": 2000, "latency": 2000, "sessions": 400}


def expecting(domain: Domain, **expected: int) -> list[Raise]:
    return raises(replace(domain, expected_per_day=expected))


def needed(found: list[Raise], metric: str) -> list[int]:
    return [round(need.needed) for one in found for need in one.needs if need.metric.name == metric]


def test_events_a_day_that_each_raise_needs() -> None:
    agents, jobs = raises(AGENTS), raises(JOBS)
    assert [(one.percent, one.to, one.soak_hours) for one in agents] == [
        (5, 10, 48),
        (10, 25, 48),
        (25, 50, 24),
        (50, 100, 24),
    ]
    assert needed(agents, "sessions") == [910, 1170, 1932, 2042]  # 1,820 and 2,340 in 2 days, the rest in 1
    assert needed(jobs, "sessions") == [910, 2340, 1932, 2042]
    assert needed(agents, "errors") == [500, 580, 960, 1018]
    assert needed(jobs, "errors") == [500, 1160, 960, 1018]
    assert needed(jobs, "posting") == [30, 30, 12, 6]  # presence: 3 events
    assert needed(jobs, "complaints") == []


def test_the_catalogues_own_expectation_is_enough() -> None:
    for domain in CATALOGUE.domains.values():
        found = raises(domain)
        assert [one.decided for one in found] == [True] * 4, domain.name
        assert (longer(found), options(found)) == (0, [])


def test_exactly_enough_is_enough() -> None:
    assert [one.decided for one in expecting(AGENTS, errors=1018, latency=10**6, sessions=2042)] == [True] * 4
    assert [one.decided for one in expecting(AGENTS, errors=1018, latency=10**6, sessions=2041)] == [True] * 3 + [False]
    assert [one.decided for one in expecting(AGENTS, errors=1017, latency=10**6, sessions=2042)] == [True] * 3 + [False]


def test_2000_requests_a_day_take_about_14_days_longer() -> None:
    found = expecting(AGENTS, **SMALL)
    assert [one.bottleneck.metric.name if one.bottleneck else "" for one in found] == ["sessions"] * 4
    assert [round(one.days or 0, 2) for one in found] == [4.55, 5.85, 4.83, 5.11]  # 1,820 / 400, 2,340 / 400, ...
    assert longer(found) == pytest.approx(4.55 + 5.85 + 4.83 + 5.105 - 6)  # 14.3
    assert soaks(found) == {5: 110, 10: 141, 25: 116, 50: 123}  # 4.55 days are 109.2 h
    assert traffic(found) == {"sessions": 2042}


def test_the_soaks_that_are_offered_do_decide() -> None:
    found = expecting(AGENTS, **SMALL)
    longer_soaks = replace(AGENTS, expected_per_day=SMALL, soak_hours=AGENTS.soak_hours | dict(soaks(found)))
    assert [one.decided for one in raises(longer_soaks)] == [True] * 4
    assert [one.decided for one in expecting(AGENTS, **{**SMALL, **traffic(found)})] == [True] * 4


def test_the_waiver_that_is_offered_accepts_what_the_data_will_allow() -> None:
    """40 sessions, 5 % of 400 in 2 days: 1 - 0.01 ** (1 / 40) = 10.9 %; then 80: 5.6 %; 100: 4.5 %; 200: 2.3 %."""
    (waivers,) = [option for option in options(expecting(AGENTS, **SMALL)) if "waivers" in option]
    rates = "sessions to 10 from 11 %, sessions to 25 from 5.6 %, sessions to 50 from 4.6 %, sessions to 100 from 2.3 %"
    assert waivers == f"waivers that accept too-little-data, with `worst`: {rates}"
    assert (1 - 0.01 ** (1 / 100)) < 0.046, "rounded up: 4.5 % would be refused"
    assert (1 - 0.01 ** (1 / 100)) > 0.045


def test_unknown_traffic_is_not_guessed() -> None:
    found = expecting(JOBS, errors=20000, latency=20000, sessions=6000)
    assert [one.decided for one in found] == [None] * 4
    assert found[0].unknown == ("posting", "search", "applications", "notifications")
    assert options(found) == []
    assert [one.decided for one in expecting(JOBS, sessions=10)] == [False] * 4, "what is known is too little already"
    nothing = expecting(JOBS)
    assert [(one.decided, one.bottleneck) for one in nothing] == [(None, None)] * 4


def test_no_traffic_at_all_is_never_decided() -> None:
    found = expecting(AGENTS, errors=20000, latency=20000, sessions=0)
    assert [(one.decided, one.days) for one in found] == [(False, None)] * 4
    assert longer(found) is None
    assert options(found) == ["more traffic, a day: sessions 2,042"]


def with_expected(**expected: dict[str, int]) -> Catalogue:
    changed = {name: replace(CATALOGUE.domains[name], expected_per_day=told) for name, told in expected.items()}
    return replace(CATALOGUE, domains=CATALOGUE.domains | changed)


def test_the_block_says_it_plainly_in_80_columns() -> None:
    lines = list(decidable.text(with_expected(jobs=SMALL, property={"errors": 0}, marketplace={})))
    assert max(map(len, lines)) <= 80, "\n".join(lines)
    assert lines[0] == "gate: 4 of 16 raises can be decided within their soak, if no event is bad"
    text = "\n".join(lines)
    assert "ai-agents      5 ->  10 %  yes        0.3 of 2  sessions          910     6,000" in lines
    assert "jobs          10 ->  25 %  NO         5.8 of 1  sessions        2,340       400" in lines
    assert "property       5 ->  10 %  NO       never of 2  errors            500         0" in lines
    assert "marketplace    5 ->  10 %  unknown      ? of 2  -" in lines
    assert "jobs: 4 of 4 raises not decided in time, about 15 days more than its soaks" in lines
    assert "property: 4 of 4 raises not decided in time, some are never decided" in lines
    assert "jobs: expected traffic unknown: posting, search, applications, notifications;" in text
    assert "  - longer soak-hours: 5: 110, 10: 141, 25: 116, 50: 123" in lines
    assert "needs: presence" in text


def run_plan(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(["plan", *options])
    return int(ended.value.code or 0), capsys.readouterr().out


def test_plan_shows_it_and_still_ends_with_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stacks").symlink_to(ROOT / "stacks")
    told = (ROOT / "domains.yaml").read_text()
    (tmp_path / "domains.yaml").write_text(told.replace("sessions: 6000", "sessions: 400"))
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    for name in ("PULUMI_STACK", "PULUMI_BACKEND_URL"):
        monkeypatch.delenv(name, raising=False)
    code, out = run_plan(capsys)
    assert code == 0
    assert 0 < out.index("moves on this day") < out.index("gate: 0 of 16 raises") < out.index("note: ")
    code, out = run_plan(capsys, "--json")
    assert code == 0
    agents = json.loads(out)["gate"][0]
    assert agents["domain"] == "ai-agents"
    assert agents["days_longer"] == pytest.approx(14.33, abs=0.01)
    assert len(agents["options"]) == 3
    assert agents["raises"][1] == {
        "from": 10, "to": 25, "soak_hours": 48, "decided": False, "bottleneck": "sessions",
        "needed_per_day": 1170.0, "expected_per_day": 400, "days": 5.85, "unknown": [],
        "first_look": 0.0, "days_late": pytest.approx(4.1, abs=1.0),
    }  # fmt: skip
