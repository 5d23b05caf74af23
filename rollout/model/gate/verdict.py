"""A domain's verdict: its metrics, the planned share, the comparison with legacy, waivers, and what comes first.

Precedence (docs/rules/gate.md#a-domain): any ROLLBACK > latch > stale > share > any HOLD or no data > soak > PASS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from rollout.model.catalogue.domain import Domain, Metric
from rollout.model.gate import compare, platform, waiver
from rollout.model.gate import metric as gate
from rollout.model.gate.metric import NO_NEXT, Judged, Target, Verdict
from rollout.model.gate.seen import Counts, LeftOut, Seen
from rollout.model.ladder import TOP
from rollout.model.stack_file.forms import Waiver

#: A domain that was held this long is decided by people: "Held for 3 days: the line says 'decide'" (docs/rules/gate.md#hold).
DECIDE_HOURS: Final = 72
#: The metrics that are compared with legacy (docs/rules/gate.md#baseline).
COMPARED: Final = ("errors", "latency")
#: The metric whose counts on legacy say when the platform burns, for what legacy doesn't count.
PLATFORM: Final = "errors"


@dataclass(frozen=True)
class Question:
    """Everything a domain is judged by. `metrics`: what was read of each, absent or None where there is no series.

    `share`: sessions on unified, of all of the domain's. `next_percent` None: ROLLBACK alone is judged. `legacy_kept`:
    at 100 %, legacy's counts since this attempt's first rung, per metric. `held_hours`: since the first HOLD.
    `waivers` need `now` (aware) to be heard at all.
    """

    domain: Domain
    percent: int
    next_percent: int | None
    metrics: Mapping[str, Seen | None]
    share: Counts | None = None
    soak_over: bool = False
    latched: bool = False
    stale: bool = False
    strict: bool = False
    waivers: Sequence[Waiver] = ()
    now: datetime | None = None
    legacy_kept: Mapping[str, Counts] = field(default_factory=dict)
    held_hours: float | None = None


@dataclass(frozen=True)
class Answer:
    """The verdict with every line it was made of. `target`: of a ROLLBACK, the lowest any metric asks for."""

    verdict: Verdict
    key: str
    reason: str
    metrics: Mapping[str, Judged] = field(default_factory=dict)
    share: Judged | None = None
    baseline: Mapping[str, Judged] = field(default_factory=dict)
    target: Target | None = None
    rule: str = gate.RULE_VERSION

    def line(self) -> str:
        """`HOLD jobs 5 -> 10 %: errors 0/100: about 16 more clean requests`."""
        return f"{self.verdict} {self.reason}"

    def why(self) -> str:
        """The reason without the move: `errors 0/100: about 16 more clean requests`."""
        return self.reason.partition(": ")[2]

    def lines(self) -> list[str]:
        """The verdict, and one line per metric and comparison."""
        parts = [*self.metrics.values(), *([self.share] if self.share else []), *self.baseline.values()]
        return [self.line(), *(part.line() for part in parts)]


def judge_domain(ask: Question) -> Answer:
    """The verdict on the domain."""
    move = f"{ask.domain.name} {ask.percent}" + (f" -> {ask.next_percent} %" if ask.next_percent is not None else " %")
    if ask.percent == 0:
        return Answer(
            Verdict.HOLD, "not-judged", f"{move}: a domain at 0 % isn't judged: there is no traffic to judge by"
        )
    metrics = {metric.name: _metric(ask, metric.name) for metric in ask.domain.metrics}
    burning = [judged for judged in metrics.values() if judged.verdict is Verdict.ROLLBACK]
    share = baseline = None
    if ask.next_percent is not None:
        share = _waived(ask, compare.share(ask.share, ask.percent), waiver.SHARE)
        baseline = {name: _baseline(ask, name) for name in metrics if name in COMPARED}
    found = Answer(Verdict.HOLD, "", "", metrics, share, baseline or {})
    if burning:
        return _rollback(found, burning, move)
    key, text = _first_hold(ask, found)
    if not key:
        return replace(
            found,
            verdict=Verdict.PASS,
            key="pass",
            reason=f"{move}: every metric, the share, the baseline and the soak pass",
        )
    if ask.next_percent is not None and ask.held_hours is not None and ask.held_hours >= DECIDE_HOURS:
        text += f"; held for {ask.held_hours / 24:.0f} days: decide"
    return replace(found, key=key, reason=f"{move}: {text}")


def _metric(ask: Question, name: str) -> Judged:
    metric = _known(ask, name)
    seen = ask.metrics.get(name)
    if seen is not None and seen.legacy is None and seen.series and name != PLATFORM:
        seen = replace(seen, platform=_platform(ask, len(seen.series)))
    judged = gate.judge_metric(
        metric, seen, percent=ask.percent, next_percent=ask.next_percent, strict=ask.strict, ladder=ask.domain.ladder
    )
    return _waived(ask, judged, name)


def _platform(ask: Question, periods: int) -> LeftOut | None:
    """The platform's minutes by legacy's errors, for a metric that legacy doesn't count; None where it counts none."""
    errors = ask.metrics.get(PLATFORM)
    if errors is None or len(errors.series) != periods or ask.percent == TOP:
        return None
    found = platform.of(_known(ask, PLATFORM), errors)
    return found if found.minutes else None


def _known(ask: Question, name: str) -> Metric:
    return next(metric for metric in ask.domain.metrics if metric.name == name)


def _baseline(ask: Question, name: str) -> Judged:
    metric, seen = _known(ask, name), ask.metrics.get(name)
    counts = Counts(seen.bad, seen.total) if seen and seen.bad is not None and seen.total is not None else None
    legacy, kept = seen.legacy if seen else None, ask.legacy_kept.get(name)
    if seen is not None and (out := platform.of(metric, seen)).minutes and seen.series:
        counts, legacy = platform.outside(seen, out)
    old = kept is not None and not (legacy and legacy.total)
    judged = compare.baseline(
        name, counts, kept if old else legacy, ask.next_percent,
        good=metric.good, kept=old, dispersion=seen.dispersion if seen else 1.0, unlike=metric.unlike,
    )  # fmt: skip
    return _waived(ask, judged, waiver.BASELINE)


def _waived(ask: Question, judged: Judged, metric: str) -> Judged:
    if ask.next_percent is None or ask.now is None:
        return judged
    return waiver.apply(judged, ask.waivers, ask.domain, metric, ask.next_percent, ask.now)


def _rollback(found: Answer, burning: list[Judged], move: str) -> Answer:
    """Of several metrics the one that asks for the lowest value speaks first."""
    burning.sort(key=lambda judged: judged.target != "zero")
    reason = f"{move}: {burning[0].reason}{_also(burning)}"
    return replace(found, verdict=Verdict.ROLLBACK, key="rollback", reason=reason, target=burning[0].target)


def _first_hold(ask: Question, found: Answer) -> tuple[str, str]:
    """Key and text of what holds the domain; an empty key where nothing does."""
    if ask.latched:
        return "latched", "latched by a breach: no raise until a later attempt"
    if ask.stale:
        return "stale", "stale: the newest minute of Requests is older than 15 minutes"
    if found.share is not None and found.share.verdict is not Verdict.PASS:
        return found.share.key, found.share.reason
    if not found.metrics:
        return "no-metrics", "no metric is asked for: nothing can be proven"
    holds = [
        judged for judged in (*found.metrics.values(), *found.baseline.values()) if judged.verdict is not Verdict.PASS
    ]
    if ask.next_percent is None:
        holds.sort(key=lambda judged: judged.key == "no-next")  # what is wrong with the data, before what wasn't asked
        return (holds[0].key, holds[0].reason) if holds[0].key != "no-next" else ("no-next", f"no rollback; {NO_NEXT}")
    if holds:
        return holds[0].key, f"{holds[0].reason}{_also(holds)}"
    return ("", "") if ask.soak_over else ("soak", "the soak isn't over")


def _also(judged: Sequence[Judged]) -> str:
    rest = list(dict.fromkeys(other.name for other in judged[1:] if other.name != judged[0].name))
    return f"; also {', '.join(rest)}" if rest else ""
