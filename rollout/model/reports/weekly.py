"""The seed's success criteria of weeks 4, 5 and 6, beside its final ones: features, literal zeros, what was attested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rollout.model.ladder import TOP
from rollout.model.reports.config_entries import breaches
from rollout.model.reports.criteria import Criterion, at_the_end, baseline, literal, sessions
from rollout.model.reports.parts import Cell, Figure, State, counted, events, moment, percent, quoted, words
from rollout.model.reports.performance import Point
from rollout.model.reports.story import Story
from rollout.model.stack_file.forms import DATA

AGENTS, JOBS, MARKET, PROPERTY = "ai-agents", "jobs", "marketplace", "property"
#: What every domain counts; all else is a feature of one.
COMMON: Final = ("errors", "latency", "sessions", "complaints")


def weekly(story: Story) -> list[Criterion]:
    """In the seed's order; a domain that the catalogue doesn't have is left out."""
    return [one for of_domain in by_domain(story).values() for one in of_domain]


def by_domain(story: Story) -> dict[str, list[Criterion]]:
    """The same, by domain."""
    known = story.known.domains
    found: dict[str, list[Criterion]] = {}
    if AGENTS in known:
        unified, legacy = story.known.unified, story.domain(AGENTS).legacy
        found[AGENTS] = [
            arrived(story, AGENTS, f"100% of AI agent traffic on {unified}"),
            baseline(story, [AGENTS], ["errors"], "errors-baseline", f"Error rate ≤ baseline ({legacy})"),
            baseline(story, [AGENTS], ["latency"], "latency-baseline", "Latency ≤ baseline"),
            *sessions(story, AGENTS),
            probed(story, "all-agents", "All 8 agents working correctly"),
            probed(story, "database-driven-config", "Database-driven config verified"),
        ]
    if JOBS in known:
        found[JOBS] = [
            arrived(story, JOBS, f"100% of jobs traffic on {story.known.unified}"),
            features(story, JOBS, "All job features working (post, search, apply, notify)"),
            no_data_lost(story),
            baseline(story, [JOBS], [], "jobs-baseline", "Performance ≥ baseline (jobs)"),
            *sessions(story, JOBS),
        ]
    for name in (MARKET, PROPERTY):
        if name in known:
            found[name] = [
                arrived(story, name, f"100% {name} traffic on {story.known.unified}"),
                features(story, name, f"All features working ({name})"),
                baseline(story, [name], [], f"{name}-baseline", f"Performance ≥ baseline ({name})"),
                *sessions(story, name),
            ]
    if MARKET in known:
        payments = ("transactions", "payments")
        found[MARKET].append(
            literal(story, MARKET, payments, "transactions-literal", "No transaction failures, the literal 0")
        )
    return found


def arrived(story: Story, name: str, text: str) -> Criterion:
    """100 % of the flag: where the traffic really went is the share's answer, at each raise."""
    last = story.stretches(name)[-1:]
    if not last:
        return Criterion(f"arrived-{name}", text, State.UNKNOWN, ("nothing is recorded yet",))
    place = f"moves/{name}/{last[0].entered}"
    why: Cell = ("live ", percent(last[0].percent, f"{place}/to"), " since ", moment(last[0].since, f"{place}/at"))
    done = last[0].percent == TOP
    return Criterion(f"arrived-{name}", text, State.MET if done else State.NOT_MET, why, "" if done else "climb on")


def _over(point: Point) -> bool:
    bad, total = events(point.counts)
    return (bad or 0) >= point.metric.good * (total or 0)


def features(story: Story, name: str, text: str) -> Criterion:
    """The domain's own metrics at the raise to 100 %: each strictly under its good limit."""
    counts = {key: point for key, point in at_the_end(story, name).items() if key not in COMMON}
    own = [one.name for one in story.domain(name).metrics if one.name not in COMMON]
    missing = [key for key in own if key not in counts]
    why: Cell = ()
    for key, point in counts.items():
        why = words(*why, ", " if why else None, f"{key} ", *counted(point.counts, point.place))
    over = [k for k, one in counts.items() if _over(one)]
    if over:
        return Criterion(f"features-{name}", text, State.NOT_MET, why, f"over the limit: {', '.join(over)}")
    if missing:
        why = words(
            *why,
            "; " if why else None,
            f"no counts of {', '.join(missing)} at a raise to ",
            Figure("100 %", "rule", "100"),
        )
        return Criterion(f"features-{name}", text, State.UNKNOWN, why, "test them by hand; write it under `notes`")
    return Criterion(f"features-{name}", text, State.MET, why)


def probed(story: Story, item: str, text: str) -> Criterion:
    """A checklist item that is probed on raises: the last raise that asked it let it pass, in its verdict's words."""
    asked = next((one for one in story.domain(AGENTS).checklist if one.name == item), None)
    raises = [line for line in story.of_kind("raise") if line.domain == AGENTS and line.verdict.startswith("PASS")]
    raises = [line for line in raises if asked and (line.new or 0) >= asked.before]
    if not raises:
        return Criterion(
            item, text, State.UNKNOWN, ("no raise that asks for it was let through",), "ask the probe by hand"
        )
    place = f"moves/{AGENTS}/{story.move_number(raises[-1])}"
    why: Cell = (
        "probed at ",
        moment(raises[-1].at, f"{place}/at"),
        ": ",
        quoted(raises[-1].verdict, f"{place}/verdict"),
    )
    return Criterion(item, text, State.MET, why)


def no_data_lost(story: Story) -> Criterion:
    """A breach of data speaks against it; what a person attested under `checked` speaks for it."""
    text = "No data loss or corruption (jobs)"
    for place, (domain, entry) in breaches(story).items():
        if domain == JOBS and entry.get("metric") == DATA:
            return Criterion(
                "data", text, State.NOT_MET, ("a breach of data: ", quoted(entry.get("at", "?"), f"{place}/at"))
            )
    checked, place = story.standing_entry("checked", JOBS)
    words_ = checked.get("no-data-lost") if isinstance(checked, Mapping) else None
    if not words_:
        return Criterion("data", text, State.UNKNOWN, ("nobody attested no-data-lost",), "compare the data; attest it")
    return Criterion("data", text, State.MET, ("attested: ", quoted(words_, f"{place}/no-data-lost")))
