"""The gate inside the write: real counters from the endpoint decide, and what can't be read decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rollout.model.flag.moves import Live
from rollout.model.gate import window
from rollout.provider.aws.calls import Aws
from rollout.provider.judging import evidence, judging
from rollout.provider.judging.context import Context
from rollout.provider.settings import Settings
from rollout.provider.sources.cloudwatch import CloudWatch
from rollout.provider.stores.secrets_manager import SecretsManager
from rollout.provider.wire.row import Refused
from rollout.simulator.simulator import Simulator
from tests.provider.desk import Desk
from tests.reporter import UNIFIED, Reporter

LEGACY = "wa-webhook-ai-agents"
ENOUGH = 4000  # events an hour of the whole domain: 48 h decide every metric
Fault = Callable[..., None]


@pytest.fixture
def desk(settings: Settings) -> Desk:
    """As in a rehearsal: hourly counters, AI agents live at 5 % for 48 hours, the gate asked from then on."""
    hourly = replace(settings, count_period=3600)
    counters = CloudWatch(Aws(hourly, attempts=1, read_timeout=4))
    desk = Desk(Context(hourly, SecretsManager(hourly), counters=counters))
    desk.climb("ai-agents", 5)
    return desk


@pytest.fixture
def reporter(desk: Desk, moto: Simulator) -> Reporter:
    return Reporter.on(moto.url, desk.context.catalogue.domains["ai-agents"])


def raised(desk: Desk, to: int = 10, **told: Any) -> dict[str, Any]:
    return desk.percent("ai-agents", to, gate="required", **told)


def refused(desk: Desk, to: int = 10, **told: Any) -> str:
    before = desk.live("ai-agents")
    with pytest.raises(Refused) as refusal:
        raised(desk, to, **told)
    assert desk.live("ai-agents") == before
    return str(refusal.value)


def since(desk: Desk) -> Any:
    return desk.context.settings.now() - timedelta(hours=48)


def test_clean_counters_let_it_through_and_are_kept_in_moves(desk: Desk, reporter: Reporter) -> None:
    now = desk.context.settings.now()
    reporter.healthy(since(desk), now, each=ENOUGH, Errors=0)
    state = raised(desk)
    assert desk.live("ai-agents") == "10"
    said = desk.said("info")
    for line in (
        "PASS errors 0/",
        "PASS latency 0/",
        "PASS sessions 0/",
        "PASS complaints: 0",
        "PASS share ",
        "counted 2026",
    ):
        assert line in said
    move = state["moves"][-1]
    assert move["verdict"].endswith("gate PASS")
    assert move["gate"] == "2"
    assert {name for name, kept in move["counts"].items() if "dispersion" in kept} == {"errors", "latency", "sessions"}
    assert 1 <= move["counts"]["errors"].pop("dispersion") <= 5
    assert move["rules"], "how bunched errors are is no rule of the domain"
    assert move["window"] == ["2026-12-11T10:00:00Z", "2026-12-13T08:00:00Z"]
    assert move["counts"]["errors"] == {"bad": 0, "total": 46 * 200, "legacy_bad": 0, "legacy_total": 46 * 3800}
    assert move["counts"]["complaints"] == {"bad": 0}


# One planted breach each: what unified reports instead of clean counters, and the line it gets.
BREACHES: Mapping[str, tuple[dict[str, float], str]] = {
    "errors over the bad level": (
        {"Errors": 3},
        "ROLLBACK ai-agents 5 % -> 10 %: gate: errors 141/9,400: 1.5 %, limit 1 %",
    ),
    "errors between the limits": (
        {"Errors": 1},
        "HOLD ai-agents 5 % -> 10 %: gate: errors 46/9,200: 0.5 % isn't under 0.1 %",
    ),
    "latency over the bad level": (
        {"SlowRequests": 30},
        "HOLD ai-agents 5 % -> 10 %: gate: latency 1,380/9,200: 15 % is over 10 %",
    ),
    "latency between": ({"SlowRequests": 12}, "latency 552/9,200: 6 % isn't under 5 %"),
    "latency at the limit": (
        {"SlowRequests": 10},
        "baseline of latency: 460 of 9,200 on unified, 0 of 174,800 on legacy",
    ),
    "sessions broken": ({"BrokenSessions": 2}, "ROLLBACK ai-agents 5 % -> 10 %: gate: sessions 94/9,400"),
    "a complaint": ({"Complaints": 1}, "complaints: 24, limit 0"),
    "more bad than all": ({"Errors": 500}, "errors: impossible counts: 500 bad of 200"),
    "negative": ({"Errors": -1}, "errors: impossible counts: -1"),
    "half an event": ({"Errors": 0.5}, "errors: impossible counts: 0.5"),
    "no traffic arrives": ({"Sessions": 0}, "share 0/"),
    "all of it arrives": ({"Sessions": 4000}, "share 184,000/358,800"),
    "the units of sessions x 1000": ({"Sessions": 200_000}, "share 9,200,000/9,374,800"),
}


@pytest.mark.parametrize("key", BREACHES)
def test_a_planted_breach_stops_the_raise(desk: Desk, reporter: Reporter, key: str) -> None:
    values, says = BREACHES[key]
    reporter.healthy(since(desk), desk.context.settings.now(), each=ENOUGH, **values)
    assert says in refused(desk)


@pytest.mark.parametrize("counter", ["Errors", "Requests", "SlowRequests", "Sessions", "BrokenSessions", "Complaints"])
def test_a_misspelt_counter_promotes_nothing(desk: Desk, reporter: Reporter, counter: str) -> None:
    misspelt = replace(reporter, names={counter: counter.lower()})
    misspelt.healthy(since(desk), desk.context.settings.now(), each=ENOUGH)
    said = refused(desk)
    assert "no data" in said or "stale" in said


def test_another_unit_is_no_data(desk: Desk, reporter: Reporter) -> None:
    replace(reporter, unit="Milliseconds").healthy(since(desk), desk.context.settings.now(), each=ENOUGH)
    assert "HOLD ai-agents 5 % -> 10 %: gate: stale" in refused(desk)


def test_swapped_services_are_seen_by_the_share(desk: Desk, reporter: Reporter) -> None:
    reporter.healthy(since(desk), desk.context.settings.now(), share=0.95, each=ENOUGH)
    assert "share 174,800/184,000: 95 %, planned 5 %" in refused(desk)


def test_duplicates_are_no_evidence(desk: Desk, reporter: Reporter) -> None:
    for _ in range(2):
        reporter.healthy(since(desk), desk.context.settings.now(), each=ENOUGH)
    assert "one datum a minute, not more" in refused(desk)


def test_zeros_that_are_not_sent(desk: Desk, reporter: Reporter) -> None:
    now = desk.context.settings.now()
    silent = replace(reporter, names={"Errors": "Error"})
    silent.healthy(since(desk), now, each=ENOUGH)
    reporter.publish(UNIFIED, now - timedelta(hours=3), now - timedelta(hours=2), {"Errors": 1})
    assert "Errors reported in 1 of 46 minutes: the reporter must send zeros" in refused(desk)


def test_data_an_hour_old_is_stale(desk: Desk, reporter: Reporter) -> None:
    reporter.healthy(since(desk), desk.context.settings.now() - timedelta(hours=1), each=ENOUGH)
    assert "stale: the newest minute of Requests is older than 15 minutes" in refused(desk)


def test_too_little_says_how_much_is_missing(desk: Desk, reporter: Reporter) -> None:
    reporter.healthy(since(desk), desk.context.settings.now(), each=20)
    said = refused(desk)
    assert "HOLD ai-agents 5 % -> 10 %: gate: errors 0/46" in said
    assert "more clean requests to rule out" in said


WAIVER = {"name": "w", "domain": "ai-agents", "to": 10, "why": "link", "by": "Ana K.", "until": "2026-12-14T00:00:00Z"}


def test_a_waiver_passes_its_reason_and_is_kept(desk: Desk, reporter: Reporter) -> None:
    reporter.healthy(since(desk), desk.context.settings.now(), each=ENOUGH, Complaints=1)
    assert "complaints: 24, limit 0" in refused(
        desk, waivers=[{**WAIVER, "metric": "complaints", "accepts": "no-legacy"}]
    )
    said = refused(desk, waivers=[{**WAIVER, "metric": "complaints", "accepts": "above-limit"}])
    assert "over the bad level 3" in said


@pytest.mark.parametrize(
    "how",
    [
        {"status": 500},
        {"status": 400, "code": "Throttling"},
        {"status": 200, "body": "garbage"},
        {"status": 200, "body": "{}"},
        {"status": 0},
    ],
)
def test_a_source_that_fails_is_hold_and_no_failed_refresh(
    desk: Desk, reporter: Reporter, fault: Fault, moto: Simulator, how: dict[str, Any]
) -> None:
    reporter.healthy(since(desk), desk.context.settings.now(), each=ENOUGH)
    moto.call("PUT", "/faults", {"fail": [{"target": "cloudwatch.GetMetricData", **how}]})
    said = refused(desk)
    assert "gate: the counters can't be read: counters of ai-agents:" in said
    assert "Traceback" not in said
    desk.inputs["ai-agents"]["conditions"]["gate"] = "required"
    before = desk.state["ai-agents"]
    assert desk.refresh("ai-agents") == before
    assert "not judged: counters of ai-agents" in desk.said()
    desk.percent("ai-agents", 0, gate="required")  # a lowering asks nobody
    assert desk.live("ai-agents") == "0"


def test_a_refresh_warns_of_a_fire_and_changes_no_output(desk: Desk, reporter: Reporter) -> None:
    reporter.healthy(since(desk), desk.context.settings.now(), each=ENOUGH, Errors=3)
    before = desk.state["ai-agents"]
    desk.inputs["ai-agents"]["conditions"]["gate"] = "required"
    assert desk.refresh("ai-agents") == before
    assert "ROLLBACK ai-agents 5 %: errors 1" in desk.said()
    assert "make rollback DOMAIN=ai-agents TO=previous" in desk.said()


def test_from_zero_both_services_must_report(desk: Desk, reporter: Reporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        judging, "_decided", lambda *_, **__: ([], "")
    )  # who decided it after the lowering isn't asked here
    desk.percent("ai-agents", 0)
    desk.later(hours=1)
    now = desk.context.settings.now()
    said = refused(desk, 5)
    assert f"{UNIFIED} has reported no Errors, Requests" in said
    assert f"{LEGACY} has reported no Errors, Requests" in said
    desk.new_run()
    replace(reporter, names={"BrokenSessions": "BrokenSession"}).healthy(now - timedelta(hours=2), now, share=0)
    said = refused(desk, 5)
    assert f"{UNIFIED} has reported no BrokenSessions for 15 minutes" in said
    desk.new_run()
    reporter.healthy(now - timedelta(hours=2), now, share=0)
    raised(desk, 5)
    assert desk.live("ai-agents") == "5"


def test_one_call_a_domain_for_hourly_counters_and_two_by_the_minute_and_one_more_for_a_raise(
    desk: Desk, reporter: Reporter, moto: Simulator
) -> None:
    reporter.healthy(since(desk), desk.context.settings.now(), each=ENOUGH)
    desk.inputs["ai-agents"]["conditions"]["gate"] = "required"
    moto.call("DELETE", "/calls")
    desk.refresh("ai-agents")
    raised(desk)
    calls = moto.call("DELETE", "/calls")["cloudwatch.GetMetricData"]
    assert calls == 2, "refresh and judgement share what was read; a raise looks at legacy's past, too"
    desk.context = Context(replace(desk.context.settings, count_period=60), desk.store, counters=desk.context._counters)
    desk.refresh("ai-agents")
    assert moto.call("DELETE", "/calls")["cloudwatch.GetMetricData"] == 2, "how bunched errors are stands in `moves`"
    refused(desk, 25)
    assert moto.call("GET", "/calls")["cloudwatch.GetMetricData"] == 1


def test_a_value_that_is_too_young_says_when_the_first_counts_are_due(desk: Desk, reporter: Reporter) -> None:
    now = desk.context.settings.now()
    reporter.healthy(since(desk), now, each=ENOUGH)
    raised(desk)
    desk.new_run()
    said = refused(desk, 25)
    assert "nothing is counted yet: the value is too young, the first counts are due at 2026-12-13 11:05 UTC" in said
    assert "HOLD errors" not in desk.said("info"), "no line per metric about nothing"


@pytest.mark.parametrize(("hours", "held"), [(45, 0), (46, 0), (47, 1), (46 + 72, 72)])
def test_a_domain_is_held_from_the_end_of_its_soak_on(desk: Desk, hours: int, held: float) -> None:
    """48 h at 5 %, less the slack of 2: before that nobody holds it, so "held for 3 days" is said 118 h after the raise."""
    since = desk.context.settings.now() - timedelta(hours=hours)
    domain = desk.context.catalogue.domains["ai-agents"]
    assert evidence._held_hours(desk.context, domain, Live("5", since)) == pytest.approx(held, abs=0.01)
    assert evidence._held_hours(desk.context, domain, Live("5")) is None


def test_a_fire_that_a_raise_met_stays_met_whatever_is_counted_later(
    desk: Desk, reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The series of tomorrow may not show it any more; the mark on the flag does, for this value."""
    reporter.healthy(since(desk), desk.context.settings.now(), each=ENOUGH, Errors=3)
    name = desk.context.percent_name("test", "ai-agents").secret
    assert "ROLLBACK" in refused(desk)
    assert desk.context.store.tags(name)["burnt"].endswith(":errors")
    seen = window.seen
    monkeypatch.setattr(
        window, "seen",
        lambda *given: {key: replace(one, bad=0, series=()) if one.total else one for key, one in seen(*given).items()},
    )  # fmt: skip
    assert "ROLLBACK ai-agents 5 % -> 10 %: gate: errors 0/" in refused(desk)
    desk.percent("ai-agents", 0, gate="required")
    assert desk.live("ai-agents") == "0", "a lowering asks nobody"


def test_a_preview_leaves_no_mark(desk: Desk, reporter: Reporter) -> None:
    reporter.healthy(since(desk), desk.context.settings.now(), each=ENOUGH, Errors=3)
    before = desk.context.store.tags(desk.context.percent_name("test", "ai-agents").secret)
    with pytest.raises(Refused, match="ROLLBACK"):
        raised(desk, preview=True)
    assert desk.context.store.tags(desk.context.percent_name("test", "ai-agents").secret) == before


def test_a_mark_that_cannot_be_left_is_said_and_the_raise_is_refused_all_the_same(
    desk: Desk, reporter: Reporter, moto: Simulator
) -> None:
    reporter.healthy(since(desk), desk.context.settings.now(), each=ENOUGH, Errors=3)
    moto.call("PUT", "/faults", {"fail": [{"target": "secretsmanager.TagResource", "status": 500}]})
    assert "ROLLBACK" in refused(desk)
    assert "the fire couldn't be noted on the flag" in desk.said()


def test_a_watch_that_begins_late_at_100_knows_of_bunches_from_before_legacy_fell_silent(
    desk: Desk, reporter: Reporter
) -> None:
    """Whenever it begins, it measures up to when the value went live: after two weeks at 100 % legacy shows nothing."""
    now = desk.context.settings.now()
    domain = desk.context.catalogue.domains["ai-agents"]
    since = now - timedelta(days=15)
    for hour in range(14 * 24):
        at = since - timedelta(hours=hour + 1)
        burst = {"Requests": 4000.0, "Errors": 12.0 if hour % 12 == 0 else 0.0}
        reporter.publish(domain.legacy, at, at + timedelta(hours=1), burst)
    reporter.healthy(since, now, share=1.0)
    live = Live("100", since, "version")
    look = evidence.look(desk.context, domain, live, (), watching=True)
    errors = look.metrics["errors"]
    assert errors.dispersion > 10, "12 at a time: the prior alone would say 5"
