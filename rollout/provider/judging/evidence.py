"""Evidence for the gate: a domain's counters are read, and the model is asked. What can't be read is no evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rollout.model import schedule, times
from rollout.model.catalogue.domain import Domain
from rollout.model.flag import moves
from rollout.model.flag.move import Evidence, Kept, Move
from rollout.model.flag.moves import Live
from rollout.model.gate import bunches, verdict, window
from rollout.model.gate import seen as gate_seen
from rollout.model.gate.seen import Counts, Seen
from rollout.model.gate.verdict import Answer, Question
from rollout.model.gate.window import Points, Windows
from rollout.model.judge import latch
from rollout.model.judge.rules import Ask, Refusal
from rollout.model.stack_file.conditions import Conditions
from rollout.provider.errors import StoreError
from rollout.provider.judging.context import Context


@dataclass(frozen=True)
class Look:
    """A verdict, and the time that it was counted over."""

    answer: Answer
    metrics: Mapping[str, Seen]
    over: Windows

    def span(self) -> str:
        """`counted 2026-12-01 08:02 UTC to 2026-12-03 07:55 UTC`."""
        return f"counted {times.show(self.over.counted)} to {times.show(self.over.proven)}"

    def young(self) -> str:
        """Why there is nothing to judge a raise by yet; empty where there is."""
        if self.over.proven > self.over.counted:
            return ""
        first = times.show(self.over.counted + self.over.fine.period + gate_seen.LATE)
        return f"nothing is counted yet: the value is too young, the first counts are due at {first}"

    def record(self) -> Evidence:
        """What `moves` keeps of it: rule version, window, and k of n per metric, legacy's too."""
        counts = {
            name: _kept(name, self.metrics.get(name), judged.waived) for name, judged in self.answer.metrics.items()
        }
        return {
            "gate": self.answer.rule,
            "window": [times.iso(self.over.counted), times.iso(self.over.proven)],
            "counts": {name: kept for name, kept in counts.items() if kept},
        }


def look(
    context: Context,
    domain: Domain,
    live: Live,
    history: Sequence[Move],
    ask: Ask | None = None,
    *,
    watching: bool = False,
) -> Look:
    """The verdict on a domain above 0; without `ask` on ROLLBACK alone. Raises `StoreError`.

    A raise measures legacy's dispersion, and so does a watch (`watching`) once for each live value; a refresh takes
    the one that the raise to this value recorded, or what this value's own time tells.
    """
    now = context.settings.now()
    points, over = _read(context, domain, live)
    unified = context.catalogue.unified
    metrics = window.seen(domain, unified, points, over, _dispersion(context, domain, live, history, ask, watching))
    met = latch.still_burnt(live, ask.conditions.breach if ask else None)
    metrics = {name: replace(seen, met_before=True) if name in met else seen for name, seen in metrics.items()}
    newest = window.newest(points, (unified, window.REQUESTS), over)
    conditions = ask.conditions if ask else Conditions()
    question = Question(
        domain=domain,
        percent=live.percent or 0,
        next_percent=ask.wanted if ask else None,
        metrics=metrics,
        share=window.share(domain, unified, points, over),
        soak_over=True,  # soak and latch have reasons of their own (`rollout.model.judge`)
        stale=gate_seen.stale(newest, now),
        waivers=conditions.waivers,
        now=now,
        legacy_kept=_legacy_kept(history),
        held_hours=_held_hours(context, domain, live),
    )
    return Look(verdict.judge_domain(question), metrics, over)


def _dispersion(
    context: Context, domain: Domain, live: Live, history: Sequence[Move], ask: Ask | None, watching: bool
) -> Mapping[str, float] | None:
    if ask is not None:
        return context.dispersion(domain, live.version, context.settings.now())
    if watching:
        try:
            return context.dispersion(domain, live.version, _legacys_end(context, live))
        except StoreError:
            return None  # what was read of the value itself is judged all the same
    told = next((move for move in reversed(history) if move.get("version") == live.version), None)
    sizes = {name: kept.get("dispersion") for name, kept in (told.get("counts") or {}).items()} if told else {}
    return {name: size for name, size in sizes.items() if size is not None} or None


def silent(context: Context, domain: Domain) -> list[Refusal]:
    """What doesn't report before the first rung, where there is no traffic to judge by. Raises `StoreError`."""
    now = context.settings.now()
    points, over = _read(context, domain, Live(None))
    unified = context.catalogue.unified
    missing = window.silent(domain, unified, points, over, now)
    found = []
    for service in (unified, domain.legacy):
        names = [counter for owner, counter in missing if owner == service]
        if names:
            text = f"{service} has reported no {', '.join(names)} for 15 minutes"
            found.append(Refusal("series", text, "let its scheduler publish them every minute, zeros too"))
    return found


def unread(error: StoreError) -> Refusal:
    """A source that fails is HOLD: never PASS, and never ROLLBACK."""
    return Refusal(
        "no-evidence", f"gate: the counters can't be read: {error}", "try again; without evidence nothing rises"
    )


def read_ahead(context: Context, lives: Sequence[tuple[Domain, Live]]) -> None:
    """What a watch's looks at these domains are about to read, by one call where the source can do that."""
    context.count_together(
        [(domain, live.version, _over(context, live), _legacys_end(context, live)) for domain, live in lives]
    )


def _legacys_end(context: Context, live: Live) -> datetime:
    """When the past ends that a watch measures legacy's bunches on: when the value went live, whenever the watch began.

    At 100 % legacy has nothing left to show.
    """
    return live.since or context.settings.now()


def _read(context: Context, domain: Domain, live: Live) -> tuple[Points, Windows]:
    over = _over(context, live)
    return context.counted(domain, live.version, over), over


def _over(context: Context, live: Live) -> Windows:
    now = context.settings.now()
    since = live.since if live.percent and live.since else now
    settling = gate_seen.MIRRORED if context.settings.mirror else gate_seen.SETTLING
    return window.windows(since, now, timedelta(seconds=context.settings.count_period), settling)


def _held_hours(context: Context, domain: Domain, live: Live) -> float | None:
    """Hours since the soak was over: a domain that still stands there is held."""
    hours = domain.soak_hours.get(live.percent or 0)
    if hours is None or live.since is None:
        return None
    over = schedule.soak_ends(live.since, hours, context.catalogue.soak_slack_hours)
    return max(0.0, (context.settings.now() - over).total_seconds() / 3600)


def _kept(name: str, seen: Seen | None, waived: str | None) -> Kept:
    if seen is None or seen.bad is None:
        return {}
    kept: Kept = {"bad": seen.bad}
    if seen.total is not None:
        kept["total"] = seen.total
    if seen.legacy is not None:
        kept["legacy_bad"], kept["legacy_total"] = seen.legacy.bad, seen.legacy.total
    if name in bunches.PRIORS:
        kept["dispersion"] = seen.dispersion
    if waived:
        kept["waived"] = waived
    return kept


def _legacy_kept(history: Sequence[Move]) -> dict[str, Counts]:
    """Legacy's counts of this attempt, per metric, as its raises recorded them."""
    sums: dict[str, Counts] = {}
    for move in moves.this_attempt(history):
        for name, kept in (move.get("counts") or {}).items():
            if "legacy_total" in kept:
                more = Counts(kept["legacy_bad"], kept["legacy_total"])
                sums[name] = gate_seen.add(sums.get(name, Counts(0, 0)), more)
    return sums
