"""The performance comparison: unified beside legacy, per domain, rung and metric, with 95 % bands.

The seed, "Documentation Deliverables": "Performance comparison reports". The counts are those that the gate judged by,
kept in the entry of the raise that left the rung; nothing is counted anew, so a rung that no raise left has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rollout.model.catalogue.domain import Metric
from rollout.model.gate import odds, words
from rollout.model.gate.metric import count_limit
from rollout.model.ladder import DEFAULT, TOP, Ladder
from rollout.model.reports import overview
from rollout.model.reports.bands import CONFIDENCE, differs
from rollout.model.reports.daily import about
from rollout.model.reports.parts import (  # fmt: skip
    NOT_RECORDED,
    Block,
    Cell,
    Figure,
    Heading,
    Para,
    Picture,
    Report,
    Table,
    counted,
    events,
    moment,
    percent,
    quoted,
    rate,
    size,
)
from rollout.model.reports.story import Story, Stretch, near

BANDS: Final = (
    "Bad events of all events at each rung, on unified and on legacy over the same time, with the band of rates that the "
    "counts leave open at "
)
#: Why a rung has no counts, by what ended it.
WHY: Final = {
    "": "counts are kept by the raise that leaves a rung",
    "rollback": "a lowering asks for none",
    "stop": "a lowering asks for none",
    "outside": "nobody judged it",
    "restored": "a restore is judged by its entry",
    "raise": "the raise kept none (`gate: off`, or an older version)",
}


def report(story: Story) -> Report:
    """The comparison, in the catalogue's order of domains and metrics."""
    confidence = Figure(f"{100 * CONFIDENCE:.0f} %", "rule", "bands/CONFIDENCE")
    blocks: list[Block] = [
        about(story),
        Para(
            (
                BANDS, confidence, " (Clopper and Pearson). ",
                "Whether unified is lower or higher is told by a test on the bad events of both, at the same confidence. Where bad events came in bunches, each bunch counts once.",
            )
        ),
        Picture("errors"),
        Picture("latency"),
        Picture("distance"),
    ]  # fmt: skip
    for name in overview.begun(story):
        blocks += _domain(story, name)
    waiting = overview.waiting(story)
    if waiting:
        blocks.append(Heading(2, ("Not begun",), "performance-waiting"))
        blocks.append(
            Para(
                (f"{', '.join(waiting)}: never left ", Figure("0 %", "rule", "ladder/0"), ", nothing to compare."),
                "note",
            )
        )
    return Report("performance", "Performance comparison: unified and legacy", blocks)


@dataclass(frozen=True)
class Point:
    """One metric at one rung, as it was counted. `odds`: log10 against the bad level at the next share, if proven."""

    stretch: Stretch
    metric: Metric
    counts: Mapping[str, object]
    ladder: Ladder = DEFAULT  # of its domain

    @property
    def place(self) -> str:
        return f"{self.stretch.place}/{self.metric.name}"

    @property
    def judged_odds(self) -> float | None:
        """ln of the odds that the raise away was let through by (docs/rules/gate.md#pass); None where no proof was asked."""
        next_percent, (bad, total) = self.next_percent, events(self.counts)
        if self.metric.needs != "proof" or bad is None or not total or not next_percent:
            return None
        worse = odds.worse_rate(self.metric.bad_level, next_percent / 100)
        return odds.evidence(bad, total, self.metric.good, worse) / size(self.counts)

    @property
    def next_percent(self) -> int:
        """The rung that the raise went to."""
        return self.ladder.next(self.stretch.percent) or TOP


def points(story: Story, domain: str) -> list[Point]:
    """Every metric at every rung that was left upwards, oldest first."""
    return [
        Point(stretch, metric, stretch.counts[metric.name], story.domain(domain).ladder)
        for stretch in story.stretches(domain)
        for metric in story.domain(domain).metrics
        if isinstance(stretch.counts.get(metric.name), Mapping)
    ]


def compared(counts: Mapping[str, object]) -> str:
    """What the comparison says: `unified lower`, `unified higher`, `no difference shown`, or why there is no answer."""
    (bad, total), (legacy_bad, legacy_total) = events(counts), events(counts, "legacy_")
    if bad is None or not total:
        return "unified alone counts it"
    if legacy_bad is None or not legacy_total:
        return "legacy doesn't count it"
    found = differs(bad, total, legacy_bad, legacy_total, size(counts))
    return f"unified {found}" if found else "no difference shown"


def _domain(story: Story, name: str) -> list[Block]:
    legacy = story.domain(name).legacy
    found: list[Block] = [Heading(2, (f"{name}: {story.known.unified} and {legacy}",), f"performance-{name}")]
    stretches = [one for one in story.stretches(name) if one.percent > 0]
    rows = [
        (
            (percent(point.stretch.percent, f"moves/{name}/{point.stretch.entered}/to"),),
            (point.metric.name,), *_sides(point), _limit(point),
            (compared(point.counts), *_waived(point)),
            _odds(point),
        )
        for point in points(story, name)
    ]  # fmt: skip
    if rows:
        columns = ("rung", "metric", "unified", "rate (band)", "legacy", "rate (band)", "limit", "bands", "odds for it")
        found.append(Table(f"{name}, per rung and metric", columns, rows, (2, 3, 4, 5, 6, 8)))
    found.append(Table(f"{name}, what was counted when", WINDOW, [_window(story, one) for one in stretches]))
    return found


WINDOW: Final = ("rung", "live from", "to, and what ended it", "counted from", "to", "counts", "judged by")


def _sides(point: Point) -> tuple[Cell, Cell, Cell, Cell]:
    counts, where = point.counts, point.place
    has_legacy = counts.get("legacy_total") is not None
    return (
        counted(counts, where),
        rate(counts, where),
        counted(counts, where, "legacy_") if has_legacy else ("-",),
        rate(counts, where, "legacy_") if has_legacy else ("-",),
    )


def limit_of(metric: Metric, rung: int, ladder: Ladder) -> str:
    """The good limit: a rate, or a count a day where the metric has no total."""
    if metric.total is not None:
        return words.rate(metric.good)
    return words.count(count_limit(metric, rung, ladder))


def _limit(point: Point) -> Cell:
    name, metric = point.stretch.domain, point.metric
    place = f"moves/{name}/{point.stretch.entered}/to" if metric.good_at_first_rung is not None else ""
    return (
        Figure(
            limit_of(metric, point.stretch.percent, point.ladder),
            "limit",
            f"catalogue/{name}/{metric.name} {place}".strip(),
        ),
    )


def _waived(point: Point) -> Cell:
    name = point.counts.get("waived")
    return (", waived by ", quoted(name, f"{point.place}/waived")) if name else ()


def _odds(point: Point) -> Cell:
    log = point.judged_odds
    if log is None:
        return ("presence only",) if point.metric.total else ("-",)
    return (Figure(words.show_odds(log), "odds", f"{point.place} moves/{point.stretch.domain}/{point.stretch.left}"),)


def _window(story: Story, one: Stretch) -> tuple[Cell, ...]:
    place = f"moves/{one.domain}/{one.left}"
    window = one.window if one.counts else None
    counts: Cell = ("kept by the raise",) if one.counts else (f"{NOT_RECORDED}: {why(one)}",)
    if not one.counts and (record := incident_of(story, one)) is not None:
        seen = Figure(str(record[1]["seen"]), "text", f"incidents/{record[0]}/seen")
        counts = (*counts, f"; the incident's record has {record[1].get('metric', '')} ", seen)
    return (
        (percent(one.percent, f"moves/{one.domain}/{one.entered}/to"),),
        (moment(one.since, f"moves/{one.domain}/{one.entered}/at"),),
        (moment(one.until, f"{place}/at"), f", {one.ended}") if one.until else ("it stands",),
        (moment(window[0], f"{place}/window/0"),) if window else ("-",),
        (moment(window[1], f"{place}/window/1"),) if window else ("-",),
        counts,
        (Figure(f"rule version {one.rule}", "rule version", f"{place}/gate"),) if one.rule else ("-",),
    )


def why(stretch: Stretch) -> str:
    """Why a rung has no counts."""
    return WHY.get(stretch.ended, WHY[""])


def incident_of(story: Story, stretch: Stretch) -> tuple[str, Mapping[str, object]] | None:
    """The incident that ended a stretch: its file's name and record."""
    if stretch.ended not in ("stop", "rollback", "outside") or stretch.until is None:
        return None
    return next(
        (
            (name, record) for name, record in story.incidents.items()
            if record.get("domain") == stretch.domain and record.get("seen") and near(record, stretch.until)
        ),
        None,
    )  # fmt: skip
