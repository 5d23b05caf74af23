"""The gate's comparisons with legacy: did the planned share arrive, and is unified no worse. HOLD only.

The rules: docs/rules/gate.md#share and docs/rules/gate.md#baseline.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from rollout.model.gate import odds, words
from rollout.model.gate.metric import Judged, Verdict, count_of
from rollout.model.gate.seen import Counts, why_impossible

#: ln 1000, and how near the share's mixture stays (docs/rules/gate.md#share).
SHARE_ODDS: Final = math.log(1000)
SHARE_CONCENTRATION: Final = 100.0
#: A share that is off by less than this part of itself is no alarm, however sure it is.
SHARE_OFF: Final = 0.2
#: No session at all on unified is an alarm once this many were planned.
SHARE_EXPECTED: Final = 10
#: Sessions that may still begin on the wrong service at 0 and 100 %: this many, or this part of all.
STRAGGLERS: Final = 10
STRAGGLING: Final = 0.01
#: The baseline's mixture, how many times legacy's rate is too many, and the odds (docs/rules/gate.md#baseline).
BASELINE_CONCENTRATION: Final = 10.0
TIMES: Final = 2


def share(sessions: Counts | None, percent: int) -> Judged:
    """Whether `percent` of the domain's sessions begin on unified: `sessions.bad` of all `sessions.total` did.

    At 0 the question is whether traffic is back on legacy: PASS, HOLD, or HOLD "unverified" without any session.
    """
    if sessions is None:
        return Judged("share", Verdict.HOLD, "no-data", "share: no data: no Sessions reported", limit=percent / 100)
    if not sessions.possible:
        text = f"share: impossible counts: {why_impossible(sessions)}"
        return Judged("share", Verdict.HOLD, "impossible", text, limit=percent / 100)
    part, whole = int(sessions.bad), int(sessions.total)
    text = f"share {words.of(part, whole)}"
    text += f": {words.rate(part / whole)}, planned {percent} %" if whole else f": no session, planned {percent} %"
    held = Judged("share", Verdict.HOLD, "share", text, part, whole, percent / 100)
    passed = replace(held, verdict=Verdict.PASS, key="pass")
    if percent in (0, 100):
        left, where = (part, "unified") if percent == 0 else (whole - part, "legacy")
        if whole == 0:
            return replace(held, key="unverified", reason=f"{text}: unverified") if percent == 0 else held
        if left > max(STRAGGLERS, STRAGGLING * whole):
            return replace(held, reason=f"{text}; {left:,} sessions still began on {where}")
        return replace(passed, reason=f"{text}; traffic is back on legacy") if percent == 0 else passed
    if whole == 0 or (part == 0 and whole * percent >= 100 * SHARE_EXPECTED):
        return held
    log = odds.mix(part, whole, percent / 100, SHARE_CONCENTRATION)
    off = abs(100 * part - whole * percent) > SHARE_OFF * whole * percent
    if off and log >= SHARE_ODDS - odds.EPSILON:
        reason = f"{text}, odds {words.show_odds(log)} that it isn't that share"
        return replace(held, reason=reason, odds=words.odds(log))
    return passed


def baseline(
    metric: str, unified: Counts | None, legacy: Counts | None, next_percent: int | None, *, kept: bool = False
) -> Judged:
    """Whether unified is no worse than legacy over the same time, for one metric.

    `kept`: legacy's counts are those since this attempt's first rung, and the line says so. Odds, where the verdict
    rests on them, speak for it.
    """
    name = f"baseline of {metric}"
    held = Judged(name, Verdict.HOLD, "no-data", f"{name}: no data")
    for counts in (unified, legacy):
        if counts is not None and not counts.possible:
            return replace(held, key="impossible", reason=f"{name}: impossible counts: {why_impossible(counts)}")
    if unified is None or unified.total == 0:
        return held
    held = replace(held, k=unified.bad, n=unified.total, worst=odds.upper_bound(unified.bad, unified.total))
    if legacy is None or legacy.total == 0:
        return replace(held, key="no-legacy", reason=f"{name}: no events on legacy to compare with")
    text = f"{name}: {count_of(unified)} on unified, {count_of(legacy)} on legacy"
    text += " since this attempt's first rung" if kept else ""
    held = replace(held, limit=legacy.bad / legacy.total, reason=text)
    passed = replace(held, verdict=Verdict.PASS, key="pass")
    both = unified.bad + legacy.bad
    if both == 0:
        return replace(passed, reason=f"{text}: no bad event on either side")
    part = unified.total / (unified.total + legacy.total)
    log = odds.mix(unified.bad, both, part, BASELINE_CONCENTRATION)
    twice = unified.bad * legacy.total > TIMES * legacy.bad * unified.total
    if twice and log >= odds.PROOF - odds.EPSILON:
        reason = f"{text}: over twice legacy's rate, odds {words.show_odds(log)}"
        return replace(held, key="veto", reason=reason, odds=words.odds(log))
    log = odds.evidence(unified.bad, both, part, TIMES * part / (1 + part))
    if log >= odds.PROOF - odds.EPSILON:
        reason = f"{text}: not twice legacy's rate, odds {words.show_odds(log)}"
        return replace(passed, reason=reason, odds=words.odds(log))
    if next_percent == 100 and unified.bad * legacy.total > legacy.bad * unified.total:
        return replace(
            held, key="above-limit", reason=f"{text}: above legacy's rate, and not shown to be under twice it"
        )
    return replace(passed, reason=f"{text}: undecided")
