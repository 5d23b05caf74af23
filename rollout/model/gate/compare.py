"""The gate's comparisons with legacy: did the planned share arrive, and is unified no worse. HOLD only.

The rules: docs/rules/gate.md#share and docs/rules/gate.md#baseline.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from rollout.model.gate import odds, tails, words
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
#: At the raise to 100 %: unified may be over legacy's rate by this part of the good limit, and not be worse than legacy
#: by a test at 1 %. An equal service passes at the first look in 95 of 100 (the bench); equal or better, by what was
#: seen, holds it in every second.
MARGIN: Final = 0.5
LEVEL: Final = 0.01
#: The interval of the ratio that is shown is one of 95 %: so much is left out on either side.
BESIDE: Final = 0.025


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
    metric: str,
    unified: Counts | None,
    legacy: Counts | None,
    next_percent: int | None,
    *,
    good: float,
    kept: bool = False,
    dispersion: float = 1.0,
    unlike: bool = False,
) -> Judged:
    """Whether unified is no worse than legacy over the same time (errors, latency). A HOLD's key is veto, no-legacy, ...

    `good`: the metric's limit. `kept`: legacy's counts are those since this attempt's first rung, and the line says so.
    `dispersion`: bad events come in such bunches, and each counts once. `unlike`: the two count in different units.
    Odds, where the verdict rests on them, speak for it.
    """
    name = f"baseline of {metric}"
    held = Judged(name, Verdict.HOLD, "no-data", f"{name}: no data")
    wrong = next((counts for counts in (unified, legacy) if counts is not None and not counts.possible), None)
    if wrong is not None:
        return replace(held, key="impossible", reason=f"{name}: impossible counts: {why_impossible(wrong)}")
    if unified is None or unified.total == 0:
        return held
    worst = odds.upper_bound(unified.bad, unified.total, dispersion)
    held = replace(held, k=unified.bad, n=unified.total, worst=worst)
    if legacy is None or legacy.total == 0:
        return replace(held, key="no-legacy", reason=f"{name}: no events on legacy to compare with")
    text = f"{name}: {count_of(unified)} on unified, {count_of(legacy)} on legacy"
    text += " since this attempt's first rung" if kept else ""
    if unlike:
        return replace(held, key="units", reason=f"{text}: one counts messages, the other tries; not comparable")
    held = replace(held, limit=legacy.bad / legacy.total, reason=text)
    if unified.bad + legacy.bad == 0:
        return replace(held, verdict=Verdict.PASS, key="pass", reason=f"{text}: no bad event on either side")
    return _compared(held, unified, legacy, next_percent == 100, good, dispersion)


def holds(unified: Counts, legacy: Counts, good: float, dispersion: float = 1.0, *, last: bool) -> bool:
    """Whether the comparison holds a raise, and nothing else of it: for who plays many. Totals over 0, a bad event."""
    if unified.bad * legacy.total <= legacy.bad * unified.total:
        return False
    part = unified.total / (unified.total + legacy.total)
    bad, both = unified.bad / dispersion, (unified.bad + legacy.bad) / dispersion
    if unified.bad * legacy.total > TIMES * legacy.bad * unified.total:
        if odds.mix(bad, both, part, BASELINE_CONCENTRATION) >= odds.PROOF - odds.EPSILON:
            return True
    elif odds.evidence(bad, both, part, TIMES * part / (1 + part)) >= odds.PROOF - odds.EPSILON:
        return False
    return last and bool(_inferior(unified, legacy, good, dispersion))


def _compared(held: Judged, unified: Counts, legacy: Counts, last: bool, good: float, dispersion: float) -> Judged:
    """The comparison itself, of services that both have events and at least a bad one; `held` is what it says so far."""
    text, passed = held.reason, replace(held, verdict=Verdict.PASS, key="pass")
    part = unified.total / (unified.total + legacy.total)
    bad, both = unified.bad / dispersion, (unified.bad + legacy.bad) / dispersion
    log = odds.mix(bad, both, part, BASELINE_CONCENTRATION)
    twice = unified.bad * legacy.total > TIMES * legacy.bad * unified.total
    if twice and log >= odds.PROOF - odds.EPSILON:
        reason = f"{text}: over twice legacy's rate, odds {words.show_odds(log)}"
        return replace(held, key="veto", reason=reason, odds=words.odds(log))
    if last:
        text += _ratio(unified, legacy, dispersion)
    log = odds.evidence(bad, both, part, TIMES * part / (1 + part))
    if log >= odds.PROOF - odds.EPSILON:
        reason = f"{text}: not twice legacy's rate, odds {words.show_odds(log)}"
        return replace(passed, reason=reason, odds=words.odds(log))
    if last and (why := _inferior(unified, legacy, good, dispersion)):
        return replace(held, key="above-limit", reason=f"{text}: {why}")
    return replace(passed, reason=f"{text}: {'not shown to be worse' if last else 'undecided'}")


def chance(unified: Counts, legacy: Counts, dispersion: float = 1.0) -> float:
    """P of so many of both services' bad events, or more, on unified, if the two are alike (totals over 0).

    Przyborowski and Wilenski 1940, "Homogeneity of results in testing samples from Poisson series": given the bad
    events of both, those on unified are a binomial with unified's part of the traffic.
    """
    part = unified.total / (unified.total + legacy.total)
    return tails.binomial_from(unified.bad / dispersion, (unified.bad + legacy.bad) / dispersion, part)


def ratio(unified: Counts, legacy: Counts, dispersion: float = 1.0) -> tuple[float, float]:
    """The interval (95 %) of unified's rate to legacy's, by the same test; infinite where legacy has no bad event."""
    low, high = tails.limits(unified.bad / dispersion, (unified.bad + legacy.bad) / dispersion, BESIDE)
    times = legacy.total / unified.total
    return low / (1 - low) * times if low < 1 else math.inf, high / (1 - high) * times if high < 1 else math.inf


def _inferior(unified: Counts, legacy: Counts, good: float, dispersion: float) -> str:
    """Why unified is worse than legacy by more than the margin; empty where that isn't seen, or can't be told."""
    over = unified.bad / unified.total - legacy.bad / legacy.total
    if over <= 0 or unified.bad / dispersion < odds.LEAST_BAD:
        return ""
    if over > MARGIN * good:
        return f"over legacy's rate by {words.rate(over, 2)}, the margin is {words.rate(MARGIN * good, 2)}"
    found = chance(unified, legacy, dispersion)
    return f"worse than legacy: by chance once in {1 / found:,.0f}" if found <= LEVEL else ""


def _ratio(unified: Counts, legacy: Counts, dispersion: float) -> str:
    low, high = ratio(unified, legacy, dispersion)
    observed = unified.bad * legacy.total <= legacy.bad * unified.total
    literal = "at most the baseline" if observed else "over the baseline"
    return (
        f"; {low:.2g} to {'any number of' if math.isinf(high) else f'{high:.2g}'} times legacy's rate, seen {literal}"
    )
