"""The gate: what the counts of one metric say. PASS lets a raise through, HOLD doesn't, ROLLBACK takes the domain down.

`judge_metric` is the rule (docs/rules/gate.md) for one metric; `rollout.model.gate.verdict` puts metrics, share and baseline
together. The numbers come from `rollout.model.gate.odds`. Everything is an argument; nothing is read or remembered here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from rollout.model.catalogue.domain import Action, Metric, Needs
from rollout.model.gate import bunches, platform, words
from rollout.model.gate import burn as gate_burn
from rollout.model.gate import odds as gate_math
from rollout.model.gate.burn import ABSENT, Story
from rollout.model.gate.runs import Burn, Burst
from rollout.model.gate.seen import Counts, Seen, why_impossible
from rollout.model.ladder import DEFAULT, TOP, Ladder
from rollout.model.times import show, show_span

#: Kept with every verdict in `moves`. A new one where the same counts could get another verdict.
RULE_VERSION: Final = "2"

#: What is said where no raise is asked for: without the next share there is nothing to rule out.
NO_NEXT: Final = "a raise isn't judged without its next share"

#: `previous`, `zero`, or a rung by its number (`50`).
Target = str


class Verdict(StrEnum):
    """What the gate says."""

    PASS = "PASS"  # noqa: S105 - a verdict, no password
    HOLD = "HOLD"
    ROLLBACK = "ROLLBACK"


@dataclass(frozen=True)
class Judged:
    """A verdict with what it rests on.

    `reason` is one line without the verdict; `key` the machine word of a HOLD (`pass` and `rollback` else). `k` of `n`
    are the counts that decided, None where there are none; `limit` what k/n is held against (a fraction; a count for
    complaints). `odds` (x to 1, at most 10^12) speak for the verdict, or against `limit` where it is HOLD; `needed` is
    how many more clean events a PASS takes. `worst` is the highest rate the data still allow (`gate_math.upper_bound`).
    """

    name: str
    verdict: Verdict
    key: str
    reason: str
    k: float | None = None
    n: float | None = None
    limit: float | None = None
    odds: float | None = None
    needed: int | None = None
    worst: float | None = None
    target: Target | None = None
    waived: str | None = None

    def line(self) -> str:
        """What a row shows: `HOLD errors 0/100: about 16 more clean requests`."""
        return f"{self.verdict} {self.reason}"


def target_of(action: Action, percent: int | None, ladder: Ladder) -> Target:
    """Where a rollback of this action goes; at 100 % the rung under it by its number, which brings a control back."""
    if action == "rollback-zero":
        return "zero"
    return str(ladder.previous(TOP)) if percent == TOP else "previous"


def judge_metric(
    metric: Metric,
    seen: Seen | None,
    *,
    percent: int | None,
    next_percent: int | None,
    strict: bool = False,
    needs: Needs | None = None,
    ladder: Ladder = DEFAULT,
) -> Judged:
    """The rule for one metric at `percent`, asked for a raise to `next_percent` (None: ROLLBACK alone is judged).

    `needs` overrules the metric's own; `strict` rules out the bad level itself at every rung (w = 1). `ladder`: the domain's.
    """
    if metric.total is None:
        return _count(metric, seen, percent, next_percent, ladder)
    asked = _Asked(metric, seen or Seen(None), percent, next_percent, strict, needs or metric.needs, ladder)
    return asked.judge()


@dataclass(frozen=True)
class _Asked:
    """One question about one metric with a total."""

    metric: Metric
    seen: Seen
    percent: int | None
    next_percent: int | None
    strict: bool
    needs: Needs
    ladder: Ladder

    def hold(
        self, key: str, text: str, counts: Counts | None = None, limit: float | None = None, needed: int | None = None
    ) -> Judged:
        shown = f" {words.of(counts.bad, counts.total)}" if counts else ""
        reason = f"{self.metric.name}{shown}: {text}"
        held = Judged(self.metric.name, Verdict.HOLD, key, reason, limit=limit, needed=needed)
        if counts is None or not counts.possible:
            return held
        worst = gate_math.upper_bound(counts.bad, counts.total, self.seen.dispersion)
        return replace(held, k=counts.bad, n=counts.total, worst=worst)

    def judge(self) -> Judged:
        seen, metric = self.seen, self.metric
        counts = Counts(seen.bad, seen.total) if seen.bad is not None and seen.total is not None else None
        if counts is not None and not counts.possible:
            return self.hold("impossible", f"impossible counts: {why_impossible(counts)}", counts)
        story = gate_burn.tell(metric, seen, self.percent)
        if story.burn is not None and not story.burn.unlike:
            return self._rollback(story.burn)
        wrong = self._wrong(counts)
        if wrong is not None or counts is None:
            return wrong or self.hold("no-data", f"no data: {self._missing()}")
        if story.burn is not None:
            text = f"legacy burns too, and counts {metric.legacy_counts}, unified {metric.counts}: not comparable"
            return self.hold("platform", text, Counts(story.burn.bad, story.burn.total), metric.bad_level)
        if self.next_percent is None:
            return self.hold("no-next", f"no rollback; {NO_NEXT}", counts, metric.bad_level)
        if story.burst is not None:
            return self._burst(story.burst)
        return self._raise(counts, self.next_percent, story)

    def _wrong(self, counts: Counts | None) -> Judged | None:
        """HOLD for data that can't be judged; None where they can."""
        seen, metric = self.seen, self.metric
        if seen.garbage:
            return self.hold("impossible", f"impossible counts: {seen.garbage}")
        if seen.legacy is not None and not seen.legacy.possible:
            return self.hold("impossible", f"impossible counts of legacy: {why_impossible(seen.legacy)}", counts)
        if counts is None:
            return None
        if gate_burn.zeros_missing(seen):
            return self._gaps(metric.bad, (seen.reported or 0) - seen.absent, seen.reported or 0, counts)
        if seen.periods and (seen.reported or 0) > (1 + ABSENT) * seen.periods:
            text = (
                f"{metric.total} has {seen.reported:,} data in {seen.periods:,} minutes: one datum a minute, not more"
            )
            return self.hold("duplicates", text, counts)
        return None

    def _raise(self, counts: Counts, next_percent: int, story: Story) -> Judged:
        """By all counts; where they don't pass, by those outside the platform's minutes, if there are such minutes."""
        judged = self._weighed(counts, next_percent)
        out = story.left_out
        if judged.verdict is Verdict.PASS or not out.minutes:
            return judged
        if out.now:
            legacy = f", {words.of(self.seen.legacy.bad, self.seen.legacy.total)}" if self.seen.legacy else ""
            text = f"legacy burns too{legacy}: the platform's, not unified's; wait until it has ceased"
            return self.hold("platform", text, counts, self.metric.good)
        calm, _ = platform.outside(self.seen, out)
        judged = self._weighed(calm, next_percent)
        left = f"without {show_span(timedelta(minutes=out.minutes))} in which legacy burnt, too"
        if judged.verdict is Verdict.PASS and out.minutes > platform.MOST:
            return self.hold("decide", f"it would pass {left}: more than 6 h left out; decide", calm, self.metric.good)
        return replace(judged, reason=f"{judged.reason}; {left}")

    def _weighed(self, counts: Counts, next_percent: int) -> Judged:
        return self._presence(counts) if self.needs == "presence" else self._proof(counts, next_percent)

    def _burst(self, burst: Burst) -> Judged:
        when = f" in the hour from {show(burst.at)}" if burst.at else ""
        text = f"a burst{when}, over {words.rate(self.metric.bad_level)} and too short for a rollback; decide"
        return self.hold("burst", text, Counts(burst.bad, burst.total), self.metric.bad_level)

    def _missing(self) -> str:
        pairs = ((self.metric.bad, self.seen.bad), (self.metric.total or "", self.seen.total))
        return f"no {' and no '.join(name for name, value in pairs if value is None)} reported"

    def _gaps(self, counter: str | None, seen: int, periods: int, counts: Counts) -> Judged:
        text = f"{counter} reported in {seen:,} of {periods:,} minutes: the reporter must send zeros"
        return self.hold("absent-zeros", text, counts)

    def _rollback(self, burn: Burn) -> Judged:
        metric = self.metric
        text = f"{metric.name} {words.of(burn.bad, burn.total)}{burn.over}"
        log = 0.0
        if burn.total:
            log = -gate_math.evidence(burn.bad, burn.total, metric.good, metric.bad_level) / self.seen.dispersion
        if burn.total:
            text += f": {words.rate(burn.bad / burn.total)}, limit {words.rate(metric.bad_level)}"
            text += f", odds {words.show_odds(log)}"
        if burn.legacy is not None:
            text += f"; legacy {words.of(burn.legacy.bad, burn.legacy.total)}"
        if burn.since:
            text += "; once met, it stays met for this live value"
        if self.percent == TOP:
            text += "; no control"
        text += self._bunched()
        decided = Judged(metric.name, Verdict.ROLLBACK, "rollback", text, burn.bad, burn.total, metric.bad_level)
        return replace(decided, odds=words.odds(log), target=target_of(metric.action, self.percent, self.ladder))

    # --- PASS

    def _presence(self, counts: Counts) -> Judged:
        metric, seen = self.metric, self.seen
        if seen.periods and seen.reported is not None and seen.reported < (1 - ABSENT) * seen.periods:
            return self._gaps(metric.total, seen.reported, seen.periods, counts)
        if gate_math.present(counts.bad, counts.total, metric.good, seen.dispersion):
            cleaner = 0
        else:
            cleaner = gate_math.clean_for_rate(
                counts.bad, counts.total, metric.good, dispersion=seen.dispersion, last=False
            )
        more = max(gate_math.LEAST_PRESENCE - int(counts.total), cleaner)
        if more > 0:
            return self._not_yet(counts, more, None)
        worst = gate_math.upper_bound(counts.bad, counts.total, seen.dispersion)
        text = (
            f"{metric.name}: presence only: {count_of(counts)}, up to {words.rate(worst, 2)}{self._by_chance(counts)}"
        )
        good = Judged(metric.name, Verdict.PASS, "pass", text, counts.bad, counts.total, metric.good)
        return replace(good, needed=0, worst=worst)

    def _proof(self, counts: Counts, next_percent: int) -> Judged:
        metric, size = self.metric, self.seen.dispersion
        worse = gate_math.worse_rate(metric.bad_level, 1.0 if self.strict else next_percent / 100)
        log = gate_math.evidence(counts.bad, counts.total, metric.good, worse) / size
        last = next_percent == TOP
        more = gate_math.clean_needed(counts.bad, counts.total, metric.good, worse, dispersion=size, last=last)
        if more > 0:
            return replace(self._not_yet(counts, more, worse), odds=words.odds(log))
        text = f"{metric.name} {words.of(counts.bad, counts.total)}: {words.rate(counts.bad / counts.total)}"
        text += f", limit {words.rate(metric.good)}{self._by_chance(counts)}"
        text += f"; odds {words.show_odds(log)} against {words.rate(worse)}{self._bunched()}"
        good = Judged(metric.name, Verdict.PASS, "pass", text, counts.bad, counts.total, metric.good)
        worst = gate_math.upper_bound(counts.bad, counts.total, size)
        return replace(good, odds=words.odds(log), needed=0, worst=worst)

    def _by_chance(self, counts: Counts) -> str:
        """What is said where the observed rate isn't under its limit, and a PASS all the same."""
        over = counts.total and counts.bad / counts.total >= self.metric.good
        return " (too few to be told from it)" if over else ""

    def _bunched(self) -> str:
        told = bunches.told(self.metric.name, self.seen.dispersion)
        return f"; {told}" if told else ""

    def _not_yet(self, counts: Counts, more: int, worse: float | None) -> Judged:
        """HOLD, and how many more clean events it takes: too little, or a rate that is no longer good."""
        metric = self.metric
        clean = f"about {more:,} more clean {words.events(metric.total or '')}"
        seen = counts.bad / counts.total if counts.total else 0.0
        last = self.next_percent == TOP
        few = worse is not None and gate_math.few(counts.bad, self.seen.dispersion, last=last)
        if counts.total == 0 or seen < metric.good or few:
            against = f" to rule out {words.rate(worse)}" if worse is not None else ""
            return self.hold("too-little-data", f"{clean}{against}{self._bunched()}", counts, metric.good, more)
        if seen > metric.bad_level:
            text = f"{words.rate(seen)} is over {words.rate(metric.bad_level)}; {clean}"
            return self.hold("above-limit", text, counts, metric.bad_level, more)
        text = f"{words.rate(seen)} isn't under {words.rate(metric.good)}; {clean}"
        return self.hold("grey", text, counts, metric.good, more)


def _count(metric: Metric, seen: Seen | None, percent: int | None, next_percent: int | None, ladder: Ladder) -> Judged:
    """Complaints: a whole number without a total. Within the limit PASS; over it, or no series, HOLD."""
    name = metric.name
    if seen is None or seen.bad is None:
        return Judged(name, Verdict.HOLD, "no-data", f"{name}: no data: no {metric.bad} reported")
    if not gate_math.possible(seen.bad, gate_math.LARGEST):
        return Judged(name, Verdict.HOLD, "impossible", f"{name}: impossible count: {words.count(seen.bad)}")
    limit = count_limit(metric, percent, ladder)
    text = f"{name}: {words.count(seen.bad)}, limit {words.count(limit)}"
    held = Judged(name, Verdict.HOLD, "above-limit", text, k=seen.bad, limit=limit)
    if seen.bad > limit:
        return held
    if next_percent is None:
        return replace(held, key="no-next", reason=f"{text}; no rollback; {NO_NEXT}")
    return replace(held, verdict=Verdict.PASS, key="pass")


def count_limit(metric: Metric, percent: int | None, ladder: Ladder) -> float:
    """The good limit of a count at `percent`: up to the ladder's first rung the one of `good-at-first-rung`, if any."""
    first = metric.good_at_first_rung
    return first if first is not None and percent is not None and percent <= ladder.first else metric.good


def count_of(counts: Counts) -> str:
    """`0 of 23`."""
    return f"{words.count(counts.bad)} of {words.count(counts.total)}"


def per_day_needed(
    metric: Metric, percent: int, next_percent: int, hours: float, *, strict: bool = False, dispersion: float = 1.0
) -> float | None:
    """Whole-domain events a day that let a raise from `percent` pass after `hours`, if none is bad; None for a count.

    What the plan check compares with the catalogue's expected traffic (docs/rules/gate.md#how-much-traffic-it-takes).
    """
    if metric.total is None:
        return None
    worse = gate_math.worse_rate(metric.bad_level, 1.0 if strict else next_percent / 100)
    proof = metric.needs == "proof"
    events = (
        gate_math.clean_needed(0, 0, metric.good, worse, dispersion=dispersion) if proof else gate_math.LEAST_PRESENCE
    )
    return events * 100 / percent * 24 / hours
