"""Waivers: one HOLD reason of one metric at one rung, let through for at most a week by a reviewed entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from rollout.model.catalogue.domain import Domain
from rollout.model.gate import words
from rollout.model.gate.metric import Judged, Verdict
from rollout.model.stack_file.forms import Waiver

#: A waiver that reaches further than this from now counts as absent (docs/rules/gate.md#waivers).
LONGEST: Final = timedelta(days=7)
#: The names a waiver uses for the two comparisons; the baseline of errors and of latency have one name.
SHARE: Final = "share"
BASELINE: Final = "baseline"
#: What each word of `accepts` lets through. A rate in the grey zone is above the good limit. All else is not waivable.
ACCEPTED: Final = {
    "too-little-data": ("too-little-data",),
    "no-legacy": ("no-legacy",),
    "above-limit": ("above-limit", "grey"),
    "share": ("share",),
    "veto": ("veto",),
    "burst": ("burst",),
    "decide": ("decide",),
}


def apply(judged: Judged, waivers: Sequence[Waiver], domain: Domain, metric: str, to: int, now: datetime) -> Judged:
    """`judged`, or a PASS in its place where a waiver lets exactly this through; else the line says why one doesn't.

    `metric` is the name that a waiver of it has, `to` the rung that is asked for, `now` aware.
    """
    if judged.verdict is not Verdict.HOLD:
        return judged
    refused: list[str] = []
    for waiver in waivers:
        if (waiver.domain, waiver.metric, waiver.to) != (domain.name, metric, to):
            continue
        if judged.key not in ACCEPTED.get(waiver.accepts, ()):
            refused.append(f"waiver {waiver.name} accepts {waiver.accepts}, not {judged.key}")
        elif why := _refused(waiver, judged, domain, now):
            refused.append(f"waiver {waiver.name} {why}")
        else:
            allow = f"; the data still allow {words.rate(judged.worst, 2)}" if judged.worst is not None else ""
            reason = f"{judged.reason}{allow}; waived by {waiver.name} ({waiver.why}, {waiver.by})"
            return replace(judged, verdict=Verdict.PASS, reason=reason, waived=waiver.name)
    return replace(judged, reason="; ".join([judged.reason, *refused])) if refused else judged


def _refused(waiver: Waiver, judged: Judged, domain: Domain, now: datetime) -> str:
    """Why this waiver doesn't count; empty where it does."""
    if now >= waiver.until:
        return "has expired"
    if waiver.until > now + LONGEST:
        return "reaches over 7 days ahead and counts as absent"
    count = next((metric for metric in domain.metrics if metric.name == judged.name and metric.total is None), None)
    if count is not None:
        # A count has no rate that `worst` could bound: the bad level is its bound.
        over = judged.k is None or judged.k > count.bad_level
        return f"is refused: over the bad level {words.count(count.bad_level)}" if over else ""
    if waiver.worst is None or judged.key == "share":
        return ""
    worst = 1.0 if judged.worst is None else judged.worst
    if worst > waiver.worst:
        still, accepted = words.two_rates(worst, waiver.worst)
        return f"is refused: the data still allow {still}, worst is {accepted}"
    return ""
