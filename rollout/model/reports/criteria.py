"""The seed's final success criteria, each judged from the record: met, not met, or not to be told from it, and why.

Words of the seed ("Final Success Criteria (End of Week 6)") are kept as they stand there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rollout.model import schedule
from rollout.model.flag import moves
from rollout.model.flag.moves import Live
from rollout.model.gate import words as gate_text
from rollout.model.gate.fire import SEVERITY
from rollout.model.ladder import TOP
from rollout.model.plan.days import SEEDS
from rollout.model.reports.bands import differs
from rollout.model.reports.config_entries import breaches
from rollout.model.reports.parts import (  # fmt: skip
    Cell,
    Figure,
    State,
    counted,
    events,
    joined,
    moment,
    number_of,
    percent,
    quoted,
    show_span,
    size,
    span,
    words,
)
from rollout.model.reports.performance import Point, points
from rollout.model.reports.story import Story, near

#: How a note must begin that answers for the users, and the words that mean "maintained or improved".
SATISFACTION: Final = "user satisfaction:"
CONTENT: Final = ("maintained", "improved")
#: The seed's words, by domain.
STABLE_WORDS: Final = {
    "ai-agents": "All AI agents at 100% on wa-webhook-unified (stable 7+ days)",
    "jobs": "Jobs domain at 100% on wa-webhook-unified (stable 7+ days)",
    "marketplace": "Marketplace at 100% on wa-webhook-unified (stable 7+ days)",
    "property": "Property at 100% on wa-webhook-unified (stable 7+ days)",
}
NOTHING: Final = "nothing is recorded yet"


@dataclass(frozen=True)
class Criterion:
    """One criterion. `name`: ours; `text`: the seed's words; `do`: the next step, empty where there is none."""

    name: str
    text: str
    state: State
    why: Cell
    do: str = ""


def standing_at_100(story: Story, name: str) -> Criterion:
    """100 % for 7 days, by the rule that `closed` asks too (`moves.stable_at_100`)."""
    own = f"{name} at 100% on {story.known.unified} (stable 7+ days)"
    text = STABLE_WORDS.get(name, own) if story.known.unified == SEEDS else own
    found, as_of = story.stretches(name), story.as_of
    if not found or as_of is None:
        return Criterion(f"stable-{name}", text, State.UNKNOWN, (NOTHING,), "run `pulumi up`")
    last = found[-1]
    place = f"moves/{name}/{last.entered}"
    if last.percent != TOP:
        why: Cell = (
            "it stands at ",
            percent(last.percent, f"{place}/to"),
            " since ",
            moment(last.since, f"{place}/at"),
        )
        return Criterion(f"stable-{name}", text, State.NOT_MET, why, "climb on: `rollout status` says what comes next")
    stands = span(last.since, as_of, f"{place}/at {story.as_of_place}")
    why = (percent(100, f"{place}/to"), " since ", moment(last.since, f"{place}/at"), ", for ", stands)
    live = Live(str(last.percent), last.since)
    if moves.stable_at_100(live, as_of, story.known.soak_slack_hours):
        return Criterion(f"stable-{name}", text, State.MET, why)
    left = show_span(as_of, schedule.stable_from(last.since, story.known.soak_slack_hours))
    why = (*why, "; ", Figure(left, "left", f"{place}/at {story.as_of_place}"), " more")
    do = "wait, then run `pulumi up`: its entry shows that the value still stands"
    return Criterion(f"stable-{name}", text, State.NOT_MET, why, do)


def at_the_end(story: Story, name: str) -> dict[str, Point]:
    """Per metric what was counted at the last raise to 100 %; empty where none was."""
    last = [point for point in points(story, name) if point.next_percent == TOP]
    newest = max((point.stretch.left or 0 for point in last), default=-1)
    return {point.metric.name: point for point in last if point.stretch.left == newest}


def _bad(point: Point) -> float:
    return events(point.counts)[0] or 0


def _total(point: Point) -> float:
    return events(point.counts)[1] or 0


def against(counts: Mapping[str, object]) -> State:
    """Unified's rate at most legacy's is met; above it, shown to be so, not met; above it within chance, unknown."""
    (bad, ours), (legacy_bad, theirs) = events(counts), events(counts, "legacy_")
    if bad is None or legacy_bad is None or not ours or not theirs:
        return State.UNKNOWN
    if bad * theirs <= legacy_bad * ours:
        return State.MET
    worse = differs(bad, ours, legacy_bad, theirs, size(counts)) == "higher"
    return State.NOT_MET if worse else State.UNKNOWN


def baseline(
    story: Story, names: Sequence[str] = (), metrics: Sequence[str] = (), name: str = "baseline",
    text: str = "All metrics ≥ baseline performance",
) -> Criterion:  # fmt: skip
    """Every metric that both services count, at the raise to 100 %: unified no worse than legacy over the same time."""
    states: list[State] = []
    bad: Cell = ()
    places: list[str] = []
    for domain in names or list(story.known.domains):
        shared = {
            key: point for key, point in at_the_end(story, domain).items()
            if "legacy_total" in point.counts and (not metrics or key in metrics)
        }  # fmt: skip
        if not shared:
            states.append(State.UNKNOWN)
            bad = words(
                *bad, "; " if bad else None, f"{domain}: no raise to ", Figure("100 %", "rule", "100"), " has counts"
            )
        for key, point in shared.items():
            states.append(against(point.counts))
            places.append(point.place)
            if states[-1] is not State.MET:
                said = "above legacy's rate, " + ("shown at 95 %" if states[-1] is State.NOT_MET else "within chance")
                bad = words(
                    *bad, "; " if bad else None, f"{domain} {key} ", *counted(point.counts, point.place), " on unified, ",
                    *counted(point.counts, point.place, "legacy_"), " on legacy: ", said,
                )  # fmt: skip
    if State.NOT_MET in states:
        return Criterion(name, text, State.NOT_MET, bad, "mend unified, or say in `notes` why this is accepted")
    if State.UNKNOWN in states:
        return Criterion(name, text, State.UNKNOWN, bad, "compare again with more events, or decide by hand")
    why: Cell = ("unified's rate at most legacy's at the raise to ", Figure("100 %", "rule", "100"), ", in each metric compared: ",
                 number_of(places, "comparisons"))  # fmt: skip
    return Criterion(name, text, State.MET, why)


def critical_places(story: Story) -> list[str]:
    """Critical incidents: by their record, or breaches that went to 0 % and have none (`fire.SEVERITY`)."""
    found = [f"incidents/{name}" for name, one in story.incidents.items() if one.get("severity") == SEVERITY["zero"]]
    for place, (domain, entry) in breaches(story).items():
        at = next((line.at for line in story.of_kind("stop") if line.domain == domain and near(entry, line.at)), None)
        recorded = at is not None and any(
            one.get("domain") == domain and near(one, at) for one in story.incidents.values()
        )
        if entry.get("to") == 0 and not recorded:
            found.append(place)
    return found


def critical(story: Story) -> Criterion:
    """Critical is what goes to 0 % at once: sessions, or data that are inconsistent."""
    text = "Zero critical incidents"
    if story.as_of is None:
        return Criterion("critical", text, State.UNKNOWN, (NOTHING,), "run `pulumi up`")
    found = critical_places(story)
    every = [f"incidents/{name}" for name in story.incidents]
    why: Cell = ("critical: ", number_of(found, "critical incidents"), ", of incidents with a record: ",
                 number_of(every, "incidents"))  # fmt: skip
    if not found:
        return Criterion("critical", text, State.MET, why)
    return Criterion(
        "critical", text, State.NOT_MET, why, "read the incident report; what it cost is for people to judge"
    )


def satisfaction(story: Story) -> Criterion:
    """A person's word: the newest note that begins with `user satisfaction:`. No counter can answer for users."""
    text = "User satisfaction maintained or improved"
    said = [note for note in story.notes() if note.text.lower().startswith(SATISFACTION)]
    if not said:
        do = f'ask support and users, then add a note: "{SATISFACTION} maintained, by whom, from what"'
        return Criterion("satisfaction", text, State.UNKNOWN, ("nobody has said so under `notes`",), do)
    answer = said[-1].text[len(SATISFACTION) :].split()
    state = State.MET if answer and answer[0].lower().strip(".,;:") in CONTENT else State.NOT_MET
    do = "" if state is State.MET else "decide with those who know the users"
    return Criterion("satisfaction", text, state, (quoted(said[-1].text, said[-1].where),), do)


def sessions(story: Story, name: str) -> list[Criterion]:
    """ "Zero session breaks", read at the seed's one decimal (docs/adr/0000-before-the-first-line.md#session-continuity) and as the literal 0."""
    text = f"Zero session breaks ({name})"
    found = [point for point in points(story, name) if point.metric.name == "sessions"]
    limit = next((one.good for one in story.domain(name).metrics if one.name == "sessions"), None)
    if not found or limit is None:
        why: Cell = ("no rung was left upwards with counts",)
        return [
            Criterion(f"sessions-{kind}-{name}", f"{text}, {kind}", State.UNKNOWN, why) for kind in ("rate", "literal")
        ]
    over = [one for one in found if _bad(one) / max(1, _total(one)) >= limit]
    burnt = [
        place
        for place, (domain, entry) in breaches(story).items()
        if (domain, entry.get("metric")) == (name, "sessions")
    ]
    shown = Figure(gate_text.rate(limit), "limit", f"catalogue/{name}/sessions")
    why = ("rungs at or over ", shown, ": ", number_of([one.place for one in over], "rungs over"), " of ",
           number_of([one.place for one in found], "rungs"), " counted; breaches: ", number_of(burnt, "breaches"))  # fmt: skip
    state = State.NOT_MET if over or burnt else State.MET
    rate = Criterion(f"sessions-rate-{name}", f"{text}, at the seed's one decimal", state, why)
    return [rate, literal(story, name, ("sessions",), f"sessions-literal-{name}", f"{text}, the literal 0")]


def literal(story: Story, name: str, metrics: Sequence[str], key: str, text: str) -> Criterion:
    """A literal zero: one bad event is enough against it; and none is no proof while a rung has no counts."""
    found = [point for point in points(story, name) if point.metric.name in metrics]
    if not found:
        return Criterion(
            key, text, State.UNKNOWN, ("no rung was left upwards with counts",), "climb; counts come with raises"
        )
    places = " ".join(point.place for point in found)
    bad, total = (sum(int(side(point)) for point in found) for side in (_bad, _total))
    why: Cell = (Figure(gate_text.of(bad, total), "sum", places), " at the rungs that were counted")
    if bad:
        return Criterion(key, text, State.NOT_MET, why, "say in `notes` whether it is accepted")
    dark = [one for one in story.stretches(name) if one.percent > 0 and not one.counts]
    if not dark:
        return Criterion(key, text, State.MET, why)
    rungs = [(percent(one.percent, f"moves/{name}/{one.entered}/to"),) for one in dark]
    why = (*why, "; not recorded at ", *joined(rungs))
    return Criterion(
        key, text, State.UNKNOWN, why, "count them at the metric source since then; write it under `notes`"
    )
