"""The gate: what the counts of one metric say. PASS lets a raise through, HOLD doesn't, ROLLBACK takes the domain down.

`judge_metric` is the rule (gate.md) for one metric; `rollout.gate_domain` puts metrics, share and baseline
together. The numbers come from `rollout.gate_math`. Everything is an argument; nothing is read or remembered here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Literal

from rollout import gate_math, gate_text
from rollout.catalogue import Metric, Needs
from rollout.gate_math import Run
from rollout.ladder import LADDER

#: Kept with every verdict in `moves`. A new one where the same counts could get another verdict.
RULE_VERSION: Final = "1"

#: A bad counter may be absent in this part of the minutes that have its total; a metric that needs presence may be absent as often.
ABSENT: Final = 0.1
#: Legacy's counts excuse unified from this many events on.
LEAST_LEGACY: Final = 50
#: ... while unified's rate is at most this many times legacy's.
TIMES_LEGACY: Final = 2

Target = Literal["previous", "zero", "50"]


class Verdict(StrEnum):
    """What the gate says."""

    PASS = "PASS"
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


@dataclass(frozen=True)
class Counts:
    """Bad and total events of one service over one time, as read: only `gate_math.possible` says that they can be."""

    bad: float
    total: float

    @property
    def possible(self) -> bool:
        return gate_math.possible(self.bad, self.total)


@dataclass(frozen=True)
class Slot:
    """One period: unified's counts, and legacy's beside them (None where legacy reported no pair)."""

    bad: float
    total: float
    legacy: Counts | None = None


@dataclass(frozen=True)
class Seen:
    """What was read of one metric since its value went live; `rollout.gate_series.collect` makes it of raw data.

    `bad`, `total`, `legacy`: sums up to 5 minutes ago, for PASS (None: no series; `total` is None for complaints).
    `series`: every period up to the newest whole one, oldest first, for ROLLBACK; its last `minutes` periods are what
    CUSUM runs over (None: all of them). Empty: the sums alone are judged. `reported` of `periods` have the total;
    in `absent` of these the bad counter is missing, and `unpaired` is the total counted there. `garbage` says what was
    impossible in a period left out; `met_before`: an earlier look at this live value said ROLLBACK, and it stays met.
    """

    bad: float | None
    total: float | None = None
    legacy: Counts | None = None
    series: tuple[Slot, ...] = ()
    minutes: int | None = None
    periods: int | None = None
    reported: int | None = None
    absent: int = 0
    unpaired: float = 0
    garbage: str = ""
    met_before: bool = False


@dataclass(frozen=True)
class Burn:
    """The ROLLBACK rule was met: by these counts, over `over` (words), excused by legacy or not."""

    bad: float
    total: float
    over: str = ""
    excused: bool = False
    since: bool = False  # met at an earlier period of the series, not by the newest counts


def judge_metric(
    metric: Metric,
    seen: Seen | None,
    *,
    percent: int | None,
    next_percent: int | None,
    strict: bool = False,
    needs: Needs | None = None,
) -> Judged:
    """The rule for one metric at `percent`, asked for a raise to `next_percent` (None: ROLLBACK alone is judged).

    `needs` overrules the metric's own; `strict` rules out the bad level itself at every rung (w = 1).
    """
    if metric.total is None:
        return _count(metric, seen, percent, next_percent)
    asked = _Asked(metric, seen or Seen(None), percent, next_percent, strict, needs or metric.needs)
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
    unit: str = field(default="")

    def hold(self, key: str, text: str, counts: Counts | None = None, limit: float | None = None, needed: int | None = None) -> Judged:
        shown = f" {gate_text.of(counts.bad, counts.total)}" if counts else ""
        held = Judged(self.metric.name, Verdict.HOLD, key, f"{self.metric.name}{shown}: {text}", limit=limit, needed=needed)
        if counts is None or not counts.possible:
            return held
        return replace(held, k=counts.bad, n=counts.total, worst=gate_math.upper_bound(counts.bad, counts.total))

    def judge(self) -> Judged:
        seen, metric = self.seen, self.metric
        counts = Counts(seen.bad, seen.total) if seen.bad is not None and seen.total is not None else None
        if counts is not None and not counts.possible:
            return self.hold("impossible", f"impossible counts: {_why_impossible(counts)}", counts)
        burn = self._burn(counts)
        if burn is not None and not burn.excused:
            return self._rollback(burn)
        if burn is not None:
            text = f"legacy burns too{burn.over}, at {self._legacy_rate()}: the platform's, not unified's"
            return self.hold("platform", text, Counts(burn.bad, burn.total), metric.bad_level)
        if seen.garbage:
            return self.hold("impossible", f"impossible counts: {seen.garbage}", counts)
        if seen.legacy is not None and not seen.legacy.possible:
            return self.hold("impossible", f"impossible counts of legacy: {_why_impossible(seen.legacy)}", counts)
        if self._zeros_missing():
            present = f"{(seen.reported or 0) - seen.absent} of {seen.reported} minutes"
            return self.hold("absent-zeros", f"{metric.bad} reported in {present}: the reporter must send zeros", counts)
        if counts is None:
            return self.hold("no-data", f"no data: {self._missing()}")
        if self.next_percent is None:
            return self.hold("no-next", "no rollback; a raise is judged with its next share only", counts, metric.bad_level)
        return self._presence(counts) if self.needs == "presence" else self._proof(counts, self.next_percent)

    def _missing(self) -> str:
        names = [name for name, value in ((self.metric.bad, self.seen.bad), (self.metric.total or "", self.seen.total)) if value is None]
        return f"no {' and no '.join(names)} reported"

    def _zeros_missing(self) -> bool:
        return self.seen.absent > ABSENT * (self.seen.reported or 0)

    # --- ROLLBACK

    def _burns(self, bad: float, total: float, odds: float = gate_math.PROOF) -> bool:
        return gate_math.burns(bad, total, self.metric.good, self.metric.bad_level, odds)

    def _burn(self, counts: Counts | None) -> Burn | None:
        """The ROLLBACK rule by all counts, then by CUSUM; an unexcused one of either comes first."""
        if not self.metric.action.startswith("rollback-"):
            return None
        series = self.seen.series or ((Slot(counts.bad, counts.total, self.seen.legacy),) if counts else ())
        if self.seen.met_before:
            return Burn(sum(slot.bad for slot in series), sum(slot.total for slot in series), since=True)
        if self._zeros_missing():
            # Minutes with a bad counter alone are the minutes with bad events: their rate is no rate. Only a rate that
            # is too high with all the other minutes counted as clean is one.
            bad, total = sum(slot.bad for slot in series), sum(slot.total for slot in series) + self.seen.unpaired
            return Burn(bad, total) if self._burns(bad, total) else None
        found = [self._by_all(series)]
        minutes = len(series) if self.seen.minutes is None else self.seen.minutes
        if self.seen.series and minutes:
            found.append(self._by_cusum(series[-minutes:]))
        burns = [burn for burn in found if burn]
        return next((burn for burn in burns if not burn.excused), burns[0] if burns else None)

    def _excused(self, bad: float, total: float, legacy: Counts, legacy_met: bool) -> bool:
        """Legacy burnt over the same time, and unified's rate is at most twice legacy's."""
        return legacy_met and bad * legacy.total <= TIMES_LEGACY * legacy.bad * total

    def _legacy_met(self, legacy: Counts) -> bool:
        return legacy.total >= LEAST_LEGACY and self._burns(legacy.bad, legacy.total)

    def _by_all(self, series: tuple[Slot, ...]) -> Burn | None:
        """The sum from the beginning, at the end of every period: once met it stays met, legacy's as well as unified's.

        (Else an outage of both would bring unified down hours later, when dilution happens to take legacy's rate under
        the limit before unified's.)
        """
        bad = total = 0.0
        legacy, legacy_met = Counts(0, 0), False
        first: Burn | None = None
        now: Burn | None = None
        for slot in series:
            bad, total = bad + slot.bad, total + slot.total
            legacy = _add(legacy, slot.legacy)
            legacy_met = legacy_met or self._legacy_met(legacy)
            now = None
            if self._burns(bad, total):
                now = Burn(bad, total, excused=self._excused(bad, total, legacy, legacy_met))
                if first is None and not now.excused:
                    first = now
        if first is None or (now is not None and not now.excused):
            return now
        return replace(first, since=True)

    def _by_cusum(self, series: tuple[Slot, ...]) -> Burn | None:
        """The run of minutes that maximises -evidence, at the end of every minute, with odds of 10^6.

        A run that legacy excuses is left out and the next begins after it: what unified alone does later is judged by
        itself. While the whole run is still met, excused, it says so ("platform").
        """
        good, bad_level = self.metric.good, self.metric.bad_level
        run = whole = Run(0, 0, 0)
        legacy = whole_legacy = Counts(0, 0)
        excused = False
        for index, slot in enumerate(series):
            run = gate_math.step(run, slot.bad, slot.total, index, good, bad_level)
            legacy = _add(Counts(0, 0) if run.start == index else legacy, slot.legacy)
            whole = gate_math.step(whole, slot.bad, slot.total, index, good, bad_level)
            whole_legacy = _add(Counts(0, 0) if whole.start == index else whole_legacy, slot.legacy)
            if self._burns(run.bad, run.total, gate_math.CUSUM):
                if not self._excused(run.bad, run.total, legacy, self._legacy_met(legacy)):
                    late = index + 1 < len(series)
                    return Burn(run.bad, run.total, f" in {_minutes(index + 1 - run.start)}", since=late)
                excused, run = True, Run(0, 0, index + 1)
        if excused and self._burns(whole.bad, whole.total, gate_math.CUSUM):
            return Burn(whole.bad, whole.total, f" in {_minutes(len(series) - whole.start)}", excused=True)
        return None

    def _legacy_rate(self) -> str:
        legacy = Counts(0, 0)
        for slot in self.seen.series:
            legacy = _add(legacy, slot.legacy)
        legacy = legacy if self.seen.series else self.seen.legacy or legacy
        return gate_text.of(legacy.bad, legacy.total)

    def _rollback(self, burn: Burn) -> Judged:
        metric = self.metric
        target: Target = "zero" if metric.action == "rollback-zero" else "previous"
        text = f"{metric.name} {gate_text.of(burn.bad, burn.total)}{burn.over}"
        log = -gate_math.evidence(burn.bad, burn.total, metric.good, metric.bad_level) if burn.total else 0.0
        if burn.total:
            text += f": {gate_text.rate(burn.bad / burn.total)}, limit {gate_text.rate(metric.bad_level)}, odds {gate_text.show_odds(log)}"
        if burn.since:
            text += "; once met, it stays met for this live value"
        if self.percent == LADDER[-1]:
            text += "; no control"
            target = "50" if target == "previous" else target
        return Judged(
            metric.name, Verdict.ROLLBACK, "rollback", text, burn.bad, burn.total, metric.bad_level, gate_text.odds(log), target=target
        )

    # --- PASS

    def _presence(self, counts: Counts) -> Judged:
        metric, seen = self.metric, self.seen
        if seen.periods and seen.reported is not None and seen.reported < (1 - ABSENT) * seen.periods:
            present = f"{seen.reported} of {seen.periods} minutes"
            return self.hold("absent-zeros", f"{metric.total} reported in {present}: the reporter must send zeros", counts)
        more = max(gate_math.LEAST_PRESENCE - int(counts.total), gate_math.clean_for_rate(counts.bad, counts.total, metric.good))
        if more > 0:
            return self._not_yet(counts, more, None)
        worst = gate_math.upper_bound(counts.bad, counts.total)
        text = f"{metric.name}: presence only: {count_of(counts)}, up to {gate_text.rate(worst, 2)}"
        return Judged(metric.name, Verdict.PASS, "pass", text, counts.bad, counts.total, metric.good, needed=0, worst=worst)

    def _proof(self, counts: Counts, next_percent: int) -> Judged:
        metric = self.metric
        worse = gate_math.worse_rate(metric.bad_level, 1.0 if self.strict else next_percent / 100)
        log = gate_math.evidence(counts.bad, counts.total, metric.good, worse)
        more = gate_math.clean_needed(counts.bad, counts.total, metric.good, worse)
        if more > 0:
            return replace(self._not_yet(counts, more, worse), odds=gate_text.odds(log))
        text = f"{metric.name} {gate_text.of(counts.bad, counts.total)}: {gate_text.rate(counts.bad / counts.total)}, limit "
        text += f"{gate_text.rate(metric.good)}; odds {gate_text.show_odds(log)} against {gate_text.rate(worse)}"
        worst = gate_math.upper_bound(counts.bad, counts.total)
        return Judged(
            metric.name, Verdict.PASS, "pass", text, counts.bad, counts.total, metric.good, gate_text.odds(log), 0, worst
        )

    def _not_yet(self, counts: Counts, more: int, worse: float | None) -> Judged:
        """HOLD, and how many more clean events it takes: too little, or a rate that is no longer good."""
        metric = self.metric
        clean = f"about {more:,} more clean {gate_text.events(metric.total or '')}"
        seen = counts.bad / counts.total if counts.total else 0.0
        if counts.total == 0 or seen < metric.good:
            against = f" to rule out {gate_text.rate(worse)}" if worse is not None else ""
            return self.hold("too-little-data", f"{clean}{against}", counts, metric.good, more)
        if seen > metric.bad_level:
            text = f"{gate_text.rate(seen)} is over {gate_text.rate(metric.bad_level)}; {clean}"
            return self.hold("above-limit", text, counts, metric.bad_level, more)
        limits = f"{gate_text.rate(metric.good)} and {gate_text.rate(metric.bad_level)}"
        return self.hold("grey", f"{gate_text.rate(seen)} is between {limits}; {clean}", counts, metric.good, more)


def _count(metric: Metric, seen: Seen | None, percent: int | None, next_percent: int | None) -> Judged:
    """Complaints: a whole number without a total. Within the limit PASS, over it or no series HOLD; never a rollback."""
    name = metric.name
    if seen is None or seen.bad is None:
        return Judged(name, Verdict.HOLD, "no-data", f"{name}: no data: no {metric.bad} reported")
    if not gate_math.possible(seen.bad, gate_math.LARGEST):
        return Judged(name, Verdict.HOLD, "impossible", f"{name}: impossible count: {gate_text.count(seen.bad)}")
    first = percent is not None and percent <= LADDER[1] and metric.good_at_first_rung is not None
    limit = metric.good_at_first_rung if first and metric.good_at_first_rung is not None else metric.good
    text = f"{name}: {gate_text.count(seen.bad)}, limit {gate_text.count(limit)}"
    held = Judged(name, Verdict.HOLD, "above-limit", text, k=seen.bad, limit=limit)
    if seen.bad > limit:
        return held
    if next_percent is None:
        return replace(held, key="no-next", reason=f"{text}; a raise is judged with its next share only")
    return replace(held, verdict=Verdict.PASS, key="pass")


def count_of(counts: Counts) -> str:
    """`0 of 23`."""
    return f"{gate_text.count(counts.bad)} of {gate_text.count(counts.total)}"


def _add(sums: Counts, more: Counts | None) -> Counts:
    """Legacy's sum; a period of legacy that can't be is no excuse for anybody."""
    return Counts(sums.bad + more.bad, sums.total + more.total) if more is not None and more.possible else sums


def _minutes(number: int) -> str:
    return "the newest minute" if number == 1 else f"{number:,} minutes"


def _why_impossible(counts: Counts) -> str:
    if counts.bad > counts.total >= 0:
        return f"{gate_text.count(counts.bad)} bad of {gate_text.count(counts.total)}"
    bad = counts.total if gate_math.possible(counts.bad, gate_math.LARGEST) else counts.bad
    return f"{gate_text.count(bad)} is no count"
